//! Judging recorded requests by a set that is not live: elsewhere, later, and without what was around the gateway then.

mod around;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use kube_request::Json;
use masking::Plan;

use crate::counts::MemoryCounts;
use crate::elsewhere::around::Around;
use crate::engine::Engine;
use crate::facts::Facts;
use crate::failure::Failure;
use crate::generation::{Decision, Generation, Judgement, Routed};
use crate::load::{Beside, LoadError, beside};
use crate::trial::everything;
use crate::wit::{Finding, ResponseKind, World};

/// A set, compiled and configured, that judges nothing but what it is given here.
pub struct Elsewhere {
    generation: Generation,
    /// What the requests that were judged so far have charged.
    counts: MemoryCounts,
}

/// A body as the log has it.
#[derive(Clone)]
pub struct KeptBody {
    /// What it says.
    pub json: Arc<Json>,
    /// Values in it are masked.
    pub masked: bool,
}

/// What a guard looked at and cannot see here as it would at the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unseen {
    /// Values of the body that are masked in the log.
    Masked,
    /// What the write would make.
    Preview,
    /// Objects of the cluster, or its RBAC.
    Cluster,
    /// Counts: only what the requests judged here have charged is in them.
    Counts,
}

impl Unseen {
    /// For people, after "looks at".
    pub fn as_str(self) -> &'static str {
        match self {
            Unseen::Masked => "values that are masked in the log",
            Unseen::Preview => "a preview, which is not here",
            Unseen::Cluster => "the cluster, which is not here",
            Unseen::Counts => "counts, which begin with the first of these requests",
        }
    }
}

/// What a set says of a request, and how far that can be relied on.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What it says.
    pub judgement: Judgement,
    /// Guards that looked at what they cannot see here, and what that is: their verdicts at the gateway may be others.
    pub unseen: BTreeMap<String, Vec<Unseen>>,
}

impl Elsewhere {
    /// Reads, compiles and configures a bundle; its cases are not run. All that it asks for is granted, and nothing is behind it. Takes as long as compiling
    /// takes, and milliseconds with a warm cache.
    ///
    /// # Errors
    /// When it could not go live, its cases aside.
    pub async fn load(engine: &Engine, dir: &Path) -> Result<Elsewhere, LoadError> {
        let Beside { generation, .. } = beside(engine, dir, everything, |plugin| !matches!(plugin.world, World::AuditSink | World::Notifier)).await?;
        Ok(Elsewhere { generation, counts: MemoryCounts::default() })
    }

    /// Judges a request as of `now`, in milliseconds since 1970: that is what the clock says. `forwards`: whether the connection lets through what no
    /// guard has an opinion on. What a request charges is kept when it would be forwarded, so give them in their order.
    pub async fn judge(&self, facts: &Facts, body: Option<&KeptBody>, now: u64, forwards: bool) -> Judged {
        let around = Around::new(self.counts.aside(seconds(now)));
        let judgement = self.generation.judge_in(facts, around.document(body), &around.surroundings(now)).await;
        let mut unseen = BTreeMap::new();
        if !around.unseen().is_empty() {
            // Which of them it was, each is asked alone. The counts are as they were before.
            for by in &judgement.by {
                let around = Around::new(self.counts.aside(seconds(now)));
                let (document, surroundings) = (around.document(body), around.surroundings(now));
                self.generation.judge_by(facts, document.as_ref(), &surroundings, |plugin| plugin.name == by.plugin).await;
                if !around.unseen().is_empty() {
                    unseen.insert(by.plugin.to_string(), around.unseen());
                }
            }
        }
        let forwarded = judgement.decision == Decision::Allow || judgement.decision == Decision::NoOpinion && forwards;
        if forwarded && !facts.request.dry_run {
            self.counts.take(around.counts());
        }
        Judged { judgement, unseen }
    }

    /// Asks the routers who would approve it. Nothing when none says so.
    ///
    /// # Errors
    /// When a router fails: the request is refused then.
    pub async fn route(&self, facts: &Facts, body: Option<&KeptBody>, findings: &[Finding], now: u64) -> Result<Option<Routed>, Failure> {
        let around = Around::new(self.counts.aside(seconds(now)));
        self.generation.route_in(facts, around.document(body), findings, &around.surroundings(now)).await
    }

    /// What would be masked in the answers to one kind of request, rules named `plugin/rule`.
    ///
    /// # Errors
    /// When a masker fails: the answer is refused then.
    pub async fn mask_plan(&self, kind: &ResponseKind) -> Result<Plan, Failure> {
        self.generation.merged_plan(kind).await
    }
}

fn seconds(milliseconds: u64) -> i64 {
    i64::try_from(milliseconds / 1000).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
