//! A scalar that has ended: what is shown instead of it, now or once a `name` is known.

use super::{Core, Lex, Run, Take};
use crate::Candidate;
use crate::compile::RuleSet;
use crate::frames::Name;
use crate::holes::Hole;
use crate::masker::{InspectHole, Masker};
use crate::string;
use crate::value::{Outcome, Scalar};
use std::ops::Range;

impl Core {
    /// A scalar value has ended before `end`; for a string that is behind the closing quote.
    #[inline]
    pub(super) fn end_scalar(&mut self, run: &mut Run<'_>, end: usize) {
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
    pub(super) fn settle(&mut self, matching: Option<RuleSet>, out: &mut Vec<u8>) {
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

    pub(super) fn add(&mut self, by: RuleSet) {
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

    pub(super) fn learn_name(&mut self, name: Name) {
        if let Some(frame) = self.frames.last_mut() {
            frame.name = name;
        }
    }

    /// Takes the name, and settles what waited for it in the output.
    pub(super) fn learn_name_in(&mut self, name: Name, out: &mut Vec<u8>) {
        self.learn_name(name);
        if let Name::Matches(rules) = name {
            self.settle(Some(rules), out);
        }
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

    /// The holes that wait for an inspector in what was just released.
    pub(crate) fn take_inspected(&mut self) -> Vec<InspectHole> {
        self.holes.take_inspected()
    }
}
