//! The approval router `approval-routing`: who must approve what a guard wants approved, how many of them, whether the request waits for
//! them, and what a granted approval lets through.
//!
//! The first route that fits decides. A request that no route fits is left to the next router; with none, the gateway
//! refuses it.
//!
//! ```yaml
//! routes:
//!   - match: [{ namespaces: [prod] }]
//!     groups: [prod-owners]
//!     needed: 2
//!     wait: retry
//!   - groups: [approvers]
//!     wait: 2m
//! ```

use portcullis_sdk::matching::Patterns;
use portcullis_sdk::{Finding, GrantScope, JsonSchema, Match, Request, Route, Seconds, Waiting, approval_router};
use schemars::{Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, de};

/// The longest that a request is held: beyond it, clients and the proxies between give up.
const LONGEST_HOLD: u32 = 600;

/// The configuration of `approval-routing`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// In order: the first that fits decides.
    pub routes: Vec<RouteRule>,
}

/// Some requests, and who approves them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteRule {
    /// The requests that it is about: those that fit one of these. Without it, all.
    #[serde(rename = "match")]
    pub matches: Option<Vec<Match>>,
    /// Only what was held by a rule of one of these names.
    pub rules: Option<Patterns>,
    /// Any member of these groups may approve.
    #[serde(default)]
    pub groups: Vec<String>,
    /// So may these subjects.
    #[serde(default)]
    pub subjects: Vec<String>,
    /// How many distinct people are needed.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 100))]
    pub needed: u32,
    /// After how long an unanswered approval, or an unused grant, expires.
    #[serde(default = "quarter_of_an_hour")]
    pub expires: Seconds,
    /// How long the request waits for an answer, at most ten minutes; or `retry`: it is answered at once, and the agent
    /// runs the same command again once it is approved.
    #[serde(default)]
    pub wait: Wait,
    /// What a granted approval lets through, once.
    #[serde(default)]
    pub scope: Scope,
}

/// Whether a request is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wait {
    /// Answered at once.
    #[default]
    Retry,
    /// Held for so long.
    Hold(Seconds),
}

/// What a grant is bound to, besides the request itself.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// The target as it is: its UID and resourceVersion.
    #[default]
    ThisVersion,
    /// The target, whatever happens to it: its UID.
    ThisObject,
}

fn one() -> u32 {
    1
}

fn quarter_of_an_hour() -> Seconds {
    Seconds::minutes(15)
}

/// The router.
pub fn route(config: &Config, request: &Request<'_>, findings: &[Finding]) -> Option<Route> {
    let rule = config.routes.iter().find(|rule| rule.fits(request, findings))?;
    Some(Route {
        groups: rule.groups.clone(),
        subjects: rule.subjects.clone(),
        needed: rule.needed,
        expires_after: rule.expires.0,
        waiting: match rule.wait {
            Wait::Retry => Waiting::Retry,
            Wait::Hold(seconds) => Waiting::Hold(seconds.0),
        },
        scope: match rule.scope {
            Scope::ThisVersion => GrantScope::ThisVersion,
            Scope::ThisObject => GrantScope::ThisObject,
        },
    })
}

impl RouteRule {
    /// What a request does not say counts: the stricter routes stand first, and a deletion of a collection belongs to them.
    fn fits(&self, request: &Request<'_>, findings: &[Finding]) -> bool {
        self.matches.as_ref().is_none_or(|all| all.iter().any(|one| one.may_fit(request)))
            && self.rules.as_ref().is_none_or(|rules| findings.iter().any(|finding| rules.fit(&finding.rule)))
    }
}

/// What the types cannot say: somebody must be able to approve, and within the limits.
fn validate(config: &Config) -> Result<(), String> {
    if config.routes.is_empty() {
        return Err("routes: without a route nothing can be approved: add one with `groups`".to_owned());
    }
    for (index, rule) in config.routes.iter().enumerate() {
        let fail = |message: String| Err(format!("routes[{index}]: {message}"));
        if rule.groups.is_empty() && rule.subjects.is_empty() {
            return fail("nobody may approve: name `groups` or `subjects`".to_owned());
        }
        if rule.needed == 0 || rule.needed > 100 {
            return fail("needed: write a number from 1 to 100".to_owned());
        }
        if rule.groups.is_empty() && rule.subjects.len() < rule.needed as usize {
            return fail(format!("needed: {} people are needed, but only {} may approve", rule.needed, rule.subjects.len()));
        }
        if rule.expires.0 == 0 {
            return fail("expires: an approval that expires at once is of no use: write a length such as 15m".to_owned());
        }
        if let Wait::Hold(wait) = rule.wait
            && (wait.0 == 0 || wait.0 > LONGEST_HOLD || wait > rule.expires)
        {
            return fail("wait: write a length up to 10m and no longer than `expires`, or retry".to_owned());
        }
        if rule.matches.as_ref().is_some_and(Vec::is_empty) {
            return fail("match: an empty list fits nothing: leave the key out to fit everything".to_owned());
        }
    }
    Ok(())
}

impl<'de> Deserialize<'de> for Wait {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Text {
            Length(Seconds),
            Word(String),
        }
        match Text::deserialize(deserializer) {
            Ok(Text::Length(seconds)) => Ok(Wait::Hold(seconds)),
            Ok(Text::Word(word)) if word == "retry" => Ok(Wait::Retry),
            _ => Err(de::Error::custom("wait: write a length such as 90s or 2m, or retry")),
        }
    }
}

impl JsonSchema for Wait {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Wait".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "type": ["string", "integer"],
            "pattern": "^(retry|[0-9]+[smhd])$",
            "minimum": 1,
        })
    }
}

approval_router! { config: Config, schema: "../schema.json", validate: validate, route: route }

#[cfg(test)]
mod tests;
