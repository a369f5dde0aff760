//! Sessions: open, list, show, end.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};
use store::SessionFilter;

use super::recorded;
use crate::Shared;
use crate::answer::{Answer, Refused, missing, unavailable};
use crate::who::Who;

#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    all: bool,
    connection: Option<String>,
}

pub async fn list(State(shared): State<Shared>, who: Who, Query(wanted): Query<Wanted>) -> Answer<Json<Vec<identity::SessionView>>> {
    let filter = SessionFilter { live: !wanted.all, connection: wanted.connection, ..Default::default() };
    let mut sessions = shared.gateway.sessions.list(&filter).await.map_err(|e| unavailable(&e))?;
    if !who.is_operator() && !who.is_auditor() {
        sessions.retain(|session| mine(&who, session));
    }
    Ok(Json(sessions))
}

fn mine(who: &Who, session: &identity::SessionView) -> bool {
    let identity = &session.identity;
    who.owns(&identity.subject, &identity.issuer, identity.sponsor.as_deref())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    connection: String,
    #[serde(default)]
    purpose: Option<String>,
    /// Seconds.
    #[serde(default)]
    ttl: Option<u32>,
}

pub async fn open(State(shared): State<Shared>, who: Who, Json(opening): Json<Opening>) -> Answer<Json<Value>> {
    who.in_person("open sessions")?;
    if shared.gateway.connections.get(&opening.connection).is_none() {
        return Err(missing("connection"));
    }
    let (session, token) = proxy::pipeline::open_session(
        &shared.gateway,
        &who.identity,
        &opening.connection,
        opening.purpose,
        opening.ttl,
    )
    .await?;
    let view = seen(&shared, &session.id).await?;
    let mut answer = serde_json::to_value(view).map_err(|e| unavailable(&e))?;
    answer["token"] = json!(token.expose());
    answer["server"] = json!(shared.gateway.connection_url(&opening.connection));
    Ok(Json(answer))
}

pub async fn show(State(shared): State<Shared>, who: Who, Path(id): Path<String>) -> Answer<Json<identity::SessionView>> {
    let session = seen(&shared, &id).await?;
    if who.is_operator() || who.is_auditor() || mine(&who, &session) { Ok(Json(session)) } else { Err(missing("session")) }
}

/// Its owner ends it; a sponsor or an operator revokes it.
pub async fn end(State(shared): State<Shared>, who: Who, Path(id): Path<String>) -> Answer<Json<identity::SessionView>> {
    let session = seen(&shared, &id).await?;
    let own = session.identity.subject == who.identity.subject && session.identity.issuer == who.identity.issuer;
    if !(who.is_operator() || mine(&who, &session)) {
        return Err(missing("session"));
    }
    let sessions = &shared.gateway.sessions;
    let ended = if own { sessions.finish(&id).await } else { sessions.revoke(&id, &who.identity.subject).await };
    ended.map_err(|error| crate::answer::malformed("session", error.to_string()))?;
    let message = if own { "ended by its owner" } else { "revoked" };
    recorded(&shared, ledger::Kind::Session, &who.identity, message.to_owned(), |record| {
        record.session = Some(id.as_str().into());
        record.connection = Some(session.connection.as_str().into());
    })
    .await?;
    Ok(Json(seen(&shared, &id).await?))
}

async fn seen(shared: &Shared, id: &str) -> Result<identity::SessionView, Refused> {
    shared.gateway.sessions.show(id).await.map_err(|e| unavailable(&e))?.ok_or_else(|| missing("session"))
}
