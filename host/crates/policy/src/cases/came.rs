//! What came of a case.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use crate::generation::{By, Decision};
use crate::wit::{Finding, GrantScope, HttpRequest, Route, Waiting};

/// What came, as `expect` spells it. What does not apply is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Came {
    /// `allow`, `require-approval`, `deny` or `no-opinion`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Decision>,
    /// The rule behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The plugin behind it, where all are asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What to do instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// Who approves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<CameRoute>,
    /// The names of the mask plan's rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Vec<String>>,
    /// The case's object, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub masked: Option<Value>,
    /// `open`, `refuse` or `no-opinion`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<&'static str>,
    /// Seconds of the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u32>,
    /// Seconds without a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle: Option<u32>,
    /// Requests of the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<u64>,
    /// `true`, the position that was reached, `later` or `never`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered: Option<Value>,
    /// The outgoing requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<Vec<Sent>>,
}

/// A route, as `expect` spells it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CameRoute {
    /// Groups whose members may approve.
    pub groups: Vec<String>,
    /// Subjects who may.
    pub subjects: Vec<String>,
    /// How many people.
    pub needed: u32,
    /// Seconds.
    pub expires_after: u32,
    /// `hold` or `retry`.
    pub waiting: &'static str,
    /// What the grant covers.
    pub scope: GrantScope,
}

impl From<&Route> for CameRoute {
    fn from(route: &Route) -> CameRoute {
        CameRoute {
            groups: route.groups.clone(),
            subjects: route.subjects.clone(),
            needed: route.needed,
            expires_after: route.expires_after,
            waiting: match route.waiting {
                Waiting::Hold(_) => "hold",
                Waiting::Retry => "retry",
            },
            scope: route.scope,
        }
    }
}

/// An outgoing request. Cases hold no real credential, so it is shown whole.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sent {
    /// `POST`.
    pub method: String,
    /// Where to.
    pub url: String,
    /// Names in lower case, and values.
    pub headers: std::collections::BTreeMap<String, String>,
    /// As text.
    pub body: String,
}

impl From<&HttpRequest> for Sent {
    fn from(request: &HttpRequest) -> Sent {
        Sent {
            method: request.method.clone(),
            url: request.url.clone(),
            headers: request.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect(),
            body: String::from_utf8_lossy(&request.body).into_owned(),
        }
    }
}

/// What came, and what is needed to say why.
pub(crate) struct Answered {
    pub came: Came,
    /// What each guard said.
    pub by: Vec<By>,
    /// All findings behind the decision.
    pub findings: Vec<(String, Finding)>,
}

impl Answered {
    pub(super) fn of(came: Came) -> Answered {
        Answered { came, by: Vec::new(), findings: Vec::new() }
    }
}

impl Came {
    /// On one line, as YAML that `expect` takes.
    #[must_use]
    pub fn as_yaml(&self) -> String {
        // A struct of texts and numbers is always JSON.
        let value = serde_json::to_value(self).unwrap_or_default();
        // In the order of the fields, which a map of JSON does not keep.
        let order = [
            "verdict", "rule", "plugin", "message", "remedy", "route", "plan", "masked", "session", "ttl", "idle", "requests", "delivered", "sent",
        ];
        let mut parts = Vec::new();
        for key in order {
            if let Some(value) = value.get(key) {
                parts.push(format!("{key}: {}", flow(value)));
            }
        }
        if parts.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", parts.join(", ")) }
    }
}

/// A value in YAML's flow style: JSON, with plain words where they cannot be read as something else.
fn flow(value: &Value) -> String {
    match value {
        Value::String(text) if is_word(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(map) if map.is_empty() => "{}".to_owned(),
        Value::Object(map) => {
            let mut out = String::from("{ ");
            for (index, (key, value)) in map.iter().enumerate() {
                let key = if is_word(key) { key.clone() } else { Value::from(key.as_str()).to_string() };
                // Writing into a string cannot fail.
                let _ = write!(out, "{}{key}: {}", if index > 0 { ", " } else { "" }, flow(value));
            }
            out + " }"
        }
        other => other.to_string(),
    }
}

/// Small letters, digits and hyphens, with a letter first; none of the words that YAML reads as something else.
fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !matches!(text, "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n")
}

#[cfg(test)]
mod tests;
