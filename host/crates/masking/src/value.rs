//! One value and the rules that apply to it: what is shown instead.

use crate::CompiledPlan;
use crate::compile::RuleSet;
use crate::core::Core;
use crate::pattern;
use crate::plan::{Action, Encoding};
use crate::string;
use crate::token::{REDACTED, TokenKey};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use std::ops::Range;
use std::sync::Arc;

/// Embedded documents inside each other, at most.
const EMBEDDED_DEPTH: u8 = 3;

/// As Go's `base64.StdEncoding` reads: padding is needed, bits behind the last byte do not matter.
const AS_GO: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// A scalar as it stands in the document.
#[derive(Clone, Copy)]
pub(crate) enum Scalar<'a> {
    /// A string without its quotes, and whether it has escapes.
    String(&'a [u8], bool),
    /// A number, `true` or `false`.
    Plain(&'a [u8]),
    /// A value too long to be kept.
    TooLong,
}

/// What became of a value.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Whether something was written instead of it.
    pub changed: bool,
    /// Rules that changed it.
    pub by: RuleSet,
    /// It was meant to be an embedded document, is none, and was redacted.
    pub unreadable: bool,
    /// What was written is only the redacted form until an inspector has answered.
    pub inspect: Option<Inspect>,
}

/// A value for the inspector.
pub(crate) struct Inspect {
    pub rule: usize,
    pub value: String,
    /// The value with a part of it masked by another rule, when there is such; otherwise it passes as it came.
    pub passed: Option<Vec<u8>>,
    pub base64: bool,
}

/// Applies rules to values. Its buffers are reused from value to value.
pub(crate) struct Values {
    key: Arc<TokenKey>,
    /// How many embedded documents this one is inside of.
    level: u8,
    text: Vec<u8>,
    bytes: Vec<u8>,
}

impl Values {
    pub(crate) fn new(key: Arc<TokenKey>, level: u8) -> Values {
        Values { key, level, text: Vec::new(), bytes: Vec::new() }
    }

    /// Appends to `out` what is shown instead of the value, quotes included, if anything changes.
    pub(crate) fn apply(&mut self, plan: &Arc<CompiledPlan>, scalar: Scalar<'_>, rules: RuleSet, embedded: bool, out: &mut Vec<u8>) -> Outcome {
        match scalar {
            Scalar::Plain(text) => self.plain(plan, text, rules & !plan.everywhere, out),
            Scalar::TooLong => {
                // Not seen, so not known to be harmless; an empty set of rules means that a gate would have decided.
                write(REDACTED.as_bytes(), self.any_base64(plan, rules), out);
                let by = if rules.is_empty() { plan.everywhere } else { rules };
                Outcome { changed: true, by, ..Outcome::default() }
            }
            Scalar::String(raw, escaped) => {
                let mut text = std::mem::take(&mut self.text);
                let value = if escaped {
                    text.clear();
                    string::decode(raw, &mut text);
                    &text
                } else {
                    raw
                };
                let outcome = self.string(plan, value, rules, embedded, out);
                self.text = text;
                outcome
            }
        }
    }

    /// Gives large buffers back: a masker may live as long as a watch.
    pub(crate) fn shrink(&mut self) {
        shrink(&mut self.text);
        shrink(&mut self.bytes);
    }

    #[cfg(test)]
    pub(crate) fn kept(&self) -> usize {
        self.text.capacity() + self.bytes.capacity()
    }

    fn string(&mut self, plan: &Arc<CompiledPlan>, value: &[u8], mut rules: RuleSet, embedded: bool, out: &mut Vec<u8>) -> Outcome {
        let everywhere = plan.everywhere & !plan.named;
        if !everywhere.is_empty() && plan.gate.opens(value) {
            rules |= everywhere;
        }
        let asked = self.asked(plan, rules);
        let whole = rules & plan.whole & !asked;
        if !whole.is_empty() {
            self.replace_whole(plan, value, whole, out);
            return Outcome { changed: true, by: whole, ..Outcome::default() };
        }
        let mut outcome = Outcome::default();
        let mut now: Option<Vec<u8>> = None;
        if embedded {
            match self.embedded(plan, value) {
                Embedded::Unchanged => {}
                Embedded::Changed(text, by) => {
                    outcome.by = by;
                    now = Some(text);
                }
                Embedded::Unreadable => {
                    write(REDACTED.as_bytes(), false, out);
                    return Outcome { changed: true, unreadable: true, ..Outcome::default() };
                }
            }
        } else {
            match self.replace_patterns(plan, value, rules & !plan.whole & !asked) {
                Replaced::Nothing => {}
                Replaced::Parts(text, by) => {
                    outcome.by = by;
                    now = Some(text);
                }
                Replaced::Whole(by) => {
                    self.replace_whole(plan, value, by, out);
                    return Outcome { changed: true, by, ..Outcome::default() };
                }
            }
        }
        if let Some(inspect) = self.inspected(plan, now.as_deref(), value, asked) {
            write(REDACTED.as_bytes(), inspect.base64, out);
            return Outcome { changed: true, by: outcome.by, unreadable: false, inspect: Some(inspect) };
        }
        if let Some(text) = now {
            outcome.changed = true;
            string::encode(&text, out);
        }
        outcome
    }

    /// The rules that an inspector decides about. Inside an embedded document nobody can be asked.
    fn asked(&self, plan: &CompiledPlan, rules: RuleSet) -> RuleSet {
        if self.level > 0 { RuleSet::EMPTY } else { rules & plan.inspect }
    }

    /// The first rule that wants this value inspected, with the value as it passes otherwise.
    fn inspected(&mut self, plan: &CompiledPlan, now: Option<&[u8]>, value: &[u8], asked: RuleSet) -> Option<Inspect> {
        for index in asked.iter() {
            let rule = &plan.rules[index];
            let base64 = rule.encoding == Encoding::Base64;
            let wanted = rule.patterns.is_empty() || {
                let bytes = if base64 { self.decode_base64(value) } else { None };
                rule.patterns.iter().any(|pattern| pattern.is_match(bytes.unwrap_or(value)))
            };
            if wanted {
                let passed = now.map(|now| {
                    let mut text = Vec::with_capacity(now.len() + 2);
                    string::encode(now, &mut text);
                    text
                });
                let now = now.unwrap_or(value);
                let shown = if base64 { self.decode_base64(now) } else { None };
                let value = String::from_utf8_lossy(shown.unwrap_or(now)).into_owned();
                return Some(Inspect { rule: index, value, passed, base64 });
            }
        }
        None
    }

    fn plain(&mut self, plan: &CompiledPlan, text: &[u8], rules: RuleSet, out: &mut Vec<u8>) -> Outcome {
        let matched = |rule: &usize| {
            let patterns = &plan.rules[*rule].patterns;
            patterns.is_empty() || patterns.iter().any(|pattern| pattern.is_match(text))
        };
        let asked = self.asked(plan, rules);
        let mut by = RuleSet::EMPTY;
        (rules & !asked).iter().filter(matched).for_each(|rule| by.insert(rule));
        if !by.is_empty() {
            let secret = text;
            self.write_masked(plan, secret, by, out);
            return Outcome { changed: true, by, ..Outcome::default() };
        }
        let Some(rule) = asked.iter().find(matched) else { return Outcome::default() };
        let base64 = plan.rules[rule].encoding == Encoding::Base64;
        write(REDACTED.as_bytes(), base64, out);
        let inspect = Inspect { rule, value: String::from_utf8_lossy(text).into_owned(), passed: None, base64 };
        Outcome { changed: true, inspect: Some(inspect), ..Outcome::default() }
    }

    fn replace_whole(&mut self, plan: &CompiledPlan, value: &[u8], rules: RuleSet, out: &mut Vec<u8>) {
        if self.any_base64(plan, rules) {
            let mut bytes = std::mem::take(&mut self.bytes);
            let secret = if decode_base64(value, &mut bytes) { &bytes } else { value };
            self.write_masked(plan, secret, rules, out);
            self.bytes = bytes;
        } else {
            self.write_masked(plan, value, rules, out);
        }
    }

    /// Writes the token of a secret, or the word, as the strictest of the rules says.
    fn write_masked(&self, plan: &CompiledPlan, secret: &[u8], rules: RuleSet, out: &mut Vec<u8>) {
        let base64 = self.any_base64(plan, rules);
        match self.strictest(plan, rules) {
            Action::Token => write(&self.key.token_bytes(secret), base64, out),
            Action::Redact | Action::Inspect => write(REDACTED.as_bytes(), base64, out),
        }
    }

    /// Redact before token; `inspect` is only among them where nobody can be asked, and means redact.
    fn strictest(&self, plan: &CompiledPlan, rules: RuleSet) -> Action {
        if (rules & plan.tokens) == rules { Action::Token } else { Action::Redact }
    }

    fn any_base64(&self, plan: &CompiledPlan, rules: RuleSet) -> bool {
        !(rules & plan.base64).is_empty()
    }

    /// Masks what patterns match: those of base64 rules in what the value decodes to, the others in the value itself.
    /// Where both match, neither could be carried out without spoiling the other, and the value is masked whole.
    fn replace_patterns(&mut self, plan: &CompiledPlan, value: &[u8], rules: RuleSet) -> Replaced {
        if rules.is_empty() {
            return Replaced::Nothing;
        }
        let mut bytes = std::mem::take(&mut self.bytes);
        let decodes = !(rules & plan.base64).is_empty() && decode_base64(value, &mut bytes);
        let (inside, outside) = if decodes { (rules & plan.base64, rules & !plan.base64) } else { (RuleSet::EMPTY, rules) };
        let inner = self.replace_matches(plan, &bytes, inside);
        let outer = self.replace_matches(plan, value, outside);
        self.bytes = bytes;
        match (inner, outer) {
            (None, None) => Replaced::Nothing,
            (Some((text, by)), None) => Replaced::Parts(STANDARD.encode(text).into_bytes(), by),
            (None, Some((text, by))) => Replaced::Parts(text, by),
            (Some((_, inner)), Some((_, outer))) => Replaced::Whole(inner | outer),
        }
    }

    /// Masks what the rules' patterns match; nothing when none does.
    fn replace_matches(&self, plan: &CompiledPlan, subject: &[u8], rules: RuleSet) -> Option<(Vec<u8>, RuleSet)> {
        let mut ranges: Vec<(Range<usize>, usize)> = Vec::new();
        let mut found = Vec::new();
        let mut by = RuleSet::EMPTY;
        for rule in rules.iter() {
            for pattern in &plan.rules[rule].patterns {
                pattern.find(subject, &mut found);
            }
            if !found.is_empty() {
                by.insert(rule);
            }
            ranges.extend(found.drain(..).map(|range| (range, rule)));
        }
        (!ranges.is_empty()).then(|| (self.fill_ranges(plan, subject, ranges), by))
    }

    fn fill_ranges(&self, plan: &CompiledPlan, subject: &[u8], mut ranges: Vec<(Range<usize>, usize)>) -> Vec<u8> {
        pattern::union(&mut ranges, |one, other| if plan.rules[one].action == Action::Token { other } else { one });
        let mut text = Vec::with_capacity(subject.len());
        let mut from = 0;
        for (range, rule) in ranges {
            text.extend_from_slice(&subject[from..range.start]);
            match plan.rules[rule].action {
                Action::Token => text.extend_from_slice(&self.key.token_bytes(&subject[range.clone()])),
                Action::Redact | Action::Inspect => text.extend_from_slice(REDACTED.as_bytes()),
            }
            from = range.end;
        }
        text.extend_from_slice(&subject[from..]);
        text
    }

    /// Masks plain text (a log line) by the rules that apply to every string. Nothing when it stays as it is.
    pub(crate) fn line(&mut self, plan: &CompiledPlan, line: &[u8]) -> Option<(Vec<u8>, RuleSet)> {
        let rules = plan.everywhere & !plan.named;
        if rules.is_empty() || !plan.gate.opens(line) {
            return None;
        }
        let whole = rules & plan.whole;
        if !whole.is_empty() {
            let text = match self.strictest(plan, whole) {
                Action::Token => self.key.token_bytes(line).to_vec(),
                Action::Redact | Action::Inspect => REDACTED.as_bytes().to_vec(),
            };
            return Some((text, whole));
        }
        self.replace_matches(plan, line, rules)
    }

    fn decode_base64(&mut self, value: &[u8]) -> Option<&[u8]> {
        decode_base64(value, &mut self.bytes).then_some(&self.bytes[..])
    }

    /// Masks the document in a string.
    fn embedded(&self, plan: &Arc<CompiledPlan>, value: &[u8]) -> Embedded {
        // kubectl never writes an empty one, but a server may: there is nothing in it to hide.
        if value.iter().all(u8::is_ascii_whitespace) {
            return Embedded::Unchanged;
        }
        if self.level >= EMBEDDED_DEPTH || value.iter().find(|b| !b.is_ascii_whitespace()) != Some(&b'{') {
            return Embedded::Unreadable;
        }
        let mut nested = Core::new(Arc::clone(plan), Arc::clone(&self.key), self.level + 1);
        let mut out = Vec::with_capacity(value.len());
        if nested.push(value, &mut out).is_err() {
            return Embedded::Unreadable;
        }
        let by = nested.changed_by();
        match nested.finish(&mut out) {
            Ok(summary) if summary.documents == 1 && summary.masked == 0 => Embedded::Unchanged,
            Ok(summary) if summary.documents == 1 => Embedded::Changed(out, by),
            _ => Embedded::Unreadable,
        }
    }
}

/// Frees a buffer that is large. What it holds is not needed any more.
pub(crate) fn shrink(buffer: &mut Vec<u8>) {
    const KEEP: usize = 2048;
    if buffer.capacity() > KEEP {
        *buffer = Vec::new();
    }
}

/// What patterns made of a string, decoded.
enum Replaced {
    Nothing,
    /// Parts of it are masked.
    Parts(Vec<u8>, RuleSet),
    /// It has to be masked whole, for these rules.
    Whole(RuleSet),
}

enum Embedded {
    Unchanged,
    Changed(Vec<u8>, RuleSet),
    Unreadable,
}

/// Decodes base64 into the buffer. Line breaks in it are skipped, as Go does.
fn decode_base64(value: &[u8], bytes: &mut Vec<u8>) -> bool {
    let joined: Vec<u8>;
    let value = if memchr::memchr2(b'\r', b'\n', value).is_some() {
        joined = value.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
        &joined
    } else {
        value
    };
    bytes.clear();
    AS_GO.decode_vec(value, bytes).is_ok()
}

/// Writes a replacement, which needs no escapes, as a JSON string.
pub(crate) fn write(replacement: &[u8], base64: bool, out: &mut Vec<u8>) {
    out.push(b'"');
    if base64 {
        let mut room = [0; 64];
        match STANDARD.encode_slice(replacement, &mut room) {
            Ok(length) => out.extend_from_slice(&room[..length]),
            // Longer than a token: an inspector's answer.
            Err(_) => out.extend_from_slice(STANDARD.encode(replacement).as_bytes()),
        }
    } else {
        out.extend_from_slice(replacement);
    }
    out.push(b'"');
}
