//! Masking of plain text that comes as a stream: a container's log, the output of exec without a terminal.

use crate::CompiledPlan;
use crate::compile::RuleSet;
use crate::detectors::{self, KEY_BEGIN, KEY_END};
use crate::masker::Summary;
use crate::pattern::Pattern;
use crate::token::{REDACTED, TokenKey};
use crate::value::Values;
use regex_automata::meta::Regex;
use std::sync::{Arc, OnceLock};

mod output;

pub use output::{OutputMasker, Unmaskable};

/// Applies the rules that mask every string (no paths, no `names`) to text, line by line.
///
/// A line is released when its newline has come, so the output does not depend on where the input is cut. A line
/// longer than [`TextMasker::LINE_LIMIT`] is replaced by the word [`REDACTED`] whole, unseen, if there is any such
/// rule. A private key that runs over several lines is masked to the line that ends it, for at most
/// [`TextMasker::KEY_LINES`] lines. `inspect` is carried out as `redact`. Nothing here can fail: text has no syntax.
/// Without such rules, text passes as it is.
pub struct TextMasker {
    plan: Arc<CompiledPlan>,
    values: Values,
    line: Vec<u8>,
    too_long: bool,
    key: Option<KeyLines>,
    masked: u64,
    counts: Vec<u64>,
}

/// The expressions that begin and end a private key, and the lines of it that may still come.
struct KeyLines {
    begin: &'static Regex,
    end: &'static Regex,
    rules: RuleSet,
    left: usize,
}

/// The two expressions, compiled once.
fn key_lines() -> Option<(&'static Regex, &'static Regex)> {
    static LINES: OnceLock<Option<(Regex, Regex)>> = OnceLock::new();
    let compile = |text| Pattern::regex(detectors::PRIVATE_KEY, text).ok();
    LINES.get_or_init(|| compile(KEY_BEGIN).zip(compile(KEY_END))).as_ref().map(|(begin, end)| (begin, end))
}

impl TextMasker {
    /// Longest line, in bytes, that is looked at: 256 KiB. The kubelet splits a container's lines at 16 KiB.
    pub const LINE_LIMIT: usize = 256 << 10;
    /// Most lines of one private key: 400. An RSA key of 16,384 bits has 200.
    pub const KEY_LINES: usize = 400;

    /// A masker for one stream.
    pub fn new(plan: Arc<CompiledPlan>, key: Arc<TokenKey>) -> TextMasker {
        let mut rules = RuleSet::EMPTY;
        let everywhere = plan.everywhere & !plan.named;
        everywhere.iter().filter(|rule| plan.rules[*rule].patterns.iter().any(|p| p.private_key)).for_each(|rule| rules.insert(rule));
        let lines = key_lines().filter(|_| !rules.is_empty()).map(|(begin, end)| KeyLines { begin, end, rules, left: 0 });
        let counts = vec![0; plan.rules.len()];
        let values = Values::new(key, 0);
        TextMasker { plan, values, line: Vec::new(), too_long: false, key: lines, masked: 0, counts }
    }

    /// Masks the next bytes and appends the lines that are complete to `out`.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        if !self.plan.masks_text() {
            out.extend_from_slice(chunk);
            return;
        }
        let mut rest = chunk;
        while let Some(at) = memchr::memchr(b'\n', rest) {
            if self.line.is_empty() && !self.too_long && at <= TextMasker::LINE_LIMIT {
                self.release(&rest[..at], out);
            } else {
                self.keep(&rest[..at]);
                self.end_line(out);
            }
            out.push(b'\n');
            rest = &rest[at + 1..];
        }
        self.keep(rest);
        self.values.shrink();
    }

    /// Ends the stream: releases a last line without a newline.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Summary {
        if self.too_long || !self.line.is_empty() {
            self.end_line(out);
        }
        self.summary()
    }

    /// What has been masked so far. `documents` is 0.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary { masked: self.masked, ..Summary::default() };
        for (rule, count) in self.plan.rules.iter().zip(&self.counts).filter(|(_, count)| **count > 0) {
            *summary.rules.entry(rule.name.clone()).or_default() += count;
        }
        summary
    }

    fn keep(&mut self, part: &[u8]) {
        if !self.too_long {
            self.line.extend_from_slice(part);
            if self.line.len() > TextMasker::LINE_LIMIT {
                self.too_long = true;
                self.line = Vec::new();
            }
        }
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.too_long) {
            self.redact(self.plan.everywhere & !self.plan.named, out);
            return;
        }
        let mut line = std::mem::take(&mut self.line);
        self.release(&line, out);
        if line.capacity() <= 4096 {
            line.clear();
            self.line = line;
        }
    }

    fn release(&mut self, line: &[u8], out: &mut Vec<u8>) {
        if let Some(key) = &mut self.key
            && key.left > 0
        {
            key.left = if key.end.is_match(line) { 0 } else { key.left - 1 };
            let rules = key.rules;
            self.redact(rules, out);
            return;
        }
        match self.values.line(&self.plan, line) {
            None => out.extend_from_slice(line),
            Some((text, by)) => {
                self.count(by);
                out.extend_from_slice(&text);
                self.open_key(line);
            }
        }
    }

    /// A line that something was masked in may have begun a private key that goes on.
    fn open_key(&mut self, line: &[u8]) {
        if let Some(key) = &mut self.key
            && let Some(begin) = key.begin.find_iter(line).last()
            && !key.end.is_match(&line[begin.end()..])
        {
            key.left = TextMasker::KEY_LINES;
        }
    }

    fn redact(&mut self, by: RuleSet, out: &mut Vec<u8>) {
        self.count(by);
        out.extend_from_slice(REDACTED.as_bytes());
    }

    fn count(&mut self, by: RuleSet) {
        self.masked += 1;
        by.iter().for_each(|rule| self.counts[rule] += 1);
    }
}

impl std::fmt::Debug for TextMasker {
    // The line under way may hold a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextMasker").field("summary", &self.summary()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
