//! What came of judging recorded requests again, for people and for programs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Left;
use crate::commands::failure::Failure;
use crate::commands::output::{self, Column, Output, clean, text, time};

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// One for each decision that is another, as `--output json` prints it.
    pub changes: Vec<Value>,
    /// One for each request that others would have to approve.
    pub routes: Vec<Value>,
    /// One for each kind of request whose answers would be masked by other rules.
    pub masking: Vec<Value>,
    /// Requests that were judged again.
    pub(super) judged: u64,
    /// Those of them whose body has values that are masked in the log.
    pub(super) masked: u64,
    /// Those about which a guard was asked that looked at what is not here, by what that is.
    pub(super) unseen: BTreeMap<String, u64>,
    pub(super) left: BTreeMap<Left, u64>,
    /// There were more records than the limit.
    pub(super) cut: bool,
}

impl Outcome {
    /// Prints the changes, and what to think of them.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub fn print(&self, output: Output) -> Result<(), Failure> {
        match output {
            Output::Json => {
                for line in self.changes.iter().chain(&self.routes).chain(&self.masking) {
                    output::say(&line.to_string())?;
                }
                output::say(&json!({ "summary": self.summary() }).to_string())
            }
            Output::Table => output::say(self.shown().trim_end()),
        }
    }

    pub(super) fn summary(&self) -> Value {
        let left: serde_json::Map<String, Value> = self.left.iter().map(|(left, n)| (left.why().to_owned(), (*n).into())).collect();
        let transitions = self.transitions().into_iter();
        let transitions: Vec<Value> = transitions
            .map(|((from, to), (requests, last))| json!({ "from": from, "to": to, "requests": requests, "example": { "id": last["id"], "command": last["command"] } }))
            .collect();
        json!({
            "judged": self.judged,
            "changed": self.changes.len(),
            "transitions": transitions,
            "routed_otherwise": self.routes.len(),
            "masked_otherwise": self.masking.len(),
            "masked_bodies": self.masked,
            "unseen": self.unseen,
            "not_judged": left,
            "cut": self.cut,
        })
    }

    /// From which decision to which, how often, and the last of them.
    fn transitions(&self) -> BTreeMap<(String, String), (u64, &Value)> {
        let mut counted = BTreeMap::new();
        for change in &self.changes {
            let entry = counted.entry((text(change, "/before/decision"), text(change, "/after/decision"))).or_insert((0, change));
            *entry = (entry.0 + 1, change);
        }
        counted
    }

    /// For people: equal changes are one line.
    pub fn shown(&self) -> String {
        let changes = grouped(&self.changes, &["/identity/subject", "/command", "/before/decision", "/after/decision", "/after/rules"]);
        let mut shown = if changes.is_empty() { "no decision would change\n".to_owned() } else { output::table(&changes, &CHANGES) };
        if !self.routes.is_empty() {
            shown.push_str("\nOthers would approve:\n");
            shown.push_str(&output::table(&grouped(&self.routes, &["/identity/subject", "/command", "/route"]), &ROUTES));
        }
        if !self.masking.is_empty() {
            shown.push_str("\nAnswers would be masked by other rules:\n");
            shown.push_str(&output::table(&self.masking, &MASKING));
        }
        shown.push_str(&format!("\n{} of {} requests would be decided otherwise.\n", self.changes.len(), self.judged));
        for ((from, to), (n, last)) in self.transitions() {
            shown.push_str(&format!("{n} from {from} to {to}, such as {}.\n", clean(&text(last, "/id"))));
        }
        if self.cut {
            shown.push_str("Only the newest were judged; --limit N takes more.\n");
        }
        if self.masked > 0 {
            shown.push_str(&format!("{} have a body with values that are masked in the log.\n", self.masked));
        }
        for (what, n) in &self.unseen {
            shown.push_str(&format!("{n}: {}; its verdict may be another at the gateway.\n", clean(what)));
        }
        for (left, n) in &self.left {
            shown.push_str(&format!("{n} were not judged: {}.\n", left.why()));
        }
        shown
    }
}

/// Those that say the same at these pointers as one, the last, with how many there are.
fn grouped(lines: &[Value], same: &[&str]) -> Vec<Value> {
    let mut grouped: BTreeMap<Vec<String>, (u64, &Value)> = BTreeMap::new();
    for line in lines {
        let entry = grouped.entry(same.iter().map(|pointer| text(line, pointer)).collect()).or_insert((0, line));
        *entry = (entry.0 + 1, line);
    }
    let row = |(times, line): (u64, &Value)| {
        let mut row = line.clone();
        row["times"] = times.into();
        row
    };
    grouped.into_values().map(row).collect()
}

const CHANGES: [Column; 8] = [
    ("LAST", |c| time(c, "/time")),
    ("TIMES", |c| text(c, "/times")),
    ("IDENTITY", |c| text(c, "/identity/subject")),
    ("COMMAND", |c| text(c, "/command")),
    ("BEFORE", |c| text(c, "/before/decision")),
    ("AFTER", |c| text(c, "/after/decision")),
    ("BY", |c| c["after"]["rules"].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")),
    ("SURE", |c| if c["uncertain"].as_array().is_none_or(Vec::is_empty) { "yes".to_owned() } else { "no".to_owned() }),
];

const ROUTES: [Column; 6] = [
    ("LAST", |r| time(r, "/time")),
    ("TIMES", |r| text(r, "/times")),
    ("IDENTITY", |r| text(r, "/identity/subject")),
    ("COMMAND", |r| text(r, "/command")),
    ("BEFORE", |r| route(&r["route"]["before"])),
    ("AFTER", |r| route(&r["route"]["after"])),
];

/// `1 of approvers, hold`
fn route(route: &Value) -> String {
    if route.is_null() {
        return "nobody".to_owned();
    }
    if let Some(failure) = route["failure"].as_str() {
        return clean(failure);
    }
    let people = [&route["groups"], &route["subjects"]].into_iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str);
    format!("{} of {}, {}, {}", text(route, "/needed"), people.collect::<Vec<_>>().join(", "), text(route, "/waiting"), text(route, "/scope"))
}

const MASKING: [Column; 4] = [
    ("REQUESTS", |m| text(m, "/requests")),
    ("SUCH AS", |m| text(m, "/command")),
    ("BEFORE", |m| rules(m, "before")),
    ("AFTER", |m| rules(m, "after")),
];

fn rules(masking: &Value, side: &str) -> String {
    let masking = &masking["masking"];
    match masking["failure"][side].as_str() {
        Some(failure) => clean(failure),
        None => masking[side].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
    }
}
