//! Who is asking, and in which session (P1, P10).

use std::sync::Arc;
use std::time::Duration;

use identity::{Identity, Session, SessionEnded, SessionError, SessionToken, Terms};
use kube_request::{Cause, Refusal};
use ledger::{self as record, Bodies, Durability, Kind, Phase, Record};
use policy::{SessionAnswer, SessionAsk};

use crate::gateway::{Caller, Gateway};
use crate::trail::unavailable;

/// A session token begins so; everything else is an issuer's token.
const SESSION_TOKEN: &str = "pcs_";

/// What a credential turned out to be.
pub enum Known {
    /// A verified identity that comes with its issuer's token.
    Identity(Arc<Identity>),
    /// A live session, by its own token.
    Session(Arc<Session>),
}

/// Verifies the bearer token.
///
/// # Errors
/// 401 with what is wrong with it.
pub async fn known(gateway: &Gateway, token: Option<&str>) -> Result<Known, Refusal> {
    let Some(token) = token else {
        return Err(Refusal::unauthenticated(
            "there is no bearer token; run `portcullis login` and use the kubeconfig that `portcullis kubeconfig` writes",
        ));
    };
    if token.starts_with(SESSION_TOKEN) {
        return gateway.sessions.resolve_or_explain(token).await.map(Known::Session).map_err(|ended| session_ended(&ended));
    }
    gateway.verifier.verify(token).await.map(Known::Identity).map_err(|e| Refusal::unauthenticated(e.to_string()))
}

/// The live session of whoever asks, on this connection; opened when an issuer's token has none yet. Counts one request.
///
/// # Errors
/// When it has ended, is for another connection, has used up its requests, or may not be opened.
pub async fn caller(gateway: &Gateway, connection: &str, known: Known) -> Result<Caller, Refusal> {
    let session = match known {
        Known::Session(session) => session,
        Known::Identity(identity) => match gateway.sessions.implicit(&identity, connection).map_err(|e| session_ended(&e))? {
            Some(session) => session,
            None => implicit(gateway, &identity, connection).await?,
        },
    };
    if session.connection != connection {
        return Err(Refusal::new(
            403,
            Cause::SessionEnded,
            "session",
            format!("this session is for the connection `{}`; open one for `{connection}`", session.connection),
        ));
    }
    session.admit().map_err(|ended| session_ended(&ended))?;
    Ok(Caller::new(session))
}

async fn implicit(gateway: &Gateway, identity: &Arc<Identity>, connection: &str) -> Result<Arc<Session>, Refusal> {
    let _turn = gateway.sessions.turn(identity, connection).await;
    // Another request of the same caller may have opened it meanwhile.
    if let Some(session) = gateway.sessions.implicit(identity, connection).map_err(|e| session_ended(&e))? {
        return Ok(session);
    }
    let terms = terms(gateway, identity, connection, None, None).await?;
    let session = gateway.sessions.open_implicit(identity.clone(), connection, terms).await.map_err(|e| not_opened(&e))?;
    recorded(gateway, &session, "opened for an issuer's token").await?;
    Ok(session)
}

/// Opens a session on the terms that the policies give it, and records that.
///
/// # Errors
/// When a policy refuses, fails, or nothing can be stored or recorded.
pub async fn open_session(
    gateway: &Gateway,
    identity: &Arc<Identity>,
    connection: &str,
    purpose: Option<String>,
    ttl: Option<u32>,
) -> Result<(Arc<Session>, SessionToken), Refusal> {
    let _turn = gateway.sessions.turn(identity, connection).await;
    let terms = terms(gateway, identity, connection, purpose.clone(), ttl).await?;
    let (session, token) =
        gateway.sessions.open(identity.clone(), connection, purpose, terms).await.map_err(|e| not_opened(&e))?;
    recorded(gateway, &session, "opened").await?;
    Ok((session, token))
}

async fn terms(
    gateway: &Gateway,
    identity: &Arc<Identity>,
    connection: &str,
    purpose: Option<String>,
    ttl: Option<u32>,
) -> Result<Terms, Refusal> {
    let generation = gateway.policy.current();
    let ask = SessionAsk {
        identity: super::facts::identity(identity),
        connection: connection.to_owned(),
        purpose,
        ttl,
        open_sessions: u32::try_from(gateway.sessions.count_open(identity, connection)).unwrap_or(u32::MAX),
    };
    match generation.open_session(&ask).await {
        SessionAnswer::Open(terms) => Ok(asked_for(
            Terms { ttl: seconds(terms.ttl), idle: seconds(terms.idle), requests: terms.requests },
            ttl,
        )),
        SessionAnswer::NoOpinion => Ok(asked_for(Terms::default(), ttl)),
        SessionAnswer::Refuse(plugin, finding) => Err(Refusal::denied(
            format!("{plugin}/{}", finding.rule),
            super::decide::sentence("no session may be opened", &plugin, &finding),
        )),
        SessionAnswer::Failed(failure) => Err(super::decide::failed(failure)),
    }
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds))
}

/// No longer than the caller wants.
fn asked_for(terms: Terms, ttl: Option<u32>) -> Terms {
    Terms { ttl: ttl.map_or(terms.ttl, |wanted| terms.ttl.min(seconds(wanted.max(1)))), ..terms }
}

async fn recorded(gateway: &Gateway, session: &Session, what: &str) -> Result<(), Refusal> {
    let mut record = Record::new(record::new_id(), Kind::Session, Phase::Complete);
    record.connection = Some(session.connection.as_str().into());
    record.session = Some(session.id.as_str().into());
    record.identity = Some(Arc::new(Caller::recorded_identity(&session.identity)));
    record.decision = Some(record::Decision::Allow);
    record.message = Some(what.to_owned());
    gateway.ledger.append(record, Bodies::NONE, Durability::Durable).await.map(drop).map_err(|e| unavailable(&e))
}

/// 401, so that an exec credential plugin is asked for a new token; 403 when the session's budget is used up, which
/// a new token does not mend.
pub fn session_ended(ended: &SessionEnded) -> Refusal {
    match ended {
        SessionEnded::Budget { .. } => Refusal::new(403, Cause::BudgetExceeded, "session", ended.to_string()),
        _ => Refusal::new(401, Cause::SessionEnded, "session", ended.to_string()),
    }
}

fn not_opened(error: &SessionError) -> Refusal {
    match error {
        SessionError::Ended(ended) => session_ended(ended),
        SessionError::TooMany { .. } | SessionError::Purpose { .. } => {
            Refusal::new(403, Cause::BudgetExceeded, "session", error.to_string())
        }
        _ => {
            tracing::error!(%error, "a session could not be opened");
            Refusal::new(503, Cause::SessionEnded, "session", "the session could not be stored, so it is not opened; try again")
        }
    }
}
