//! The session policy `session-limits`: how long sessions live, how long they may idle, how many requests they may make, and
//! how many an identity may have at once, by the kind of identity.
//!
//! ```yaml
//! default: { ttl: 30m, idle: 10m }
//! agent: { ttl: 30m, idle: 10m, requests: 5000, most: 5 }
//! human: { ttl: 8h, idle: 1h }
//! ```

use portcullis_sdk::{Answer, Ask, Finding, IdentityKind, JsonSchema, Seconds, Terms, session_policy};
use serde::Deserialize;

/// The configuration of `session-limits`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// For every kind of identity that has no limits of its own below.
    pub default: Limits,
    /// For AI agents.
    pub agent: Option<Limits>,
    /// For people.
    pub human: Option<Limits>,
    /// For other programs.
    pub workload: Option<Limits>,
}

/// What one session may do, and how many there may be.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// How long a session lives at most, and when no length is asked for.
    pub ttl: Seconds,
    /// After how long without a request it ends.
    pub idle: Seconds,
    /// How many requests it may make; without it any number.
    pub requests: Option<u64>,
    /// How many live sessions an identity may have on one connection; without it any number.
    pub most: Option<u32>,
    /// Whether it must say what it is for.
    #[serde(default)]
    pub purpose: bool,
}

impl Config {
    fn limits(&self, kind: IdentityKind) -> &Limits {
        match kind {
            IdentityKind::Agent => &self.agent,
            IdentityKind::Human => &self.human,
            IdentityKind::Workload => &self.workload,
        }
        .as_ref()
        .unwrap_or(&self.default)
    }
}

/// The policy.
pub fn open(config: &Config, ask: &Ask) -> Answer {
    let limits = config.limits(ask.identity.kind);
    if let Some(most) = limits.most.filter(|most| ask.open_sessions >= *most) {
        let message = format!("{} has {} live sessions on {}, and may have {most}", ask.identity.subject, ask.open_sessions, ask.connection);
        return Answer::Refuse(Finding::new("too-many-sessions", message).remedy("end one with `portcullis session revoke`"));
    }
    let purpose = ask.purpose.as_deref().unwrap_or_default().trim();
    if limits.purpose && purpose.is_empty() {
        let finding = Finding::new("no-purpose", "a session must say what it is for");
        return Answer::Refuse(finding.remedy("open it with --purpose TEXT"));
    }
    // Asking for longer than the limit gives the limit; asking for nothing useful does not open a dead session.
    let ttl = ask.ttl.filter(|ttl| *ttl > 0).map_or(limits.ttl.0, |ttl| ttl.min(limits.ttl.0));
    Answer::Open(Terms { ttl, idle: limits.idle.0.min(ttl), requests: limits.requests })
}

/// What the types cannot say: nothing is zero.
fn validate(config: &Config) -> Result<(), String> {
    let all = [("default", Some(&config.default)), ("agent", config.agent.as_ref()), ("human", config.human.as_ref()), ("workload", config.workload.as_ref())];
    for (key, limits) in all.into_iter().filter_map(|(key, limits)| Some((key, limits?))) {
        for (name, value) in [("ttl", limits.ttl.0), ("idle", limits.idle.0)] {
            if value == 0 {
                return Err(format!("{key}.{name}: a session of no length is of no use: write a length such as 30m"));
            }
        }
        if limits.requests == Some(0) || limits.most == Some(0) {
            return Err(format!("{key}: `requests` and `most` are at least 1: leave them out for any number"));
        }
    }
    Ok(())
}

session_policy! { config: Config, schema: "../schema.json", validate: validate, open: open }

#[cfg(test)]
mod tests;
