//! Recorded requests, judged by another set.

mod others;
mod outcome;

use std::collections::{HashMap, VecDeque};

use policy::{Decision, Elsewhere, Judgement};
use serde_json::{Value, json};

use super::recorded::{self, Left, Recorded};
use crate::client::{Client, ClientError};
use crate::commands::failure::Failure;
use crate::commands::output::{self, text};
use others::Kinds;
pub use outcome::Outcome;

/// Sessions that are asked for.
const SESSIONS: usize = 1000;

/// What is judged again.
#[derive(Clone, Debug, clap::Args)]
pub struct Which {
    /// From then on: 2026-11-22T14:30:00Z, or so long ago: 15m, 2h, 7d.
    #[arg(long, value_name = "TIME", value_parser = crate::commands::duration::time)]
    pub since: Option<jiff::Timestamp>,
    /// Before then; written as for --since.
    #[arg(long, value_name = "TIME", value_parser = crate::commands::duration::time)]
    pub until: Option<jiff::Timestamp>,
    /// How many at most, counted from the newest.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub limit: u32,
}

/// Judges the records that the gateway shows: by `candidate`, beside what `reference` says of them, or what was recorded.
///
/// # Errors
/// As the gateway says.
pub async fn run(client: &Client, which: &Which, candidate: &Elsewhere, reference: Option<&Elsewhere>) -> Result<Outcome, Failure> {
    let defaults = defaults(client).await?;
    let (records, cut) = records(client, which).await?;
    let mut outcome = Outcome { cut, ..Outcome::default() };
    let mut sessions: HashMap<String, Option<Value>> = HashMap::new();
    let mut kinds = Kinds::default();
    for record in records {
        match one(client, record, &mut sessions).await? {
            Ok(recorded) => {
                kinds.add(&recorded);
                judge(&recorded, candidate, reference, &defaults, &mut outcome).await;
            }
            Err(left) => *outcome.left.entry(left).or_default() += 1,
        }
    }
    if let Some(reference) = reference {
        outcome.masking = kinds.compared(reference, candidate).await;
    }
    Ok(outcome)
}

/// What each connection does with what no policy has an opinion on.
async fn defaults(client: &Client) -> Result<HashMap<String, Decision>, Failure> {
    let connections: Vec<Value> = client.get(&["connections"], &[]).await?;
    let of = |connection: &Value| if connection["default"] == "allow" { Decision::Allow } else { Decision::Deny };
    Ok(connections.iter().map(|connection| (text(connection, "/name"), of(connection))).collect())
}

/// The newest, oldest first; and whether there were more.
async fn records(client: &Client, which: &Which) -> Result<(VecDeque<Value>, bool), Failure> {
    let times = [("since", which.since), ("until", which.until)];
    let query: Vec<(&str, String)> = times.into_iter().filter_map(|(name, time)| Some((name, time?.to_string()))).collect();
    let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut lines = client.lines(&["audit"], &query).await?;
    let (mut records, mut cut) = (VecDeque::new(), false);
    while let Some(line) = lines.next().await? {
        let record = output::parsed(&line)?;
        // Most of what is no request to a cluster is told by this alone.
        if record["request"].is_object() {
            records.push_back(record);
        }
        if records.len() > which.limit as usize {
            records.pop_front();
            cut = true;
        }
    }
    Ok((records, cut))
}

async fn one(client: &Client, record: Value, sessions: &mut HashMap<String, Option<Value>>) -> Result<Result<Recorded, Left>, Failure> {
    if let Err(left) = recorded::decision(&record) {
        return Ok(Err(left));
    }
    let mut body = None;
    if record["request"]["body"].is_string() {
        let shown: Value = client.get(&["audit", "records", &text(&record, "/id")], &[]).await?;
        if shown["request_cut"] == true {
            return Ok(Err(Left::Long));
        }
        body = shown["request_body"].as_str().map(str::to_owned);
    }
    let id = text(&record, "/session");
    if !id.is_empty() && !sessions.contains_key(&id) && sessions.len() < SESSIONS {
        let session = match client.get::<Value>(&["sessions", &id], &[]).await {
            Ok(session) => Some(session),
            // It is somebody else's, or long gone.
            Err(ClientError::Status { .. }) => None,
            Err(other) => return Err(other.into()),
        };
        sessions.insert(id.clone(), session);
    }
    Ok(recorded::again(record, body.as_deref(), sessions.get(&id).and_then(Option::as_ref)))
}

async fn judge(recorded: &Recorded, candidate: &Elsewhere, reference: Option<&Elsewhere>, defaults: &HashMap<String, Decision>, outcome: &mut Outcome) {
    let now = u64::try_from(recorded.time.as_millisecond()).unwrap_or_default();
    let default = defaults.get(&recorded.facts.request.connection).copied().unwrap_or(Decision::Deny);
    let forwards = default == Decision::Allow;
    let settled = |judgement: &Judgement| if judgement.decision == Decision::NoOpinion { default } else { judgement.decision };
    let told = |judgement: &Judgement| json!({ "decision": settled(judgement).as_str(), "rules": rules(judgement) });
    let after = candidate.judge(&recorded.facts, recorded.body.as_ref(), now, forwards).await;
    let mut unseen = after.unseen;
    let (decision, before) = match reference {
        Some(reference) => {
            let before = reference.judge(&recorded.facts, recorded.body.as_ref(), now, forwards).await;
            let decision = settled(&before.judgement);
            if decision == Decision::RequireApproval && settled(&after.judgement) == decision {
                let (from, to) = ((reference, &before.judgement), (candidate, &after.judgement));
                outcome.routes.extend(others::route(recorded, from, to, now).await);
            }
            let told = told(&before.judgement);
            unseen.extend(before.unseen);
            (decision, told)
        }
        None => (recorded.decision, json!({ "decision": recorded.decision.as_str(), "rules": recorded_rules(&recorded.record) })),
    };
    let mut uncertain = Vec::new();
    for (plugin, what) in &unseen {
        for what in what {
            let what = format!("{plugin} looks at {}", what.as_str());
            *outcome.unseen.entry(what.clone()).or_default() += 1;
            uncertain.push(what);
        }
    }
    outcome.judged += 1;
    outcome.masked += u64::from(recorded.body.as_ref().is_some_and(|body| body.masked));
    if settled(&after.judgement) != decision {
        let record = &recorded.record;
        outcome.changes.push(json!({
            "id": record["id"],
            "time": record["time"],
            "identity": record["identity"],
            "command": record["command"]["rendered"],
            "before": before,
            "after": told(&after.judgement),
            "uncertain": uncertain,
        }));
    }
}

/// Who made the decision: `deny-list/no-namespace-deletion`.
fn rules(judgement: &Judgement) -> Vec<String> {
    let deciding = judgement.by.iter().filter(|by| by.verdict == judgement.decision);
    deciding.map(|by| format!("{}/{}", by.plugin, by.failure.as_deref().or(by.rule.as_deref()).unwrap_or_default())).collect()
}

fn recorded_rules(record: &Value) -> Vec<String> {
    let by = record["by"].as_array().map(Vec::as_slice).unwrap_or_default();
    let spoke = by.iter().filter(|by| by["verdict"] != "no-opinion");
    spoke.map(|by| format!("{}/{}: {}", text(by, "/plugin"), text(by, "/rule"), text(by, "/verdict"))).collect()
}

#[cfg(test)]
mod tests;
