//! The text, and what is at its front. RFC 8259.

use std::borrow::Cow;

use super::{Error, MAX_DEPTH};

/// A text that is read from the front.
pub(super) struct Text<'t> {
    text: &'t str,
    at: usize,
    /// How many arrays and objects may yet be opened in each other.
    deeper: u8,
}

const ENDED: &str = "the JSON ends too early";

impl<'t> Text<'t> {
    pub(super) fn new(text: &'t str) -> Text<'t> {
        Text { text, at: 0, deeper: MAX_DEPTH }
    }

    /// The next byte that is no space; nothing at the end.
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// The same where there must be one.
    pub(super) fn next(&mut self) -> Result<u8, Error> {
        self.peek().ok_or_else(|| Error::syntax(ENDED))
    }

    /// Takes this byte, if it is the next.
    pub(super) fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    /// Takes this byte, which must be the next.
    pub(super) fn expect(&mut self, wanted: u8, otherwise: &'static str) -> Result<(), Error> {
        if self.take(wanted) { Ok(()) } else { Err(Error::syntax(if self.peek().is_none() { ENDED } else { otherwise })) }
    }

    /// Nothing but spaces may be left.
    pub(super) fn end(&mut self) -> Result<(), Error> {
        if self.peek().is_none() { Ok(()) } else { Err(Error::syntax("the JSON goes on after its end")) }
    }

    /// Into an array or an object, whose first byte is taken.
    pub(super) fn open(&mut self) -> Result<(), Error> {
        self.at += 1;
        self.deeper = self.deeper.checked_sub(1).ok_or_else(|| Error::syntax("the JSON is deeper than 128 levels"))?;
        Ok(())
    }

    /// Out of it.
    pub(super) fn close(&mut self, end: u8) -> Result<(), Error> {
        self.deeper += 1;
        self.expect(end, "the JSON has something else where an array or an object ends")
    }

    /// Whether there is another item before the end, with the comma before it taken.
    pub(super) fn another(&mut self, first: &mut bool, end: u8) -> Result<bool, Error> {
        if self.next()? == end {
            return Ok(false);
        }
        if !std::mem::take(first) {
            self.expect(b',', "the JSON has no comma between two values")?;
            if self.next()? == end {
                return Err(Error::syntax("the JSON has a comma before an end"));
            }
        }
        Ok(true)
    }

    /// `null`, `true` or `false`.
    pub(super) fn word(&mut self, word: &'static str) -> Result<(), Error> {
        let end = self.at + word.len();
        if self.text.as_bytes().get(self.at..end) != Some(word.as_bytes()) {
            return Err(Error::syntax("the JSON has a word that is none of null, true and false"));
        }
        self.at = end;
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Error> {
        let start = self.at;
        while self.text.as_bytes().get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at == start { Err(Error::syntax("the JSON has a number without digits")) } else { Ok(()) }
    }

    fn is_at(&self, one: u8, other: u8) -> bool {
        self.text.as_bytes().get(self.at).is_some_and(|byte| *byte == one || *byte == other)
    }

    /// A number's own text, and whether it is whole.
    pub(super) fn number(&mut self) -> Result<(&'t str, bool), Error> {
        let start = self.at;
        self.at += usize::from(self.is_at(b'-', b'-'));
        let first = self.at;
        self.digits()?;
        if self.text.as_bytes().get(first) == Some(&b'0') && self.at > first + 1 {
            return Err(Error::syntax("the JSON has a number that begins with 0"));
        }
        let whole = self.at;
        if self.is_at(b'.', b'.') {
            self.at += 1;
            self.digits()?;
        }
        if self.is_at(b'e', b'E') {
            self.at += 1;
            self.at += usize::from(self.is_at(b'+', b'-'));
            self.digits()?;
        }
        Ok((self.text.get(start..self.at).unwrap_or_default(), self.at == whole))
    }

    /// A string, whose quotation mark is next.
    pub(super) fn string(&mut self) -> Result<Cow<'t, str>, Error> {
        self.at += 1;
        let plain = self.plain()?;
        if self.text.as_bytes().get(self.at) == Some(&b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(plain));
        }
        let mut out = String::from(plain);
        loop {
            self.at += 1;
            if self.text.as_bytes().get(self.at - 1) == Some(&b'"') {
                return Ok(Cow::Owned(out));
            }
            out.push(self.escape()?);
            out.push_str(self.plain()?);
        }
    }

    /// Up to a quotation mark or a backslash.
    fn plain(&mut self) -> Result<&'t str, Error> {
        let start = self.at;
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b'"' | b'\\') => return Ok(self.text.get(start..self.at).unwrap_or_default()),
                Some(0..0x20) => return Err(Error::syntax("the JSON has a control character in a string")),
                Some(_) => self.at += 1,
                None => return Err(Error::syntax(ENDED)),
            }
        }
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Result<char, Error> {
        let wrong = || Error::syntax("the JSON has an escape that there is not");
        self.at += 1;
        Ok(match self.text.as_bytes().get(self.at - 1) {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'u') => {
                let unit = self.unit()?;
                let code = match unit {
                    0xd800..0xdc00 => {
                        let low = if self.text.as_bytes().get(self.at..self.at + 2) == Some(b"\\u") {
                            self.at += 2;
                            self.unit()?
                        } else {
                            0
                        };
                        if !(0xdc00..0xe000).contains(&low) {
                            return Err(wrong());
                        }
                        0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
                    }
                    unit => unit,
                };
                char::from_u32(code).ok_or_else(wrong)?
            }
            Some(same @ (b'"' | b'\\' | b'/')) => char::from(*same),
            _ => return Err(wrong()),
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Result<u32, Error> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.text.as_bytes().get(self.at).and_then(|byte| char::from(*byte).to_digit(16));
            unit = unit * 16 + digit.ok_or_else(|| Error::syntax("the JSON has an escape that is no character"))?;
            self.at += 1;
        }
        Ok(unit)
    }

    /// Past a whole value.
    pub(super) fn skip(&mut self) -> Result<(), Error> {
        let end = match self.next()? {
            b'"' => return self.string().map(drop),
            b'n' => return self.word("null"),
            b't' => return self.word("true"),
            b'f' => return self.word("false"),
            b'[' => b']',
            b'{' => b'}',
            _ => return self.number().map(drop),
        };
        self.open()?;
        let mut first = true;
        while self.another(&mut first, end)? {
            if end == b'}' {
                self.key()?;
            }
            self.skip()?;
        }
        self.close(end)
    }

    /// A key of an object, and its colon.
    pub(super) fn key(&mut self) -> Result<Cow<'t, str>, Error> {
        if self.next()? != b'"' {
            return Err(Error::syntax("the JSON has a key that is no string"));
        }
        let key = self.string()?;
        self.expect(b':', "the JSON has no colon after a key")?;
        Ok(key)
    }
}
