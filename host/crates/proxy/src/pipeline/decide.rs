//! The decision: every guard that applies, the strictest verdict, and the approval when one is needed.

use std::sync::Arc;

use kube_request::{Cause, KubeRequest, Refusal};
use ledger::Decision as Recorded;
use policy::{Decision, Failure, Finding, Generation, Judgement};

use super::{approve, document, facts, kept};
use crate::capabilities::{self, Tab};
use crate::connection::{Connection, Unjudged};
use crate::gateway::{Caller, Gateway};
use crate::trail::Trail;

/// Proof that a decision to forward was made. Only this module makes one.
pub struct Permit {
    /// What an approval was bound to, when there was one: the API server is asked to check it once more.
    pub(super) bound: Option<Bound>,
    /// What the policies charged, to be kept when the request goes out.
    pub(super) tab: Tab,
}

/// An object in a version, or in any.
pub struct Bound {
    pub(super) uid: String,
    pub(super) resource_version: Option<String>,
}

/// Judges the request, and waits for a person when a guard wants one.
///
/// # Errors
/// The refusal, when the decision is not to forward.
pub async fn permit(
    gateway: &Arc<Gateway>,
    trail: &mut Trail,
    generation: &Arc<Generation>,
    connection: &Arc<Connection>,
    caller: &Caller,
    request: &KubeRequest,
) -> Result<Permit, Refusal> {
    let facts = facts::of(&connection.name, caller, request, trail);
    let body = document::of(connection, caller, request);
    // Whatever leads out of here without a permit drops the tab, and so gives back what was charged.
    let (around, tab) = capabilities::around(gateway, connection, caller, request);
    let judgement = generation.judge_in(&facts, body.clone(), &around).await;
    trail.judged(generation.number, &judgement);
    if !forwarded(judgement.decision, connection) {
        // What is refused or held is what people ask about, and what other policies are tried on.
        trail.body(kept::of(gateway, generation, connection, request).await);
    }
    match judgement.decision {
        Decision::Deny => Err(denied(&judgement)),
        Decision::RequireApproval => {
            let bound = approve::obtain(gateway, trail, generation, connection, caller, request, &facts, body, &judgement.findings, &around).await?;
            Ok(Permit { bound, tab })
        }
        Decision::Allow => {
            trail.decided(Recorded::Allow);
            Ok(Permit { bound: None, tab })
        }
        Decision::NoOpinion => match connection.unjudged {
            Unjudged::Allow => {
                trail.decided(Recorded::Allow);
                Ok(Permit { bound: None, tab })
            }
            Unjudged::Deny => Err(unjudged()),
        },
    }
}

/// Whether the policies let it through as it is.
fn forwarded(decision: Decision, connection: &Connection) -> bool {
    decision == Decision::Allow || decision == Decision::NoOpinion && connection.unjudged == Unjudged::Allow
}

/// What no policy has an opinion on, where the connection then refuses.
pub fn unjudged() -> Refusal {
    Refusal::denied(
        "connection/default",
        "no policy allows this, and the connection refuses what none allows; ask the gateway's operator for a rule that does",
    )
}

/// The refusal that a judgement comes to.
pub fn denied(judgement: &Judgement) -> Refusal {
    match (judgement.findings.first(), &judgement.failure) {
        (Some((plugin, finding)), _) => {
            let field = format!("{plugin}/{}", finding.rule);
            let message = sentence("refused", plugin, finding);
            match &judgement.exceeded {
                // Not one of those that kubectl repeats by itself: the wait is told to whoever reads it.
                Some((by, excess)) if by == plugin => Refusal::new(403, Cause::BudgetExceeded, field, message).retry_after(excess.fits_after),
                _ => Refusal::denied(field, message),
            }
        }
        (None, Some(failure)) => failed(failure.clone()),
        (None, None) => Refusal::denied("policy", "refused by a policy that gave no reason; ask the gateway's operator why"),
    }
}

/// One line for people: the rule, why, what to do.
pub fn sentence(what: &str, plugin: &str, finding: &Finding) -> String {
    let mut text = format!("{what} by {plugin}, rule {}: {}", finding.rule, finding.message.trim_end_matches('.'));
    if let Some(remedy) = &finding.remedy {
        text.push_str("; ");
        text.push_str(remedy.trim_end_matches('.'));
    }
    text
}

/// A policy that trapped, ran out of time or memory, or could not be asked: this one request is refused (P7).
pub fn failed(failure: Failure) -> Refusal {
    Refusal::new(403, Cause::PolicyFailed, failure.plugin.to_string(), format!("the request could not be judged: {failure}"))
}
