//! Approvals: list, watch, decide.

use approvals::{Approval, ApprovalError};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use kube_request::{Cause, Refusal};
use proxy::gateway::person;
use serde::Deserialize;
use store::{ApprovalFilter, Change};
use tokio::sync::mpsc;

use super::recorded;
use crate::Shared;
use crate::answer::{Answer, Refused, lines, missing, unavailable};
use crate::who::Who;

#[derive(Deserialize)]
pub struct Wanted {
    state: Option<String>,
    session: Option<String>,
}

pub async fn list(State(shared): State<Shared>, who: Who, Query(wanted): Query<Wanted>) -> Answer<Json<Vec<Approval>>> {
    let filter = ApprovalFilter { state: wanted.state, session: wanted.session, ..Default::default() };
    let mut found = shared.gateway.approvals.list(&filter).await.map_err(|e| unavailable(&e))?;
    found.retain(|approval| may_see(&who, approval));
    Ok(Json(found))
}

/// Whoever asked, whoever may answer, and whoever may read the log.
pub fn may_see(who: &Who, approval: &Approval) -> bool {
    let requester = &approval.requester;
    who.is_operator()
        || who.is_auditor()
        || who.owns(&requester.subject, &requester.issuer, requester.sponsor.as_deref())
        || approval.subjects.contains(&who.identity.subject)
        || who.identity.groups.iter().any(|group| approval.groups.contains(group))
}

pub async fn show(State(shared): State<Shared>, who: Who, Path(id): Path<String>) -> Answer<Json<Approval>> {
    visible(&shared, &who, &id).await.map(Json)
}

/// An approval that this person may see.
pub async fn visible(shared: &Shared, who: &Who, id: &str) -> Result<Approval, Refused> {
    let approval = shared.gateway.approvals.show(id).await.map_err(|e| refused(&e))?;
    if may_see(who, &approval) { Ok(approval) } else { Err(missing("approval")) }
}

/// What a decision says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saying {
    #[serde(default)]
    comment: Option<String>,
}

pub async fn approve(
    State(shared): State<Shared>,
    who: Who,
    Path(id): Path<String>,
    saying: Option<Json<Saying>>,
) -> Answer<Json<Approval>> {
    decided(&shared, &who, &id, true, saying.and_then(|s| s.0.comment)).await.map(Json)
}

pub async fn deny(
    State(shared): State<Shared>,
    who: Who,
    Path(id): Path<String>,
    saying: Option<Json<Saying>>,
) -> Answer<Json<Approval>> {
    decided(&shared, &who, &id, false, saying.and_then(|s| s.0.comment)).await.map(Json)
}

/// Decides and records. The state machine says who may.
pub async fn decided(shared: &Shared, who: &Who, id: &str, yes: bool, comment: Option<String>) -> Result<Approval, Refused> {
    who.in_person("decide")?;
    visible(shared, who, id).await?;
    let by = person(&who.identity);
    let decision = shared.gateway.approvals.decide(id, &by, yes, comment.clone()).await;
    let (verdict, why) = match &decision {
        Ok(_) => (if yes { "approved" } else { "denied" }, comment.map(|c| format!(": {c}")).unwrap_or_default()),
        Err(error) => (if yes { "could not approve" } else { "could not deny" }, format!(": {error}")),
    };
    let allowed = decision.is_ok();
    recorded(shared, ledger::Kind::Approval, &who.identity, format!("{verdict}{why}"), |record| {
        record.approval = Some(id.to_owned());
        if !allowed {
            record.decision = Some(ledger::Decision::Deny);
        }
    })
    .await?;
    decision.map_err(|e| refused(&e))
}

pub async fn withdraw(
    State(shared): State<Shared>,
    who: Who,
    Path(id): Path<String>,
    saying: Option<Json<Saying>>,
) -> Answer<Json<Approval>> {
    visible(&shared, &who, &id).await?;
    let by = person(&who.identity);
    let comment = saying.and_then(|s| s.0.comment);
    let approval = shared.gateway.approvals.withdraw(&id, &by, comment).await.map_err(|e| refused(&e))?;
    recorded(&shared, ledger::Kind::Approval, &who.identity, "withdrawn".to_owned(), |record| {
        record.approval = Some(id);
    })
    .await?;
    Ok(Json(approval))
}

/// Those that wait now, then each that changes, a line each.
pub async fn watch(State(shared): State<Shared>, who: Who) -> Response {
    let (to, from) = mpsc::channel(16);
    tokio::spawn(async move {
        let approvals = shared.gateway.approvals.clone();
        let mut changes = approvals.subscribe();
        let waiting = ApprovalFilter { state: Some("pending".to_owned()), ..Default::default() };
        let mut ids: Vec<String> = match approvals.list(&waiting).await {
            Ok(found) => found.into_iter().map(|approval| approval.id).collect(),
            Err(_) => return,
        };
        loop {
            for id in ids.drain(..) {
                let Ok(approval) = approvals.show(&id).await else { continue };
                if may_see(&who, &approval)
                    && let Ok(line) = serde_json::to_string(&approval)
                    && to.send(Ok(line + "\n")).await.is_err()
                {
                    return;
                }
            }
            tokio::select! {
                () = to.closed() => return,
                change = changes.recv() => match change {
                    Ok(Change::Approval(id)) => ids.push(id),
                    Ok(_) => {}
                    Err(_) => return,
                },
            }
        }
    });
    lines(from)
}

fn refused(error: &ApprovalError) -> Refused {
    match error {
        ApprovalError::Refused(why) => Refusal::new(403, Cause::PolicyDenied, "approval", why.to_string()).into(),
        ApprovalError::Unknown { .. } => missing("approval"),
        ApprovalError::Comment { .. } => crate::answer::malformed("comment", error.to_string()),
        _ => unavailable(error),
    }
}
