//! Lines of several segments, one after the other, each checked.

use std::collections::VecDeque;
use std::path::PathBuf;

use super::lines::Lines;
use crate::error::ReadError;
use crate::line::{self, Cursor, Line, LineError, may_be_torn};
use crate::record::Record;
use crate::segment::{self, Segment};

pub(crate) struct Scan {
    directory: PathBuf,
    segments: VecDeque<Segment>,
    /// Whether the end may be a line that is just being written: true for a copy.
    may_end_torn: bool,
    lines: Option<Lines>,
    path: PathBuf,
    number: u64,
    cursor: Option<Cursor>,
}

/// A line and where it is.
pub(crate) struct Item<'a> {
    pub(crate) line: Line<'a>,
    path: &'a PathBuf,
    number: u64,
}

impl Item<'_> {
    pub(crate) fn record(&self) -> Result<Record, ReadError> {
        serde_json::from_slice(self.line.payload).map_err(|source| self.wrong(source))
    }

    pub(crate) fn wrong(&self, source: serde_json::Error) -> ReadError {
        ReadError::Record { path: self.path.clone(), line: self.number, source }
    }
}

impl Scan {
    pub(crate) fn new(directory: PathBuf, segments: Vec<Segment>, may_end_torn: bool) -> Scan {
        Scan { directory, segments: segments.into(), may_end_torn, lines: None, path: PathBuf::new(), number: 0, cursor: None }
    }

    pub(crate) fn next(&mut self) -> Result<Option<Item<'_>>, ReadError> {
        // Two steps, as the borrow of a line that is given away cannot be taken back within the loop.
        while !self.advance()? {
            if !self.open()? {
                return Ok(None);
            }
        }
        self.current()
    }

    /// Whether the open segment has another line; checks that it ends where a segment may.
    fn advance(&mut self) -> Result<bool, ReadError> {
        let Some(lines) = &mut self.lines else { return Ok(false) };
        if lines.peek().map_err(|source| ReadError::File { path: self.path.clone(), source })? {
            return Ok(true);
        }
        let torn = lines.rest();
        let fits = torn.is_empty()
            || (self.may_end_torn
                && self.segments.is_empty()
                && self.cursor.as_ref().is_none_or(|cursor| may_be_torn(torn, cursor.next, &cursor.head)));
        if !fits {
            return Err(ReadError::Line { path: self.path.clone(), line: self.number + 1, source: LineError::Cut });
        }
        self.lines = None;
        Ok(false)
    }

    fn open(&mut self) -> Result<bool, ReadError> {
        let Some(segment) = self.segments.pop_front() else { return Ok(false) };
        self.path = segment::path(&self.directory, segment.first);
        self.number = 0;
        let lines = Lines::open(&self.path, segment.length);
        self.lines = Some(lines.map_err(|source| ReadError::File { path: self.path.clone(), source })?);
        Ok(true)
    }

    fn current(&mut self) -> Result<Option<Item<'_>>, ReadError> {
        let path = &self.path;
        let Some(lines) = &mut self.lines else { return Ok(None) };
        let Some(bytes) = lines.next().map_err(|source| ReadError::File { path: path.clone(), source })? else { return Ok(None) };
        self.number += 1;
        let number = self.number;
        let wrong = |source| ReadError::Line { path: path.clone(), line: number, source };
        let line = line::parse(bytes).map_err(wrong)?;
        // What is before the first line that is asked for is not read; from there on the chain must hold.
        let cursor = self.cursor.get_or_insert(Cursor { next: line.seq, head: line.prev, at: line.at });
        cursor.accept(&line).map_err(wrong)?;
        Ok(Some(Item { line, path, number }))
    }
}
