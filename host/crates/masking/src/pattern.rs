//! Patterns: where in a value they match, and a gate that spares trying them.

use crate::PlanError;
use crate::compile::Rule;
use crate::detectors::{self, PREFIX};
use crate::plan::Encoding;
use crate::pointer::shorten;
use aho_corasick::{AhoCorasick, MatchKind};
use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use std::ops::Range;

/// Longest expression, in bytes.
const PATTERN_LENGTH: usize = 4096;
/// Largest automaton of one expression, in bytes: `(a{1000}){1000}` is refused rather than built.
const AUTOMATON: usize = 1 << 20;
/// Memory that the lazily built part of one expression may keep, in bytes.
const LAZY: usize = 1 << 20;

/// One compiled expression. Matching is linear in the value's length, whatever the expression.
#[derive(Debug)]
pub(crate) struct Pattern {
    regex: Regex,
    /// The expression.
    text: String,
    /// The group `secret`, when the expression has one.
    secret: Option<usize>,
    /// What a match must contain, when that is known (detectors).
    literals: &'static [&'static str],
    /// Whether this is the detector for private keys, which text that comes line by line treats by itself.
    pub private_key: bool,
}

impl Pattern {
    pub(crate) fn compile(rule: &str, text: &str) -> Result<Pattern, PlanError> {
        if let Some(name) = text.strip_prefix(PREFIX) {
            let Some(detector) = detectors::find(name) else {
                return Err(PlanError::Detector { rule: rule.to_owned(), name: shorten(name), known: detectors::names().collect::<Vec<_>>().join(", ") });
            };
            return Pattern::new(rule, detector.pattern, detector.literals, detector.name == detectors::PRIVATE_KEY);
        }
        Pattern::new(rule, text, &[], false)
    }

    fn new(rule: &str, text: &str, literals: &'static [&'static str], private_key: bool) -> Result<Pattern, PlanError> {
        let regex = Pattern::regex(rule, text)?;
        if regex.is_match("") {
            let why = "it matches the empty string, and so everywhere; use `+` instead of `*`".to_owned();
            return Err(PlanError::Pattern { rule: rule.to_owned(), pattern: shorten(text), why });
        }
        let secret = regex.group_info().to_index(regex_automata::PatternID::ZERO, "secret");
        Ok(Pattern { regex, text: text.to_owned(), secret, literals, private_key })
    }

    /// Compiles an expression that is applied to bytes: a secret need not be UTF-8.
    pub(crate) fn regex(rule: &str, text: &str) -> Result<Regex, PlanError> {
        let bad = |why: String| PlanError::Pattern { rule: rule.to_owned(), pattern: shorten(text), why };
        if text.len() > PATTERN_LENGTH {
            return Err(bad("it is longer than 4096 bytes; make several patterns of it".to_owned()));
        }
        builder().build(text).map_err(|error| bad(explain(&error)))
    }

    /// Appends the ranges of the value that are to be masked. Matches of one expression do not overlap.
    pub(crate) fn find(&self, value: &[u8], into: &mut Vec<Range<usize>>) {
        let Some(secret) = self.secret else {
            into.extend(self.regex.find_iter(value).map(|m| m.range()).filter(|range| !range.is_empty()));
            return;
        };
        for found in self.regex.captures_iter(value) {
            // A group that took no part says nothing about where the secret is: the whole match goes.
            if let Some(span) = found.get_group(secret).or_else(|| found.get_match().map(|m| m.span()))
                && !span.is_empty()
            {
                into.push(span.range());
            }
        }
    }

    /// Whether the value matches at all.
    pub(crate) fn is_match(&self, value: &[u8]) -> bool {
        self.regex.is_match(value)
    }
}

fn builder() -> regex_automata::meta::Builder {
    let mut builder = Regex::builder();
    builder
        .configure(Regex::config().nfa_size_limit(Some(AUTOMATON)).onepass_size_limit(Some(AUTOMATON)).hybrid_cache_capacity(LAZY).utf8_empty(false))
        .syntax(syntax::Config::new().utf8(false).nest_limit(50));
    builder
}

/// The reason inside regex-automata's error, on one line.
fn explain(error: &regex_automata::meta::BuildError) -> String {
    if error.size_limit().is_some() {
        return "it is too large when compiled; use smaller repetitions".to_owned();
    }
    let text = match error.syntax_error() {
        Some(syntax) => syntax.to_string(),
        None => error.to_string(),
    };
    // The parser draws the expression with a caret over several lines; the last line is the reason.
    let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
    format!("{reason}; correct the regular expression (no look-around, no back-references)")
}

/// One search that says whether any rule which applies everywhere can match a string at all.
#[derive(Debug)]
pub(crate) enum Gate {
    /// There are no such rules.
    Closed,
    /// Only where one of these literals is.
    Literals(Box<AhoCorasick>),
    /// Only where this expression, all of theirs in one, matches.
    Expression(Box<Regex>),
    /// Always try.
    Open,
}

impl Gate {
    pub(crate) fn new<'a>(everywhere: impl Iterator<Item = &'a Rule>) -> Gate {
        let patterns: Option<Vec<&Pattern>> = everywhere.map(|rule| speaks_for(rule).then_some(&rule.patterns)).collect::<Option<Vec<_>>>().map(|all| all.into_iter().flatten().collect());
        let Some(patterns) = patterns else { return Gate::Open };
        if patterns.is_empty() {
            return Gate::Closed;
        }
        if patterns.iter().all(|pattern| !pattern.literals.is_empty()) {
            let literals = patterns.iter().flat_map(|pattern| pattern.literals);
            if let Ok(search) = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(literals) {
                return Gate::Literals(Box::new(search));
            }
        }
        let texts: Vec<&str> = patterns.iter().map(|pattern| pattern.text.as_str()).collect();
        match builder().build_many(&texts) {
            Ok(regex) => Gate::Expression(Box::new(regex)),
            Err(_) => Gate::Open,
        }
    }

    /// Whether the rules have to be tried on this (decoded) string.
    #[inline]
    pub(crate) fn opens(&self, value: &[u8]) -> bool {
        match self {
            Gate::Closed => false,
            Gate::Literals(search) => search.is_match(value),
            Gate::Expression(regex) => regex.is_match(value),
            Gate::Open => true,
        }
    }
}

/// Whether a gate can speak for the rule: one for whole values applies to every string, and base64 has to be decoded
/// before anything can be seen.
fn speaks_for(rule: &Rule) -> bool {
    !rule.patterns.is_empty() && rule.encoding == Encoding::Text
}

/// Joins ranges that overlap or touch; the result is sorted.
pub(crate) fn union(ranges: &mut Vec<(Range<usize>, usize)>, stricter: impl Fn(usize, usize) -> usize) {
    ranges.sort_by_key(|(range, _)| (range.start, range.end));
    let mut kept: Vec<(Range<usize>, usize)> = Vec::with_capacity(ranges.len());
    for (range, rule) in ranges.drain(..) {
        match kept.last_mut() {
            Some((last, by)) if range.start < last.end => {
                last.end = last.end.max(range.end);
                *by = stricter(*by, rule);
            }
            _ => kept.push((range, rule)),
        }
    }
    *ranges = kept;
}

#[cfg(test)]
mod tests;
