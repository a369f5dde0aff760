//! Lines of a file, in bounded memory.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use crate::line::LINE_MAX;

const CHUNK: usize = 256 * 1024;

/// Reads lines up to a limit in the file: what another thread is just appending behind it is not seen.
pub(crate) struct Lines {
    file: File,
    limit: u64,
    /// Bytes of the file that were read.
    read: u64,
    /// Bytes of the file that were given as lines.
    position: u64,
    buffer: Vec<u8>,
    start: usize,
}

impl Lines {
    pub(crate) fn open(path: &Path, limit: u64) -> io::Result<Lines> {
        Lines::open_at(path, 0, limit)
    }

    pub(crate) fn open_at(path: &Path, from: u64, limit: u64) -> io::Result<Lines> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(from))?;
        Ok(Lines { file, limit, read: from, position: from, buffer: Vec::new(), start: 0 })
    }

    /// Allows more of the file.
    pub(crate) fn extend(&mut self, limit: u64) {
        self.limit = self.limit.max(limit);
    }

    /// The next line, without its line feed.
    pub(crate) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        let Some(length) = self.find()? else { return Ok(None) };
        let begin = self.start;
        self.start += length + 1;
        self.position += (length + 1) as u64;
        Ok(Some(&self.buffer[begin..begin + length]))
    }

    /// Whether there is another line.
    pub(crate) fn peek(&mut self) -> io::Result<bool> {
        Ok(self.find()?.is_some())
    }

    /// Brings the next line into the buffer and gives its length.
    fn find(&mut self) -> io::Result<Option<usize>> {
        let mut searched = 0;
        loop {
            if let Some(length) = memchr::memchr(b'\n', &self.buffer[self.start + searched..]) {
                return Ok(Some(searched + length));
            }
            searched = self.buffer.len() - self.start;
            if searched > LINE_MAX {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is longer than any that the ledger writes"));
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let want = usize::try_from(self.limit - self.read).unwrap_or(CHUNK).min(CHUNK);
        let before = self.buffer.len();
        self.buffer.resize(before + want, 0);
        let length = if want == 0 { 0 } else { self.file.read(&mut self.buffer[before..])? };
        self.buffer.truncate(before + length);
        self.read += length as u64;
        Ok(length > 0)
    }

    /// Where the next line begins.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// After the last line: what has no line feed.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.buffer[self.start..]
    }
}
