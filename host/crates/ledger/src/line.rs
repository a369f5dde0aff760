//! One line of a segment.
//!
//! ```text
//! {"seq":7,"prev":"<64 hex>","at":1764000000000000,"record":{…},"hash":"<64 hex>"}
//! ```
//!
//! `hash` is the RFC 6962 leaf hash of the line's bytes before `,"hash":`; `prev` is the `hash` of the
//! line before. So the chain's links are the leaves of the Merkle tree that checkpoints sign, and
//! `printf '\0%s' "${line%,\"hash\":*}" | sha256sum` checks a line by hand. `at` is microseconds since
//! 1970 and never runs backwards. A line holds a `record`, a `body` (a small body, inline) or a `blob` (a large
//! body, in a file of its own).

use thiserror::Error;

use crate::merkle::{Hash, leaf_hash};

/// The longest line: room for a record with every field at its limit, or an inline body of binary data.
pub(crate) const LINE_MAX: usize = 4 * 1024 * 1024;

/// `prev` of the very first line.
pub(crate) const GENESIS: Hash = [0; 32];

const TAIL: usize = r#","hash":""}"#.len() + 64;

/// What a line holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Record,
    Body,
    Blob,
}

impl Content {
    fn name(self) -> &'static str {
        match self {
            Content::Record => "record",
            Content::Body => "body",
            Content::Blob => "blob",
        }
    }
}

/// Why a line is no line of this ledger.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum LineError {
    /// It does not have the form of a line.
    #[error("the line does not have the form of a ledger line")]
    Malformed,
    /// Its own hash does not fit its bytes.
    #[error("the line's bytes do not fit its hash")]
    Hash,
    /// It does not continue the line before.
    #[error("the line does not continue the chain of the line before")]
    Chain,
    /// Its sequence number is not the next one.
    #[error("sequence number {found} where {expected} was due")]
    Sequence {
        /// What was due.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// Its time runs backwards.
    #[error("its time is before that of the line before")]
    Time,
    /// It never ends.
    #[error("the line is longer than any that the ledger writes")]
    TooLong,
    /// It ends without a line feed, where more lines follow.
    #[error("the line is cut short")]
    Cut,
}

/// Appends a whole line to `out` and gives its hash.
pub(crate) fn render(out: &mut Vec<u8>, seq: u64, prev: &Hash, at: i64, content: Content, payload: &[u8]) -> Hash {
    let start = out.len();
    let mut number = [0; 20];
    out.extend_from_slice(b"{\"seq\":");
    out.extend_from_slice(decimal(seq, &mut number));
    out.extend_from_slice(b",\"prev\":\"");
    push_hex(out, prev);
    out.extend_from_slice(b"\",\"at\":");
    out.extend_from_slice(decimal(at.unsigned_abs(), &mut number));
    out.extend_from_slice(b",\"");
    out.extend_from_slice(content.name().as_bytes());
    out.extend_from_slice(b"\":");
    out.extend_from_slice(payload);
    let hash = leaf_hash(&out[start..]);
    out.extend_from_slice(b",\"hash\":\"");
    push_hex(out, &hash);
    out.extend_from_slice(b"\"}\n");
    hash
}

fn decimal(mut number: u64, buffer: &mut [u8; 20]) -> &[u8] {
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &buffer[at..];
        }
    }
}

fn push_hex(out: &mut Vec<u8>, hash: &Hash) {
    let mut text = [0; 64];
    // The lengths are constants that fit.
    let _ = hex::encode_to_slice(hash, &mut text);
    out.extend_from_slice(&text);
}

/// A line whose form and own hash are right. Whether it continues the chain is for [`Cursor`] to say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    pub(crate) seq: u64,
    pub(crate) prev: Hash,
    pub(crate) at: i64,
    pub(crate) content: Content,
    /// The exact bytes of the record, body or blob.
    pub(crate) payload: &'a [u8],
    pub(crate) hash: Hash,
}

struct Parser<'a>(&'a [u8]);

impl<'a> Parser<'a> {
    fn literal(&mut self, literal: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(literal)?;
        Some(())
    }

    fn number(&mut self) -> Option<u64> {
        let length = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at_checked(length)?;
        if digits.len() > 1 && digits[0] == b'0' {
            return None;
        }
        self.0 = rest;
        std::str::from_utf8(digits).ok()?.parse().ok()
    }

    fn hash(&mut self) -> Option<Hash> {
        let (text, rest) = self.0.split_at_checked(64)?;
        self.0 = rest;
        lower_hex(text)
    }
}

/// Lower case only: a changed case is a changed byte.
pub(crate) fn lower_hex(text: &[u8]) -> Option<Hash> {
    if text.iter().any(u8::is_ascii_uppercase) {
        return None;
    }
    let mut hash = [0; 32];
    hex::decode_to_slice(text, &mut hash).ok()?;
    Some(hash)
}

/// Reads a line, without its line feed.
pub(crate) fn parse(line: &[u8]) -> Result<Line<'_>, LineError> {
    let parsed = split(line).ok_or(LineError::Malformed)?;
    if leaf_hash(&line[..line.len() - TAIL]) != parsed.hash {
        return Err(LineError::Hash);
    }
    Ok(parsed)
}

fn split(line: &[u8]) -> Option<Line<'_>> {
    let (front, tail) = line.split_at_checked(line.len().checked_sub(TAIL)?)?;
    let mut tail = Parser(tail);
    tail.literal(b",\"hash\":\"")?;
    let hash = tail.hash()?;
    tail.literal(b"\"}")?;

    let mut front = Parser(front);
    front.literal(b"{\"seq\":")?;
    let seq = front.number()?;
    front.literal(b",\"prev\":\"")?;
    let prev = front.hash()?;
    front.literal(b"\",\"at\":")?;
    let at = i64::try_from(front.number()?).ok()?;
    front.literal(b",\"")?;
    let content = [Content::Record, Content::Body, Content::Blob]
        .into_iter()
        .find(|content| front.0.starts_with(content.name().as_bytes()))?;
    front.literal(content.name().as_bytes())?;
    front.literal(b"\":")?;
    Some(Line { seq, prev, at, content, payload: front.0, hash })
}

/// Whether `tail`, which has no line feed, can be the beginning of the line that was being written when
/// the gateway was killed. Anything else at the end of a segment was put there by someone.
pub(crate) fn may_be_torn(tail: &[u8], seq: u64, prev: &Hash) -> bool {
    let expected = format!("{{\"seq\":{seq},\"prev\":\"{}\",\"at\":", hex::encode(prev));
    let known = expected.len().min(tail.len());
    tail.len() < LINE_MAX
        && tail[..known] == expected.as_bytes()[..known]
        // JSON text as it is written here has no control characters: one there is a byte that was changed.
        && tail.iter().all(|byte| *byte >= 0x20)
        // A whole line followed by something that is not a line feed.
        && (tail.is_empty() || split(&tail[..tail.len() - 1]).is_none())
}

/// Follows the chain from line to line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The sequence number that is due.
    pub(crate) next: u64,
    /// The hash of the last line.
    pub(crate) head: Hash,
    /// The time of the last line.
    pub(crate) at: i64,
}

impl Cursor {
    pub(crate) fn start() -> Cursor {
        Cursor { next: 0, head: GENESIS, at: 0 }
    }

    pub(crate) fn accept(&mut self, line: &Line<'_>) -> Result<(), LineError> {
        if line.seq != self.next {
            return Err(LineError::Sequence { expected: self.next, found: line.seq });
        }
        if line.prev != self.head {
            return Err(LineError::Chain);
        }
        if line.at < self.at {
            return Err(LineError::Time);
        }
        // A copy may hold anything, also a number after which there is none.
        *self = Cursor { next: line.seq.saturating_add(1), head: line.hash, at: line.at };
        Ok(())
    }
}

#[cfg(test)]
mod tests;
