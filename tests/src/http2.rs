//! One HTTP/2 request, frame by frame (RFC 9113), with any header fields: client libraries refuse to send the wrong ones.

use std::io;
use std::time::Duration;

use crate::https::Client;

/// Frame types.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
/// Flags.
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// What became of a request.
#[derive(Debug)]
pub enum Outcome {
    /// It was answered: the body. Its status code is in it, when it is a Kubernetes `Status`.
    Answered(String),
    /// The stream was reset or the connection ended: the server would not have such a request.
    Refused,
}

/// Sends these fields, pseudo-header fields included, in this order, and reads the answer. With `trailers` they follow a
/// body; without, the fields are all.
///
/// # Panics
/// When the gateway is not there, or does not speak HTTP/2.
#[must_use]
pub fn request(client: &Client, fields: &[(&str, &str)], body: &[u8], trailers: &[(&str, &str)]) -> Outcome {
    let mut connection = client.connect_http2().expect("the gateway is there");
    connection.patience(Duration::from_secs(20)).expect("a limit");
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    frame(&mut bytes, SETTINGS, 0, 0, &[]);
    let alone = body.is_empty() && trailers.is_empty();
    frame(&mut bytes, HEADERS, END_HEADERS | if alone { END_STREAM } else { 0 }, 1, &block(fields));
    if !alone {
        frame(&mut bytes, DATA, if trailers.is_empty() { END_STREAM } else { 0 }, 1, body);
    }
    if !trailers.is_empty() {
        frame(&mut bytes, HEADERS, END_HEADERS | END_STREAM, 1, &block(trailers));
    }
    connection.send(&bytes).expect("the gateway reads");
    let mut answer = Vec::new();
    loop {
        let read: io::Result<(u8, u8, Vec<u8>)> = (|| {
            let head = connection.exactly(9)?;
            let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
            Ok((head[3], head[4], connection.exactly(length)?))
        })();
        match read {
            Ok((DATA | HEADERS, flags, payload)) => {
                // The fields are compressed; the body says what they would.
                answer.extend_from_slice(&payload);
                if flags & END_STREAM != 0 {
                    return Outcome::Answered(String::from_utf8_lossy(&answer).into_owned());
                }
            }
            Ok((RST_STREAM | GOAWAY, ..)) | Err(_) => return Outcome::Refused,
            Ok(_) => {}
        }
    }
}

fn frame(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    out.extend_from_slice(&(payload.len() as u32).to_be_bytes()[1..]);
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
}

/// Literal fields without indexing (RFC 7541 section 6.2.2), uncompressed.
fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in fields {
        out.push(0);
        for text in [name, value] {
            length(&mut out, text.len());
            out.extend_from_slice(text.as_bytes());
        }
    }
    out
}

/// An integer with a prefix of seven bits (RFC 7541 section 5.1).
fn length(out: &mut Vec<u8>, mut value: usize) {
    if value < 127 {
        return out.push(value as u8);
    }
    out.push(127);
    value -= 127;
    while value >= 128 {
        out.push((value % 128) as u8 | 128);
        value /= 128;
    }
    out.push(value as u8);
}
