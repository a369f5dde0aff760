//! A person's word: asked for, waited for, used once, and checked again at the moment of forwarding (P6).

use std::sync::Arc;
use std::time::Duration;

use approvals::{Approval, ApprovalError, Ask, Scope, State, Target};
use kube_request::{Cause, KubeRequest, Refusal};
use ledger::Durability;
use ledger::Decision;
use policy::{Document, Facts, Finding, Generation, GrantScope, Route, Surroundings, Waiting};

use super::admit::session_ended;
use super::decide::{Bound, failed, sentence};
use super::target;
use crate::connection::Connection;
use crate::gateway::{Caller, Gateway};
use crate::trail::Trail;

/// No client is kept waiting longer, whatever a router says: load balancers and agents give up before.
const HOLD_MAX: Duration = Duration::from_secs(600);

/// Finds an unused grant for exactly this request, or asks for one, and holds or refuses as the router says. What it was bound to, if to anything.
#[expect(clippy::too_many_arguments, reason = "one stage's whole input")]
pub async fn obtain(
    gateway: &Arc<Gateway>,
    trail: &mut Trail,
    generation: &Arc<Generation>,
    connection: &Arc<Connection>,
    caller: &Caller,
    request: &KubeRequest,
    facts: &Facts,
    body: Option<Arc<dyn Document>>,
    findings: &[(Arc<str>, Finding)],
    around: &Surroundings,
) -> Result<Option<Bound>, Refusal> {
    let why: Vec<Finding> = findings.iter().map(|(_, finding)| finding.clone()).collect();
    let route = match generation.route_in(facts, body, &why, around).await {
        Ok(Some(routed)) => routed.route,
        Ok(None) => {
            return Err(Refusal::new(
                403,
                Cause::PolicyFailed,
                "policy",
                "a policy wants this approved, but no router says by whom; ask the gateway's operator to add one",
            ));
        }
        Err(failure) => return Err(failed(failure)),
    };
    let ask = ask(caller, connection, request, &route, target::look(connection, caller, request).await?, findings);

    let approval = gateway.approvals.request(&ask).await.map_err(|e| unusable(&e))?;
    trail.approval(&approval.id);
    match approval.state {
        State::Approved => return used(gateway, trail, caller, &approval.id, &ask).await,
        State::Denied => return Err(denied(&approval)),
        _ => {}
    }
    let Waiting::Hold(seconds) = route.waiting else {
        return Err(pending(&approval.url, findings, "run the same command again once it is approved"));
    };

    trail.decided(Decision::Hold);
    trail.intend(Durability::Durable).await?;
    let limit = Duration::from_secs(u64::from(seconds)).min(HOLD_MAX);
    gateway.telemetry.held.inc();
    let _held = Held(gateway.clone());
    let session = caller.session.clone();
    let answered = tokio::select! {
        why = session.ended() => {
            return Err(Refusal::new(401, Cause::SessionEnded, "session", format!("the session ended while the request was held: {why}")));
        }
        answered = gateway.approvals.wait(&approval.id, limit) => answered.map_err(|e| unusable(&e))?,
    };
    match answered.state {
        // The object may have changed while people thought about it, so it is looked at again.
        State::Approved => {
            let ask = Ask { target: target::look(connection, caller, request).await?, ..ask };
            used(gateway, trail, caller, &answered.id, &ask).await
        }
        State::Denied => Err(denied(&answered)),
        State::Pending => {
            Err(pending(&answered.url, findings, "nobody has answered yet; run the same command again once it is approved"))
        }
        State::Used | State::Expired | State::Withdrawn => Err(Refusal::new(
            403,
            Cause::ApprovalExpired,
            "approval",
            format!("the approval {} is {}; run the command again to ask anew", answered.id, answered.state.as_str()),
        )),
    }
}

/// Uses a granted approval: from here on it is gone, whatever becomes of the request.
async fn used(gateway: &Gateway, trail: &mut Trail, caller: &Caller, id: &str, ask: &Ask) -> Result<Option<Bound>, Refusal> {
    caller.session.still_live().map_err(|ended| session_ended(&ended))?;
    match gateway.approvals.consume(id, ask, trail.id()).await {
        Ok(_) => {
            trail.decided(Decision::Allow);
            let resource_version = match ask.route.scope {
                Scope::ThisVersion => ask.target.resource_version.clone(),
                Scope::ThisObject => None,
            };
            Ok(ask.target.uid.clone().map(|uid| Bound { uid, resource_version }))
        }
        Err(ApprovalError::Refused(why)) => Err(Refusal::new(
            409,
            Cause::ApprovalExpired,
            "approval",
            format!("the approval {id} does not let this through: {why}"),
        )),
        Err(error) => Err(unusable(&error)),
    }
}

struct Held(Arc<Gateway>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.telemetry.held.dec();
    }
}

fn ask(
    caller: &Caller,
    connection: &Connection,
    request: &KubeRequest,
    route: &Route,
    target: Target,
    findings: &[(Arc<str>, Finding)],
) -> Ask {
    let (plugin, rule) = findings.first().map(|(plugin, finding)| (plugin.to_string(), finding.rule.clone())).unwrap_or_default();
    Ask {
        requester: caller.person(),
        session: caller.session.id.clone(),
        connection: connection.name.clone(),
        purpose: caller.session.purpose.clone(),
        command: request.command(),
        plugin,
        rule,
        message: reasons(findings),
        request_hash: request.hash(),
        target,
        route: approvals::Route {
            groups: route.groups.clone(),
            subjects: route.subjects.clone(),
            needed: route.needed,
            expires_after: route.expires_after,
            scope: match route.scope {
                GrantScope::ThisVersion => Scope::ThisVersion,
                GrantScope::ThisObject => Scope::ThisObject,
            },
        },
    }
}

/// Why it is held, in the words of all that hold it: whoever approves for one reason must not be spared the others. Of several each is cut, so
/// that none pushes the others out.
fn reasons(findings: &[(Arc<str>, Finding)]) -> String {
    const CHARACTERS: usize = 500;
    let most = if findings.len() > 1 { CHARACTERS } else { usize::MAX };
    let told = findings.iter().enumerate().map(|(place, (plugin, finding))| {
        let message: String = finding.message.chars().take(most).collect();
        if place == 0 { message } else { format!("{plugin}, rule {}: {message}", finding.rule) }
    });
    told.collect::<Vec<_>>().join("; and ")
}

fn pending(url: &str, findings: &[(Arc<str>, Finding)], next: &str) -> Refusal {
    let why = findings.first().map_or_else(
        || "this needs a person's approval".to_owned(),
        |(plugin, finding)| sentence("held for approval", plugin, finding),
    );
    let field = findings.first().map_or_else(|| "policy".to_owned(), |(plugin, finding)| format!("{plugin}/{}", finding.rule));
    Refusal::new(403, Cause::ApprovalPending, field, format!("{why}; approve it at {url}; {next}"))
}

fn denied(approval: &Approval) -> Refusal {
    let (by, comment) = match approval.denied_by() {
        Some(no) => (no.by.subject.as_str(), no.comment.as_ref().map(|c| format!(": {c}")).unwrap_or_default()),
        None => ("an approver", String::new()),
    };
    Refusal::new(
        403,
        Cause::ApprovalDenied,
        format!("{}/{}", approval.plugin, approval.rule),
        format!("{by} denied it{comment}; do not repeat it without talking to them"),
    )
}

fn unusable(error: &ApprovalError) -> Refusal {
    match error {
        ApprovalError::TooMany { .. } => Refusal::new(403, Cause::BudgetExceeded, "approvals", error.to_string()),
        ApprovalError::Route { .. } => Refusal::new(403, Cause::PolicyFailed, "approvals", error.to_string()),
        _ => {
            tracing::error!(%error, "approvals cannot be kept");
            Refusal::new(
                503,
                Cause::AuditUnavailable,
                "approvals",
                "the approval cannot be stored, so the request is refused; try again",
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approver_is_told_every_reason() {
        let finding = |rule: &str, message: &str| Finding { rule: rule.into(), message: message.into(), remedy: None };
        let one = [(Arc::from("deny-list"), finding("deletes", &"long".repeat(500)))];
        assert_eq!(reasons(&one).len(), 2000);
        let two = [one[0].clone(), (Arc::from("change-window"), finding("freeze", "nothing is changed"))];
        assert!(reasons(&two).ends_with("; and change-window, rule freeze: nothing is changed"), "{}", reasons(&two));
        assert!(reasons(&two).len() < 600);
    }
}
