//! Following the ledger as it grows.

use std::sync::Arc;
use std::time::Duration;

use crate::error::ReadError;
use crate::ledger::Position;
use crate::line::{Content, Cursor, LineError};
use crate::read::lines::Lines;
use crate::record::Record;
use crate::segment::{self, Segment};
use crate::shared::Shared;

/// How long a follower that was woken waits for company: a busy ledger is read fifty times a second, not once for each
/// record, which would cost every request more than its own append.
const LINGER: Duration = Duration::from_millis(20);

/// One record as it was appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tailed {
    /// Its position; the next record's is greater, but not always by one.
    pub position: Position,
    /// Its JSON text, byte for byte.
    pub json: String,
}

impl Tailed {
    /// The record.
    pub fn record(&self) -> Result<Record, serde_json::Error> {
        serde_json::from_str(&self.json)
    }
}

/// Gives records in order, waiting for those that are still to come.
pub struct Follow {
    shared: Arc<Shared>,
    state: State,
}

#[derive(Default)]
struct State {
    /// The next position that is wanted.
    next: u64,
    /// The segment that is being read: its first position and its lines.
    open: Option<(u64, Lines)>,
    cursor: Option<Cursor>,
    /// Lines read from the open segment.
    number: u64,
}

impl Follow {
    pub(crate) fn new(shared: Arc<Shared>, from: Position) -> Follow {
        Follow { shared, state: State { next: from.0, ..State::default() } }
    }

    /// The position that comes next; kept by a sink, it is where it goes on after a restart.
    #[must_use]
    pub fn position(&self) -> Position {
        Position(self.state.next)
    }

    /// Waits for at least one record and gives those that are there, `max` records and about `bytes` bytes at most.
    /// When it had to wait it lingers 20 ms for more. Dropping the future loses nothing.
    pub async fn batch(&mut self, max: usize, bytes: usize) -> Result<Vec<Tailed>, ReadError> {
        self.wait(max, bytes, LINGER).await
    }

    async fn wait(&mut self, max: usize, bytes: usize, linger: Duration) -> Result<Vec<Tailed>, ReadError> {
        loop {
            let shared = self.shared.clone();
            let appended = shared.appended.notified();
            tokio::pin!(appended);
            // From here on an append is noticed, also one that comes before the wait.
            appended.as_mut().enable();
            let end = shared.tail.lock().cursor.next;
            if self.state.next > end {
                return Err(ReadError::Position { position: self.state.next, end });
            }
            if self.state.next < end {
                let batch = self.read(max, bytes).await?;
                if !batch.is_empty() {
                    return Ok(batch);
                }
                continue;
            }
            appended.await;
            if !linger.is_zero() {
                tokio::time::sleep(linger).await;
            }
        }
    }

    /// The next record.
    pub async fn next(&mut self) -> Result<Tailed, ReadError> {
        loop {
            if let Some(one) = self.wait(1, usize::MAX, Duration::ZERO).await?.pop() {
                return Ok(one);
            }
        }
    }

    async fn read(&mut self, max: usize, bytes: usize) -> Result<Vec<Tailed>, ReadError> {
        let (shared, next) = (self.shared.clone(), self.state.next);
        // Should the future be dropped, the state is made anew from the position.
        let mut state = std::mem::replace(&mut self.state, State { next, ..State::default() });
        let read = tokio::task::spawn_blocking(move || {
            let batch = state.read(&shared, max, bytes);
            (state, batch)
        });
        match read.await {
            Ok((state, batch)) => {
                self.state = state;
                batch
            }
            Err(error) => Err(ReadError::File { path: self.shared.directory.clone(), source: std::io::Error::other(error) }),
        }
    }
}

impl State {
    /// The segment of the next line; none when there is no next line yet.
    fn segment(&self, shared: &Shared) -> Option<Segment> {
        let tail = shared.tail.lock();
        if self.next >= tail.cursor.next {
            return None;
        }
        if tail.current.first <= self.next {
            return Some(tail.current.clone());
        }
        let after = tail.closed.partition_point(|segment| segment.first <= self.next);
        tail.closed.get(after.checked_sub(1)?).cloned()
    }

    fn read(&mut self, shared: &Shared, max: usize, bytes: usize) -> Result<Vec<Tailed>, ReadError> {
        let mut batch = Vec::new();
        let mut size = 0;
        // Each turn reads what its segment has now; the lock is not taken again for every line.
        while let Some(segment) = self.segment(shared) {
            let path = segment::path(&shared.directory, segment.first);
            let file = |source| ReadError::File { path: path.clone(), source };
            let (_, lines) = match &mut self.open {
                Some(open) if open.0 == segment.first => open,
                open => {
                    self.number = 0;
                    open.insert((segment.first, Lines::open(&path, segment.length).map_err(file)?))
                }
            };
            lines.extend(segment.length);
            let before = self.next;
            while batch.len() < max && size < bytes {
                let Some(line) = lines.next().map_err(file)? else { break };
                self.number += 1;
                let number = self.number;
                let wrong = |source| ReadError::Line { path: path.clone(), line: number, source };
                let line = crate::line::parse(line).map_err(wrong)?;
                let cursor = self.cursor.get_or_insert(Cursor { next: line.seq, head: line.prev, at: line.at });
                cursor.accept(&line).map_err(wrong)?;
                if line.seq < self.next {
                    continue;
                }
                self.next = line.seq.saturating_add(1);
                if line.content == Content::Record {
                    size += line.payload.len();
                    // Checked by its hash: it is what was written, and that was JSON.
                    let json = String::from_utf8_lossy(line.payload).into_owned();
                    batch.push(Tailed { position: Position(line.seq), json });
                }
            }
            if batch.len() >= max || size >= bytes {
                break;
            }
            if self.next == before {
                return Err(ReadError::Line { path, line: self.number + 1, source: LineError::Cut });
            }
        }
        Ok(batch)
    }
}

impl std::fmt::Debug for Follow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follow").field("position", &self.position()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
