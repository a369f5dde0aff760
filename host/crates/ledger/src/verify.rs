//! The offline proof: a copy of the folder and the public key, and nothing else.

mod bodies;

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::checkpoint::{self, Checkpoint, CheckpointError, Notes, NotesError};
use crate::line::{self, Content, Cursor, LineError, may_be_torn};
use crate::merkle::CompactRange;
use crate::note::PublicKey;
use crate::open::CHECKPOINTS;
use crate::read::lines::Lines;
use crate::segment;
use bodies::Bodies;

/// What is known after reading everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was changed.
    Whole(Summary),
    /// Something was changed, first of all here.
    Tampered(Tampering),
    /// It could not be read; nothing is proved either way. The text says what to do.
    CouldNotCheck(String),
}

impl Verdict {
    /// Whether nothing was changed.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self, Verdict::Whole(_))
    }

    /// `audit verify`'s exit code: 0 whole, 1 tampered, 2 could not check.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Verdict::Whole(_) => 0,
            Verdict::Tampered(_) => 1,
            Verdict::CouldNotCheck(_) => 2,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Whole(summary) => write!(
                f,
                "whole: {} records and {} bodies in {} segments, {} checkpoints; signed up to line {} of {}",
                summary.records, summary.bodies, summary.segments, summary.checkpoints, summary.signed, summary.lines
            ),
            Verdict::Tampered(tampering) => write!(f, "tampered: {tampering}"),
            Verdict::CouldNotCheck(why) => write!(f, "could not check: {why}"),
        }
    }
}

/// What a whole ledger has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Lines of all segments.
    pub lines: u64,
    /// Lines that are records.
    pub records: u64,
    /// Lines that are bodies, or name the file of one.
    pub bodies: u64,
    /// Segments.
    pub segments: u64,
    /// Signed checkpoints.
    pub checkpoints: u64,
    /// Lines that the newest checkpoint covers. What follows is chained but not signed yet: a copy of a ledger
    /// that is in use has a second's worth of such lines.
    pub signed: u64,
    /// Bytes of a line at the end that was being written when the copy was made.
    pub torn: u64,
}

/// Where something was changed, and how that shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tampering {
    /// The file, from the ledger's folder.
    pub file: PathBuf,
    /// The line in it, from 1; none when the file as a whole is meant.
    pub line: Option<u64>,
    /// The sequence number that was due there.
    pub position: Option<u64>,
    /// What was done, as far as it can be told.
    pub why: Why,
}

impl fmt::Display for Tampering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(position) = self.position {
            write!(f, ", position {position}")?;
        }
        write!(f, ": {}", self.why)
    }
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Bytes of a line were changed.
    Edit(LineError),
    /// Lines are missing: the sequence jumps forward.
    Gap {
        /// What was due.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// A line comes after a later one, or twice.
    Reordering {
        /// What was due.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// The ledger ends before lines that a checkpoint was signed for.
    Truncation {
        /// Lines that are there.
        found: u64,
        /// Lines that were signed.
        signed: u64,
    },
    /// The lines, though chained, are not those that were signed: the chain was made anew from some line on.
    Rewritten {
        /// The lines up to here are not those of the checkpoint.
        size: u64,
    },
    /// A checkpoint was changed, or is not by this key.
    Checkpoint(CheckpointError),
    /// The checkpoints were removed.
    NoCheckpoints,
    /// A record or body line does not hold what such a line holds.
    Content(String),
    /// A body is missing.
    BodyMissing(String),
    /// A body is not what it was.
    BodyChanged(String),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Edit(error) => write!(f, "edited: {error}"),
            Why::Gap { expected, found } => write!(f, "gap: line {found} where {expected} was due"),
            Why::Reordering { expected, found } => write!(f, "reordered or repeated: line {found} where {expected} was due"),
            Why::Truncation { found, signed } => write!(f, "truncated: {found} lines, but a checkpoint is signed for {signed}"),
            Why::Rewritten { size } => write!(f, "rewritten: the first {size} lines are not those that were signed"),
            Why::Checkpoint(error) => write!(f, "checkpoint: {error}"),
            Why::NoCheckpoints => f.write_str("the checkpoints are missing"),
            Why::Content(what) => write!(f, "content: {what}"),
            Why::BodyMissing(hash) => write!(f, "body {hash} is missing"),
            Why::BodyChanged(hash) => write!(f, "body {hash} is not what it was"),
        }
    }
}

/// Verifies a ledger's folder or a copy of it. `witnessed` are checkpoint notes that were kept elsewhere: with them a
/// ledger that was rolled back as a whole, checkpoints and all, is found too.
///
/// Reads everything; blocks.
#[must_use]
pub fn verify(directory: &Path, key: &PublicKey, witnessed: &[String]) -> Verdict {
    match check(directory, key, witnessed) {
        Ok(summary) => Verdict::Whole(summary),
        Err(Failure::Tampered(tampering)) => Verdict::Tampered(*tampering),
        Err(Failure::Unread(why)) => Verdict::CouldNotCheck(why),
    }
}

pub(crate) enum Failure {
    Tampered(Box<Tampering>),
    Unread(String),
}

fn unread(path: &Path) -> impl FnOnce(io::Error) -> Failure {
    let path = path.to_owned();
    move |error| Failure::Unread(format!("{}: {error}; make it readable, or copy the ledger's folder again", path.display()))
}

/// Where the check is.
struct Place<'a> {
    directory: &'a Path,
    path: PathBuf,
    line: u64,
}

impl Place<'_> {
    fn tampered(&self, position: Option<u64>, why: Why) -> Failure {
        let file = self.path.strip_prefix(self.directory).unwrap_or(&self.path).to_owned();
        let line = (self.line > 0).then_some(self.line);
        Failure::Tampered(Box::new(Tampering { file, line, position, why }))
    }
}

fn check(directory: &Path, key: &PublicKey, witnessed: &[String]) -> Result<Summary, Failure> {
    let mut signed = Signed::open(directory, key, witnessed)?;
    let mut summary = Summary::default();
    let mut cursor = Cursor::start();
    let mut tree = CompactRange::default();
    let mut place = Place { directory, path: directory.join(segment::FOLDER), line: 0 };
    let segments = segment::list(directory).map_err(unread(&place.path))?;
    signed.meet(&tree, &place)?;

    for (number, &first) in segments.iter().enumerate() {
        place.path = segment::path(directory, first);
        place.line = 0;
        if first != cursor.next {
            return Err(place.tampered(Some(cursor.next), sequence(cursor.next, first)));
        }
        summary.segments += 1;
        let length = fs::metadata(&place.path).map_err(unread(&place.path))?.len();
        let mut lines = Lines::open(&place.path, length).map_err(unread(&place.path))?;
        // Bodies are found in the segment of the record that refers to them.
        let mut bodies = Bodies::new(directory);
        loop {
            let bytes = match lines.next() {
                Ok(Some(bytes)) => bytes,
                Ok(None) => break,
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    place.line += 1;
                    return Err(place.tampered(Some(cursor.next), Why::Edit(LineError::TooLong)));
                }
                Err(error) => return Err(unread(&place.path)(error)),
            };
            place.line += 1;
            let position = Some(cursor.next);
            let line = line::parse(bytes).map_err(|error| place.tampered(position, Why::Edit(error)))?;
            cursor.accept(&line).map_err(|error| {
                let why = match error {
                    LineError::Sequence { expected, found } => sequence(expected, found),
                    error => Why::Edit(error),
                };
                place.tampered(position, why)
            })?;
            tree.push(line.hash);
            signed.meet(&tree, &place)?;
            match line.content {
                Content::Record => summary.records += 1,
                Content::Body | Content::Blob => summary.bodies += 1,
            }
            bodies.take(&line).map_err(|failure| match failure {
                bodies::Failure::Wrong(why) => place.tampered(position, why),
                bodies::Failure::Unread(path, error) => unread(&path)(error),
            })?;
        }
        let torn = lines.rest();
        if !torn.is_empty() {
            place.line += 1;
            let is_last = number + 1 == segments.len();
            if !is_last || !may_be_torn(torn, cursor.next, &cursor.head) {
                return Err(place.tampered(Some(cursor.next), Why::Edit(LineError::Cut)));
            }
            summary.torn = torn.len() as u64;
        }
    }
    if let Some(size) = signed.beyond() {
        return Err(place.tampered(Some(cursor.next), Why::Truncation { found: tree.size(), signed: size }));
    }
    summary.lines = tree.size();
    summary.checkpoints = signed.notes.count();
    summary.signed = signed.newest;
    Ok(summary)
}

fn sequence(expected: u64, found: u64) -> Why {
    if found > expected { Why::Gap { expected, found } } else { Why::Reordering { expected, found } }
}

/// The signed checkpoints, as the tree grows to meet them.
struct Signed<'a> {
    place: Place<'a>,
    notes: Notes<'a, File>,
    /// The ledger's own next checkpoint.
    own: Option<Checkpoint>,
    /// Those that were kept elsewhere, the smallest last.
    witnessed: Vec<Checkpoint>,
    newest: u64,
}

impl<'a> Signed<'a> {
    fn open(directory: &'a Path, key: &'a PublicKey, witnessed: &[String]) -> Result<Signed<'a>, Failure> {
        if !directory.join(segment::FOLDER).is_dir() {
            let directory = directory.display();
            return Err(Failure::Unread(format!("{directory} holds no ledger; name the folder that has segments/ in it")));
        }
        let place = Place { directory, path: directory.join(CHECKPOINTS), line: 0 };
        let file = match File::open(&place.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(place.tampered(None, Why::NoCheckpoints)),
            Err(error) => return Err(unread(&place.path)(error)),
        };
        let mut kept = Vec::with_capacity(witnessed.len());
        for note in witnessed {
            kept.push(checkpoint::parse_one(note, key).map_err(|error| {
                Failure::Unread(format!("a checkpoint that was kept elsewhere does not verify: {error}; check the public key"))
            })?);
        }
        kept.sort_by_key(|checkpoint| std::cmp::Reverse(checkpoint.size));
        let mut signed = Signed { place, notes: Notes::new(file, key), own: None, witnessed: kept, newest: 0 };
        signed.advance()?;
        // Every ledger begins with a checkpoint for no lines.
        if signed.own.is_none() { Err(signed.place.tampered(None, Why::NoCheckpoints)) } else { Ok(signed) }
    }

    fn advance(&mut self) -> Result<(), Failure> {
        self.own = self.notes.next().map_err(|error| match error {
            NotesError::Unread(error) => unread(&self.place.path)(error),
            NotesError::Wrong(error) => self.place.tampered(None, Why::Checkpoint(error)),
        })?;
        Ok(())
    }

    /// Compares the tree with every checkpoint of its size.
    fn meet(&mut self, tree: &CompactRange, place: &Place<'_>) -> Result<(), Failure> {
        let size = tree.size();
        let compare = |checkpoint: &Checkpoint| {
            if checkpoint.root == tree.root() { Ok(()) } else { Err(place.tampered(Some(size), Why::Rewritten { size })) }
        };
        while let Some(own) = self.own.filter(|own| own.size == size) {
            compare(&own)?;
            self.newest = size;
            self.advance()?;
        }
        while let Some(kept) = self.witnessed.pop_if(|kept| kept.size == size) {
            compare(&kept)?;
        }
        Ok(())
    }

    /// After the last line: what was signed and is not there.
    fn beyond(&self) -> Option<u64> {
        self.own.or(self.witnessed.last().copied()).map(|checkpoint| checkpoint.size)
    }
}

#[cfg(test)]
mod tests;
