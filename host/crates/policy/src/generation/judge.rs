//! Guards: all run, the strictest verdict wins.

use std::sync::Arc;
use std::time::Instant;

use kube_request::is_deceptive;
use quick_cache::sync::Cache;
use serde::{Serialize, Serializer};

use crate::bundle::Mode;
use crate::document::Document;
use crate::facts::{Facts, FactsKey};
use crate::failure::{Failure, FailureCause};
use crate::generation::Generation;
use crate::host::{Excess, Surroundings};
use crate::matching::canary::Who;
use crate::plugin::Plugin;
use crate::wit::{Finding, Verdict};

/// Bytes of a rule's name.
const RULE_BYTES: usize = 256;

/// Bytes of a finding's message, and of its remedy: what kubectl can still show.
const SENTENCE_BYTES: usize = 4096;

/// Findings of one verdict: as many as a person reads.
const FINDINGS: usize = 16;

/// What guards decide, from weakest to strictest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// No guard has an opinion: the connection's default applies.
    NoOpinion,
    /// Let it through.
    Allow,
    /// A person must approve first.
    RequireApproval,
    /// Refuse.
    Deny,
}

impl Decision {
    /// As records and cases spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Decision::NoOpinion => "no-opinion",
            Decision::Allow => "allow",
            Decision::RequireApproval => "require-approval",
            Decision::Deny => "deny",
        }
    }
}

impl Serialize for Decision {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What one plugin said, for the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct By {
    /// The plugin's name.
    pub plugin: Arc<str>,
    /// `sha256:…` of its component.
    pub component: Arc<str>,
    /// `sha256:…` of its configuration.
    pub configuration: Arc<str>,
    /// Its verdict. A plugin that failed denies.
    pub verdict: Decision,
    /// The rule that it names; of several findings the first one's.
    pub rule: Option<Arc<str>>,
    /// Microseconds that it took.
    pub microseconds: u64,
    /// It was not run: it said this before about equal facts.
    pub remembered: bool,
    /// `monitor`: recorded, not counted. A canary monitors those who are not in it.
    pub mode: Mode,
    /// For a canary: whether the identity is in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary: Option<bool>,
    /// Why it could not be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// What all guards say of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The strictest verdict of those that count.
    pub decision: Decision,
    /// Each guard that was asked, in the bundle's order.
    pub by: Vec<By>,
    /// The findings that make up the decision: of the denials when it is denied, of what needs approval when it does.
    pub findings: Vec<(Arc<str>, Finding)>,
    /// The first guard behind the decision one of whose charges did not fit, and by how much.
    pub exceeded: Option<(Arc<str>, Excess)>,
    /// Set when it is denied because a guard could not be asked and none denied by itself: the cause is then `PolicyFailed`.
    pub failure: Option<Failure>,
}

/// A guard and what it said before.
pub(super) struct Guard {
    pub plugin: Plugin,
    /// Verdicts by facts, only of a pure component. The facts hold the hash of the body, so a body that was read is part of the key.
    memory: Option<Cache<FactsKey, Remembered>>,
    /// The canary that this guard gives way to, as its index.
    replaced_by: Option<usize>,
}

/// Tells each guard who replaces it. `bundle.yaml` was checked: one at most, and that one is not replaced itself.
pub(super) fn link_replacements(guards: &mut [Guard]) {
    for new in 0..guards.len() {
        let Some(old) = guards[new].plugin.replaces.clone() else { continue };
        for guard in guards.iter_mut().filter(|guard| guard.plugin.name == old) {
            guard.replaced_by = Some(new);
        }
    }
}

/// Small, since thousands are kept: everything in it is shared.
type Remembered = Arc<Said>;

struct Said {
    decision: Decision,
    /// Of the first finding, or of what allows.
    rule: Option<Arc<str>>,
    findings: Vec<Finding>,
}

impl Guard {
    pub(super) fn new(plugin: Plugin, remember: usize) -> Guard {
        let memory = (plugin.pure && remember > 0).then(|| Cache::new(remember));
        Guard { plugin, memory, replaced_by: None }
    }

    async fn ask(&self, facts: &Facts, body: Option<&Arc<dyn Document>>, surroundings: &Surroundings) -> Result<Asked, Failure> {
        let state = || {
            let mut state = self.plugin.state_in(surroundings);
            state.documents.extend(body.cloned());
            state
        };
        let (verdict, state) = self.plugin.make(self.plugin.version.evaluate(self.plugin.call(&state), facts, body.is_some())).await?;
        let said = read(verdict).map_err(|why| self.plugin.callable().failure(FailureCause::Answer(why)))?;
        Ok(Asked { said: Arc::new(said), may_be_remembered: !state.previewed, excess: state.excess() })
    }
}

struct Asked {
    said: Remembered,
    may_be_remembered: bool,
    excess: Option<Excess>,
}

fn read(verdict: Verdict) -> Result<Said, String> {
    Ok(match verdict {
        Verdict::NoOpinion => Said { decision: Decision::NoOpinion, rule: None, findings: Vec::new() },
        Verdict::Allow(rule) => Said { decision: Decision::Allow, rule: Some(rule_name(&rule)?), findings: Vec::new() },
        Verdict::RequireApproval(findings) => with_findings(Decision::RequireApproval, findings)?,
        Verdict::Deny(findings) => with_findings(Decision::Deny, findings)?,
    })
}

fn with_findings(decision: Decision, mut findings: Vec<Finding>) -> Result<Said, String> {
    if !(1..=FINDINGS).contains(&findings.len()) {
        return Err(format!("it gives {} findings, and may give 1 to {FINDINGS}", findings.len()));
    }
    let mut rules = Vec::with_capacity(findings.len());
    for finding in &mut findings {
        rules.push(shown(finding)?);
    }
    Ok(Said { decision, rule: rules.into_iter().next(), findings })
}

/// Makes a finding fit to be shown, and gives its rule. Its sentences may quote what an agent wrote: nothing in them moves a terminal's cursor, turns
/// the reading direction on an approver's page, or hides.
pub(super) fn shown(finding: &mut Finding) -> Result<Arc<str>, String> {
    let rule = rule_name(&finding.rule)?;
    for text in std::iter::once(&mut finding.message).chain(&mut finding.remedy) {
        let obeyed = |c: char| is_deceptive(c) && c != '\n';
        if text.contains(obeyed) {
            *text = text.replace(obeyed, " ");
        }
        text.truncate(text.floor_char_boundary(SENTENCE_BYTES));
    }
    Ok(rule)
}

fn rule_name(rule: &str) -> Result<Arc<str>, String> {
    match rule.len() {
        1..=RULE_BYTES if rule.contains(is_deceptive) => Err("the name of its rule holds a control character, or one that is not seen".to_owned()),
        1..=RULE_BYTES => Ok(rule.into()),
        n => Err(format!("the name of its rule has {n} bytes, and may have 1 to {RULE_BYTES}")),
    }
}

impl Generation {
    /// Asks every guard whose `match` holds. The strictest verdict wins: deny over require-approval over allow over no opinion. A guard that
    /// traps, or does not answer in time, denies. Waits for as long as the guards' deadlines together, mostly some microseconds.
    pub async fn judge(&self, facts: &Facts, body: Option<Arc<dyn Document>>) -> Judgement {
        self.judge_in(facts, body, &Surroundings::default()).await
    }

    /// The same, with what the guards may reach besides. What they charge is theirs to keep who gave the counts: it is to be given back when the request
    /// is not forwarded.
    pub async fn judge_in(&self, facts: &Facts, body: Option<Arc<dyn Document>>, surroundings: &Surroundings) -> Judgement {
        self.judge_by(facts, body.as_ref(), surroundings, |_| true).await
    }

    /// The same with the guards that `which` picks.
    pub(crate) async fn judge_by(&self, facts: &Facts, body: Option<&Arc<dyn Document>>, surroundings: &Surroundings, which: impl Fn(&Plugin) -> bool) -> Judgement {
        let mut judgement = Judgement { decision: Decision::NoOpinion, by: Vec::with_capacity(self.guards.len()), findings: Vec::new(), exceeded: None, failure: None };
        let mut key: Option<FactsKey> = None;
        let who = Who::new(&facts.identity);
        let in_canary = |plugin: &Plugin| plugin.canary.as_ref().map(|canary| canary.holds(&who));
        for guard in &self.guards {
            let plugin = &guard.plugin;
            if !which(plugin) || !plugin.matcher.request(facts, body) {
                continue;
            }
            // For its canary the new guard stands in the old one's place altogether, its `match` included.
            if let Some(new) = guard.replaced_by.map(|index| &self.guards[index].plugin)
                && which(new)
                && in_canary(new) == Some(true)
            {
                continue;
            }
            let canary = in_canary(plugin);
            let mode = if canary == Some(false) { Mode::Monitor } else { plugin.mode };
            let start = Instant::now();
            let remembered = match &guard.memory {
                Some(memory) => memory.get(key.get_or_insert_with(|| facts.key())),
                None => None,
            };
            let was_remembered = remembered.is_some();
            let mut excess = None;
            let said = match remembered {
                Some(said) => Ok(said),
                None => guard.ask(facts, body, surroundings).await.map(|asked| {
                    excess = asked.excess;
                    if let (Some(memory), Some(key), true) = (&guard.memory, key, asked.may_be_remembered) {
                        memory.insert(key, asked.said.clone());
                    }
                    asked.said
                }),
            };
            let time = start.elapsed();
            if was_remembered {
                plugin.metrics.remembered();
            }
            let mut by = By {
                plugin: plugin.name.clone(),
                component: plugin.component.clone(),
                configuration: plugin.configuration.clone(),
                verdict: Decision::Deny,
                rule: None,
                microseconds: time.as_micros() as u64,
                remembered: was_remembered,
                mode,
                canary,
                failure: None,
            };
            let counts = mode == Mode::Enforce;
            match said {
                Ok(said) => {
                    by.verdict = said.decision;
                    by.rule.clone_from(&said.rule);
                    if counts {
                        if said.decision > judgement.decision {
                            judgement.decision = said.decision;
                            judgement.findings.clear();
                            judgement.exceeded = None;
                        }
                        if said.decision == judgement.decision {
                            if let Some(excess) = excess {
                                judgement.exceeded.get_or_insert((plugin.name.clone(), excess));
                            }
                            judgement.findings.extend(said.findings.iter().map(|finding| (plugin.name.clone(), finding.clone())));
                        }
                    }
                }
                Err(failure) => {
                    plugin.metrics.failed(failure.cause.kind());
                    tracing::warn!(plugin = %plugin.name, %failure, "a policy plugin failed");
                    by.failure = Some(failure.to_string());
                    if counts {
                        if judgement.decision < Decision::Deny {
                            judgement.decision = Decision::Deny;
                            judgement.findings.clear();
                        }
                        judgement.failure.get_or_insert(failure);
                    }
                }
            }
            judgement.by.push(by);
        }
        if !judgement.findings.is_empty() {
            judgement.failure = None;
        }
        judgement
    }
}

#[cfg(test)]
mod canary_tests;
#[cfg(test)]
mod tests;
