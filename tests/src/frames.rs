//! HTTP/2 as frames, written by hand: a client library sends none of what an attacker would. [`websocket`] and [`spdy`] are
//! the same for what is spoken once a connection has switched protocols.
//!
//! One request on a connection of its own. Fields are sent as literals that are never indexed (RFC 7541 section 6.2.3), so
//! there is no state; of the answer's header block only its first field is read, which is `:status` (RFC 9113 section
//! 8.3), and everything else a test wants to know stands in the body.

pub mod spdy;
pub mod websocket;

use std::io;
use std::time::Duration;

use crate::https::{Client, Connection};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long the gateway may take to say anything.
const LIMIT: Duration = Duration::from_secs(20);

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// A request as its frames.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Pseudo-header fields and fields, in order, as bytes.
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    /// The body, when there is one; an empty one is an empty DATA frame.
    pub body: Option<Vec<u8>>,
    /// A second header block, after the body.
    pub trailers: Vec<(Vec<u8>, Vec<u8>)>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// An answer.
    Response {
        /// `:status`.
        status: u16,
        /// The body.
        body: Vec<u8>,
    },
    /// The stream or the connection was ended, with an HTTP/2 error code or without a word.
    Ended {
        /// RFC 9113 section 7.
        code: Option<u32>,
    },
}

/// Sends a request on a new connection and reads what comes of it.
///
/// # Errors
/// When the gateway is not there, or says nothing in time.
pub fn exchange(client: &Client, request: &Request) -> io::Result<Answer> {
    let mut connection = client.connect_speaking(&["h2"])?;
    connection.patience(LIMIT)?;
    let mut bytes = PREFACE.to_vec();
    frame(SETTINGS, 0, 0, &[], &mut bytes);
    let more = request.body.is_some() || !request.trailers.is_empty();
    frame(HEADERS, if more { END_HEADERS } else { END_HEADERS | END_STREAM }, 1, &block(&request.fields), &mut bytes);
    if let Some(body) = &request.body {
        frame(DATA, if request.trailers.is_empty() { END_STREAM } else { 0 }, 1, body, &mut bytes);
    }
    if !request.trailers.is_empty() {
        frame(HEADERS, END_HEADERS | END_STREAM, 1, &block(&request.trailers), &mut bytes);
    }
    connection.send(&bytes)?;
    answer(&mut connection)
}

fn answer(connection: &mut Connection) -> io::Result<Answer> {
    let (mut status, mut body) = (0, Vec::new());
    loop {
        let (kind, flags, payload) = match next(connection) {
            Ok(frame) => frame,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof || error.kind() == io::ErrorKind::ConnectionReset => {
                return Ok(Answer::Ended { code: None });
            }
            Err(error) => return Err(error),
        };
        let code = |at: usize| payload.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes);
        match kind {
            SETTINGS if flags & ACK == 0 => {
                let mut ack = Vec::new();
                frame(SETTINGS, ACK, 0, &[], &mut ack);
                connection.send(&ack)?;
            }
            PING if flags & ACK == 0 => {
                let mut ack = Vec::new();
                frame(PING, ACK, 0, &payload, &mut ack);
                connection.send(&ack)?;
            }
            HEADERS if status == 0 => status = first_status(&payload).ok_or_else(|| io::Error::other("no :status"))?,
            DATA => body.extend_from_slice(&payload),
            RST_STREAM => return Ok(Answer::Ended { code: code(0) }),
            // A connection that is closed in good order may still be answering.
            GOAWAY if code(4) != Some(0) => return Ok(Answer::Ended { code: code(4) }),
            _ => {}
        }
        if matches!(kind, HEADERS | DATA | CONTINUATION) && flags & END_STREAM != 0 {
            return Ok(Answer::Response { status, body });
        }
    }
}

fn next(connection: &mut Connection) -> io::Result<(u8, u8, Vec<u8>)> {
    let head = connection.exactly(9)?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
    Ok((head[3], head[4], connection.exactly(length)?))
}

/// RFC 9113 section 4.1.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(payload.len()).expect("tests send small frames").to_be_bytes();
    out.extend_from_slice(&length[1..]);
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
}

/// Literal fields, never indexed, without Huffman coding.
fn block(fields: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in fields {
        out.push(0x10);
        for text in [name, value] {
            integer(text.len(), &mut out);
            out.extend_from_slice(text);
        }
    }
    out
}

/// RFC 7541 section 5.1, with a prefix of seven bits.
fn integer(mut value: usize, out: &mut Vec<u8>) {
    if value < 127 {
        out.push(u8::try_from(value).unwrap_or(127));
        return;
    }
    out.push(127);
    value -= 127;
    while value >= 128 {
        out.push(u8::try_from(value % 128).unwrap_or(0) | 128);
        value /= 128;
    }
    out.push(u8::try_from(value).unwrap_or(0));
}

/// The status that a header block begins with: an entry of the static table, or digits as a literal.
fn first_status(block: &[u8]) -> Option<u16> {
    let (&first, rest) = block.split_first()?;
    match first {
        // A change of the dynamic table's size may stand before everything.
        0x20..=0x3f => return first_status(rest),
        0x88..=0x8e => return [200, 204, 206, 304, 400, 404, 500].get(usize::from(first - 0x88)).copied(),
        _ => {}
    }
    let (&length, rest) = rest.split_first()?;
    let text = rest.get(..usize::from(length & 0x7f))?;
    let digits = if length & 0x80 == 0 { text.to_vec() } else { huffman_digits(text) };
    String::from_utf8(digits).ok()?.parse().ok()
}

/// RFC 7541 appendix B, as far as digits go: `0` to `2` have five bits, the others six.
fn huffman_digits(text: &[u8]) -> Vec<u8> {
    let bits: Vec<u8> = text.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let number = |bits: &[u8]| bits.iter().fold(0, |number, bit| number * 2 + bit);
    let (mut digits, mut at) = (Vec::new(), 0);
    while let Some(five) = bits.get(at..at + 5).map(number) {
        match (five, bits.get(at..at + 6).map(number)) {
            (0..=2, _) => {
                digits.push(b'0' + five);
                at += 5;
            }
            (_, Some(six @ 0b01_1001..=0b01_1111)) => {
                digits.push(b'3' + (six - 0b01_1001));
                at += 6;
            }
            // What is left is padding.
            _ => break,
        }
    }
    digits
}

#[cfg(test)]
mod tests;
