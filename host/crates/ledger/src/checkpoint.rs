//! Checkpoints: C2SP `tlog-checkpoint` notes, one after the other in the file `checkpoints`.
//!
//! Each is three lines (origin, number of lines in the ledger, base64 of the Merkle root), an empty line, the
//! signature line, and an empty line before the next. A checkpoint is signed only for lines that are on the disk already.

use std::io::{self, Read};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use thiserror::Error;

use crate::merkle::Hash;
use crate::note::{PublicKey, SigningKey};

/// A signed statement: the ledger's first `size` lines have this Merkle root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    pub(crate) size: u64,
    pub(crate) root: Hash,
}

/// Why the checkpoints file is not as the ledger writes it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CheckpointError {
    /// The note is not of the right form.
    #[error("note {0} is not a checkpoint of this ledger")]
    Malformed(usize),
    /// The signature does not fit.
    #[error("note {0} is not signed by the ledger's key")]
    Signature(usize),
    /// It promises less than the one before.
    #[error("note {0} is for fewer lines than the one before")]
    Order(usize),
}

fn text(origin: &str, checkpoint: &Checkpoint) -> String {
    format!("{origin}\n{}\n{}\n", checkpoint.size, STANDARD.encode(checkpoint.root))
}

/// The whole note as it is appended to the file.
pub(crate) fn sign(key: &SigningKey, checkpoint: &Checkpoint) -> String {
    let text = text(key.public().name(), checkpoint);
    let signature = key.sign(&text);
    format!("{text}\n{signature}\n")
}

/// Reads a checkpoints file note by note, in bounded memory, and verifies every signature.
pub(crate) struct Notes<'a, R> {
    from: R,
    key: &'a PublicKey,
    buffer: Vec<u8>,
    start: usize,
    last: Option<Checkpoint>,
    count: usize,
    whole: u64,
    ended: bool,
}

impl<'a, R: Read> Notes<'a, R> {
    pub(crate) fn new(from: R, key: &'a PublicKey) -> Notes<'a, R> {
        Notes { from, key, buffer: Vec::new(), start: 0, last: None, count: 0, whole: 0, ended: false }
    }

    /// How many notes were read.
    pub(crate) fn count(&self) -> u64 {
        self.count as u64
    }

    /// The last note that was read.
    pub(crate) fn last(&self) -> Option<Checkpoint> {
        self.last
    }

    /// Bytes of whole notes; what follows was being written when the gateway was killed.
    pub(crate) fn whole(&self) -> u64 {
        self.whole
    }

    pub(crate) fn next(&mut self) -> Result<Option<Checkpoint>, NotesError> {
        while !self.ended && self.buffer.len() - self.start < NOTE_MAX {
            self.buffer.drain(..self.start);
            self.start = 0;
            let length = self.from.by_ref().take(READ).read_to_end(&mut self.buffer).map_err(NotesError::Unread)?;
            self.ended = length == 0;
        }
        let rest = &self.buffer[self.start..];
        if rest.is_empty() {
            return Ok(None);
        }
        let number = self.count + 1;
        match note(rest, self.key) {
            Note::Whole(checkpoint, length) => {
                if self.last.is_some_and(|last| checkpoint.size < last.size) {
                    return Err(NotesError::Wrong(CheckpointError::Order(number)));
                }
                self.start += length;
                self.whole += length as u64;
                self.count = number;
                self.last = Some(checkpoint);
                Ok(Some(checkpoint))
            }
            Note::Torn => Ok(None),
            Note::Malformed => Err(NotesError::Wrong(CheckpointError::Malformed(number))),
            Note::Unsigned => Err(NotesError::Wrong(CheckpointError::Signature(number))),
        }
    }
}

/// Why a checkpoints file could not be read on.
#[derive(Debug)]
pub(crate) enum NotesError {
    Unread(io::Error),
    Wrong(CheckpointError),
}

/// Reads one note that somebody kept elsewhere; it may lack the final empty line.
pub(crate) fn parse_one(text: &str, key: &PublicKey) -> Result<Checkpoint, CheckpointError> {
    let text = format!("{}\n\n", text.trim_end());
    match note(text.as_bytes(), key) {
        Note::Whole(checkpoint, length) if length == text.len() => Ok(checkpoint),
        Note::Unsigned => Err(CheckpointError::Signature(1)),
        _ => Err(CheckpointError::Malformed(1)),
    }
}

enum Note {
    Whole(Checkpoint, usize),
    /// The beginning of a note, which the file's end cuts short.
    Torn,
    Malformed,
    Unsigned,
}

/// Length of base64 of a root, and of a key id with a signature.
const ROOT_LENGTH: usize = 44;
const SIGNATURE_LENGTH: usize = 92;
/// No note is longer: its name, twice, has 255 bytes at most.
const NOTE_MAX: usize = 1024;
/// How much is read at once.
const READ: u64 = 64 * 1024;

fn note(rest: &[u8], key: &PublicKey) -> Note {
    // The form is fixed once the number's digits are known, so a torn note can be told from a changed one:
    // it is shorter than its form and fits as far as it goes.
    let front = format!("{}\n", key.name());
    let digits = rest.get(front.len()..).map_or(0, |rest| rest.iter().take_while(|byte| byte.is_ascii_digit()).count());
    let middle = "\n\n\u{2014} ".to_owned() + key.name() + " ";
    let parts: [(usize, Option<&[u8]>); 7] = [
        (front.len(), Some(front.as_bytes())),
        (digits, None),
        (1, Some(b"\n")),
        (ROOT_LENGTH, None),
        (middle.len(), Some(middle.as_bytes())),
        (SIGNATURE_LENGTH, None),
        (2, Some(b"\n\n")),
    ];
    let mut at = 0;
    for (length, literal) in parts {
        let found = &rest[at.min(rest.len())..(at + length).min(rest.len())];
        let fits = match literal {
            Some(literal) => found == &literal[..found.len()],
            None => found.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte)),
        };
        if !fits {
            return Note::Malformed;
        }
        if found.len() < length || (length == 0 && rest.len() == at) {
            return Note::Torn;
        }
        at += length;
    }
    let whole = &rest[..at];
    let Some((checkpoint, signature)) = std::str::from_utf8(whole).ok().and_then(|note| fields(note, key.name())) else {
        return Note::Malformed;
    };
    if key.verifies(&text(key.name(), &checkpoint), signature) { Note::Whole(checkpoint, at) } else { Note::Unsigned }
}

fn fields<'a>(note: &'a str, origin: &str) -> Option<(Checkpoint, &'a str)> {
    let (body, signature) = note.split_once("\n\n")?;
    let mut lines = body.lines().skip(1);
    let size = lines.next()?.parse().ok()?;
    let root = Hash::try_from(STANDARD.decode(lines.next()?).ok()?).ok()?;
    let checkpoint = Checkpoint { size, root };
    // Byte for byte: no leading zero, no other base64 of the same root.
    (format!("{body}\n") == text(origin, &checkpoint)).then_some((checkpoint, signature.trim_end_matches('\n')))
}

#[cfg(test)]
mod tests;
