//! Approval routers: the first that answers says who approves.

use std::sync::Arc;
use std::time::Instant;


use crate::document::Document;
use crate::facts::Facts;
use crate::failure::{Failure, FailureCause};
use crate::generation::Generation;
use crate::host::Surroundings;
use crate::matching::canary::{Who, is_asked};
use crate::plugin::Plugin;
use crate::wit::{Finding, Route, Waiting};

/// People that one approval may need.
const PEOPLE: u32 = 16;

/// The longest that an approval or its grant lives: 7 days, in seconds.
const EXPIRES_AFTER: u32 = 7 * 24 * 3600;

/// Groups or subjects of one route.
const APPROVERS: usize = 256;

/// A route, and the plugin that gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routed {
    /// The plugin's name.
    pub plugin: Arc<str>,
    /// `sha256:…` of its component.
    pub component: Arc<str>,
    /// `sha256:…` of its configuration.
    pub configuration: Arc<str>,
    /// Microseconds that it took.
    pub microseconds: u64,
    /// Who approves, and how.
    pub route: Route,
}

impl Generation {
    /// Asks the routers in order; nothing when none answers, and the request must then be refused: nobody could approve it. A router that fails
    /// is not passed over, since the next one might ask for less. The bound on `hold` is the caller's.
    pub async fn route(&self, facts: &Facts, body: Option<Arc<dyn Document>>, findings: &[Finding]) -> Result<Option<Routed>, Failure> {
        self.route_in(facts, body, findings, &Surroundings::default()).await
    }

    /// The same, with what the routers may reach besides.
    pub async fn route_in(&self, facts: &Facts, body: Option<Arc<dyn Document>>, findings: &[Finding], surroundings: &Surroundings) -> Result<Option<Routed>, Failure> {
        self.route_by(facts, body.as_ref(), findings, surroundings, |_| true).await
    }

    pub(crate) async fn route_by(
        &self,
        facts: &Facts,
        body: Option<&Arc<dyn Document>>,
        findings: &[Finding],
        surroundings: &Surroundings,
        which: impl Fn(&Plugin) -> bool,
    ) -> Result<Option<Routed>, Failure> {
        let who = Who::new(&facts.identity);
        for plugin in self.routers.iter().filter(|p| which(p) && p.matcher.request(facts, body) && is_asked(p, &self.routers, &who)) {
            let start = Instant::now();
            let result = ask(plugin, facts, body, findings, surroundings).await;
            let time = start.elapsed();
            let route = result.inspect_err(|failure| {
                plugin.metrics.failed(failure.cause.kind());
                tracing::warn!(plugin = %plugin.name, %failure, "a policy plugin failed");
            })?;
            if let Some(route) = route {
                return Ok(Some(Routed {
                    plugin: plugin.name.clone(),
                    component: plugin.component.clone(),
                    configuration: plugin.configuration.clone(),
                    microseconds: time.as_micros() as u64,
                    route,
                }));
            }
        }
        Ok(None)
    }
}

async fn ask(plugin: &Plugin, facts: &Facts, body: Option<&Arc<dyn Document>>, findings: &[Finding], surroundings: &Surroundings) -> Result<Option<Route>, Failure> {
    let state = || {
        let mut state = plugin.state_in(surroundings);
        state.documents.extend(body.cloned());
        state
    };
    let (route, _) = plugin.make(plugin.version.route(plugin.call(&state), facts, body.is_some(), findings)).await?;
    match route.as_ref().map(check) {
        None | Some(Ok(())) => Ok(route),
        Some(Err(why)) => Err(plugin.callable().failure(FailureCause::Answer(why))),
    }
}

/// A route that nobody could follow, or that asks for nobody, is a mistake and not an approval.
fn check(route: &Route) -> Result<(), String> {
    if route.groups.is_empty() && route.subjects.is_empty() {
        return Err("its route names no group and no subject that could approve".to_owned());
    }
    if route.groups.len() > APPROVERS || route.subjects.len() > APPROVERS {
        return Err(format!("its route names more than {APPROVERS} groups or subjects"));
    }
    if !(1..=PEOPLE).contains(&route.needed) {
        return Err(format!("its route needs {} people, and may need 1 to {PEOPLE}", route.needed));
    }
    if !(1..=EXPIRES_AFTER).contains(&route.expires_after) {
        return Err(format!("its route expires after {} seconds, and may after 1 to {EXPIRES_AFTER}", route.expires_after));
    }
    if route.waiting == Waiting::Hold(0) {
        return Err("its route holds for 0 seconds; it means retry".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
