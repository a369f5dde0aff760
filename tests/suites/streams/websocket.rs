//! WebSocket frames that no client should send, in a command.

use portcullis_tests::frames::websocket::{BINARY, CLOSE, CONTINUATION, Frame, PING, TEXT};

use super::cases::{Case, cut, ends, ends_with, goes_on, in_commands};
use super::raw::Carrier;

/// The largest message that is read.
const MESSAGE_MAX: usize = 3 << 20;

fn one(frame: Frame) -> Vec<u8> {
    frame.bytes()
}

fn all(frames: &[Frame]) -> Vec<u8> {
    frames.iter().flat_map(Frame::bytes).collect()
}

fn typed(text: &[u8]) -> Frame {
    Frame::channel(0, text)
}

fn close(code: u16) -> Vec<u8> {
    one(Frame::new(CLOSE, &code.to_be_bytes()))
}

#[test]
fn frames_that_are_wrong_end_the_stream_and_say_so() {
    let mut cases = vec![
        cut("a length that is not sent", one(typed(b"abc").says16(1000)), "the connection broke"),
        cut("a long length that is not sent", one(typed(b"abc").says64(1 << 20)), "the connection broke"),
        cut("half a head", typed(b"abc").bytes()[..1].to_vec(), "the connection broke"),
        cut("half a mask", typed(b"abc").bytes()[..4].to_vec(), "the connection broke"),
        cut("nothing more", Vec::new(), "the connection broke"),
        ends("a length of 2^63", one(typed(b"abc").says64(1 << 63)), "not a WebSocket's"),
        ends("a length of 2^64 - 1", one(typed(b"abc").says64(u64::MAX)), "not a WebSocket's"),
        ends("a length of 2^40", one(typed(b"abc").says64(1 << 40)), "too long"),
        // What is left unread of it makes the system end the connection at once: the last word may be lost on the way.
        ends_with("a message one byte too long", one(Frame::channel(0, &vec![b'x'; MESSAGE_MAX])), "too long", b""),
        ends_with("a message too long in parts", too_long_in_parts(), "too long", b""),
        ends("no mask", one(typed(b"abc").unmasked()), "unmasked"),
        ends("the opcode 3", one(Frame::new(3, b"abc")), "not a WebSocket's"),
        ends("the opcode 11", one(Frame::new(11, b"abc")), "not a WebSocket's"),
        ends("a ping in parts", one(Frame::new(PING, b"abc").unfinished()), "ragmented control frame"),
        ends("a ping of 126 bytes", one(Frame::new(PING, &[b'x'; 126])), "ontrol frame"),
        ends("a ping of 2^40 bytes", one(Frame::new(PING, b"abc").says64(1 << 40)), "too long"),
        ends("a continuation of nothing", one(Frame::new(CONTINUATION, b"abc")), "nothing to continue"),
        ends("a message within a message", all(&[typed(b"abc").unfinished(), typed(b"def")]), "fragment"),
        ends("text that is no UTF-8", one(Frame::new(TEXT, b"\0\xff\xfe")), "UTF-8"),
        ends("the end of no channel", one(Frame::channel(255, b"")), "1 bytes instead of 2"),
        ends("the end of two channels", one(Frame::channel(255, b"\0\x01")), "3 bytes instead of 2"),
        ends("the end of a channel that does not exist", one(Frame::channel(255, b"\x09")), "closes the channel 9"),
        ends("a close with half a code", one(Frame::new(CLOSE, b"\x03")), "not a WebSocket's"),
        ends("a close whose reason is no UTF-8", one(Frame::new(CLOSE, b"\x03\xe8\xff\xfe")), "UTF-8"),
    ];
    for (what, bit) in [("the first reserved bit", 0x40), ("the second reserved bit", 0x20), ("the third reserved bit", 0x10)] {
        cases.push(ends(what, one(typed(b"abc").bits(bit)), "eserved bits"));
    }
    for (what, code) in [
        ("an orderly end", 1000),
        ("the close code 0", 0),
        ("the close code 999", 999),
        ("the close code 1005", 1005),
        ("the close code 1006", 1006),
        ("the close code 1015", 1015),
        ("the close code 2999", 2999),
        ("the close code 65535", 65535),
    ] {
        // A close is answered by a close (RFC 6455 section 5.5.1).
        cases.push(ends_with(what, close(code), "the client went away", &[0x88]));
    }
    in_commands("ws-wrong", Carrier::WebSocket, &cases);
}

#[test]
fn frames_that_are_merely_strange_are_read_as_the_api_server_reads_them() {
    let cases: Vec<Case> = vec![
        goes_on("nothing at all", Vec::new()),
        goes_on("a message without a channel", one(Frame::new(BINARY, b""))),
        goes_on("a message with nothing for its channel", one(typed(b""))),
        goes_on("text for bytes", one(Frame::new(TEXT, b"\0abc\n"))),
        goes_on("a length in two bytes that fits in one", one(typed(b"abc\n").says16(5))),
        goes_on("a length in eight bytes that fits in one", one(typed(b"abc\n").says64(5))),
        goes_on("an unknown channel", one(Frame::channel(5, b"abc"))),
        goes_on("another unknown channel", one(Frame::channel(254, b"abc"))),
        goes_on("what the client should hear", all(&[1, 2, 3].map(|number| Frame::channel(number, b"abc")))),
        goes_on("a size without a terminal", one(Frame::channel(4, b"no size at all"))),
        goes_on("the end of what the client hears", one(Frame::channel(255, b"\x01"))),
        goes_on("a message in parts with a ping between them", all(&[
            typed(b"ab").unfinished(),
            Frame::new(PING, b"?"),
            Frame::new(CONTINUATION, b"c\n"),
        ])),
        goes_on("a message in ten thousand empty parts", {
            let mut frames = vec![typed(b"abc").unfinished()];
            frames.extend(vec![Frame::new(CONTINUATION, b"").unfinished(); 10_000]);
            frames.push(Frame::new(CONTINUATION, b"\n"));
            all(&frames)
        }),
        goes_on("ten thousand pings", all(&vec![Frame::new(PING, &[b'?'; 125]); 10_000])),
        goes_on("ten thousand messages for nobody", all(&vec![Frame::channel(99, &[b'x'; 100]); 10_000])),
        goes_on("ten thousand pongs", all(&vec![Frame::new(10, b"never asked"); 10_000])),
    ];
    in_commands("ws-strange", Carrier::WebSocket, &cases);
}

fn too_long_in_parts() -> Vec<u8> {
    let part = vec![b'x'; 64 << 10];
    let mut frames = vec![Frame::channel(0, &part).unfinished()];
    frames.extend(vec![Frame::new(CONTINUATION, &part).unfinished(); MESSAGE_MAX / part.len()]);
    all(&frames)
}
