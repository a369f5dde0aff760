//! The streaming pass: a state machine over bytes that can stop and go on between any two.
//!
//! Bytes pass in runs: `copied` is how far the chunk is in the output already. A string that a rule may change is
//! taken out of the run when it changes; when a chunk ends inside one it is kept in `buffer`.

use crate::compile::RuleSet;
use crate::frames::{Frame, Kinds, Name, Node};
use crate::holes::{Hole, Holes};
use crate::lex::{self, Escape, Number, Utf8};
use crate::masker::{InspectHole, MaskError, Masker, Summary};
use crate::pattern::Gate;
use crate::string;
use crate::token::TokenKey;
use crate::value::{Outcome, Scalar, Values, shrink};
use crate::{Candidate, CompiledPlan};
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
}

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\n' | b'\r' | b'\t')
}

/// One chunk, and how far its bytes are in the output.
struct Run<'a> {
    chunk: &'a [u8],
    copied: usize,
    /// Where the token under way begins in this chunk, quote included.
    start: usize,
    out: &'a mut Vec<u8>,
}

impl Run<'_> {
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
        }
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
            let mut run = Run { chunk: &[], copied: 0, start: 0, out };
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

    fn run(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), MaskError> {
        let mut run = Run { chunk, copied: 0, start: 0, out };
        if let Some(i) = self.resume(&mut run)? {
            self.tokens(&mut run, i)?;
        }
        self.carry(&mut run)
    }

    /// Goes on in a token that an earlier chunk began. Returns the index behind it, or nothing when it goes on.
    fn resume(&mut self, run: &mut Run<'_>) -> Result<Option<usize>, MaskError> {
        let end = match self.lex {
            Lex::Gap => return Ok(Some(0)),
            Lex::Key | Lex::Text => lex::string(run.chunk, 0, &mut self.escape, &mut self.escaped).map_err(|wrong| self.syntax(wrong))?,
            Lex::Number(mut state) => {
                let end = lex::number(run.chunk, 0, &mut state).map_err(|wrong| self.syntax(wrong))?;
                self.lex = Lex::Number(state);
                end
            }
            Lex::Word(missing) => {
                let (end, rest) = lex::word(run.chunk, 0, missing).map_err(|wrong| self.syntax(wrong))?;
                self.lex = Lex::Word(rest);
                end
            }
        };
        let Some(end) = end else { return Ok(None) };
        if self.lex == Lex::Key {
            self.end_key(run, end)?;
        } else {
            self.end_scalar(run, end);
        }
        Ok(Some(end))
    }

    /// Goes through the tokens from `i` on, which is between two. The last one may be cut by the chunk's end.
    fn tokens(&mut self, run: &mut Run<'_>, mut i: usize) -> Result<(), MaskError> {
        let chunk = run.chunk;
        let skips = matches!(self.plan.gate, Gate::Closed);
        if skips && self.skipping() {
            i = self.skip(chunk, i)?;
        }
        while let Some(&b) = chunk.get(i) {
            match b {
                b'"' => {
                    run.start = i;
                    (self.escape, self.escaped) = (Escape::No, false);
                    let end = lex::string(chunk, i + 1, &mut self.escape, &mut self.escaped).map_err(|wrong| self.syntax(wrong))?;
                    if matches!(self.expect, Expect::Key | Expect::KeyOrEnd) {
                        self.lex = Lex::Key;
                        self.take = if self.skipping() { Take::Pass } else { Take::Look };
                        let Some(end) = end else { return Ok(()) };
                        self.end_key(run, end)?;
                        i = end;
                    } else {
                        self.begin_value(i)?;
                        self.lex = Lex::Text;
                        self.take = self.take_string();
                        let Some(end) = end else { return Ok(()) };
                        self.end_scalar(run, end);
                        i = end;
                    }
                    continue;
                }
                b',' => {
                    self.expect = match self.expect {
                        Expect::CommaOrEnd if self.kinds.in_object() => Expect::Key,
                        Expect::CommaOrEnd => Expect::Value,
                        _ => return Err(self.syntax((i, "a comma out of place"))),
                    };
                }
                b':' => {
                    if self.expect != Expect::Colon {
                        return Err(self.syntax((i, "a colon out of place")));
                    }
                    self.expect = Expect::Value;
                }
                b'{' | b'[' => {
                    self.begin_value(i)?;
                    self.open(run, i, b == b'{')?;
                    if skips && self.skipping() {
                        i = self.skip(chunk, i + 1)?;
                        continue;
                    }
                }
                b'}' | b']' => self.close(run, i, b == b'}')?,
                b' ' | b'\n' | b'\r' | b'\t' => {
                    if self.expect == Expect::Separator {
                        self.expect = Expect::Document;
                    }
                }
                b'-' | b'0'..=b'9' => {
                    self.begin_value(i)?;
                    run.start = i;
                    self.take = self.take_plain(b);
                    let mut state = Number::begin(b);
                    let end = lex::number(chunk, i + 1, &mut state).map_err(|wrong| self.syntax(wrong))?;
                    self.lex = Lex::Number(state);
                    let Some(end) = end else { return Ok(()) };
                    self.end_scalar(run, end);
                    i = end;
                    continue;
                }
                b't' | b'f' | b'n' => {
                    self.begin_value(i)?;
                    run.start = i;
                    self.take = self.take_plain(b);
                    let (end, rest) = lex::word(chunk, i + 1, lex::word_after(b)).map_err(|wrong| self.syntax(wrong))?;
                    self.lex = Lex::Word(rest);
                    let Some(end) = end else { return Ok(()) };
                    self.end_scalar(run, end);
                    i = end;
                    continue;
                }
                _ => return Err(self.syntax((i, "a byte that begins no value"))),
            }
            i += 1;
        }
        Ok(())
    }

    /// Follows the grammar alone while no rule can apply. Returns where [`Core::tokens`] goes on: behind the
    /// subtree, or at whatever is not plain (a token that is cut, a fault).
    fn skip(&mut self, chunk: &[u8], mut i: usize) -> Result<usize, MaskError> {
        let (mut escape, mut escaped) = (Escape::No, false);
        while let Some(&b) = chunk.get(i) {
            match self.expect {
                Expect::Key | Expect::KeyOrEnd if b == b'"' => {
                    match lex::string(chunk, i + 1, &mut escape, &mut escaped) {
                        Ok(Some(end)) => i = end,
                        _ => return Ok(i),
                    }
                    self.expect = Expect::Colon;
                    if chunk.get(i) == Some(&b':') {
                        self.expect = Expect::Value;
                        i += 1;
                    }
                    continue;
                }
                Expect::Value | Expect::ElementOrEnd => {
                    let end = match b {
                        b'"' => lex::string(chunk, i + 1, &mut escape, &mut escaped),
                        b'-' | b'0'..=b'9' => lex::number(chunk, i + 1, &mut Number::begin(b)),
                        b't' | b'f' | b'n' => lex::word(chunk, i + 1, lex::word_after(b)).map(|(end, _)| end),
                        b'{' | b'[' if self.kinds.depth() < Masker::DEPTH_LIMIT => {
                            self.kinds.push(b == b'{');
                            self.expect = if b == b'{' { Expect::KeyOrEnd } else { Expect::ElementOrEnd };
                            i += 1;
                            continue;
                        }
                        b']' if self.expect == Expect::ElementOrEnd => Ok(Some(i)),
                        _ if is_space(b) => {
                            i += 1;
                            continue;
                        }
                        _ => return Ok(i),
                    };
                    match end {
                        Ok(Some(end)) => i = end,
                        _ => return Ok(i),
                    }
                    self.expect = Expect::CommaOrEnd;
                    continue;
                }
                Expect::Colon if b == b':' => self.expect = Expect::Value,
                Expect::CommaOrEnd if b == b',' => {
                    self.expect = if self.kinds.in_object() { Expect::Key } else { Expect::Value };
                }
                Expect::CommaOrEnd | Expect::KeyOrEnd if b == if self.kinds.in_object() { b'}' } else { b']' } => {
                    self.kinds.pop();
                    self.end_value();
                    if !self.skipping() {
                        return Ok(i + 1);
                    }
                }
                _ if is_space(b) => {}
                _ => return Ok(i),
            }
            i += 1;
        }
        Ok(i)
    }

    /// A value begins: finds its place.
    #[inline]
    fn begin_value(&mut self, at: usize) -> Result<(), MaskError> {
        match self.expect {
            Expect::Value | Expect::ElementOrEnd => {
                if !self.skipping() && self.kinds.in_array() {
                    self.begin_element();
                }
                Ok(())
            }
            Expect::Document => {
                self.node = self.plan.root_node();
                self.path.clear();
                Ok(())
            }
            Expect::Separator => Err(self.syntax((at, "a document that follows another without white space"))),
            _ => Err(self.syntax((at, "a value out of place"))),
        }
    }

    fn begin_element(&mut self) {
        let Some(frame) = self.frames.last_mut() else { return };
        self.plan.element_node(frame, &mut self.node);
        if self.plan.inspects() {
            self.path.truncate(frame.path);
            self.path.push('/');
            self.path.push_str(&frame.index.to_string());
        }
        frame.index += 1;
    }

    #[inline]
    fn take_string(&self) -> Take {
        if matches!(self.plan.gate, Gate::Closed) {
            if self.skipping() {
                return Take::Pass;
            }
            let node = &self.node;
            if node.dull {
                return Take::Pass;
            }
            if (node.active | node.direct | node.waiting | node.scoped).is_empty() && !node.embedded {
                return if node.naming { Take::Look } else { Take::Pass };
            }
        }
        Take::Withhold
    }

    #[inline]
    fn take_plain(&mut self, first: u8) -> Take {
        if self.skipping() || self.node.dull {
            return Take::Pass;
        }
        if self.node.naming {
            self.learn_name(Name::Unusable);
        }
        let rules = (self.node.active | self.node.waiting | self.node.scoped) & !self.plan.everywhere;
        // `null` hides nothing, and a typed client may not take anything else there.
        if rules.is_empty() || first == b'n' { Take::Pass } else { Take::Withhold }
    }

    fn open(&mut self, run: &mut Run<'_>, at: usize, object: bool) -> Result<(), MaskError> {
        if self.kinds.depth() == Masker::DEPTH_LIMIT {
            return Err(MaskError::Depth { at: self.offset + at as u64, most: Masker::DEPTH_LIMIT });
        }
        if !self.skipping() {
            if self.node.naming {
                run.pass(at);
                self.learn_name_in(Name::Unusable, run.out);
            }
            match self.plan.frame(&self.node, object, self.path.len()) {
                Some(frame) => self.frames.push(frame),
                // Nothing applies to what is in a skipped container but the rules for every string.
                None => self.node = Node::default(),
            }
        }
        self.kinds.push(object);
        self.expect = if object { Expect::KeyOrEnd } else { Expect::ElementOrEnd };
        Ok(())
    }

    fn close(&mut self, run: &mut Run<'_>, at: usize, object: bool) -> Result<(), MaskError> {
        let fits = match self.expect {
            Expect::CommaOrEnd => self.kinds.in_object() == object,
            Expect::KeyOrEnd => object,
            Expect::ElementOrEnd => !object,
            _ => false,
        };
        if !fits {
            return Err(self.syntax((at, "a closing bracket out of place")));
        }
        self.kinds.pop();
        if self.frames.len() > self.kinds.depth() {
            if self.holes.waits_at(self.frames.len() - 1) {
                run.pass(at);
                self.settle(None, run.out);
            }
            self.frames.pop();
        }
        self.end_value();
        Ok(())
    }

    #[inline]
    fn end_value(&mut self) {
        self.expect = if self.kinds.depth() == 0 {
            self.documents += 1;
            Expect::Separator
        } else {
            Expect::CommaOrEnd
        };
    }

    fn end_key(&mut self, run: &mut Run<'_>, end: usize) -> Result<(), MaskError> {
        self.lex = Lex::Gap;
        self.expect = Expect::Colon;
        if self.take == Take::Pass {
            return Ok(());
        }
        if self.carried {
            let buffer = self.take_carried(&run.chunk[..end - 1]);
            if buffer.len() > Masker::KEY_LIMIT {
                return Err(self.key_too_long(end));
            }
            let result = self.enter_field(&buffer, end);
            self.give_back(buffer);
            result
        } else {
            let raw = &run.chunk[run.start + 1..end - 1];
            if raw.len() > Masker::KEY_LIMIT {
                return Err(self.key_too_long(end));
            }
            self.enter_field(raw, end)
        }
    }

    #[inline]
    fn enter_field(&mut self, raw: &[u8], end: usize) -> Result<(), MaskError> {
        if self.escaped {
            let mut key = Vec::with_capacity(raw.len());
            string::decode(raw, &mut key);
            return self.enter_key(&key, end);
        }
        self.enter_key(raw, end)
    }

    fn enter_key(&mut self, key: &[u8], end: usize) -> Result<(), MaskError> {
        let Some(frame) = self.frames.last() else { return Ok(()) };
        self.plan.field_node(frame, key, &mut self.node);
        if self.node.naming && frame.name != Name::Unseen {
            return Err(MaskError::RepeatedName { at: self.offset + end as u64 });
        }
        if self.plan.inspects() {
            self.path.truncate(frame.path);
            self.path.push('/');
            self.path.push_str(&String::from_utf8_lossy(key).replace('~', "~0").replace('/', "~1"));
        }
        Ok(())
    }

    /// A scalar value has ended before `end`; for a string that is behind the closing quote.
    #[inline]
    fn end_scalar(&mut self, run: &mut Run<'_>, end: usize) {
        if self.take != Take::Pass {
            self.look(run, end, self.lex == Lex::Text);
        }
        self.lex = Lex::Gap;
        self.end_value();
    }

    fn look(&mut self, run: &mut Run<'_>, end: usize, text: bool) {
        // A string's content ends before its closing quote.
        let quote = usize::from(text);
        if self.carried {
            let buffer = self.take_carried(&run.chunk[..end - quote]);
            self.too_long |= buffer.len() > Masker::VALUE_LIMIT;
            self.finish_scalar(run, &buffer, end, text, true);
            self.give_back(buffer);
        } else {
            let raw = &run.chunk[run.start + quote..end - quote];
            self.too_long = raw.len() > Masker::VALUE_LIMIT;
            self.finish_scalar(run, raw, end, text, false);
        }
        self.too_long = false;
    }

    fn finish_scalar(&mut self, run: &mut Run<'_>, raw: &[u8], end: usize, text: bool, carried: bool) {
        if self.take == Take::Withhold {
            self.mask(run, raw, end, text, carried);
        }
        if self.node.naming && text {
            let name = if self.too_long { Name::Unusable } else { self.read_name(raw) };
            run.pass(end);
            self.learn_name_in(name, run.out);
        }
    }

    /// Decides what is shown instead of a withheld scalar.
    fn mask(&mut self, run: &mut Run<'_>, raw: &[u8], end: usize, text: bool, carried: bool) {
        let node = self.node;
        let scalar = match text {
            _ if self.too_long => Scalar::TooLong,
            true => Scalar::String(raw, self.escaped),
            false => Scalar::Plain(raw),
        };
        // An element of an array that is a scalar has no name: a rule that asks for one applies.
        let certain = node.active | node.direct | node.scoped;
        // An inspector is asked at once: its answer cannot wait for a name too.
        let waiting = node.waiting & !self.plan.inspect;
        let certain = certain | (node.waiting & self.plan.inspect);
        let mut shown = std::mem::take(&mut self.shown);
        shown.clear();
        let outcome = self.values.apply(&self.plan, scalar, certain | waiting, node.embedded, &mut shown);
        if !outcome.changed {
            // Its bytes pass with the run, but for those of earlier chunks.
            if carried {
                self.write_raw(raw, text, run.out);
                run.copied = end;
            }
            self.shown = shown;
            return;
        }
        if !carried {
            run.pass(run.start);
        }
        run.copied = end;
        let at = run.out.len();
        run.out.extend_from_slice(&shown);
        self.shown = shown;
        if waiting.is_empty() {
            self.record(outcome, raw, text, at..run.out.len());
            return;
        }
        self.holes.wait(Hole {
            at: at..run.out.len(),
            holder: self.frames.len().saturating_sub(1),
            certain,
            waiting,
            literal: self.plan.paths.states[node.state as usize].literal,
            raw: raw.to_vec(),
            text,
            escaped: self.escaped,
            too_long: self.too_long,
            embedded: node.embedded,
            by: outcome.by,
        });
        if self.holes.span(run.out.len()) > Masker::HOLD_LIMIT {
            self.holes.give_up().iter().for_each(|hole| self.add(hole.by));
        }
    }

    /// Settles what waits in the innermost object: its `name` matches these rules, or it ends without a usable one.
    fn settle(&mut self, matching: Option<RuleSet>, out: &mut Vec<u8>) {
        let holder = self.frames.len().saturating_sub(1);
        let mut settled = Vec::new();
        while let Some(hole) = self.holes.pop(holder) {
            let rules = hole.waiting & matching.unwrap_or(hole.literal);
            if rules == hole.waiting {
                self.add(hole.by);
                continue;
            }
            let scalar = match hole.text {
                _ if hole.too_long => Scalar::TooLong,
                true => Scalar::String(&hole.raw, hole.escaped),
                false => Scalar::Plain(&hole.raw),
            };
            let mut shown = Vec::new();
            let outcome = self.values.apply(&self.plan, scalar, hole.certain | rules, hole.embedded, &mut shown);
            if outcome.changed {
                self.unreadable += u64::from(outcome.unreadable);
                self.add(outcome.by);
            } else {
                self.write_raw(&hole.raw, hole.text, &mut shown);
            }
            settled.push((hole.at, shown));
        }
        self.holes.replace(&settled, out);
    }

    fn write_raw(&self, raw: &[u8], text: bool, out: &mut Vec<u8>) {
        if text {
            out.push(b'"');
        }
        out.extend_from_slice(raw);
        if text {
            out.push(b'"');
        }
    }

    fn record(&mut self, outcome: Outcome, raw: &[u8], text: bool, at: Range<usize>) {
        if let Some(inspect) = outcome.inspect {
            let counted = !outcome.by.is_empty();
            if counted {
                self.add(outcome.by);
            }
            let candidate = Candidate { rule: self.plan.rules[inspect.rule].name.clone(), path: self.path.clone(), value: inspect.value };
            let passed = inspect.passed.unwrap_or_else(|| {
                let mut as_it_came = Vec::with_capacity(raw.len() + 2);
                self.write_raw(raw, text, &mut as_it_came);
                as_it_came
            });
            self.holes.inspect(InspectHole { at, rule: inspect.rule, passed, base64: inspect.base64, counted, candidate });
        } else {
            self.unreadable += u64::from(outcome.unreadable);
            self.add(outcome.by);
        }
    }

    fn add(&mut self, by: RuleSet) {
        self.masked += 1;
        by.iter().for_each(|rule| self.counts[rule] += 1);
    }

    fn read_name(&self, raw: &[u8]) -> Name {
        let asks = self.frames.last().map(|frame| frame.asks_name).unwrap_or_default();
        if self.escaped {
            let mut text = Vec::new();
            string::decode(raw, &mut text);
            Name::Matches(self.plan.name_matches(asks, &text))
        } else {
            Name::Matches(self.plan.name_matches(asks, raw))
        }
    }

    fn learn_name(&mut self, name: Name) {
        if let Some(frame) = self.frames.last_mut() {
            frame.name = name;
        }
    }

    /// Takes the name, and settles what waited for it in the output.
    fn learn_name_in(&mut self, name: Name, out: &mut Vec<u8>) {
        self.learn_name(name);
        if let Name::Matches(rules) = name {
            self.settle(Some(rules), out);
        }
    }

    /// The chunk has ended: lets pass what may, and keeps of the token under way what is looked at later.
    fn carry(&mut self, run: &mut Run<'_>) -> Result<(), MaskError> {
        let length = run.chunk.len();
        if self.lex == Lex::Gap || self.take == Take::Pass {
            run.pass(length);
            return Ok(());
        }
        // The quote that opens a string is not kept.
        let quote = usize::from(matches!(self.lex, Lex::Key | Lex::Text));
        let from = if self.carried { 0 } else { run.start + quote };
        if self.take == Take::Look {
            run.pass(length);
        } else if !self.carried {
            run.pass(run.start);
        }
        self.carried = true;
        let limit = if self.lex == Lex::Key { Masker::KEY_LIMIT } else { Masker::VALUE_LIMIT };
        if !self.too_long {
            self.buffer.extend_from_slice(&run.chunk[from..]);
            if self.buffer.len() > limit {
                if self.lex == Lex::Key {
                    return Err(self.key_too_long(length));
                }
                self.too_long = true;
                self.buffer = Vec::new();
            }
        }
        Ok(())
    }

    fn take_carried(&mut self, rest: &[u8]) -> Vec<u8> {
        self.carried = false;
        let mut buffer = std::mem::take(&mut self.buffer);
        if !self.too_long {
            buffer.extend_from_slice(rest);
        }
        buffer
    }

    fn give_back(&mut self, mut buffer: Vec<u8>) {
        buffer.clear();
        self.buffer = buffer;
    }

    fn key_too_long(&self, at: usize) -> MaskError {
        MaskError::Key { at: self.offset + at as u64, most: Masker::KEY_LIMIT }
    }

    /// The holes that wait for an inspector in what was just released.
    pub(crate) fn take_inspected(&mut self) -> Vec<InspectHole> {
        self.holes.take_inspected()
    }

    /// Writes what an inspector's answer makes of a hole.
    pub(crate) fn answer(&mut self, hole: &InspectHole, answer: Option<&str>, out: &mut Vec<u8>) {
        match answer {
            None => out.extend_from_slice(&hole.passed),
            Some(shown) => {
                self.count(hole);
                if hole.base64 {
                    crate::value::write(shown.as_bytes(), true, out);
                } else {
                    string::encode(shown.as_bytes(), out);
                }
            }
        }
    }

    /// Counts a hole whose value is not shown.
    pub(crate) fn count(&mut self, hole: &InspectHole) {
        self.counts[hole.rule] += 1;
        self.masked += u64::from(!hole.counted);
    }
}
