//! From a plan to what the streaming pass works with; every bound of a plan is here.

use crate::detectors;
use crate::paths::{Paths, Target};
use crate::pattern::{Gate, Pattern};
use crate::plan::{Action, Encoding, Plan};
use crate::pointer::{self, Segment, shorten};
use regex_automata::meta::Regex;

/// Most rules: one bit of a [`RuleSet`] each.
const RULES: usize = 64;
/// Most paths of one rule, and most embedded paths.
const PATHS: usize = 128;
/// Most patterns of one rule.
const PATTERNS: usize = 64;

/// Why a plan cannot be carried out. Nothing is masked half: the whole plan is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// Too many of something.
    #[error("the plan has {count} {what}, more than {most}: remove or merge some")]
    TooMany {
        /// What there are too many of.
        what: String,
        /// How many there are.
        count: usize,
        /// How many there may be.
        most: usize,
    },
    /// A rule without a name.
    #[error("rule {index} of the plan has no name: give it one, records refer to it")]
    NoName {
        /// The rule's place in the plan, from 0.
        index: usize,
    },
    /// A path that cannot be read.
    #[error("path `{path}` of rule `{rule}` cannot be used: {why}")]
    Path {
        /// The rule, or `embedded`.
        rule: String,
        /// The path, shortened when it is long.
        path: String,
        /// What is wrong and what to write instead.
        why: &'static str,
    },
    /// A regular expression that cannot be used.
    #[error("pattern `{pattern}` of rule `{rule}` cannot be used: {why}")]
    Pattern {
        /// The rule.
        rule: String,
        /// The expression, shortened when it is long.
        pattern: String,
        /// What is wrong and what to write instead.
        why: String,
    },
    /// A detector that does not exist.
    #[error("rule `{rule}` names the detector `{name}`, which does not exist: use one of {known}")]
    Detector {
        /// The rule.
        rule: String,
        /// The name it gives.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The paths together make too large an automaton.
    #[error("the plan's paths are too many and too general together: use fewer `**`, or fewer paths")]
    TooManyStates,
}

/// A set of rules, by their index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RuleSet(u64);

impl RuleSet {
    pub(crate) const EMPTY: RuleSet = RuleSet(0);
    #[inline]
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }
    pub(crate) fn insert(&mut self, rule: usize) {
        self.0 |= 1 << rule;
    }
    pub(crate) fn contains(self, rule: usize) -> bool {
        self.0 & (1 << rule) != 0
    }
    /// The rules, in the order of the plan.
    pub(crate) fn iter(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            if left == 0 {
                return None;
            }
            let rule = left.trailing_zeros() as usize;
            left &= left - 1;
            Some(rule)
        })
    }
}

impl std::ops::BitOr for RuleSet {
    type Output = RuleSet;
    #[inline]
    fn bitor(self, other: RuleSet) -> RuleSet {
        RuleSet(self.0 | other.0)
    }
}
impl std::ops::BitOrAssign for RuleSet {
    #[inline]
    fn bitor_assign(&mut self, other: RuleSet) {
        self.0 |= other.0;
    }
}
impl std::ops::BitAnd for RuleSet {
    type Output = RuleSet;
    #[inline]
    fn bitand(self, other: RuleSet) -> RuleSet {
        RuleSet(self.0 & other.0)
    }
}
impl std::ops::Not for RuleSet {
    type Output = RuleSet;
    #[inline]
    fn not(self) -> RuleSet {
        RuleSet(!self.0)
    }
}

/// A rule, ready to be applied to a value.
#[derive(Debug)]
pub(crate) struct Rule {
    pub name: String,
    pub names: Option<Regex>,
    pub patterns: Vec<Pattern>,
    pub encoding: Encoding,
    pub action: Action,
}

/// A plan that has been checked and made ready. Immutable and cheap to share.
#[derive(Debug)]
pub struct CompiledPlan {
    pub(crate) rules: Vec<Rule>,
    pub(crate) paths: Paths,
    /// Rules with `names`.
    pub(crate) named: RuleSet,
    /// Rules without patterns: they mask the whole value.
    pub(crate) whole: RuleSet,
    /// Rules whose action is `inspect`.
    pub(crate) inspect: RuleSet,
    /// Rules whose action is `token`.
    pub(crate) tokens: RuleSet,
    /// Rules whose encoding is base64.
    pub(crate) base64: RuleSet,
    /// Rules with no paths: every string.
    pub(crate) everywhere: RuleSet,
    /// Spares the expressions of `everywhere` where they cannot match.
    pub(crate) gate: Gate,
    empty: bool,
    /// Whether a path names a field of one kind, from its root.
    rooted: bool,
}

impl CompiledPlan {
    /// Checks a plan and makes it ready. Linear in the plan's size but for `**`, which is bounded; at most a few
    /// milliseconds and a few megabytes for the largest plan that is accepted.
    ///
    /// # Errors
    /// Names the rule, the path or the pattern, and what to write instead.
    pub fn compile(plan: &Plan) -> Result<CompiledPlan, PlanError> {
        at_most("rules", plan.rules.len(), RULES)?;
        at_most("embedded paths", plan.embedded.len(), PATHS)?;
        let mut paths = Vec::new();
        for path in &plan.embedded {
            paths.push((pointer::parse("embedded", path)?, Target::Embedded));
        }
        let mut rules = Vec::with_capacity(plan.rules.len());
        let [mut named, mut whole, mut inspect, mut tokens, mut base64, mut everywhere] = [RuleSet::EMPTY; 6];
        for (index, rule) in plan.rules.iter().enumerate() {
            if rule.name.is_empty() {
                return Err(PlanError::NoName { index });
            }
            at_most(&format!("paths in rule `{}`", shorten(&rule.name)), rule.paths.len(), PATHS)?;
            at_most(&format!("patterns in rule `{}`", shorten(&rule.name)), rule.patterns.len(), PATTERNS)?;
            for path in &rule.paths {
                paths.push((pointer::parse(&rule.name, path)?, Target::Rule(index)));
            }
            let names = rule.names.as_deref().map(|names| Pattern::regex(&rule.name, names)).transpose()?;
            let patterns = rule.patterns.iter().map(|text| Pattern::compile(&rule.name, text)).collect::<Result<Vec<_>, _>>()?;
            if names.is_some() {
                named.insert(index);
            }
            if patterns.is_empty() {
                whole.insert(index);
            }
            match rule.action {
                Action::Inspect => inspect.insert(index),
                Action::Token => tokens.insert(index),
                Action::Redact => {}
            }
            if rule.encoding == Encoding::Base64 {
                base64.insert(index);
            }
            if rule.paths.is_empty() {
                everywhere.insert(index);
            }
            rules.push(Rule { name: rule.name.clone(), names, patterns, encoding: rule.encoding, action: rule.action });
        }
        // What begins with `**` is about every kind, and rows are a Table's own.
        let rooted = paths.iter().any(|(path, _)| !matches!(path.first(), None | Some(Segment::Deep)) && path.first() != Some(&Segment::Literal("rows".to_owned())));
        let gate = Gate::new((everywhere & !named).iter().map(|rule| &rules[rule]));
        let paths = Paths::compile(&paths)?;
        Ok(CompiledPlan { rules, paths, named, whole, inspect, tokens, base64, everywhere, gate, empty: plan.rules.is_empty(), rooted })
    }

    /// Whether the plan masks nothing, so that an answer may pass without a [`crate::Masker`].
    pub fn is_empty(&self) -> bool {
        self.empty
    }

    /// Whether a rule or an embedded document is at a field that the plan names from an object's root, `/spec/token`: a
    /// column of a Table could show that field, and which does is not said in the Table.
    pub fn names_fields(&self) -> bool {
        self.rooted
    }

    /// Whether a rule wants values inspected: then the [`crate::Masker`] needs somebody who answers.
    pub fn inspects(&self) -> bool {
        !self.inspect.is_empty()
    }

    /// Whether a rule applies to every string, and so to plain text such as a container's log.
    pub fn masks_text(&self) -> bool {
        !(self.everywhere & !self.named).is_empty()
    }

    /// The names of the detectors that a plan may use.
    pub fn detectors() -> impl Iterator<Item = &'static str> {
        detectors::names()
    }
}

fn at_most(what: &str, count: usize, most: usize) -> Result<(), PlanError> {
    if count > most { Err(PlanError::TooMany { what: what.to_owned(), count, most }) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
