//! Maskers: asked once per kind of request and generation; the plan is kept.

use std::sync::Arc;

use masking::{CompiledPlan, Plan};
use quick_cache::sync::Cache;

use crate::failure::{Failure, FailureCause};
use crate::generation::Generation;
use crate::plugin::Plugin;
use crate::wit::{Candidate, ResponseKind};

/// Plans kept. A cluster with all its custom resources has some hundreds of kinds of request; what an agent invents evicts others, and costs
/// a call.
const PLANS: usize = 2048;

/// Candidates of one call to `inspect`.
const CANDIDATES: usize = 1024;

pub(super) struct Plans(Cache<ResponseKind, Arc<CompiledPlan>>);

impl Plans {
    pub(super) fn new() -> Plans {
        Plans(Cache::new(PLANS))
    }
}

impl Generation {
    /// The plan for the answers to one kind of request: what any masker wants masked is. Rules are named `plugin/rule`. Kept for the
    /// generation; the first call for a kind takes some hundred microseconds. On failure the answer must be refused, since nobody knows what to
    /// mask in it.
    pub async fn mask_plan(&self, kind: &ResponseKind) -> Result<Arc<CompiledPlan>, Failure> {
        if let Some(plan) = self.plans.0.get(kind) {
            return Ok(plan);
        }
        let plans = self.plans_for(kind).await?;
        let merged = Plan::merge(plans.iter().map(|(_, plan)| plan));
        let plan = match (CompiledPlan::compile(&merged), plans.first()) {
            (Ok(plan), _) => Arc::new(plan),
            // Only several plans together can be too large now.
            (Err(error), Some((plugin, _))) => return Err(failed(plugin, FailureCause::Answer(error.to_string()))),
            (Err(error), None) => {
                let plugin: Arc<str> = "masking".into();
                return Err(Failure { plugin, cause: FailureCause::Answer(error.to_string()) });
            }
        };
        self.plans.0.insert(kind.clone(), plan.clone());
        Ok(plan)
    }

    /// What each masker wants, its rules named `plugin/rule`.
    async fn plans_for(&self, kind: &ResponseKind) -> Result<Vec<(&Plugin, Plan)>, Failure> {
        let mut plans = Vec::new();
        for plugin in &self.maskers {
            if let Some(mut plan) = plan_of(plugin, kind).await? {
                for rule in &mut plan.rules {
                    rule.name = format!("{}/{}", plugin.name, rule.name);
                }
                // Compiled alone first, so that a mistake is put down to the plugin that made it.
                CompiledPlan::compile(&plan).map_err(|e| failed(plugin, FailureCause::Answer(e.to_string())))?;
                plans.push((plugin, plan));
            }
        }
        Ok(plans)
    }

    /// The same plan, to be looked at instead of carried out.
    pub(crate) async fn merged_plan(&self, kind: &ResponseKind) -> Result<Plan, Failure> {
        let plans = self.plans_for(kind).await?;
        Ok(Plan::merge(plans.iter().map(|(_, plan)| plan)))
    }

    /// Asks the maskers about values that their rules marked `inspect`: for each, what to show instead, or nothing to let it pass. On
    /// failure the values must be redacted. What a masker logs meanwhile is withheld.
    pub async fn inspect(&self, candidates: &[Candidate]) -> Result<Vec<Option<String>>, Failure> {
        let mut answers: Vec<Option<String>> = vec![None; candidates.len()];
        for plugin in &self.maskers {
            let prefix = format!("{}/", plugin.name);
            let of_plugin = |c: &Candidate| c.rule.strip_prefix(&prefix).map(|rule| Candidate { rule: rule.to_owned(), ..c.clone() });
            let (places, own): (Vec<usize>, Vec<Candidate>) = candidates.iter().enumerate().filter_map(|(i, c)| Some((i, of_plugin(c)?))).unzip();
            for (places, own) in places.chunks(CANDIDATES).zip(own.chunks(CANDIDATES)) {
                for (place, answer) in places.iter().zip(inspect(plugin, own).await?) {
                    answers[*place] = answer;
                }
            }
        }
        Ok(answers)
    }

    /// The plan of the one masker of this name, its rules by their own names.
    pub(crate) async fn plan_by(&self, kind: &ResponseKind, name: Option<&str>) -> Result<Plan, Failure> {
        let mut plans = Vec::new();
        for plugin in self.maskers.iter().filter(|p| name.is_none_or(|name| name == &*p.name)) {
            if let Some(plan) = plan_of(plugin, kind).await? {
                CompiledPlan::compile(&plan).map_err(|e| failed(plugin, FailureCause::Answer(e.to_string())))?;
                plans.push(plan);
            }
        }
        Ok(Plan::merge(&plans))
    }
}

async fn plan_of(plugin: &Plugin, kind: &ResponseKind) -> Result<Option<Plan>, Failure> {
    if !plugin.matcher.response(kind) {
        return Ok(None);
    }
    match plugin.make(plugin.version.plan(plugin.call(&|| plugin.state()), kind)).await {
        Ok((plan, _)) => Ok(Some(plan)),
        Err(failure) => Err(failed(plugin, failure.cause)),
    }
}

async fn inspect(plugin: &Plugin, candidates: &[Candidate]) -> Result<Vec<Option<String>>, Failure> {
    let state = || {
        let mut state = plugin.state();
        state.log.withhold();
        state
    };
    let Some(call) = plugin.inspect(&state) else { return Ok(vec![None; candidates.len()]) };
    let (answers, _) = plugin.make(plugin.version.inspect(call, candidates)).await.map_err(|failure| failed(plugin, failure.cause))?;
    if answers.len() != candidates.len() {
        let why = format!("it was asked about {} values and answered {}", candidates.len(), answers.len());
        return Err(failed(plugin, FailureCause::Answer(why)));
    }
    Ok(answers)
}

fn failed(plugin: &Plugin, cause: FailureCause) -> Failure {
    plugin.metrics.failed(cause.kind());
    let failure = plugin.callable().failure(cause);
    tracing::warn!(plugin = %plugin.name, %failure, "a policy plugin failed");
    failure
}

#[cfg(test)]
mod tests;
