//! The end of the log: where lines are added, one writer at a time.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::body::Prepared;
use crate::error::AppendError;
use crate::line::{self, Content, Cursor};
use crate::merkle::{CompactRange, Hash};
use crate::record::{Kind, Phase, Record};
use crate::segment::{self, Disk, Segment, SegmentFile};

/// How long a broken ledger refuses at once before it tries its disk again.
const RETRY: Duration = Duration::from_millis(100);

/// Bodies remembered within one segment; beyond it a repeated body is stored again, which costs room and nothing else.
const SEEN_MAX: usize = 16 * 1024;

/// A request of which no outcome is recorded yet.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Open {
    pub(crate) kind: Kind,
    /// The session, so that the outcome which a restart writes can be found by it.
    pub(crate) session: Option<Arc<str>>,
    pub(crate) connection: Option<Arc<str>>,
}

/// The tree at the beginning of a segment; signed, it is where a restart resumes.
#[derive(Clone, Debug)]
pub(crate) struct Boundary {
    pub(crate) cursor: Cursor,
    pub(crate) tree: CompactRange,
    pub(crate) open: HashMap<String, Open>,
}

/// A part of a segment that was written but not brought to the disk.
#[derive(Clone)]
pub(crate) struct Dirty {
    pub(crate) file: Arc<dyn SegmentFile>,
    first: u64,
    from: u64,
    to: u64,
}

struct Broken {
    cause: String,
    retry: Instant,
    /// A sync failed: what it covered has to be written again.
    rewrite: bool,
}

/// The state behind the ledger's one short lock.
pub(crate) struct Tail {
    directory: PathBuf,
    disk: Arc<dyn Disk>,
    segment_bytes: u64,
    file: Arc<dyn SegmentFile>,
    pub(crate) current: Segment,
    pub(crate) closed: Arc<Vec<Segment>>,
    pub(crate) cursor: Cursor,
    pub(crate) tree: CompactRange,
    pub(crate) open: HashMap<String, Open>,
    seen: quick_cache::unsync::Cache<Hash, ()>,
    buffer: Vec<u8>,
    broken: Option<Broken>,
    /// Up to where the current segment is on the disk.
    synced: u64,
    /// Earlier segments that are not wholly on the disk.
    dirty: Vec<Dirty>,
    /// Whether a segment's name is not on the disk yet.
    pub(crate) new_names: bool,
    pub(crate) boundaries: Vec<Boundary>,
    pub(crate) closed_for_good: bool,
}

/// What the log looks like when it is opened.
pub(crate) struct Start {
    pub(crate) closed: Vec<Segment>,
    pub(crate) current: Segment,
    pub(crate) cursor: Cursor,
    pub(crate) tree: CompactRange,
    pub(crate) open: HashMap<String, Open>,
}

impl Tail {
    pub(crate) fn new(directory: PathBuf, disk: Arc<dyn Disk>, segment_bytes: u64, start: Start) -> std::io::Result<Tail> {
        let file = disk.open(&segment::path(&directory, start.current.first))?;
        Ok(Tail {
            directory,
            disk,
            segment_bytes,
            file,
            // What was found may be in the page cache only.
            synced: 0,
            new_names: true,
            current: start.current,
            closed: Arc::new(start.closed),
            cursor: start.cursor,
            tree: start.tree,
            open: start.open,
            seen: quick_cache::unsync::Cache::new(SEEN_MAX),
            buffer: Vec::with_capacity(8 * 1024),
            broken: None,
            dirty: Vec::new(),
            boundaries: Vec::new(),
            closed_for_good: false,
        })
    }

    /// Whether the current segment has this body already.
    pub(crate) fn has(&self, hash: &Hash) -> bool {
        self.seen.peek(hash).is_some()
    }

    /// What is wrong, when something is.
    pub(crate) fn trouble(&self) -> Option<&str> {
        self.broken.as_ref().map(|broken| broken.cause.as_str())
    }

    /// Appends the bodies that the segment lacks and then the record, as one write. Gives the record's sequence number.
    pub(crate) fn append(&mut self, at: i64, bodies: &[Prepared<'_>], record: &Record, json: &[u8]) -> Result<u64, AppendError> {
        if self.closed_for_good {
            return Err(AppendError::Closed);
        }
        self.heal()?;
        if self.current.length >= self.segment_bytes {
            self.rotate()?;
        }
        let at = at.max(self.cursor.at);
        let mut cursor = self.cursor.clone();
        let mut leaves = [cursor.head; 3];
        let mut count = 0;
        self.buffer.clear();
        let mut add = |buffer: &mut Vec<u8>, content, payload: &[u8]| {
            let hash = line::render(buffer, cursor.next, &cursor.head, at, content, payload);
            cursor = Cursor { next: cursor.next + 1, head: hash, at };
            leaves[count] = hash;
            count += 1;
        };
        for (number, body) in bodies.iter().enumerate() {
            if self.seen.get(&body.hash).is_some() || bodies[..number].iter().any(|earlier| earlier.hash == body.hash) {
                continue;
            }
            match &body.payload {
                Some(payload) => add(&mut self.buffer, body.content(), payload),
                // The segment had it a moment ago, and was closed since.
                None => add(&mut self.buffer, body.content(), &body.render().map_err(AppendError::body)?),
            }
        }
        add(&mut self.buffer, Content::Record, json);

        if let Err(error) = self.file.append(&self.buffer) {
            self.fail(&error, false);
            return Err(AppendError::unavailable(error));
        }
        self.current.length += self.buffer.len() as u64;
        self.current.first_at.get_or_insert(at);
        self.cursor = cursor;
        leaves[..count].iter().for_each(|leaf| self.tree.push(*leaf));
        for body in bodies {
            self.seen.insert(body.hash, ());
        }
        self.follow(record);
        Ok(self.cursor.next - 1)
    }

    fn follow(&mut self, record: &Record) {
        follow(&mut self.open, record);
    }

    /// From now on nothing is appended until the disk takes it again.
    pub(crate) fn fail(&mut self, error: &std::io::Error, rewrite: bool) {
        tracing::error!(%error, "the audit log cannot be written; requests are refused until it can");
        let rewrite = rewrite || self.broken.as_ref().is_some_and(|broken| broken.rewrite);
        self.broken = Some(Broken { cause: error.to_string(), retry: Instant::now() + RETRY, rewrite });
    }

    /// Cuts off what a failed write left behind; writes again what a failed sync may have lost.
    pub(crate) fn heal(&mut self) -> Result<(), AppendError> {
        let Some(broken) = &self.broken else { return Ok(()) };
        if Instant::now() < broken.retry {
            return Err(AppendError::unavailable(&broken.cause));
        }
        let rewrite = broken.rewrite;
        if let Err(error) = self.repair(rewrite) {
            self.fail(&error, rewrite);
            return Err(AppendError::unavailable(error));
        }
        tracing::warn!("the audit log can be written again");
        self.broken = None;
        Ok(())
    }

    fn repair(&mut self, rewrite: bool) -> std::io::Result<()> {
        self.file.truncate(self.current.length)?;
        if rewrite {
            for dirty in self.dirty() {
                dirty.file.rewrite(dirty.from, dirty.to)?;
                dirty.file.sync()?;
            }
        }
        Ok(())
    }

    /// What has to be synced for everything appended so far to be on the disk.
    pub(crate) fn dirty(&self) -> Vec<Dirty> {
        let mut dirty = self.dirty.clone();
        if self.synced < self.current.length {
            let (from, to) = (self.synced, self.current.length);
            dirty.push(Dirty { file: self.file.clone(), first: self.current.first, from, to });
        }
        dirty
    }

    /// Notes that these parts are on the disk. More may have been appended while they were brought there.
    pub(crate) fn clean(&mut self, parts: &[Dirty]) {
        for part in parts {
            for dirty in self.dirty.iter_mut().filter(|dirty| dirty.first == part.first) {
                dirty.from = dirty.from.max(part.to);
            }
            if part.first == self.current.first {
                self.synced = self.synced.max(part.to);
            }
        }
        self.dirty.retain(|dirty| dirty.from < dirty.to);
    }

    fn rotate(&mut self) -> Result<(), AppendError> {
        let first = self.cursor.next;
        let opened = self.disk.open(&segment::path(&self.directory, first));
        let file = opened.map_err(|error| {
            self.fail(&error, false);
            AppendError::unavailable(error)
        })?;
        self.dirty = self.dirty();
        self.file = file;
        self.synced = 0;
        self.new_names = true;
        let next = Segment { first, length: 0, first_at: None };
        let closed = std::mem::replace(&mut self.current, next);
        Arc::make_mut(&mut self.closed).push(closed);
        self.seen.clear();
        self.boundaries.push(Boundary { cursor: self.cursor.clone(), tree: self.tree.clone(), open: self.open.clone() });
        Ok(())
    }
}

/// Keeps the set of unfinished requests.
pub(crate) fn follow(open: &mut HashMap<String, Open>, record: &Record) {
    match record.phase {
        Phase::Intent => {
            let state = Open { kind: record.kind, session: record.session.clone(), connection: record.connection.clone() };
            open.insert(record.id.clone(), state);
        }
        Phase::Outcome => {
            open.remove(&record.id);
        }
        Phase::Complete | Phase::Frame => {}
    }
}

#[cfg(test)]
mod tests;
