//! The policy set: what is live, what was, and how it comes to be another one.

use axum::Json;
use axum::extract::{Path, Query, State};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use policy::{KeptError, RollbackError};
use serde::Deserialize;
use serde_json::{Value, json};

use super::recorded;
use crate::Shared;
use crate::answer::{Answer, Refused, forbidden, malformed, unavailable};
use crate::who::Who;

/// Of a salt, as hexadecimal digits: longer ones are no safer.
const SALT_MAX: usize = 128;

pub async fn status(State(shared): State<Shared>, _who: Who) -> Json<policy::Status> {
    Json(shared.gateway.policy.status())
}

pub async fn reload(State(shared): State<Shared>, who: Who) -> Answer<Json<policy::Status>> {
    operator(&who, "reload the policies")?;
    let reloaded = shared.gateway.policy.reload().await;
    let status = shared.gateway.policy.status();
    let message = format!("reloaded the policies: generation {}", status.generation);
    recorded(&shared, ledger::Kind::Administration, &who.identity, message, |_| {}).await?;
    match reloaded {
        Ok(_) => Ok(Json(status)),
        Err(error) => Err(malformed("bundle", error.to_string())),
    }
}

/// The newest first.
pub async fn history(State(shared): State<Shared>, _who: Who) -> Json<Vec<Value>> {
    let policy = &shared.gateway.policy;
    let status = policy.status();
    let one = |set: policy::Former| {
        json!({
            "digest": set.digest,
            "generations": set.generations,
            "live_since": format!("{:.6}", set.live_since),
            "plugins": set.plugins,
            "live": set.digest == status.digest,
        })
    };
    Json(policy.history().into_iter().rev().map(one).collect())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    digest: String,
}

pub async fn rollback(State(shared): State<Shared>, who: Who, Json(wanted): Json<Wanted>) -> Answer<Json<policy::Status>> {
    operator(&who, "roll the policies back")?;
    let before = shared.gateway.policy.status().digest;
    let rolled = shared.gateway.policy.rollback(&wanted.digest, &who.identity.subject).await;
    let status = shared.gateway.policy.status();
    let message = match &rolled {
        Ok(_) => format!("rolled the policies back to {}, from {before}: generation {}", status.digest, status.generation),
        Err(error) => format!("could not roll the policies back to {}: {error}", wanted.digest.chars().take(80).collect::<String>()),
    };
    let decision = if rolled.is_ok() { ledger::Decision::Allow } else { ledger::Decision::Deny };
    recorded(&shared, ledger::Kind::Administration, &who.identity, message, |record| record.decision = Some(decision)).await?;
    rolled.map(|_| Json(status)).map_err(|error| refused(&error))
}

pub async fn release(State(shared): State<Shared>, who: Who) -> Answer<Json<policy::Status>> {
    operator(&who, "end a roll-back")?;
    let released = shared.gateway.policy.release().await;
    let status = shared.gateway.policy.status();
    let message = match &released {
        Ok(_) => format!("ended the roll-back of the policies: generation {}", status.generation),
        Err(error) => format!("could not end the roll-back of the policies: {error}"),
    };
    let decision = if released.is_ok() { ledger::Decision::Allow } else { ledger::Decision::Deny };
    recorded(&shared, ledger::Kind::Administration, &who.identity, message, |record| record.decision = Some(decision)).await?;
    released.map(|_| Json(status)).map_err(|error| refused(&error))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Salted {
    #[serde(default)]
    salt: String,
}

/// What a set says, for comparing it with another: secrets only as digests, which nobody can look up who does not know the salt.
pub async fn set(State(shared): State<Shared>, who: Who, Path(id): Path<String>, Query(salted): Query<Salted>) -> Answer<Json<policy::Described>> {
    operator(&who, "see what a policy set says")?;
    if salted.salt.len() > SALT_MAX {
        return Err(malformed("salt", format!("the salt is longer than {SALT_MAX} characters; send a shorter one")));
    }
    let described = shared.gateway.policy.described(&id, salted.salt.as_bytes()).await;
    described.map(Json).map_err(|error| kept(&error))
}

/// What decides about requests in a set: a bundle of its own, for judging recorded requests by it on the operator's machine.
pub async fn deciders(State(shared): State<Shared>, who: Who, Path(id): Path<String>) -> Answer<Json<Value>> {
    operator(&who, "take a policy set's components away")?;
    let deciders = shared.gateway.policy.deciders(&id).await.map_err(|error| kept(&error))?;
    let message = format!("took away the guards, routers and maskers of the policy set {}", deciders.digest);
    recorded(&shared, ledger::Kind::Administration, &who.identity, message, |_| {}).await?;
    let files: serde_json::Map<String, Value> = deciders.files.iter().map(|(name, bytes)| (name.clone(), STANDARD.encode(bytes).into())).collect();
    Ok(Json(json!({ "digest": deciders.digest, "files": files })))
}

fn operator(who: &Who, what: &str) -> Answer<()> {
    who.in_person(what)?;
    if who.is_operator() { Ok(()) } else { Err(forbidden(what, "operators")) }
}

fn refused(error: &RollbackError) -> Refused {
    match error {
        RollbackError::Kept(error) => kept(error),
        RollbackError::Load { .. } => malformed("set", error.to_string()),
        RollbackError::NotPinned => malformed("set", error.to_string()),
    }
}

fn kept(error: &KeptError) -> Refused {
    match error {
        KeptError::Unknown(_) | KeptError::Ambiguous(_) | KeptError::Nowhere => malformed("digest", error.to_string()),
        KeptError::Io { .. } | KeptError::Damaged { .. } => unavailable(error),
    }
}
