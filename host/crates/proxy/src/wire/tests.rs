use std::convert::Infallible;

use http::{Request, Response, StatusCode};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::service::service_fn;
use tokio::io::DuplexStream;
use tokio::sync::oneshot;

use super::*;

/// Bytes that the other end of a test's connection takes without reading.
const PIPE: usize = 16 * 1024;

/// A connection that hyper has switched, and its bare other end.
pub(super) async fn switched() -> (Upgraded, DuplexStream) {
    let (ours, mut theirs) = tokio::io::duplex(PIPE);
    let (to_test, from_service) = oneshot::channel();
    let to_test = std::sync::Mutex::new(Some(to_test));
    let service = service_fn(move |mut request: Request<Incoming>| {
        if let Some(to_test) = to_test.lock().expect("no test panics with it").take() {
            to_test.send(hyper::upgrade::on(&mut request)).ok();
        }
        let mut response = Response::new(Empty::<Bytes>::new());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        async { Ok::<_, Infallible>(response) }
    });
    tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(ours), service).with_upgrades());
    theirs.write_all(b"GET / HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: test\r\n\r\n").await.expect("it is read");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(theirs.read_u8().await.expect("an answer"));
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", head.escape_ascii());
    let upgraded = from_service.await.expect("it was asked").await.expect("it switches");
    (upgraded, theirs)
}

/// The gateway's two halves as a server, and the client's end.
pub(super) async fn wire(carrier: Carrier) -> (WireReader, WireWriter, DuplexStream) {
    let (upgraded, theirs) = switched().await;
    let (reader, writer) = open(upgraded, carrier, End::Was).await;
    (reader, writer, theirs)
}

/// A frame of a WebSocket's client, masked by zeros, of at most 125 bytes.
fn frame(head: u8, payload: &[u8]) -> Vec<u8> {
    let length = 0x80 | u8::try_from(payload.len()).expect("a short one");
    [&[head, length, 0, 0, 0, 0], payload].concat()
}

async fn rest(theirs: &mut DuplexStream) -> Vec<u8> {
    let mut rest = Vec::new();
    theirs.read_to_end(&mut rest).await.expect("a pipe does not break");
    rest
}

#[tokio::test]
async fn bytes_and_messages_are_pieces_and_their_ends_are_ends() {
    let (mut reader, writer, mut theirs) = wire(Carrier::Spdy).await;
    theirs.write_all(b"piece").await.expect("it is read");
    assert_eq!(reader.next().await.expect("a piece"), Heard::Piece(Bytes::from_static(b"piece")));
    writer.send(Bytes::from_static(b"answer")).await.expect("it is taken");
    theirs.shutdown().await.expect("a half can be closed");
    assert_eq!(reader.next().await.expect("an end"), Heard::End);
    writer.close().await;
    drop((reader, writer));
    assert_eq!(rest(&mut theirs).await, b"answer");

    let (mut reader, writer, mut theirs) = wire(Carrier::WebSocket).await;
    // Text is taken like bytes, and a message in parts is one.
    for bytes in [frame(0x82, b"one"), frame(0x81, b"two"), frame(0x02, b"th"), frame(0x89, b"?"), frame(0x80, b"ree")] {
        theirs.write_all(&bytes).await.expect("it is read");
    }
    for expected in ["one", "two", "three"] {
        assert_eq!(reader.next().await.expect("a message"), Heard::Piece(Bytes::from_static(expected.as_bytes())));
    }
    writer.send(Bytes::from_static(b"answer")).await.expect("it is taken");
    writer.close().await;
    drop((reader, writer));
    assert_eq!(rest(&mut theirs).await, b"\x8a\x01?\x82\x06answer\x88\x02\x03\xe8");
}

/// RFC 6455 section 5.5.1. The Python client waits for it.
#[tokio::test]
async fn a_close_is_answered() {
    let (mut reader, writer, mut theirs) = wire(Carrier::WebSocket).await;
    theirs.write_all(&frame(0x88, b"\x03\xe9bye")).await.expect("it is read");
    assert_eq!(reader.next().await.expect("an end"), Heard::End);
    writer.close().await;
    drop((reader, writer));
    assert_eq!(rest(&mut theirs).await[..4], *b"\x88\x05\x03\xe9");
}

#[tokio::test]
async fn what_is_no_websocket_is_an_error_that_says_so() {
    for (bytes, said) in [(frame(0x83, b"x"), "not a WebSocket's"), (b"\x82\x01x".to_vec(), "unmasked"), (frame(0xc2, b"x"), "eserved bits")] {
        let (mut reader, _writer, mut theirs) = wire(Carrier::WebSocket).await;
        theirs.write_all(&bytes).await.expect("it is read");
        let error = reader.next().await.expect_err(said).to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[tokio::test]
async fn a_side_that_is_silent_is_asked_and_then_taken_for_gone() {
    let (mut reader, _writer, mut theirs) = wire(Carrier::WebSocket).await;
    assert!(matches!(reader.next().await, Err(WireError::Silent)));
    let mut pings = vec![0; 6];
    theirs.read_exact(&mut pings).await.expect("three questions");
    assert_eq!(pings, b"\x89\x00\x89\x00\x89\x00");

    // SPDY's pings are the caller's.
    let (mut reader, _writer, _theirs) = wire(Carrier::Spdy).await;
    for _ in 1..SILENCES {
        assert_eq!(reader.next().await.expect("not yet"), Heard::Nothing);
    }
    assert!(matches!(reader.next().await, Err(WireError::Silent)));
}

#[tokio::test]
async fn any_answer_begins_the_silence_anew() {
    let (mut reader, _writer, mut theirs) = wire(Carrier::WebSocket).await;
    let heard = tokio::spawn(async move { reader.next().await });
    for _ in 0..10 {
        let mut ping = [0; 2];
        theirs.read_exact(&mut ping).await.expect("a question");
        theirs.write_all(&frame(0x8a, b"")).await.expect("it is read");
    }
    theirs.write_all(&frame(0x82, b"there")).await.expect("it is read");
    assert_eq!(heard.await.expect("it runs").expect("a message"), Heard::Piece(Bytes::from_static(b"there")));
}

#[tokio::test]
async fn a_side_that_takes_nothing_is_cut() {
    for carrier in [Carrier::WebSocket, Carrier::Spdy] {
        let (_reader, writer, _theirs) = wire(carrier).await;
        let sent = writer.send(Bytes::from(vec![0; 4 * PIPE])).await;
        assert!(matches!(sent, Err(WireError::Unread)), "{carrier:?}: {sent:?}");
        // Its good-bye has a limit too.
        writer.close().await;
    }
}
