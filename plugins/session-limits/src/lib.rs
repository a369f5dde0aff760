//! The session policy `session-limits`: who may open a session, how long it lives, how long it may idle, how many requests it may
//! make, and how many an identity may have at once: by group, subject, cluster, and kind of identity.
//!
//! ```yaml
//! rules:
//!   - { rule: no-agents-on-prod, kinds: [agent], connections: [prod-*], refuse: agents work on the staging clusters }
//!   - { rule: on-call, members_of: [sre], limits: { ttl: 12h, idle: 2h } }
//! default: { ttl: 30m, idle: 10m }
//! agent: { ttl: 30m, idle: 10m, requests: 5000, most: 5, sponsor: true }
//! human: { ttl: 8h, idle: 1h }
//! ```

use portcullis_sdk::matching::{Kind, Patterns};
use portcullis_sdk::{Answer, Ask, Finding, IdentityKind, JsonSchema, Seconds, Terms, session_policy};
use serde::Deserialize;

/// The configuration of `session-limits`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Limits for some, and refusals: the first rule that is about an identity on a cluster decides.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// For every kind of identity that no rule is about, and that has no limits of its own below.
    pub default: Limits,
    /// For AI agents.
    pub agent: Option<Limits>,
    /// For people.
    pub human: Option<Limits>,
    /// For other programs.
    pub workload: Option<Limits>,
}

/// Some identities on some clusters, and what holds for them: `limits`, or `refuse`. A key that is left out fits anything.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// A stable name in kebab case: it stands in refusals and records.
    #[schemars(regex(pattern = "^[a-z0-9]+(-[a-z0-9]+)*$"))]
    pub rule: String,
    /// Kinds of identity: human, agent, workload.
    pub kinds: Option<Vec<Kind>>,
    /// Subjects of identities, as globs.
    pub subjects: Option<Patterns>,
    /// Members of one of these groups, as globs.
    pub members_of: Option<Patterns>,
    /// Registered clusters, as globs.
    pub connections: Option<Patterns>,
    /// One sentence: why they may open no session.
    pub refuse: Option<String>,
    /// What their sessions may do.
    pub limits: Option<Limits>,
}

impl Rule {
    fn is_about(&self, ask: &Ask) -> bool {
        let identity = &ask.identity;
        self.kinds.as_ref().is_none_or(|kinds| kinds.iter().any(|kind| kind.is(identity.kind)))
            && self.subjects.as_ref().is_none_or(|subjects| subjects.fit(&identity.subject))
            && self.members_of.as_ref().is_none_or(|groups| identity.groups.iter().any(|group| groups.fit(group)))
            && self.connections.as_ref().is_none_or(|connections| connections.fit(&ask.connection))
    }
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
    /// What the purpose must look like, as globs: `OPS-*` for the number of a ticket. It must say one then.
    pub purpose_like: Option<Patterns>,
    /// Whether it must be on somebody's behalf: the token, or the session, names a sponsor.
    #[serde(default)]
    pub sponsor: bool,
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
    let limits = match config.rules.iter().find(|rule| rule.is_about(ask)) {
        Some(Rule { rule, refuse: Some(why), .. }) => return Answer::Refuse(Finding::new(rule.as_str(), why.as_str())),
        Some(Rule { limits: Some(limits), .. }) => limits,
        _ => config.limits(ask.identity.kind),
    };
    if limits.sponsor && ask.identity.sponsor.as_deref().unwrap_or_default().is_empty() {
        let finding = Finding::new("no-sponsor", format!("{} acts on nobody's behalf", ask.identity.subject));
        return Answer::Refuse(finding.remedy("have the token's issuer name the person in its `act` or sponsor claim"));
    }
    if let Some(most) = limits.most.filter(|most| ask.open_sessions >= *most) {
        let message = format!("{} has {} live sessions on {}, and may have {most}", ask.identity.subject, ask.open_sessions, ask.connection);
        return Answer::Refuse(Finding::new("too-many-sessions", message).remedy("end one with `portcullis session revoke`"));
    }
    let purpose = ask.purpose.as_deref().unwrap_or_default().trim();
    let like = limits.purpose_like.as_ref();
    if (limits.purpose || like.is_some()) && purpose.is_empty() {
        let finding = Finding::new("no-purpose", "a session must say what it is for");
        return Answer::Refuse(finding.remedy("open it with --purpose TEXT"));
    }
    if like.is_some_and(|like| !like.fit(purpose)) {
        let finding = Finding::new("purpose-of-another-form", "the session's purpose is not of the form that is asked for here");
        return Answer::Refuse(finding.remedy("open it with --purpose and what the operator asks for, such as a ticket's number"));
    }
    // Asking for longer than the limit gives the limit; asking for nothing useful does not open a dead session.
    let ttl = ask.ttl.filter(|ttl| *ttl > 0).map_or(limits.ttl.0, |ttl| ttl.min(limits.ttl.0));
    Answer::Open(Terms { ttl, idle: limits.idle.0.min(ttl), requests: limits.requests })
}

/// What the types cannot say: nothing is zero, and a rule says one thing.
fn validate(config: &Config) -> Result<(), String> {
    for rule in &config.rules {
        let name = &rule.rule;
        let kebab = name.split('-').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
        if !kebab {
            return Err(format!("rules: `{name}` is no rule's name: write it in kebab case, such as `no-agents-on-prod`"));
        }
        if rule.refuse.is_some() == rule.limits.is_some() {
            return Err(format!("rules: `{name}` needs either `limits` or `refuse`"));
        }
    }
    let rules = config.rules.iter().map(|rule| (rule.rule.as_str(), rule.limits.as_ref()));
    let kinds = [("default", Some(&config.default)), ("agent", config.agent.as_ref()), ("human", config.human.as_ref()), ("workload", config.workload.as_ref())];
    for (key, limits) in kinds.into_iter().chain(rules).filter_map(|(key, limits)| Some((key, limits?))) {
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
