//! The gateway itself: who I am to it, and its connections.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::Shared;
use crate::who::Who;

/// For everybody: whose tokens are trusted, and what programs are called there. Nothing here is secret.
pub async fn login(State(shared): State<Shared>) -> Json<Value> {
    let one = |(issuer, client_id): &(String, String)| json!({ "issuer": issuer, "client_id": client_id });
    Json(json!({ "issuers": shared.logins.issuers().iter().map(one).collect::<Vec<_>>() }))
}

pub async fn whoami(who: Who) -> Json<Value> {
    let identity = &who.identity;
    Json(json!({
        "issuer": identity.issuer,
        "subject": identity.subject,
        "kind": identity.kind.as_str(),
        "sponsor": identity.sponsor,
        "groups": identity.groups,
        "operator": who.is_operator(),
        "auditor": who.is_auditor(),
    }))
}

pub async fn connections(State(shared): State<Shared>, _who: Who) -> Json<Vec<Value>> {
    let gateway = &shared.gateway;
    let one = |connection: std::sync::Arc<proxy::Connection>| {
        json!({
            "name": connection.name,
            "url": gateway.connection_url(&connection.name),
            "upstream": connection.upstream.address(),
            "impersonates": connection.impersonation.is_some(),
            "default": if connection.unjudged == proxy::connection::Unjudged::Allow { "allow" } else { "deny" },
        })
    };
    Json(gateway.connections.list().into_iter().map(one).collect())
}
