//! The approval router `live-routing`: who must approve, by what a request would hit in the cluster as it is now. `README.md` beside it is for operators.
//!
//! Like `approval-routing`, and it reads the cluster: how many pods a request would hit, and which team a namespace belongs to by its label. It stands before
//! `approval-routing` in a bundle, which answers for what no route here fits.
//!
//! ```yaml
//! routes:
//!   - at_least_pods: 20
//!     groups: [platform]
//!     needed: 2
//!   - team: { label: example.com/team, group: "{}-owners" }
//!     wait: 2m
//! ```

use portcullis_sdk::matching::Patterns;
use portcullis_sdk::routing::{self, Scope, Wait};
use portcullis_sdk::{Finding, JsonSchema, Match, Request, Route, Seconds, approval_router, log};
use serde::Deserialize;

mod reach;
mod team;

pub use team::Team;

/// The configuration of `live-routing`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// In order: the first that fits decides.
    pub routes: Vec<RouteRule>,
}

/// Some requests, and who approves them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteRule {
    /// The requests that it is about: those that fit one of these. Without it, all.
    #[serde(rename = "match")]
    pub matches: Option<Vec<Match>>,
    /// Only what was held by a rule of one of these names.
    pub rules: Option<Patterns>,
    /// Only what would hit at least so many pods. What cannot be counted counts as more.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub at_least_pods: Option<u32>,
    /// Only what is in a namespace that belongs to a team, and that team's group may approve it.
    #[serde(default)]
    pub team: Option<Team>,
    /// Any member of these groups may approve.
    #[serde(default)]
    pub groups: Vec<String>,
    /// So may these subjects.
    #[serde(default)]
    pub subjects: Vec<String>,
    /// How many distinct people are needed.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 16))]
    pub needed: u32,
    /// After how long an unanswered approval, or an unused grant, expires.
    #[serde(default = "quarter_of_an_hour")]
    pub expires: Seconds,
    /// How long the request waits for an answer, at most ten minutes; or `retry`: it is answered at once, and the agent
    /// runs the same command again once it is approved.
    #[serde(default)]
    pub wait: Wait,
    /// What a granted approval lets through, once.
    #[serde(default)]
    pub scope: Scope,
}

fn one() -> u32 {
    1
}

fn quarter_of_an_hour() -> Seconds {
    Seconds::minutes(15)
}

/// The router.
///
/// # Panics
///
/// When it cannot be told whose a namespace is: another route could ask fewer people, so the request is refused.
pub fn route(config: &Config, request: &Request<'_>, findings: &[Finding]) -> Option<Route> {
    // Counted once, and only for a route that asks for it.
    let mut counted = None;
    for rule in config.routes.iter().filter(|rule| routing::is_about(rule.matches.as_deref(), rule.rules.as_ref(), request, findings)) {
        if let Some(least) = rule.at_least_pods {
            let pods = *counted.get_or_insert_with(|| reach::pods(request).unwrap_or_else(|why| {
                log::warn(&format!("it could not be counted what a request would hit, so it counts as more than any number: {why}"));
                u64::MAX
            }));
            if pods < u64::from(least) {
                continue;
            }
        }
        let mut groups = rule.groups.clone();
        if let Some(team) = &rule.team {
            match team.of(request) {
                Ok(Some(group)) => groups.push(group),
                Ok(None) => continue,
                Err(why) => panic!("the team of the namespace could not be read: {why}"),
            }
        }
        return Some(Route {
            groups,
            subjects: rule.subjects.clone(),
            needed: rule.needed,
            expires_after: rule.expires.0,
            waiting: rule.wait.into(),
            scope: rule.scope.into(),
        });
    }
    None
}

/// What the types cannot say.
fn validate(config: &Config) -> Result<(), String> {
    if config.routes.is_empty() {
        return Err("routes: there is none: add one, or leave the plugin out".to_owned());
    }
    for (index, rule) in config.routes.iter().enumerate() {
        let fail = |message: String| format!("routes[{index}]: {message}");
        let groups = rule.groups.len() + usize::from(rule.team.is_some());
        routing::check(groups, rule.subjects.len(), rule.needed, rule.expires, rule.wait).map_err(fail)?;
        if rule.matches.as_ref().is_some_and(Vec::is_empty) {
            return Err(fail("match: an empty list fits nothing: leave the key out to fit everything".to_owned()));
        }
        if rule.at_least_pods == Some(0) {
            return Err(fail("at_least_pods: write a number of 1 or more: leave the key out for any".to_owned()));
        }
        if let Some(team) = &rule.team {
            team.validate().map_err(fail)?;
        }
    }
    Ok(())
}

approval_router! { config: Config, schema: "../schema.json", validate: validate, route: route }

#[cfg(test)]
mod tests;
