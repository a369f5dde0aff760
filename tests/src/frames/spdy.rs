//! SPDY/3.1 frames, written by hand (draft-mbelshe-httpbis-spdy-3 section 2.2), each part of which can be wrong.
//!
//! Header blocks are zlib streams of stored blocks (RFC 1951 section 3.2.4): no compressor is needed, and every byte is
//! the test's own.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// What `Upgrade` asks for.
pub const UPGRADE: &str = "SPDY/3.1";

/// Opens a stream.
pub const SYN_STREAM: u16 = 1;
/// Ends a stream.
pub const RST_STREAM: u16 = 3;
/// Parameters of the connection.
pub const SETTINGS: u16 = 4;
/// Is anybody there?
pub const PING: u16 = 6;
/// No further streams.
pub const GOAWAY: u16 = 7;
/// More headers of a stream.
pub const HEADERS: u16 = 8;
/// Flow control.
pub const WINDOW_UPDATE: u16 = 9;

/// The sender sends nothing more on the stream.
pub const FIN: u8 = 1;

/// How a zlib stream begins that knows SPDY's dictionary (RFC 1950 section 2.2): the flag for it, and its checksum.
pub const BEGINNING: [u8; 6] = [0x78, 0x20, 0xe3, 0xc6, 0xa7, 0xc2];

/// A control frame.
#[must_use]
pub fn control(kind: u16, flags: u8, body: &[u8]) -> Vec<u8> {
    saying(kind, flags, u32::try_from(body.len()).expect("tests send small frames"), body)
}

/// A control frame that says that it has so many bytes.
#[must_use]
pub fn saying(kind: u16, flags: u8, length: u32, body: &[u8]) -> Vec<u8> {
    let mut out = [0x8003_u16.to_be_bytes(), kind.to_be_bytes()].concat();
    out.extend((u32::from(flags) << 24 | length).to_be_bytes());
    out.extend(body);
    out
}

/// A control frame of numbers.
#[must_use]
pub fn numbers(kind: u16, body: &[u32]) -> Vec<u8> {
    control(kind, 0, &body.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<u8>>())
}

/// A frame of a stream's bytes.
#[must_use]
pub fn data(stream: u32, flags: u8, bytes: &[u8]) -> Vec<u8> {
    data_saying(stream, flags, u32::try_from(bytes.len()).expect("tests send small frames"), bytes)
}

/// The same, and says that it has so many.
#[must_use]
pub fn data_saying(stream: u32, flags: u8, length: u32, bytes: &[u8]) -> Vec<u8> {
    let mut out = stream.to_be_bytes().to_vec();
    out.extend((u32::from(flags) << 24 | length).to_be_bytes());
    out.extend(bytes);
    out
}

/// The header blocks of one connection.
#[derive(Debug, Default)]
pub struct Blocks {
    begun: bool,
}

impl Blocks {
    /// A SYN_STREAM with these headers.
    pub fn syn_stream(&mut self, stream: u32, headers: &[(&str, &str)]) -> Vec<u8> {
        let block = self.block(&plain(headers));
        syn_stream(stream, &block)
    }

    /// A header block that gives exactly these bytes.
    pub fn block(&mut self, plain: &[u8]) -> Vec<u8> {
        let mut out = if std::mem::replace(&mut self.begun, true) { Vec::new() } else { BEGINNING.to_vec() };
        for part in plain.chunks(usize::from(u16::MAX)) {
            let length = u16::try_from(part.len()).expect("a part is no longer");
            out.push(0);
            out.extend(length.to_le_bytes());
            out.extend((!length).to_le_bytes());
            out.extend(part);
        }
        out
    }
}

/// A SYN_STREAM with any header block.
#[must_use]
pub fn syn_stream(stream: u32, block: &[u8]) -> Vec<u8> {
    let mut body = stream.to_be_bytes().to_vec();
    body.extend([0; 6]);
    body.extend(block);
    control(SYN_STREAM, 0, &body)
}

/// Headers before compression: their number, then each name and value behind its length.
#[must_use]
pub fn plain(headers: &[(&str, &str)]) -> Vec<u8> {
    let number = |length: usize| u32::try_from(length).expect("tests send few headers").to_be_bytes();
    let mut out = number(headers.len()).to_vec();
    for text in headers.iter().flat_map(|(name, value)| [name, value]) {
        out.extend(number(text.len()));
        out.extend(text.as_bytes());
    }
    out
}

/// A small header block that grows to `size` bytes.
///
/// # Panics
/// Never: it is written to memory.
#[must_use]
pub fn bomb(size: usize) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![0; size]).and_then(|()| encoder.flush()).expect("memory takes everything");
    encoder.get_ref().clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_written_as_the_draft_does() {
        assert_eq!(numbers(PING, &[1]), [0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1]);
        assert_eq!(data(3, FIN, b"ls"), [0, 0, 0, 3, 1, 0, 0, 2, b'l', b's']);
        assert_eq!(plain(&[("a", "bc")]), [0, 0, 0, 1, 0, 0, 0, 1, b'a', 0, 0, 0, 2, b'b', b'c']);
        let mut blocks = Blocks::default();
        assert_eq!(blocks.block(b"x"), [0x78, 0x20, 0xe3, 0xc6, 0xa7, 0xc2, 0, 1, 0, 0xfe, 0xff, b'x']);
        assert_eq!(blocks.block(b"y"), [0, 1, 0, 0xfe, 0xff, b'y']);
    }
}
