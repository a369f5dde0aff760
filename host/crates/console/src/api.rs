//! The API below `/api/v1`. Lists are JSON arrays, logs are JSON Lines; everything else is one object.

pub mod approvals;
mod audit;
mod gateway;
mod openapi;
mod policy;
mod sessions;

use axum::Router;
use axum::routing::{get, post};

use crate::Shared;

/// Its routes.
pub fn router() -> Router<Shared> {
    Router::new()
        .route("/login", get(gateway::login))
        .route("/whoami", get(gateway::whoami))
        .route("/connections", get(gateway::connections))
        .route("/policy", get(policy::status))
        .route("/policy/reload", post(policy::reload))
        .route("/policy/history", get(policy::history))
        .route("/policy/rollback", post(policy::rollback).delete(policy::release))
        .route("/policy/sets/{id}", get(policy::set))
        .route("/policy/sets/{id}/deciders", get(policy::deciders))
        .route("/sessions", get(sessions::list).post(sessions::open))
        .route("/sessions/{id}", get(sessions::show).delete(sessions::end))
        .route("/approvals", get(approvals::list))
        .route("/approvals/watch", get(approvals::watch))
        .route("/approvals/{id}", get(approvals::show))
        .route("/approvals/{id}/approve", post(approvals::approve))
        .route("/approvals/{id}/deny", post(approvals::deny))
        .route("/approvals/{id}/withdraw", post(approvals::withdraw))
        .route("/audit", get(audit::query))
        .route("/audit/tail", get(audit::tail))
        .route("/audit/records/{id}", get(audit::show))
        .route("/audit/sessions/{id}", get(audit::replay))
        .route("/openapi.json", get(openapi::document))
}

/// Adds a record of something that was done to the gateway itself.
pub(crate) async fn recorded(
    shared: &Shared,
    kind: ledger::Kind,
    who: &identity::Identity,
    message: String,
    fill: impl FnOnce(&mut ledger::Record),
) -> Result<(), crate::answer::Refused> {
    let mut record = ledger::Record::new(ledger::new_id(), kind, ledger::Phase::Complete);
    record.identity = Some(std::sync::Arc::new(proxy::Caller::recorded_identity(who)));
    record.decision = Some(ledger::Decision::Allow);
    record.message = Some(message);
    fill(&mut record);
    shared
        .gateway
        .ledger
        .append(record, ledger::Bodies::NONE, ledger::Durability::Durable)
        .await
        .map(drop)
        .map_err(|e| crate::answer::unavailable(&e))
}
