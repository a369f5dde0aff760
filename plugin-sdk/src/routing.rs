//! What routes of approvals have in common, as a bundle's author writes it: shared by the default routers, and free for yours.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use crate::matching::Patterns;
use crate::{Finding, GrantScope, Match, Request, Seconds, Waiting};

/// The longest that a request is held: beyond it, clients and the proxies between give up.
const LONGEST_HOLD: u32 = 600;

/// Whether a request is held. In a configuration: `90s`, `2m`, or `retry`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wait {
    /// Answered at once.
    #[default]
    Retry,
    /// Held for so long.
    Hold(Seconds),
}

/// What a grant is bound to, besides the request itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// The target as it is: its UID and resourceVersion.
    #[default]
    ThisVersion,
    /// The target, whatever happens to it: its UID.
    ThisObject,
}

impl From<Wait> for Waiting {
    fn from(wait: Wait) -> Waiting {
        match wait {
            Wait::Retry => Waiting::Retry,
            Wait::Hold(seconds) => Waiting::Hold(seconds.0),
        }
    }
}

impl From<Scope> for GrantScope {
    fn from(scope: Scope) -> GrantScope {
        match scope {
            Scope::ThisVersion => GrantScope::ThisVersion,
            Scope::ThisObject => GrantScope::ThisObject,
        }
    }
}

/// Whether a route is about a request: its `match`, and the names of rules that held it. Without either, it is about all. What a request does not say counts, since
/// the stricter routes stand first: a deletion of a collection belongs to them.
pub fn is_about(matches: Option<&[Match]>, rules: Option<&Patterns>, request: &Request<'_>, findings: &[Finding]) -> bool {
    matches.is_none_or(|all| all.iter().any(|one| one.may_fit(request)))
        && rules.is_none_or(|rules| findings.iter().any(|finding| rules.fit(&finding.rule)))
}

/// Whether so many can approve in time: what the types of a route's keys cannot say. `groups` and `subjects` are how many of each it names.
///
/// # Errors
///
/// A sentence that begins with the key.
pub fn check(groups: usize, subjects: usize, needed: u32, expires: Seconds, wait: Wait) -> Result<(), String> {
    if groups == 0 && subjects == 0 {
        return Err("nobody may approve: name `groups` or `subjects`".to_owned());
    }
    if needed == 0 || needed > 16 {
        return Err("needed: write a number from 1 to 16".to_owned());
    }
    if groups == 0 && subjects < needed as usize {
        return Err(format!("needed: {needed} people are needed, but only {subjects} may approve"));
    }
    if expires.0 == 0 {
        return Err("expires: an approval that expires at once is of no use: write a length such as 15m".to_owned());
    }
    if let Wait::Hold(wait) = wait
        && (wait.0 == 0 || wait.0 > LONGEST_HOLD || wait > expires)
    {
        return Err("wait: write a length up to 10m and no longer than `expires`, or retry".to_owned());
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
        json_schema!({
            "type": ["string", "integer"],
            "pattern": "^(retry|[0-9]+[smhd])$",
            "minimum": 1,
        })
    }
}
