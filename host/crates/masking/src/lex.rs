//! The bytes of JSON: where a string ends, how a number goes on, whether text is UTF-8. No state but what is passed in.

/// What is wrong, and at which index of the slice.
pub(crate) type Wrong = (usize, &'static str);

/// Where inside an escape sequence a string was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Escape {
    /// In none.
    #[default]
    No,
    /// After the backslash.
    Begun,
    /// So many hexadecimal digits are missing.
    Digits(u8),
}

/// Scans a string's content from `i`. Returns the index after the closing quote, or nothing when the slice ends first.
/// `escaped` is set when there is an escape.
#[inline]
pub(crate) fn string(bytes: &[u8], mut i: usize, escape: &mut Escape, escaped: &mut bool) -> Result<Option<usize>, Wrong> {
    if *escape != Escape::No {
        i = finish_escape(bytes, i, escape)?;
    }
    loop {
        i = special(bytes, i);
        match bytes.get(i) {
            None => return Ok(None),
            Some(b'"') => return Ok(Some(i + 1)),
            Some(b'\\') => {
                *escaped = true;
                *escape = Escape::Begun;
                i = finish_escape(bytes, i + 1, escape)?;
            }
            Some(_) => return Err((i, "a control character in a string")),
        }
    }
}

fn finish_escape(bytes: &[u8], mut i: usize, escape: &mut Escape) -> Result<usize, Wrong> {
    while let Some(&b) = bytes.get(i) {
        *escape = match *escape {
            Escape::No => return Ok(i),
            Escape::Begun => match b {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Escape::No,
                b'u' => Escape::Digits(4),
                _ => return Err((i, "an unknown escape")),
            },
            Escape::Digits(left) if b.is_ascii_hexdigit() => {
                if left == 1 {
                    Escape::No
                } else {
                    Escape::Digits(left - 1)
                }
            }
            Escape::Digits(_) => return Err((i, "an escape with too few hexadecimal digits")),
        };
        i += 1;
    }
    Ok(i)
}

/// The first quote, backslash or control character at or after `i`.
#[inline]
fn special(bytes: &[u8], mut i: usize) -> usize {
    // Most strings of Kubernetes are short: eight bytes at a time needs no call. Long ones go to the vector search.
    for _ in 0..6 {
        let Some(word) = bytes.get(i..).and_then(|rest| rest.first_chunk::<8>()) else {
            while bytes.get(i).is_some_and(|b| !matches!(b, b'"' | b'\\' | 0..0x20)) {
                i += 1;
            }
            return i;
        };
        let found = special_in(u64::from_le_bytes(*word));
        if found != 0 {
            return i + (found.trailing_zeros() / 8) as usize;
        }
        i += 8;
    }
    special_far(bytes, i)
}

/// Marks the high bit of bytes that are special. Bits above the lowest one may be wrong (borrows): only the lowest counts.
#[inline]
fn special_in(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let zero = |w: u64| w.wrapping_sub(ONES) & !w;
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (zero(word ^ (ONES * b'"' as u64)) | zero(word ^ (ONES * b'\\' as u64)) | control) & HIGH
}

#[inline(never)]
fn special_far(bytes: &[u8], i: usize) -> usize {
    let rest = &bytes[i..];
    let end = memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
    let text = &rest[..end];
    // Without an early exit the compiler makes vector code of it.
    for (n, block) in text.chunks(1024).enumerate() {
        if block.iter().fold(false, |any, b| any | (*b < 0x20)) {
            let at = block.iter().position(|b| *b < 0x20).unwrap_or_default();
            return i + n * 1024 + at;
        }
    }
    i + end
}

/// How far into a number one is (RFC 8259, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    Minus,
    Zero,
    Integer,
    Point,
    Fraction,
    Exponent,
    Sign,
    Power,
}

impl Number {
    /// The state after the first byte.
    pub(crate) fn begin(b: u8) -> Number {
        match b {
            b'-' => Number::Minus,
            b'0' => Number::Zero,
            _ => Number::Integer,
        }
    }

    /// The state after one more byte; nothing when the byte is no part of the number.
    #[inline]
    fn next(self, b: u8) -> Option<Number> {
        use Number::*;
        Some(match (self, b) {
            (Minus, b'0') => Zero,
            (Minus, b'1'..=b'9') | (Integer, b'0'..=b'9') => Integer,
            (Zero | Integer, b'.') => Point,
            (Point | Fraction, b'0'..=b'9') => Fraction,
            (Zero | Integer | Fraction, b'e' | b'E') => Exponent,
            (Exponent, b'+' | b'-') => Sign,
            (Exponent | Sign | Power, b'0'..=b'9') => Power,
            _ => return None,
        })
    }

    /// Whether the number may end here.
    pub(crate) fn complete(self) -> bool {
        matches!(self, Number::Zero | Number::Integer | Number::Fraction | Number::Power)
    }
}

/// Scans on in a number. Returns the index of the first byte after it, or nothing when the slice ends first.
#[inline]
pub(crate) fn number(bytes: &[u8], mut i: usize, state: &mut Number) -> Result<Option<usize>, Wrong> {
    loop {
        let Some(&b) = bytes.get(i) else { return Ok(None) };
        match state.next(b) {
            Some(next) => *state = next,
            None if state.complete() => return Ok(Some(i)),
            None => return Err((i, "an incomplete number")),
        }
        i += 1;
    }
}

/// What follows the first byte of `true`, `false` or `null`.
#[inline]
pub(crate) fn word_after(b: u8) -> &'static [u8] {
    match b {
        b't' => b"rue",
        b'f' => b"alse",
        _ => b"ull",
    }
}

/// Scans on in a word of which these bytes are missing. Returns the index behind it, or nothing when the slice ends
/// first, and what is missing then.
#[inline]
pub(crate) fn word(bytes: &[u8], i: usize, missing: &'static [u8]) -> Result<(Option<usize>, &'static [u8]), Wrong> {
    let there = missing.len().min(bytes.len() - i);
    if bytes[i..i + there] != missing[..there] {
        return Err((i, "a word that is none of true, false, null"));
    }
    let rest = &missing[there..];
    Ok((rest.is_empty().then_some(i + there), rest))
}

/// Checks UTF-8 over chunks that may cut a character.
#[derive(Debug, Default)]
pub(crate) struct Utf8 {
    tail: [u8; 4],
    length: usize,
}

impl Utf8 {
    /// Checks the next chunk.
    pub(crate) fn check(&mut self, mut bytes: &[u8]) -> Result<(), Wrong> {
        const WHAT: &str = "bytes that are no UTF-8";
        let mut before = 0;
        while self.length > 0 {
            let Some((&b, rest)) = bytes.split_first() else { return Ok(()) };
            self.tail[self.length] = b;
            self.length += 1;
            bytes = rest;
            before += 1;
            match std::str::from_utf8(&self.tail[..self.length]) {
                Ok(_) => self.length = 0,
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return Err((before - 1, WHAT)),
            }
        }
        match std::str::from_utf8(bytes) {
            Ok(_) => Ok(()),
            Err(error) if error.error_len().is_none() => {
                let tail = &bytes[error.valid_up_to()..];
                self.tail[..tail.len()].copy_from_slice(tail);
                self.length = tail.len();
                Ok(())
            }
            Err(error) => Err((before + error.valid_up_to(), WHAT)),
        }
    }

    /// Whether the last chunk ended inside a character.
    pub(crate) fn is_cut(&self) -> bool {
        self.length > 0
    }
}

#[cfg(test)]
mod tests;
