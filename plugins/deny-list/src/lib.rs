//! The guard `deny-list`: allows, refuses or holds requests by rules, and by checks of what pods and roles may do.
//!
//! Everything that applies is evaluated and the strictest holds: a `deny` over an `approve` over an `allow`. Of what no rule is about it
//! has no opinion, so that the connection's default applies (deny) unless another guard allows it.
//!
//! A rule that refuses counts what a request does not say against it (the deletion of a collection may hit any name, and a deletion by
//! name says nothing of labels); a rule that allows does not. `README.md` beside this crate lists every key and every check.
//!
//! ```yaml
//! deny:
//!   - rule: no-namespace-deletion
//!     match: [{ verbs: [delete, deletecollection], groups: [""], resources: [namespaces] }]
//!     message: no agent deletes a namespace
//! approve:
//!   - rule: deletes
//!     match: [{ verbs: [delete, deletecollection] }]
//! allow:
//!   - rule: reads
//!     match: [{ verbs: [get, list, watch], groups: ["", apps], resources: ["*"] }]
//! checks:
//!   - { check: privileged-pods, then: deny }
//! ```

use portcullis_sdk::delivery::shortened;
use portcullis_sdk::matching::Patterns;
use portcullis_sdk::{Finding, JsonSchema, Match, Request, Verdict, guard};
use serde::Deserialize;

mod admission;
mod checks;
mod credentials;
mod deletions;
mod extension;
mod images;
mod labels;
mod pods;
mod rbac;
mod traffic;

use checks::{Check, Sources};
use labels::Selector;

/// The configuration of `deny-list`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Requests that are refused.
    pub deny: Vec<Rule>,
    /// Requests that a person must approve.
    pub approve: Vec<Rule>,
    /// Requests that may pass unless something above applies.
    pub allow: Vec<Rule>,
    /// Built-in checks of what a request would bring about.
    pub checks: Vec<CheckRule>,
}

/// Some requests, and why they are treated so.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// A stable name in kebab case: it stands in refusals, approvals and records.
    #[schemars(regex(pattern = "^[a-z0-9]+(-[a-z0-9]+)*$"))]
    pub rule: String,
    /// The requests that it is about: those that fit one of these.
    #[serde(rename = "match")]
    pub matches: Vec<Match>,
    /// Except those that surely fit one of these.
    #[serde(default)]
    pub except: Vec<Match>,
    /// Only where the labels fit this selector, written as for `kubectl --selector`.
    pub labels: Option<Selector>,
    /// One sentence: what is wrong with them.
    pub message: Option<String>,
    /// One sentence: what to do instead.
    pub remedy: Option<String>,
}

/// A built-in check, and what follows when it finds something.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckRule {
    /// Which; it is the name of the rule too.
    pub check: Check,
    /// What follows.
    pub then: Then,
    /// Requests that are spared: those that surely fit one of these.
    #[serde(default)]
    pub except: Vec<Match>,
    /// For `image-sources`: the only images that may run. Globs over registry and repository, as `registry.example.com/team/*`;
    /// an image without a registry is of `docker.io/library/`.
    pub allowed: Option<Patterns>,
    /// For `image-sources`: images that may not run, whatever `allowed` says.
    pub refused: Option<Patterns>,
    /// One sentence: what to do instead.
    pub remedy: Option<String>,
}

/// What follows from a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Then {
    /// The request is refused.
    Deny,
    /// A person must approve it.
    Approve,
}

impl Then {
    fn with(self, finding: Finding) -> Verdict {
        match self {
            Then::Deny => Verdict::Deny(finding),
            Then::Approve => Verdict::RequireApproval(finding),
        }
    }
}

/// Characters of one of several findings.
const SENTENCE: usize = 300;

/// The guard.
pub fn judge(config: &Config, request: &Request<'_>) -> Verdict {
    // From the strictest on, so that the first that applies decides, and no body is read for nothing.
    if let Some(rule) = config.deny.iter().find(|rule| rule.is_against(request)) {
        return Verdict::Deny(rule.finding(request, "is refused"));
    }
    let mut held: Vec<Finding> = Vec::new();
    for rule in config.checks.iter().filter(|rule| !rule.except.iter().any(|except| except.fits(request))) {
        match rule.evaluate(request) {
            Verdict::RequireApproval(finding) => held.push(finding),
            Verdict::NoOpinion | Verdict::Allow(_) => {}
            denied @ Verdict::Deny(_) => return denied,
        }
    }
    // A rule's name says more to an approver than a check's, so the rules come first.
    if let Some(rule) = config.approve.iter().find(|rule| rule.is_against(request)) {
        held.insert(0, rule.finding(request, "needs approval"));
    }
    if let Some(finding) = together(held) {
        return Verdict::RequireApproval(finding);
    }
    match config.allow.iter().find(|rule| rule.is_for(request)) {
        Some(rule) => Verdict::allow(rule.rule.as_str()),
        None => Verdict::NoOpinion,
    }
}

/// One finding that says all of them: whoever approves the first must not be spared the others. Each is cut to a length, so that an
/// agent's long names in one push none of the others out.
fn together(findings: Vec<Finding>) -> Option<Finding> {
    let mut findings = findings.into_iter();
    let mut first = findings.next()?;
    let more: Vec<String> = findings.map(|finding| format!("{}: {}", finding.rule, shortened(&finding.message, SENTENCE))).collect();
    if !more.is_empty() {
        first.message = format!("{}; and {}", shortened(&first.message, SENTENCE), more.join("; and "));
    }
    Some(first)
}

impl Rule {
    fn is_against(&self, request: &Request<'_>) -> bool {
        self.matches.iter().any(|one| one.may_fit(request))
            && !self.except.iter().any(|except| except.fits(request))
            && self.labels.as_ref().is_none_or(|labels| labels.fits(request, true))
    }

    fn is_for(&self, request: &Request<'_>) -> bool {
        self.matches.iter().any(|one| one.fits(request))
            && !self.except.iter().any(|except| except.may_fit(request))
            && self.labels.as_ref().is_none_or(|labels| labels.fits(request, false))
    }

    fn finding(&self, request: &Request<'_>, what: &str) -> Finding {
        let message = self.message.clone().unwrap_or_else(|| format!("`{}` {what}", request.command()));
        Finding { rule: self.rule.clone(), message, remedy: self.remedy.clone() }
    }
}

impl CheckRule {
    fn evaluate(&self, request: &Request<'_>) -> Verdict {
        let sources = Sources { allowed: self.allowed.as_ref(), refused: self.refused.as_ref() };
        match self.check.find(sources, request) {
            Ok(None) => Verdict::NoOpinion,
            Ok(Some(message)) => {
                self.then.with(Finding { rule: self.check.name().to_owned(), message, remedy: self.remedy.clone() })
            }
            Err(why) => Verdict::deny(self.check.name(), format!("what this patch would make cannot be told: {why}"))
                .remedy("correct the patch so that the API server accepts it in a dry run"),
        }
    }
}

/// What the types cannot say: names are in kebab case, and each stands for one rule.
fn validate(config: &Config) -> Result<(), String> {
    let mut seen = Vec::new();
    for (list, rules) in [("deny", &config.deny), ("approve", &config.approve), ("allow", &config.allow)] {
        for rule in rules {
            let name = rule.rule.as_str();
            let kebab = name.split('-').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
            if !kebab {
                return Err(format!("{list}: `{name}` is no rule's name: write it in kebab case, such as `no-namespace-deletion`"));
            }
            if seen.contains(&name) {
                return Err(format!("{list}: there are two rules named `{name}`: give each a name of its own"));
            }
            if rule.matches.is_empty() {
                return Err(format!("{list}: the rule `{name}` matches nothing: write `match: [{{}}]` for every resource"));
            }
            seen.push(name);
        }
    }
    for rule in &config.checks {
        let listed = rule.allowed.is_some() || rule.refused.is_some();
        match (rule.check == Check::ImageSources, listed) {
            (true, false) => return Err("checks: `image-sources` has neither `allowed` nor `refused`: name some images in one of them".to_owned()),
            (false, true) => return Err(format!("checks: `{}` has no use for `allowed` and `refused`: they are for `image-sources`", rule.check.name())),
            _ => {}
        }
    }
    Ok(())
}

guard! { config: Config, schema: "../schema.json", validate: validate, evaluate: judge }

#[cfg(test)]
mod tests;
