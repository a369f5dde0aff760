//! Masking of what a command in a container prints: text that nobody ends with a newline in time, or no text at all.

use super::TextMasker;
use crate::CompiledPlan;
use crate::masker::Summary;
use crate::token::{REDACTED, TokenKey};
use std::sync::Arc;

/// How much of a line that is already on the screen is remembered, so that a value that began there is still found.
const CONTEXT: usize = 1024;

/// Bytes that are no text hold a value that must not pass. Masked they would be other bytes of another length: an
/// archive that cannot be unpacked, or worse, one that can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is binary and holds a value that must be masked, which cannot be done without breaking it")]
pub struct Unmaskable;

/// A [`TextMasker`] for the output of `exec` and `attach`.
///
/// Three things differ from a log. A prompt ends without a newline, and somebody waits for it: [`OutputMasker::flush`]
/// releases the line under way, remembers what it showed, and redacts the rest of that line when it turns out to have
/// been the beginning of a value. A screen that is painted without newlines is judged in pieces that overlap. And the
/// output may be an archive (`kubectl cp`): where a NUL byte has come and there is no terminal, nothing is replaced;
/// a value that would have to be masked ends the stream instead.
#[derive(Debug)]
pub struct OutputMasker {
    text: TextMasker,
    /// What of the line under way is on the screen, as it was shown.
    shown: Vec<u8>,
    is_terminal: bool,
    is_binary: bool,
    /// Something of the line under way came after it was last shown.
    is_stale: bool,
}

impl OutputMasker {
    /// A masker for one channel of one command.
    pub fn new(plan: Arc<CompiledPlan>, key: Arc<TokenKey>, is_terminal: bool) -> OutputMasker {
        OutputMasker { text: TextMasker::new(plan, key), shown: Vec::new(), is_terminal, is_binary: false, is_stale: false }
    }

    /// Masks the next bytes and appends the lines that are complete to `out`.
    ///
    /// # Errors
    /// When binary output holds a value to be masked; `out` is as it was, and the stream must end.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), Unmaskable> {
        if !self.text.plan.masks_text() {
            out.extend_from_slice(chunk);
            return Ok(());
        }
        self.is_binary |= !self.is_terminal && memchr::memchr(0, chunk).is_some();
        let (before, masked) = (out.len(), self.text.masked);
        let mut rest = chunk;
        while let Some(at) = memchr::memchr(b'\n', rest) {
            self.keep(&rest[..at], out);
            self.end_line(out);
            out.push(b'\n');
            rest = &rest[at + 1..];
        }
        self.keep(rest, out);
        self.is_stale = !self.text.line.is_empty() && (self.is_stale || !chunk.is_empty());
        self.text.values.shrink();
        if self.is_binary && self.text.masked > masked {
            out.truncate(before);
            return Err(Unmaskable);
        }
        Ok(())
    }

    /// Releases the line under way as far as it is known. Called when nothing has come for a moment.
    pub fn flush(&mut self, out: &mut Vec<u8>) {
        self.is_stale = false;
        if self.text.too_long || self.text.line.is_empty() || self.is_binary {
            return;
        }
        let text = self.so_far();
        if let Some(rest) = text.strip_prefix(self.shown.as_slice()) {
            out.extend_from_slice(rest);
            self.shown = text;
        }
        if self.text.line.len() > 4 * CONTEXT {
            self.forget();
        }
    }

    /// Whether [`OutputMasker::flush`] would release something.
    pub fn is_waiting(&self) -> bool {
        self.is_stale && !self.is_binary
    }

    /// How much has been masked so far.
    pub fn masked(&self) -> u64 {
        self.text.masked
    }

    /// Ends the stream: releases what is left.
    ///
    /// # Errors
    /// As [`OutputMasker::push`].
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<Summary, Unmaskable> {
        let (before, masked) = (out.len(), self.text.masked);
        if self.text.too_long || !self.text.line.is_empty() {
            self.end_line(out);
        }
        if self.is_binary && self.text.masked > masked {
            out.truncate(before);
            return Err(Unmaskable);
        }
        Ok(self.text.summary())
    }

    /// The line under way as it would be shown if it ended here.
    fn so_far(&mut self) -> Vec<u8> {
        if self.text.key.as_ref().is_some_and(|key| key.left > 0) {
            return REDACTED.as_bytes().to_vec();
        }
        match self.text.values.line(&self.text.plan, &self.text.line) {
            Some((text, _)) => text,
            None => self.text.line.clone(),
        }
    }

    /// Adds to the line under way. What has no newlines for long is no line: it is judged in pieces that overlap.
    fn keep(&mut self, part: &[u8], out: &mut Vec<u8>) {
        let unbroken = self.is_binary || self.is_terminal;
        for part in part.chunks(TextMasker::LINE_LIMIT / 2) {
            if unbroken && self.text.line.len() + part.len() > TextMasker::LINE_LIMIT {
                let text = self.so_far();
                match text.strip_prefix(self.shown.as_slice()) {
                    Some(rest) => out.extend_from_slice(rest),
                    None => out.extend_from_slice(REDACTED.as_bytes()),
                }
                self.shown = text;
                self.forget();
            }
            self.text.keep(part);
        }
    }

    /// Keeps of a long line under way, which is on the screen, what a value could begin in.
    fn forget(&mut self) {
        if self.shown == self.text.line {
            let cut = self.text.line.len() - CONTEXT;
            self.text.line.drain(..cut);
            self.shown.drain(..cut);
        } else {
            self.text.masked += 1;
            self.text.line.clear();
            self.shown.clear();
        }
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        if self.shown.is_empty() {
            self.text.end_line(out);
            return;
        }
        let mut whole = Vec::new();
        self.text.end_line(&mut whole);
        match whole.strip_prefix(self.shown.as_slice()) {
            Some(rest) => out.extend_from_slice(rest),
            None => out.extend_from_slice(REDACTED.as_bytes()),
        }
        self.shown.clear();
    }
}

#[cfg(test)]
mod tests;
