//! Recorded requests, judged by another set.

use std::collections::{BTreeMap, HashMap, VecDeque};

use policy::{Elsewhere, Decision, Judgement};
use serde_json::{Value, json};

use super::recorded::{self, Left, Recorded};
use crate::client::{Client, ClientError};
use crate::commands::failure::Failure;
use crate::commands::output::{self, Column, Output, clean, text, time};

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

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// One for each decision that is another, as `--output json` prints it.
    pub changes: Vec<Value>,
    /// Requests that were judged again.
    judged: u64,
    /// Those of them whose body was kept masked, so that policies saw another.
    masked: u64,
    /// Those about which a guard was asked that looks at what is not here, by what that is.
    elsewhere: BTreeMap<String, u64>,
    left: BTreeMap<Left, u64>,
    /// There were more records than the limit.
    cut: bool,
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
    for record in records {
        match one(client, record, &mut sessions).await? {
            Ok(recorded) => judge(&recorded, candidate, reference, &defaults, &mut outcome).await,
            Err(left) => *outcome.left.entry(left).or_default() += 1,
        }
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
    if recorded::has_body(&record) {
        let shown: Value = client.get(&["audit", "records", &text(&record, "/id")], &[]).await?;
        body = shown["request_body"].as_str().filter(|_| shown["cut"] != true).map(str::to_owned);
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
    let settled = |judgement: &Judgement| match judgement.decision {
        Decision::NoOpinion => defaults.get(&recorded.facts.request.connection).copied().unwrap_or(Decision::Deny),
        decision => decision,
    };
    let after = candidate.judge(&recorded.facts, recorded.body.clone(), now).await;
    let (before, rules) = match reference {
        Some(reference) => {
            let before = reference.judge(&recorded.facts, recorded.body.clone(), now).await;
            (settled(&before), rules(&before))
        }
        None => (recorded.decision, recorded_rules(&recorded.record)),
    };
    let mut uncertain = Vec::new();
    if !recorded.exact {
        outcome.masked += 1;
        uncertain.push("values of its body are masked in the log".to_owned());
    }
    let elsewhere = candidate.blind(recorded.body.is_some());
    for (plugin, what) in elsewhere.iter().filter(|(plugin, _)| after.by.iter().any(|by| *by.plugin == ***plugin)) {
        let what = what.join(" and ");
        *outcome.elsewhere.entry(format!("{plugin} looks at {what}")).or_default() += 1;
        uncertain.push(format!("{plugin} looks at {what}, which is not here"));
    }
    outcome.judged += 1;
    if settled(&after) != before {
        let record = &recorded.record;
        outcome.changes.push(json!({
            "id": record["id"],
            "time": record["time"],
            "identity": record["identity"],
            "command": record["command"]["rendered"],
            "before": { "decision": before.as_str(), "rules": rules },
            "after": { "decision": settled(&after).as_str(), "rules": self::rules(&after) },
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

impl Outcome {
    /// Prints the changes, and what to think of them.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub fn print(&self, output: Output) -> Result<(), Failure> {
        match output {
            Output::Json => {
                for change in &self.changes {
                    output::say(&change.to_string())?;
                }
                output::say(&json!({ "summary": self.summary() }).to_string())
            }
            Output::Table => output::say(self.shown().trim_end()),
        }
    }

    fn summary(&self) -> Value {
        let left: serde_json::Map<String, Value> = self.left.iter().map(|(left, n)| (left.why().to_owned(), (*n).into())).collect();
        json!({
            "judged": self.judged,
            "changed": self.changes.len(),
            "masked_bodies": self.masked,
            "elsewhere": self.elsewhere,
            "not_judged": left,
            "cut": self.cut,
        })
    }

    /// For people: equal changes are one line.
    pub fn shown(&self) -> String {
        let mut grouped: BTreeMap<[String; 5], (u64, &Value)> = BTreeMap::new();
        for change in &self.changes {
            let key = ["/identity/subject", "/command", "/before/decision", "/after/decision", "/after/rules"].map(|pointer| text(change, pointer));
            let entry = grouped.entry(key).or_insert((0, change));
            *entry = (entry.0 + 1, change);
        }
        let rows: Vec<Value> = grouped
            .into_values()
            .map(|(times, change)| {
                let mut row = change.clone();
                row["times"] = times.into();
                row
            })
            .collect();
        let mut shown = if rows.is_empty() { "no decision would change\n".to_owned() } else { output::table(&rows, &COLUMNS) };
        shown.push_str(&format!("\n{} of {} requests would be decided otherwise.\n", self.changes.len(), self.judged));
        if self.cut {
            shown.push_str("Only the newest were judged; --limit N takes more.\n");
        }
        if self.masked > 0 {
            shown.push_str(&format!("{} have a body with values that are masked in the log: policies saw others.\n", self.masked));
        }
        for (what, n) in &self.elsewhere {
            shown.push_str(&format!("{n}: {}, which is not here; its verdict may be another at the gateway.\n", clean(what)));
        }
        for (left, n) in &self.left {
            shown.push_str(&format!("{n} were not judged: {}.\n", left.why()));
        }
        shown
    }
}

const COLUMNS: [Column; 8] = [
    ("LAST", |c| time(c, "/time")),
    ("TIMES", |c| text(c, "/times")),
    ("IDENTITY", |c| text(c, "/identity/subject")),
    ("COMMAND", |c| text(c, "/command")),
    ("BEFORE", |c| text(c, "/before/decision")),
    ("AFTER", |c| text(c, "/after/decision")),
    ("BY", |c| c["after"]["rules"].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")),
    ("SURE", |c| if c["uncertain"].as_array().is_none_or(Vec::is_empty) { "yes".to_owned() } else { "no".to_owned() }),
];

#[cfg(test)]
mod tests;
