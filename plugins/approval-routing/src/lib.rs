//! The approval router `approval-routing`: who must approve what a guard wants approved, how many of them, whether the request waits for
//! them, and what a granted approval lets through.
//!
//! The first route that fits decides. A request that no route fits is left to the next router; with none, the gateway
//! refuses it.
//!
//! ```yaml
//! zone: { offset: "+01:00", summer: eu }
//! routes:
//!   - match: [{ namespaces: [prod] }]
//!     groups: [prod-owners]
//!     needed: 2
//!     wait: retry
//!   - during: [{ from: "18:00", to: "08:00" }]
//!     groups: [on-call]
//!   - groups: [approvers]
//!     wait: 2m
//! ```

use portcullis_sdk::calendar::{Hours, Moment, Zone};
use portcullis_sdk::matching::Patterns;
use portcullis_sdk::routing::{self, Scope, Wait};
use portcullis_sdk::{Finding, JsonSchema, Match, Request, Route, Seconds, approval_router, clock};
use serde::Deserialize;

/// The configuration of `approval-routing`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// By which clock the routes' hours are meant. Without it, UTC.
    #[serde(default)]
    pub zone: Zone,
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
    /// Only in any of these hours: who is asked at night need not be who is asked by day.
    #[serde(default)]
    pub during: Option<Vec<Hours>>,
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
pub fn route(config: &Config, request: &Request<'_>, findings: &[Finding]) -> Option<Route> {
    let mut shown = None;
    // What does not depend on the hour needs no clock.
    let mut moment = || *shown.get_or_insert_with(|| config.zone.moment(clock::now()));
    let rule = config.routes.iter().find(|rule| rule.fits(request, findings, &mut moment))?;
    Some(Route {
        groups: rule.groups.clone(),
        subjects: rule.subjects.clone(),
        needed: rule.needed,
        expires_after: rule.expires.0,
        waiting: rule.wait.into(),
        scope: rule.scope.into(),
    })
}

impl RouteRule {
    fn fits(&self, request: &Request<'_>, findings: &[Finding], moment: &mut impl FnMut() -> Moment) -> bool {
        routing::is_about(self.matches.as_deref(), self.rules.as_ref(), request, findings)
            && self.during.as_ref().is_none_or(|during| during.iter().any(|hours| hours.hold(&moment())))
    }
}

/// What the types cannot say: somebody must be able to approve, and within the limits.
fn validate(config: &Config) -> Result<(), String> {
    if config.routes.is_empty() {
        return Err("routes: without a route nothing can be approved: add one with `groups`".to_owned());
    }
    for (index, rule) in config.routes.iter().enumerate() {
        let fail = |message: String| format!("routes[{index}]: {message}");
        routing::check(rule.groups.len(), rule.subjects.len(), rule.needed, rule.expires, rule.wait).map_err(fail)?;
        if rule.matches.as_ref().is_some_and(Vec::is_empty) {
            return Err(fail("match: an empty list fits nothing: leave the key out to fit everything".to_owned()));
        }
        if rule.during.as_ref().is_some_and(Vec::is_empty) {
            return Err(fail("during: an empty list is no hour: leave the key out for any".to_owned()));
        }
        for (hour, hours) in rule.during.iter().flatten().enumerate() {
            hours.validate().map_err(|why| fail(format!("during[{hour}]: {why}")))?;
        }
    }
    Ok(())
}

approval_router! { config: Config, schema: "../schema.json", validate: validate, route: route }

#[cfg(test)]
mod tests;
