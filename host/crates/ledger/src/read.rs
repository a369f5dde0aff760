//! Reading a ledger, while it is written or from a copy. Every line that is read is checked against its hash and
//! the line before; one that does not fit is an error and never skipped.

pub(crate) mod bodies;
pub(crate) mod entry;
pub(crate) mod lines;
pub(crate) mod query;
pub(crate) mod scan;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::error::ReadError;
use crate::ledger::Position;
use crate::line;
use crate::segment::{self, Segment};
use crate::shared::Shared;
use bodies::Index;
use entry::Entry;
use lines::Lines;
use query::{Filter, Query};
use scan::Scan;

/// Reads a ledger. Blocks on files; clones are cheap.
#[derive(Clone)]
pub struct Reader {
    directory: PathBuf,
    live: Option<Arc<Shared>>,
    index: Arc<Mutex<Option<Index>>>,
}

impl Reader {
    /// A reader of a folder that this process does not write: a copy, or another process's.
    #[must_use]
    pub fn open(directory: &Path) -> Reader {
        Reader { directory: directory.to_owned(), live: None, index: Arc::default() }
    }

    pub(crate) fn live(shared: Arc<Shared>) -> Reader {
        Reader { directory: shared.directory.clone(), live: Some(shared), index: Arc::default() }
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The segments as they are now, in order.
    pub(crate) fn segments(&self) -> Result<Vec<Segment>, ReadError> {
        if let Some(shared) = &self.live {
            let tail = shared.tail.lock();
            let (closed, current) = (tail.closed.clone(), tail.current.clone());
            drop(tail);
            let mut segments = closed.to_vec();
            segments.push(current);
            return Ok(segments);
        }
        let folder = self.directory.join(segment::FOLDER);
        let firsts = segment::list(&self.directory).map_err(|source| ReadError::File { path: folder, source })?;
        firsts.into_iter().map(|first| look(&self.directory, first)).collect()
    }

    /// The segments that may hold lines from `micros` on.
    pub(crate) fn segments_since(&self, micros: Option<i64>) -> Result<Vec<Segment>, ReadError> {
        let mut segments = self.segments()?;
        if let Some(since) = micros {
            let begin = segments.partition_point(|segment| segment.first_at.is_some_and(|at| at < since));
            segments.drain(..begin.saturating_sub(1));
        }
        Ok(segments)
    }

    /// The segments from the one that holds a line on.
    pub(crate) fn segments_from(&self, seq: u64) -> Result<Vec<Segment>, ReadError> {
        let mut segments = self.segments()?;
        let begin = segments.partition_point(|segment| segment.first <= seq);
        segments.drain(..begin.saturating_sub(1));
        Ok(segments)
    }

    pub(crate) fn scan(&self, segments: Vec<Segment>) -> Scan {
        Scan::new(self.directory.clone(), segments, self.live.is_none())
    }

    /// Entries that match, in the order in which they ended; those that have not ended come last.
    /// Memory grows with the requests that were under way at the same time, not with the ledger.
    pub fn query(&self, filter: Filter) -> Result<Query, ReadError> {
        Query::new(self, filter)
    }

    /// The newest entries that match, newest first; `filter.limit` (100 when none) of them at most.
    pub fn latest(&self, filter: &Filter) -> Result<Vec<Entry>, ReadError> {
        query::latest(self, filter)
    }

    /// One entry.
    pub fn entry(&self, id: &str) -> Result<Option<Entry>, ReadError> {
        self.query(Filter { id: Some(id.to_owned()), limit: Some(1), ..Filter::default() })?.next().transpose()
    }

    /// One entry with its bodies, as the agent saw them. A body above `body_max` bytes is cut there.
    pub fn show(&self, id: &str, body_max: u64) -> Result<Option<bodies::Shown>, ReadError> {
        self.entry(id)?.map(|entry| bodies::show(self, entry, body_max)).transpose()
    }

    /// What the client was given.
    pub fn output(&self, entry: &Entry) -> Result<bodies::Output, ReadError> {
        bodies::output(self, entry)
    }

    /// What the client sent, as it may be shown.
    pub fn request_body(&self, entry: &Entry) -> Result<Option<Box<dyn std::io::Read + Send>>, ReadError> {
        bodies::request_body(self, entry)
    }

    /// A session from its first request to its last.
    pub fn replay(&self, session: &str) -> Result<crate::replay::Replay, ReadError> {
        crate::replay::Replay::new(self, session)
    }

    /// The position after the last line.
    pub fn end(&self) -> Result<Position, ReadError> {
        if let Some(shared) = &self.live {
            return Ok(Position(shared.tail.lock().cursor.next));
        }
        let Some(last) = self.segments()?.pop() else { return Ok(Position(0)) };
        let mut end = last.first;
        let mut scan = self.scan(vec![last]);
        while let Some(item) = scan.next()? {
            end = item.line.seq.saturating_add(1);
        }
        Ok(Position(end))
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("directory", &self.directory).finish_non_exhaustive()
    }
}

fn look(directory: &Path, first: u64) -> Result<Segment, ReadError> {
    let path = segment::path(directory, first);
    let file = |source| ReadError::File { path: path.clone(), source };
    let length = std::fs::metadata(&path).map_err(file)?.len();
    let mut lines = Lines::open(&path, length).map_err(file)?;
    let first_at = match lines.next().map_err(file)? {
        None => None,
        Some(bytes) => {
            let parsed = line::parse(bytes);
            Some(parsed.map_err(|source| ReadError::Line { path: path.clone(), line: 1, source })?.at)
        }
    };
    Ok(Segment { first, length, first_at })
}

#[cfg(test)]
mod tests;
