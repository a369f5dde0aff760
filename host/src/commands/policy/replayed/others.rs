//! What two sets say besides verdicts: who approves, and what is masked.

use std::collections::BTreeMap;

use policy::{CameRoute, Elsewhere, Finding, Judgement, ResponseKind};
use serde_json::{Value, json};

use super::Recorded;

/// Asks both sets who would approve it. Nothing when they say the same.
pub async fn route(recorded: &Recorded, from: (&Elsewhere, &Judgement), to: (&Elsewhere, &Judgement), now: u64) -> Option<Value> {
    let (before, after) = (asked(recorded, from, now).await, asked(recorded, to, now).await);
    (before != after).then(|| {
        let record = &recorded.record;
        json!({
            "id": record["id"],
            "time": record["time"],
            "identity": record["identity"],
            "command": record["command"]["rendered"],
            "route": { "before": before, "after": after },
        })
    })
}

/// A route; null when no router has one, and then the request is refused.
async fn asked(recorded: &Recorded, (set, judgement): (&Elsewhere, &Judgement), now: u64) -> Value {
    let findings: Vec<Finding> = judgement.findings.iter().map(|(_, finding)| finding.clone()).collect();
    match set.route(&recorded.facts, recorded.body.as_ref(), &findings, now).await {
        Ok(Some(routed)) => json!(CameRoute::from(&routed.route)),
        Ok(None) => Value::Null,
        Err(failure) => json!({ "failure": failure.to_string() }),
    }
}

/// The kinds of answers that the requests had: a plan is for one of them.
#[derive(Default)]
pub struct Kinds(BTreeMap<String, Kind>);

struct Kind {
    kind: ResponseKind,
    requests: u64,
    /// One of the requests.
    example: String,
}

impl Kinds {
    /// There was one more of its kind.
    pub fn add(&mut self, recorded: &Recorded) {
        let kind = &recorded.kind;
        let subresource = kind.subresource.as_deref().unwrap_or_default();
        let key = [&kind.connection, &kind.verb, &kind.group, &kind.version, &kind.resource, subresource].join("\n");
        let kind = self.0.entry(key).or_insert_with(|| Kind {
            kind: kind.clone(),
            requests: 0,
            example: recorded.record["command"]["rendered"].as_str().unwrap_or_default().to_owned(),
        });
        kind.requests += 1;
    }

    /// Those whose answers the two sets mask by other rules.
    pub async fn compared(self, from: &Elsewhere, to: &Elsewhere) -> Vec<Value> {
        let mut differing = Vec::new();
        for Kind { kind, requests, example } in self.0.into_values() {
            let masking = match (from.mask_plan(&kind).await, to.mask_plan(&kind).await) {
                (Ok(before), Ok(after)) if before == after => continue,
                (Ok(before), Ok(after)) => {
                    let names = |plan: &masking::Plan, other: &masking::Plan| -> Vec<String> {
                        plan.rules.iter().filter(|rule| !other.rules.contains(rule)).map(|rule| rule.name.clone()).collect()
                    };
                    json!({ "before": names(&before, &after), "after": names(&after, &before) })
                }
                (before, after) => {
                    let failure = |plan: Result<_, policy::Failure>| plan.err().map(|failure| failure.to_string());
                    json!({ "failure": { "before": failure(before), "after": failure(after) } })
                }
            };
            differing.push(json!({ "command": example, "requests": requests, "masking": masking }));
        }
        differing
    }
}
