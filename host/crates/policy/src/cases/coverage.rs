//! Which rules no case has reached.
//!
//! What a plugin's rules are is its own business. Two things are known all the same: the names that stand in its configuration (under `rule`, and
//! under `name` in the elements of a list, which is where the plugins of this repository and the templates have them), and the kinds of answer that
//! its world has. Whatever of them no case brought about is listed; nothing more is claimed.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::came::Answered;
use crate::wit::World;

/// What the cases reached of one plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Its name.
    pub plugin: String,
    /// Its world.
    pub world: World,
    /// Cases that it had a part in.
    pub cases: usize,
    /// Rules that its configuration names.
    pub rules: usize,
    /// Those of them that no case reached.
    pub unreached: Vec<String>,
    /// Kinds of answer that no case brought about: `deny`, `refuse`, `later`.
    pub unseen: Vec<&'static str>,
}

/// What has been seen of one plugin.
#[derive(Debug, Default)]
struct Seen {
    cases: usize,
    rules: BTreeSet<String>,
    answers: BTreeSet<&'static str>,
}

/// Gathers what cases reach.
#[derive(Debug, Default)]
pub(crate) struct Reached(BTreeMap<String, Seen>);

impl Reached {
    /// Notes what came of a case for one plugin, or for all.
    pub(super) fn note(&mut self, only: Option<&str>, answered: &Answered) {
        let came = &answered.came;
        for by in &answered.by {
            let seen = self.0.entry(by.plugin.to_string()).or_default();
            seen.answers.insert(by.verdict.as_str());
            seen.rules.extend(by.rule.as_ref().map(ToString::to_string));
            if only.is_none() {
                seen.cases += 1;
            }
        }
        for (plugin, finding) in &answered.findings {
            self.0.entry(plugin.clone()).or_default().rules.insert(finding.rule.clone());
        }
        let Some(plugin) = only else { return };
        let seen = self.0.entry(plugin.to_owned()).or_default();
        seen.cases += 1;
        seen.rules.extend(came.rule.iter().chain(came.plan.iter().flatten()).cloned());
        seen.answers.extend(came.session);
        if came.route.is_some() {
            seen.answers.insert("route");
        }
        if came.plan.as_ref().is_some_and(|plan| !plan.is_empty()) {
            seen.answers.insert("plan");
        }
        match &came.delivered {
            None => {}
            Some(Value::String(why)) if why == "later" => drop(seen.answers.insert("later")),
            Some(Value::String(_)) => drop(seen.answers.insert("never")),
            Some(_) => drop(seen.answers.insert("delivered")),
        }
    }

    /// What was reached of a plugin of this configuration.
    pub(crate) fn of(&self, plugin: &str, world: World, configuration: Option<&Value>) -> Coverage {
        let nothing = Seen::default();
        let seen = self.0.get(plugin).unwrap_or(&nothing);
        let mut rules = BTreeSet::new();
        if let Some(configuration) = configuration {
            named(configuration, false, &mut rules);
        }
        let answers: &[&'static str] = match world {
            World::Guard => &["allow", "require-approval", "deny"],
            World::ApprovalRouter => &["route"],
            World::Masker => &["plan"],
            World::AuditSink | World::Notifier => &["delivered", "later", "never"],
            World::SessionPolicy => &["open", "refuse"],
        };
        Coverage {
            plugin: plugin.to_owned(),
            world,
            cases: seen.cases,
            rules: rules.len(),
            unreached: rules.into_iter().filter(|rule| !seen.rules.contains(rule)).collect(),
            unseen: answers.iter().copied().filter(|answer| !seen.answers.contains(answer)).collect(),
        }
    }
}

/// The names of rules in a configuration.
fn named(value: &Value, element: bool, rules: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            let key = map.get("rule").or_else(|| map.get("name").filter(|_| element));
            rules.extend(key.and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| named(value, false, rules));
        }
        Value::Array(items) => items.iter().for_each(|item| named(item, true, rules)),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
