//! When whoever saves is done: a question of time and of files held open, decided from what the kernel tells. No clock and no file is
//! looked at here.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Nothing happened for so long: whoever saved is done. Editors and copies write within a few milliseconds.
const QUIET: Duration = Duration::from_millis(40);

/// A file that was written to and not closed since is still being written, if the last time is not longer ago than this. An editor keeps its
/// swap file open for hours.
const WRITING: Duration = Duration::from_secs(1);

/// A folder in which somebody writes all the time is looked at nevertheless: long enough to copy a component of 18 MB over a slow line.
const PATIENCE: Duration = Duration::from_secs(30);

/// Files that are followed at one time. Of more than these nobody knows when they are closed.
const FOLLOWED: usize = 256;

/// What the kernel tells of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word<'a> {
    /// Somebody wrote to this file, and has it open.
    Written(&'a Path),
    /// Somebody closed it after writing.
    Closed(&'a Path),
    /// It has another name now, or none.
    Gone(&'a Path),
    /// Something else changed.
    Changed,
}

/// What was told since the last look.
#[derive(Debug, Default)]
pub(super) struct Settling {
    /// The first word, and the last.
    span: Option<(Instant, Instant)>,
    /// Files that are being written, and when they were written to.
    open: HashMap<PathBuf, Instant>,
}

impl Settling {
    pub(super) fn heard(&mut self, word: Word<'_>, now: Instant) {
        let room = self.open.len() < FOLLOWED;
        match word {
            Word::Written(file) => match self.open.get_mut(file) {
                Some(last) => *last = now,
                None if room => {
                    self.open.insert(file.to_owned(), now);
                }
                None => {}
            },
            Word::Closed(file) | Word::Gone(file) => {
                self.open.remove(file);
            }
            Word::Changed => {}
        }
        let first = self.span.map_or(now, |(first, _)| first);
        self.span = Some((first, now));
    }

    /// How long to wait, for more words or in vain; nothing when it is time to look. `locked`: somebody says that he is at work.
    pub(super) fn wait(&mut self, locked: bool, now: Instant) -> Option<Duration> {
        let (first, last) = self.span?;
        self.open.retain(|_, written| now < *written + WRITING);
        let mut until = last + QUIET;
        until = self.open.values().map(|written| *written + WRITING).fold(until, Instant::max);
        if locked {
            until = until.max(now + QUIET);
        }
        let until = until.min(first + PATIENCE);
        (now < until).then(|| until - now)
    }

    /// The folder is looked at now: gives when the first word of a change came.
    pub(super) fn looked(&mut self) -> Option<Instant> {
        self.span.take().map(|(first, _)| first)
    }
}

#[cfg(test)]
mod tests;
