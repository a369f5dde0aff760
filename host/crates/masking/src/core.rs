//! The streaming pass: a state machine over bytes that can stop and go on between any two.
//!
//! Bytes pass in runs: `copied` is how far the chunk is in the output already. A string that a rule may change is
//! taken out of the run when it changes; when a chunk ends inside one it is kept in `buffer`.

mod scalars;
mod tokens;

use crate::CompiledPlan;
use crate::compile::RuleSet;
use crate::frames::{Frame, Kinds, Node};
use crate::holes::Holes;
use crate::lex::{self, Escape, Number, Utf8};
use crate::masker::{MaskError, Summary};
use crate::token::TokenKey;
use crate::value::{Values, shrink};
use aho_corasick::AhoCorasick;
use std::ops::Range;
use std::sync::Arc;

/// What the grammar allows next, white space aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// A document, or the end.
    Document,
    /// White space, which separates documents.
    Separator,
    Value,
    ElementOrEnd,
    KeyOrEnd,
    Key,
    Colon,
    CommaOrEnd,
}

/// The token under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lex {
    Gap,
    Key,
    Text,
    Number(Number),
    /// `true`, `false`, `null`: the bytes that are missing.
    Word(&'static [u8]),
}

/// What happens to the token's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Take {
    /// They pass.
    Pass,
    /// They pass, and the token is looked at.
    Look,
    /// They are withheld until it is known what is shown instead.
    Withhold,
}

/// No `Debug`: it holds parts of secrets.
pub(crate) struct Core {
    plan: Arc<CompiledPlan>,
    values: Values,
    utf8: Utf8,
    lex: Lex,
    expect: Expect,
    kinds: Kinds,
    frames: Vec<Frame>,
    node: Node,
    take: Take,
    escape: Escape,
    escaped: bool,
    /// The part of the token under way that earlier chunks held.
    buffer: Vec<u8>,
    /// Whether the token began in an earlier chunk.
    carried: bool,
    /// The token is too long to be kept.
    too_long: bool,
    /// What is shown instead of the value under way.
    shown: Vec<u8>,
    holes: Holes,
    /// Pointer to the value under way; kept only for candidates.
    path: String,
    offset: u64,
    counts: Vec<u64>,
    masked: u64,
    unreadable: u64,
    documents: u64,
    /// Where a document's root is, when it is a part of another.
    root: Option<Node>,
}

/// One chunk, and how far its bytes are in the output.
struct Run<'a> {
    chunk: &'a [u8],
    copied: usize,
    /// Where the token under way begins in this chunk, quote included.
    start: usize,
    /// The first literal of the gate that is not passed yet: 0 when it was not looked for, the maximum when there is none.
    literal: usize,
    out: &'a mut Vec<u8>,
}

impl Run<'_> {
    /// Whether a literal of the gate begins within these bytes. Literals are looked for ahead, over the whole chunk,
    /// which costs far less than a search in each string.
    #[inline]
    fn has_literal(&mut self, search: &AhoCorasick, within: Range<usize>) -> bool {
        if self.literal < within.start {
            self.literal = search.find(&self.chunk[within.start..]).map_or(usize::MAX, |found| within.start + found.start());
        }
        self.literal < within.end
    }

    /// Lets everything up to an index pass.
    fn pass(&mut self, to: usize) {
        self.out.extend_from_slice(&self.chunk[self.copied..to]);
        self.copied = to;
    }
}

impl Core {
    pub(crate) fn new(plan: Arc<CompiledPlan>, key: Arc<TokenKey>, level: u8) -> Core {
        Core {
            values: Values::new(key, level),
            counts: vec![0; plan.rules.len()],
            plan,
            utf8: Utf8::default(),
            lex: Lex::Gap,
            expect: Expect::Document,
            kinds: Kinds::default(),
            frames: Vec::new(),
            node: Node::default(),
            take: Take::Pass,
            escape: Escape::No,
            escaped: false,
            buffer: Vec::new(),
            carried: false,
            too_long: false,
            shown: Vec::new(),
            holes: Holes::default(),
            path: String::new(),
            offset: 0,
            masked: 0,
            unreadable: 0,
            documents: 0,
            root: None,
        }
    }

    /// The same for documents that stand at a place of another.
    pub(crate) fn rooted_at(mut self, root: Node) -> Core {
        self.root = Some(root);
        self
    }

    pub(crate) fn inspects(&self) -> bool {
        self.plan.inspects()
    }

    pub(crate) fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), MaskError> {
        self.utf8.check(chunk).map_err(|wrong| self.syntax(wrong))?;
        let base = out.len();
        self.holes.restore(out);
        self.run(chunk, out)?;
        self.offset += chunk.len() as u64;
        for hole in self.holes.keep(out, base) {
            self.add(hole.by);
        }
        if self.buffer.is_empty() {
            shrink(&mut self.buffer);
        }
        shrink(&mut self.shown);
        self.values.shrink();
        Ok(())
    }

    pub(crate) fn finish(mut self, out: &mut Vec<u8>) -> Result<Summary, MaskError> {
        // A number at the root ends with the input.
        if let Lex::Number(state) = self.lex
            && self.kinds.depth() == 0
            && state.complete()
        {
            let mut run = Run { chunk: &[], copied: 0, start: 0, literal: 0, out };
            self.end_scalar(&mut run, 0);
        }
        for hole in self.holes.unreleased() {
            self.count(&hole);
        }
        if self.utf8.is_cut() || self.lex != Lex::Gap || !matches!(self.expect, Expect::Document | Expect::Separator) {
            return Err(MaskError::Truncated { at: self.offset });
        }
        Ok(self.summary())
    }

    pub(crate) fn summary(&self) -> Summary {
        let mut summary = Summary { documents: self.documents, masked: self.masked, ..Summary::default() };
        for (rule, count) in self.plan.rules.iter().zip(&self.counts) {
            if *count > 0 {
                *summary.rules.entry(rule.name.clone()).or_default() += count;
            }
        }
        if self.unreadable > 0 {
            *summary.rules.entry("embedded".to_owned()).or_default() += self.unreadable;
        }
        summary
    }

    /// Bytes kept on the heap between two pushes.
    #[cfg(test)]
    pub(crate) fn kept(&self) -> usize {
        let frames = self.frames.capacity() * size_of::<Frame>();
        size_of::<Core>() + frames + self.buffer.capacity() + self.shown.capacity() + self.path.capacity() + self.counts.capacity() * 8 + self.values.kept()
    }

    /// Rules that have changed something so far.
    pub(crate) fn changed_by(&self) -> RuleSet {
        let mut by = RuleSet::EMPTY;
        self.counts.iter().enumerate().filter(|(_, count)| **count > 0).for_each(|(rule, _)| by.insert(rule));
        by
    }

    fn syntax(&self, (at, what): lex::Wrong) -> MaskError {
        MaskError::Syntax { at: self.offset + at as u64, what }
    }

    /// No rule reaches the container that is open: only the grammar is followed.
    #[inline]
    fn skipping(&self) -> bool {
        self.kinds.depth() > self.frames.len()
    }
}
