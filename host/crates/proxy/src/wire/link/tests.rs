use streams::Side;
use streams::spdy::{Connection, Event, Headers, RstStatus};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::super::tests::wire;
use super::super::Carrier;
use super::*;

/// The gateway's end, where a client may have eight streams, and a client.
async fn linked() -> (LinkReader<Connection>, Link<Connection>, DuplexStream, Connection) {
    let (reader, writer, theirs) = wire(Carrier::Spdy).await;
    let (reader, gateway) = link(reader, writer, Connection::new(Side::Server, 8).expect("it starts"));
    (reader, gateway, theirs, Connection::new(Side::Client, 0).expect("it starts"))
}

async fn say(theirs: &mut DuplexStream, client: &mut Connection) {
    theirs.write_all(&client.take_output()).await.expect("it is read");
}

/// What the client hears next.
async fn hear(theirs: &mut DuplexStream, client: &mut Connection) -> Event {
    let mut input = Bytes::new();
    loop {
        if let Some(event) = client.next(&mut input).expect("the gateway keeps to the protocol") {
            assert!(input.is_empty(), "one thing at a time");
            return event;
        }
        let mut chunk = vec![0; 1024];
        let read = theirs.read(&mut chunk).await.expect("a pipe does not break");
        assert!(read > 0, "the connection ended");
        chunk.truncate(read);
        input = chunk.into();
    }
}

#[tokio::test]
async fn what_gathers_is_sent_and_the_good_bye_comes_last() {
    let (mut reader, gateway, mut theirs, mut client) = linked().await;
    let stream = client.open(Headers::new()).expect("it opens");
    say(&mut theirs, &mut client).await;
    assert!(matches!(reader.next().await, Ok(Some(Event::Open { .. }))));
    gateway.at_once(|connection| connection.reply(stream)).expect("it is written");
    assert!(matches!(hear(&mut theirs, &mut client).await, Event::Reply { .. }));
    assert!(gateway.with_room(|connection| connection.data(stream, b"hello", false)).await.expect("there is room"));
    assert!(matches!(hear(&mut theirs, &mut client).await, Event::Data { data, .. } if data == b"hello"[..]));
    gateway.close().await;
    let mut rest = Vec::new();
    drop(reader);
    theirs.read_to_end(&mut rest).await.expect("a pipe does not break");
    let mut rest = Bytes::from(rest);
    assert!(matches!(client.next(&mut rest), Ok(Some(Event::Reset { status: RstStatus::CANCEL, .. }))));
    assert!(matches!(client.next(&mut rest), Ok(Some(Event::GoAway { .. }))));
}

#[tokio::test]
async fn pings_are_answered_while_nobody_writes() {
    let (mut reader, _gateway, mut theirs, mut client) = linked().await;
    let id = client.ping().expect("it is written");
    say(&mut theirs, &mut client).await;
    let reading = tokio::spawn(async move { reader.next().await.map(|event| event.is_none()) });
    assert_eq!(hear(&mut theirs, &mut client).await, Event::Pong { id });
    theirs.shutdown().await.expect("a half can be closed");
    assert!(reading.await.expect("it runs").expect("an end"));
}

/// A writer waits for room, the reader goes on, and what was to be sent never grows beyond a bound.
#[tokio::test]
async fn a_client_that_reads_nothing_stops_the_writer_and_not_the_reader() {
    let (mut reader, gateway, mut theirs, mut client) = linked().await;
    let stream = client.open(Headers::new()).expect("it opens");
    say(&mut theirs, &mut client).await;
    assert!(matches!(reader.next().await, Ok(Some(Event::Open { .. }))));
    let writing = {
        let gateway = gateway.clone();
        tokio::spawn(async move {
            loop {
                gateway.with_room(|connection| connection.data(stream, &[b'x'; 8 * 1024], false)).await?;
            }
            #[expect(unreachable_code, reason = "says what the task may fail with")]
            Ok::<(), LinkError>(())
        })
    };
    client.data(stream, b"typed", false);
    say(&mut theirs, &mut client).await;
    assert!(matches!(reader.next().await, Ok(Some(Event::Data { data, .. })) if data == b"typed"[..]));
    assert!(gateway.at_once(|connection| connection.output_len()) < 2 * ROOM);
    let failed = writing.await.expect("it runs").expect_err("nothing is taken").to_string();
    assert!(failed.contains("left unread"), "{failed}");
}

#[tokio::test]
async fn answers_that_are_never_taken_end_the_link() {
    let (mut reader, _gateway, mut theirs, mut client) = linked().await;
    let asking = tokio::spawn(async move {
        loop {
            for _ in 0..1000 {
                client.ping().expect("it is written");
            }
            if theirs.write_all(&client.take_output()).await.is_err() {
                return;
            }
        }
    });
    let error = reader.next().await.expect_err("it owes too much").to_string();
    assert!(error.contains("answers were left unread"), "{error}");
    drop((reader, _gateway));
    asking.abort();
}

#[tokio::test]
async fn a_link_that_is_dropped_leaves_no_task_behind() {
    let (reader, gateway, mut theirs, _client) = linked().await;
    drop(reader);
    let sender = gateway.0.sender.lock().take().expect("it runs");
    sender.await.expect("it ends");
    drop(gateway);
    let mut rest = Vec::new();
    theirs.read_to_end(&mut rest).await.expect("a pipe does not break");
    assert!(rest.is_empty());
}

#[tokio::test]
async fn what_is_no_spdy_is_an_error_that_says_so() {
    let (mut reader, _gateway, mut theirs, _client) = linked().await;
    theirs.write_all(b"\x80\x02\0\0\0\0\0\0").await.expect("it is read");
    let error = reader.next().await.expect_err("it is version 2").to_string();
    assert!(error.contains("version 2"), "{error}");
}
