//! Header blocks: names and values, and their form before compression (the draft, section 2.6.10).

use super::Error;

/// The largest header block, decompressed, in bytes. Those of Kubernetes have under 200; but one frame of 60
/// bytes can decompress to 64 KiB, so the bound is what an attacker can make the gateway write.
pub const MAX_HEADER_BLOCK: usize = 16 << 10;

/// The most headers in one block. Kubernetes uses three.
pub const MAX_HEADERS: usize = 32;

/// Separates the values of one header.
const SEPARATOR: char = '\0';

/// Headers as they were sent: names in lower case and once each. Within [`MAX_HEADERS`] and [`MAX_HEADER_BLOCK`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// These and one more.
    pub fn with(mut self, name: &str, value: &str) -> Result<Self, Error> {
        self.push(name.as_bytes(), value.as_bytes())?;
        if self.encoded_len() > MAX_HEADER_BLOCK { Err(Error::HeaderBlock) } else { Ok(self) }
    }

    /// The one value of a header. `None` if there is no such header, or if it has several values: which of
    /// them counts would be a matter of opinion.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(one, _)| one == name)?;
        (!value.contains(SEPARATOR)).then_some(value)
    }

    /// The names, in the order sent.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Check and append.
    fn push(&mut self, name: &[u8], value: &[u8]) -> Result<(), Error> {
        if self.0.len() == MAX_HEADERS {
            return Err(Error::TooManyHeaders(MAX_HEADERS + 1));
        }
        let name = text(name, is_name_byte).filter(|name| !name.is_empty()).ok_or(Error::HeaderName)?;
        let value = text(value, is_value_byte).ok_or(Error::HeaderValue)?;
        if self.names().any(|one| one == name) {
            return Err(Error::DuplicateHeader);
        }
        self.0.push((name.to_owned(), value.to_owned()));
        Ok(())
    }

    fn encoded_len(&self) -> usize {
        self.0.iter().fold(4, |length, (name, value)| length + 8 + name.len() + value.len())
    }

    /// The block before compression.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.encoded_len());
        let mut number = |value: usize, text: &str| {
            // The block is within MAX_HEADER_BLOCK, so every length has 32 bits to spare.
            out.extend_from_slice(&(value as u32).to_be_bytes());
            out.extend_from_slice(text.as_bytes());
        };
        number(self.0.len(), "");
        for (name, value) in &self.0 {
            number(name.len(), name);
            number(value.len(), value);
        }
        out
    }

    /// A decompressed block: all of it, and nothing behind.
    pub(super) fn decode(mut block: &[u8]) -> Result<Self, Error> {
        let count = take_u32(&mut block)?;
        if count > MAX_HEADERS {
            return Err(Error::TooManyHeaders(count));
        }
        let mut headers = Self(Vec::with_capacity(count));
        for _ in 0..count {
            let name = take_text(&mut block)?;
            let value = take_text(&mut block)?;
            headers.push(name, value)?;
        }
        if block.is_empty() { Ok(headers) } else { Err(Error::HeaderLengths) }
    }
}

fn text(bytes: &[u8], allowed: fn(u8) -> bool) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| text.bytes().all(allowed))
}

/// `tchar` of RFC 9110 without the capitals: SPDY's names are in lower case.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_value_byte(byte: u8) -> bool {
    matches!(byte, b'\0' | b'\t' | b' '..=b'~')
}

fn take_u32(block: &mut &[u8]) -> Result<usize, Error> {
    let (number, rest) = block.split_first_chunk().ok_or(Error::HeaderLengths)?;
    *block = rest;
    Ok(u32::from_be_bytes(*number) as usize)
}

fn take_text<'a>(block: &mut &'a [u8]) -> Result<&'a [u8], Error> {
    let length = take_u32(block)?;
    let (text, rest) = block.split_at_checked(length).ok_or(Error::HeaderLengths)?;
    *block = rest;
    Ok(text)
}

#[cfg(test)]
mod tests;
