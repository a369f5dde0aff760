//! Following the grammar: which token comes next, which containers are open, and the place of each value.

use super::{Core, Expect, Lex, Run, Take};
use crate::frames::{Name, Node};
use crate::lex::{self, Escape, Number};
use crate::masker::{MaskError, Masker};
use crate::pattern::Gate;
use crate::string;

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\n' | b'\r' | b'\t')
}

impl Core {
    pub(super) fn run(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), MaskError> {
        let mut run = Run { chunk, copied: 0, start: 0, literal: 0, out };
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
        let skips = matches!(self.plan.gate, Gate::Closed | Gate::Literals(_));
        if skips && self.skipping() {
            i = self.skip(run, i);
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
                        let Some(end) = end else {
                            // What is cut cannot be searched yet.
                            if matches!(self.plan.gate, Gate::Literals(_)) {
                                self.take = Take::Withhold;
                            }
                            return Ok(());
                        };
                        if let Gate::Literals(search) = &self.plan.gate
                            && self.take != Take::Withhold
                            && (self.escaped || run.has_literal(search, i + 1..end) || end - i > Masker::VALUE_LIMIT)
                        {
                            self.take = Take::Withhold;
                        }
                        self.end_scalar(run, end);
                        i = if skips && self.skipping() { self.skip(run, end) } else { end };
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
                        i = self.skip(run, i + 1);
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
    fn skip(&mut self, run: &mut Run<'_>, mut i: usize) -> usize {
        let chunk = run.chunk;
        let (mut escape, mut escaped) = (Escape::No, false);
        while let Some(&b) = chunk.get(i) {
            match self.expect {
                Expect::Key | Expect::KeyOrEnd if b == b'"' => {
                    match lex::string(chunk, i + 1, &mut escape, &mut escaped) {
                        Ok(Some(end)) => i = end,
                        _ => return i,
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
                        b'"' => {
                            escaped = false;
                            let end = lex::string(chunk, i + 1, &mut escape, &mut escaped);
                            if let (Ok(Some(end)), Gate::Literals(search)) = (end, &self.plan.gate)
                                && (escaped || run.has_literal(search, i + 1..end) || end - i > Masker::VALUE_LIMIT)
                            {
                                return i;
                            }
                            end
                        }
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
                        _ => return i,
                    };
                    match end {
                        Ok(Some(end)) => i = end,
                        _ => return i,
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
                        return i + 1;
                    }
                }
                _ if is_space(b) => {}
                _ => return i,
            }
            i += 1;
        }
        i
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
                self.node = self.root.unwrap_or_else(|| self.plan.root_node());
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
        // Literals are searched for in the chunk, once the string's end is known.
        if matches!(self.plan.gate, Gate::Closed | Gate::Literals(_)) {
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
    pub(super) fn end_value(&mut self) {
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

    pub(super) fn take_carried(&mut self, rest: &[u8]) -> Vec<u8> {
        self.carried = false;
        let mut buffer = std::mem::take(&mut self.buffer);
        if !self.too_long {
            buffer.extend_from_slice(rest);
        }
        buffer
    }

    pub(super) fn give_back(&mut self, mut buffer: Vec<u8>) {
        buffer.clear();
        self.buffer = buffer;
    }

    fn key_too_long(&self, at: usize) -> MaskError {
        MaskError::Key { at: self.offset + at as u64, most: Masker::KEY_LIMIT }
    }
}
