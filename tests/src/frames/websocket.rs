//! WebSocket frames, written by hand (RFC 6455 section 5.2), each part of which can be wrong.

/// Opcode of a further part of a message.
pub const CONTINUATION: u8 = 0;
/// Opcode of a message of text.
pub const TEXT: u8 = 1;
/// Opcode of a message of bytes.
pub const BINARY: u8 = 2;
/// Opcode of the end.
pub const CLOSE: u8 = 8;
/// Opcode of the question whether somebody is there.
pub const PING: u8 = 9;

/// Every message of a test's own has the same key of 16 bytes: nothing secret hangs on it.
pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;
const MASK: [u8; 4] = [0x5a, 0x01, 0xc3, 0x7e];

/// A frame as a client sends it: whole, masked, its length written as short as it can be, unless it is told otherwise.
#[derive(Debug, Clone)]
pub struct Frame {
    head: u8,
    masked: bool,
    /// The length as it is written: the seven bits, then what follows them.
    length: Option<(u8, Vec<u8>)>,
    payload: Vec<u8>,
}

impl Frame {
    /// The only frame of a message, or one between messages.
    #[must_use]
    pub fn new(opcode: u8, payload: &[u8]) -> Self {
        Self { head: FIN | opcode, masked: true, length: None, payload: payload.to_vec() }
    }

    /// A message of bytes for a channel.
    #[must_use]
    pub fn channel(number: u8, payload: &[u8]) -> Self {
        Self::new(BINARY, &[&[number], payload].concat())
    }

    /// Others follow it.
    #[must_use]
    pub fn unfinished(self) -> Self {
        Self { head: self.head & !FIN, ..self }
    }

    /// With these bits of the first byte set as well.
    #[must_use]
    pub fn bits(self, bits: u8) -> Self {
        Self { head: self.head | bits, ..self }
    }

    /// Without its mask.
    #[must_use]
    pub fn unmasked(self) -> Self {
        Self { masked: false, ..self }
    }

    /// Says that it has so many bytes, in two bytes.
    #[must_use]
    pub fn says16(self, length: u16) -> Self {
        Self { length: Some((126, length.to_be_bytes().to_vec())), ..self }
    }

    /// Says that it has so many bytes, in eight bytes.
    #[must_use]
    pub fn says64(self, length: u64) -> Self {
        Self { length: Some((127, length.to_be_bytes().to_vec())), ..self }
    }

    /// As bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let (seven, rest) = self.length.clone().unwrap_or_else(|| shortest(self.payload.len()));
        let mut out = vec![self.head, seven | if self.masked { MASKED } else { 0 }];
        out.extend(rest);
        if self.masked {
            out.extend(MASK);
            out.extend(self.payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        } else {
            out.extend(&self.payload);
        }
        out
    }
}

fn shortest(length: usize) -> (u8, Vec<u8>) {
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(seven @ ..=125), _) => (seven, Vec::new()),
        (_, Ok(two)) => (126, two.to_be_bytes().to_vec()),
        _ => (127, (length as u64).to_be_bytes().to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 6455 section 5.7.
    #[test]
    fn frames_are_written_as_rfc_6455_does() {
        assert_eq!(Frame::new(TEXT, b"Hello").unmasked().bytes(), b"\x81\x05Hello");
        assert_eq!(Frame::new(TEXT, b"Hel").unmasked().unfinished().bytes(), b"\x01\x03Hel");
        assert_eq!(Frame::new(CONTINUATION, b"lo").unmasked().bytes(), b"\x80\x02lo");
        assert_eq!(Frame::new(BINARY, &[0; 256]).unmasked().bytes()[..4], [0x82, 0x7e, 0x01, 0x00]);
        assert_eq!(Frame::new(BINARY, &[0; 65536]).unmasked().bytes()[..10], [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
        assert_eq!(Frame::channel(0, b"a").bytes(), [0x82, 0x82, 0x5a, 0x01, 0xc3, 0x7e, 0x5a, 0x60]);
    }
}
