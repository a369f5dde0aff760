//! SPDY frames that no client should send, in a forwarded port: on the connection itself and within a WebSocket's messages.

use portcullis_tests::frames::spdy::{Blocks, PING, RST_STREAM, SETTINGS, bomb, data, numbers, saying, syn_stream};

use super::cases::{Case, cut, ends_with, goes_on, in_forwards, noted};
use super::raw::Carrier;

/// The head of a GOAWAY, with its length.
const GOOD_BYE: &[u8] = &[0x80, 3, 0, 7, 0, 0, 0, 8];

type Headers<'a> = &'a [(&'a str, &'a str)];

/// Streams with these headers, numbered 1, 3, 5…
fn streams(each: &[Headers<'_>]) -> Vec<u8> {
    let mut blocks = Blocks::default();
    (1..).step_by(2).zip(each).flat_map(|(id, headers)| blocks.syn_stream(id, headers)).collect()
}

fn wanted<'a>(kind: &'a str, port: &'a str, request: &'a str) -> [(&'a str, &'a str); 3] {
    [("streamtype", kind), ("port", port), ("requestid", request)]
}

fn one(kind: &str, port: &str, request: &str) -> Vec<u8> {
    streams(&[&wanted(kind, port, request)])
}

fn cases() -> Vec<Case> {
    let long = "1".repeat(65);
    let six_hundred: Vec<u8> = {
        let mut blocks = Blocks::default();
        let opened = (0..600).flat_map(|n| blocks.syn_stream(1 + 2 * n, &wanted("error", "80", &n.to_string())));
        // Given up again: as many as may be open would leave no place for others.
        let opened: Vec<u8> = opened.collect();
        let reset = (0..600).flat_map(|n| numbers(RST_STREAM, &[1 + 2 * n, 5]));
        opened.into_iter().chain(reset).collect()
    };
    vec![
        goes_on("nothing at all", Vec::new()),
        noted("a stream without a type", streams(&[&[("port", "80"), ("requestid", "0")]]), "neither data nor error"),
        noted("a stream of an unknown type", one("stdin", "80", "0"), "neither data nor error"),
        noted("a stream without a port", streams(&[&[("streamtype", "data"), ("requestid", "0")]]), "port is no number"),
        noted("the port 0", one("data", "0", "0"), "port is no number"),
        noted("the port 65536", one("data", "65536", "0"), "port is no number"),
        noted("a port with a sign", one("data", "+80", "0"), "port is no number"),
        noted("a port with spaces", one("data", " 80", "0"), "port is no number"),
        noted("a port that is a word", one("data", "http", "0"), "port is no number"),
        noted("an endless request number", one("data", "80", &long), "longer than 64 bytes"),
        noted("an unknown header", streams(&[&[("streamtype", "data"), ("port", "80"), ("requestid", "0"), ("host", "other")]]), "a header other than"),
        noted("two streams of a kind", streams(&[&wanted("error", "80", "0"), &wanted("error", "80", "0")]), "already has a stream of this kind"),
        noted("two ports for one connection", streams(&[&wanted("error", "80", "0"), &wanted("data", "81", "0")]), "name different ports"),
        goes_on("six hundred streams", six_hundred),
        goes_on("bytes of a stream that there is not", data(999, 0, &[b'x'; 100_000])),
        goes_on("bytes before the pod's reply", [one("data", "80", "0"), data(1, 0, b"GET / HTTP/1.0\r\n\r\n")].concat()),
        goes_on("a stream that is reset at once", [one("data", "80", "0"), numbers(RST_STREAM, &[1, 5])].concat()),
        goes_on("two thousand resets", (0..2000).flat_map(|n| numbers(RST_STREAM, &[1 + 2 * n, 5])).collect()),
        goes_on("two thousand times parameters", numbers(SETTINGS, &[1, 4, 100]).repeat(2000)),
        goes_on("two thousand pings", (0..2000).flat_map(|n| numbers(PING, &[2 * n + 1])).collect()),
        ends_with("a stream of the server's", syn_stream(2, &[]), "the client broke the protocol", GOOD_BYE),
        ends_with("the same stream again", [one("error", "80", "0"), syn_stream(1, &[])].concat(), "the client broke the protocol", GOOD_BYE),
        ends_with("headers that grow to 10 MiB", syn_stream(1, &bomb(10 << 20)), "header block", GOOD_BYE),
        ends_with("headers that are not compressed", syn_stream(1, b"streamtype: data"), "decompressed", GOOD_BYE),
        ends_with("a control frame of 16 MiB", saying(SETTINGS, 0, 0x00ff_ffff, b""), "16384 at most", GOOD_BYE),
        ends_with("another protocol", b"GET / HTTP/1.1\r\nhost: box\r\n\r\n".to_vec(), "the client broke the protocol", GOOD_BYE),
        cut("nothing more", Vec::new(), "the connection broke"),
        cut("half an opening", one("data", "80", "0")[..20].to_vec(), "the connection broke"),
    ]
}

#[test]
fn bad_streams_are_refused_by_themselves_and_bad_frames_end_them_all() {
    for (namespace, carrier) in [("forward-spdy-bad", Carrier::Spdy), ("forward-ws-bad", Carrier::WebSocket)] {
        in_forwards(namespace, carrier, "", &cases());
    }
}

#[test]
fn a_port_that_was_not_asked_for_is_reached_by_no_stream() {
    let cases = [
        noted("another port", one("data", "81", "0"), "port 81: refused"),
        noted("another port's errors", one("error", "8080", "0"), "port 8080: refused"),
        goes_on("the port that was asked for", one("error", "80", "0")),
    ];
    in_forwards("forward-other", Carrier::Spdy, "?ports=80", &cases);
}
