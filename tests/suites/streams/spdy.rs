//! SPDY frames that no client should send, in a command.

use portcullis_tests::frames::spdy::{
    Blocks, FIN, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS, SYN_STREAM, WINDOW_UPDATE, bomb, control, data, data_saying, numbers, plain,
    saying, syn_stream,
};

use super::cases::{Case, cut, ends, goes_on, in_commands};
use super::raw::{Carrier, STDIN};

/// Blocks of a connection whose first ones were those of the command's own streams.
fn later() -> Blocks {
    let mut blocks = Blocks::default();
    blocks.block(b"");
    blocks
}

/// A stream with one header.
fn asks(id: u32, kind: &str) -> Vec<u8> {
    later().syn_stream(id, &[("streamtype", kind)])
}

/// A frame with a version of its own.
fn version(number: u16) -> Vec<u8> {
    let mut frame = numbers(PING, &[1]);
    frame[..2].copy_from_slice(&(0x8000 | number).to_be_bytes());
    frame
}

#[test]
fn frames_that_are_wrong_end_the_stream_and_say_so() {
    let mut last = later().block(&plain(&[("streamtype", "nothing")]));
    // The final bit of RFC 1951: the one context of the connection is over, and a checksum would follow.
    last[0] |= 1;
    let many: Vec<(String, String)> = (0..200).map(|n| (format!("h{n}"), "v".to_owned())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let lies = |change: fn(&mut Vec<u8>)| {
        let mut text = plain(&[("streamtype", "stdin")]);
        change(&mut text);
        syn_stream(101, &later().block(&text))
    };
    let cases: Vec<Case> = vec![
        cut("a length that is not sent", data_saying(STDIN, 0, 1000, b"abc"), "the connection broke"),
        cut("a control frame that is not sent whole", saying(PING, 0, 4, b"\0\0"), "the connection broke"),
        cut("half a head", data(STDIN, 0, b"abc")[..3].to_vec(), "the connection broke"),
        cut("nothing more", Vec::new(), "the connection broke"),
        ends("another protocol", b"GET / HTTP/1.1\r\nhost: gateway\r\n\r\n".to_vec(), "the client: "),
        ends("version 2", version(2), "version 2"),
        ends("version 4", version(4), "version 4"),
        ends("a frame of type 5", numbers(5, &[]), "unknown type 5"),
        ends("a frame of type 10", numbers(10, &[0, 0]), "unknown type 10"),
        ends("a frame of type 65535", numbers(65535, &[0]), "unknown type 65535"),
        ends("flags that data does not have", data(STDIN, 0x82, b"abc"), "the flags 0x82"),
        ends("flags that a ping does not have", control(PING, 1, &1_u32.to_be_bytes()), "the flags 0x01"),
        ends("a control frame of 16 MiB", saying(SYN_STREAM, 0, 0x00ff_ffff, b""), "16384 at most"),
        ends("a control frame one byte too long", saying(HEADERS, 0, 16385, b""), "16384 at most"),
        ends("a ping of 8 bytes", numbers(PING, &[1, 1]), "does not fit"),
        ends("a reset of 4 bytes", numbers(RST_STREAM, &[STDIN]), "does not fit"),
        ends("an opening of 9 bytes", control(SYN_STREAM, 0, &[0; 9]), "does not fit"),
        ends("a ping without a number", numbers(PING, &[0]), "zero"),
        ends("a reset without a reason", numbers(RST_STREAM, &[STDIN, 0]), "zero"),
        ends("data of no stream", data(0, 0, b"abc"), "cannot be the number"),
        ends("a stream without a number", syn_stream(0, b""), "cannot be the number"),
        ends("a stream of the server's", asks(100, "stdin"), "100 cannot be the number"),
        ends("the same stream again", asks(7, "stdin"), "was opened after one with a higher number"),
        ends("a stream before the last", [asks(101, "nothing"), asks(99, "nothing")].concat(), "stream 99 was opened after"),
        ends("parameters that are not there", numbers(SETTINGS, &[2, 1, 1]), "does not fit"),
        ends("65 parameters", numbers(SETTINGS, &[&[65][..], &[1; 130]].concat()), "65 parameters"),
        ends("headers that are not compressed", syn_stream(101, &plain(&[("streamtype", "stdin")])), "decompressed"),
        ends("headers of another dictionary", syn_stream(101, b"\x78\x20\0\0\0\x01\0\0\0\xff\xff"), "decompressed"),
        ends("headers that end the compression", [syn_stream(101, &last), asks(103, "nothing")].concat(), "decompressed"),
        ends("headers cut in the middle", syn_stream(101, &later().block(&plain(&[("streamtype", "stdin")]))[..12]), "header"),
        ends("headers that grow to 10 MiB", syn_stream(101, &bomb(10 << 20)[2..]), "header block"),
        ends("200 headers", later().syn_stream(101, &many), "200 headers"),
        ends("a number of headers that lies", lies(|text| text[..4].copy_from_slice(&u32::MAX.to_be_bytes())), "header"),
        ends("a name's length that lies", lies(|text| text[4..8].copy_from_slice(&u32::MAX.to_be_bytes())), "lengths"),
        ends("a value's length that lies", lies(|text| text[18..22].copy_from_slice(&999_u32.to_be_bytes())), "lengths"),
        ends("a header twice", later().syn_stream(101, &[("streamtype", "stdin"), ("streamtype", "stdout")]), "same header twice"),
        ends("a name in upper case", later().syn_stream(101, &[("streamType", "stdin")]), "lower case"),
        ends("a value with a line's end", later().syn_stream(101, &[("streamtype", "stdin\r\nx: y")]), "visible ASCII"),
        ends("a good-bye", numbers(GOAWAY, &[0, 0]), "the client went away"),
        ends("a thousand good-byes", numbers(GOAWAY, &[0, 0]).repeat(1000), "the client went away"),
    ];
    in_commands("spdy-wrong", Carrier::Spdy, &cases);
}

#[test]
fn frames_that_are_merely_strange_are_read_as_the_kubelet_reads_them() {
    let flood: Vec<u8> = {
        let mut blocks = later();
        (0..5000).flat_map(|n| blocks.syn_stream(101 + 2 * n, &[("streamtype", "stdin")])).collect()
    };
    let cases: Vec<Case> = vec![
        goes_on("nothing at all", Vec::new()),
        goes_on("a stream without a type", later().syn_stream(101, &[("port", "80")])),
        goes_on("a stream without headers", later().syn_stream(101, &[])),
        goes_on("a stream of an unknown type", asks(101, "stdlog")),
        goes_on("a stream of a type that was not asked for", asks(101, "resize")),
        goes_on("a second stream for what is typed", asks(101, "stdin")),
        goes_on("five thousand streams too many", flood),
        goes_on("bytes of a stream that there is not", data(999, 0, &[b'x'; 100_000])),
        goes_on("the end of a stream that there is not", data(999, FIN, b"")),
        goes_on("bytes of what the client should hear", data(5, 0, b"abc")),
        goes_on("a frame without bytes", data(STDIN, 0, b"")),
        goes_on("ten thousand frames without bytes", data(STDIN, 0, b"").repeat(10_000)),
        goes_on("a window that overflows", numbers(WINDOW_UPDATE, &[STDIN, 0x7fff_ffff]).repeat(1000)),
        goes_on("a window of nothing", numbers(WINDOW_UPDATE, &[0, 0])),
        goes_on("resets of streams that there are not", (0..5000).flat_map(|n| numbers(RST_STREAM, &[1001 + 2 * n, 5])).collect()),
        goes_on("five thousand times parameters", numbers(SETTINGS, &[1, 4, 100]).repeat(5000)),
        goes_on("five thousand pings", (0..5000).flat_map(|n| numbers(PING, &[2 * n + 1])).collect()),
        goes_on("answers to pings that nobody sent", (1..5000).flat_map(|n| numbers(PING, &[2 * n])).collect()),
        goes_on("later headers of an open stream", control(HEADERS, 0, &[&STDIN.to_be_bytes()[..], &later().block(&plain(&[("a", "b")]))].concat())),
        goes_on("all the streams once more", {
            let again = (101..).step_by(2).zip(["error", "stdin", "stdout", "stderr"]);
            again.flat_map(|(id, kind)| asks(id, kind)).collect()
        }),
    ];
    in_commands("spdy-strange", Carrier::Spdy, &cases);
}
