//! Agents say what a session is for, and it is short; people may work all day.

use portcullis_sdk::{Answer, Ask, Finding, IdentityKind, JsonSchema, Terms, session_policy};

/// How long sessions are.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Minutes of an agent's session, at most.
    agent_minutes: u32,
    /// Minutes of anybody else's, at most.
    others_minutes: u32,
}

fn open(config: &Config, ask: &Ask) -> Answer {
    let agent = ask.identity.kind == IdentityKind::Agent;
    if agent && ask.purpose.as_deref().is_none_or(|purpose| purpose.trim().is_empty()) {
        return Answer::Refuse(Finding::new("purpose", "an agent's session needs a purpose").remedy("open it with --purpose TEXT"));
    }
    let most = 60 * if agent { config.agent_minutes } else { config.others_minutes };
    Answer::Open(Terms { ttl: ask.ttl.unwrap_or(most).clamp(1, most), idle: 600.min(most), requests: None })
}

/// What the types cannot say.
fn validate(config: &Config) -> Result<(), String> {
    match config.agent_minutes.min(config.others_minutes) {
        0 => Err("a session of no length is of no use: write at least 1 minute".into()),
        _ => Ok(()),
    }
}

session_policy! { config: Config, validate: validate, open: open }
