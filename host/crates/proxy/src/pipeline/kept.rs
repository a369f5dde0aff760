//! The body of a request as its record may hold it: masked by the plan of an answer with that object (P4). What cannot be masked is not kept.

use std::sync::Arc;

use bytes::Bytes;
use kube_request::{BodyType, Json, KubeRequest};
use ledger::NotKept;
use masking::{CompiledPlan, Masker, REDACTED, TokenKey};
use policy::{Generation, ResponseKind};

use crate::connection::Connection;
use crate::gateway::Gateway;

/// The body of a request that is not forwarded, or not yet. The plan is asked for, and remembered, as that of a forwarded one is.
pub async fn of(gateway: &Gateway, generation: &Generation, connection: &Connection, request: &KubeRequest) -> Option<Result<Bytes, NotKept>> {
    request.body.as_ref()?;
    match generation.mask_plan(&ResponseKind::new(&connection.name, request)).await {
        Ok(plan) => by(&plan, &gateway.token_key, request),
        Err(_) => unplanned(request),
    }
}

/// What is said of a body when there is no plan.
pub fn unplanned(request: &KubeRequest) -> Option<Result<Bytes, NotKept>> {
    request.body.as_ref().map(|_| Err(NotKept::Unplanned))
}

/// The body, masked by a plan. Values that the plan wants inspected are redacted: nobody is asked about them here.
pub fn by(plan: &Arc<CompiledPlan>, key: &Arc<TokenKey>, request: &KubeRequest) -> Option<Result<Bytes, NotKept>> {
    let body = request.body.as_ref()?;
    if plan.is_empty() {
        return Some(Ok(Bytes::copy_from_slice(&body.bytes)));
    }
    let shown = match body.content_type {
        BodyType::JsonPatch => patch(plan, &body.json).and_then(|patch| masked(plan, key, patch.as_bytes())),
        _ => masked(plan, key, &body.bytes),
    };
    Some(shown.ok_or(NotKept::Unmasked))
}

fn masked(plan: &Arc<CompiledPlan>, key: &Arc<TokenKey>, body: &[u8]) -> Option<Bytes> {
    let mut shown = Vec::with_capacity(body.len());
    let mut masker = Masker::new(plan.clone(), key.clone());
    masker.push(body, &mut shown).ok()?;
    masker.finish(&mut shown).ok()?;
    Some(shown.into())
}

/// A list of operations (RFC 6902) is no object, so each value is looked at where its operation puts it. One that may be masked there, or has anything
/// in it that may be, is redacted whole. What is no member of an operation is left out: nobody said what it is.
fn patch(plan: &Arc<CompiledPlan>, operations: &Json) -> Option<String> {
    let shown = operations.as_array()?.iter().map(|operation| {
        let path = operation.get("path")?.as_str()?;
        let member = |(name, value): &(String, Json)| match name.as_str() {
            "op" | "path" | "from" => Some((name.clone(), value.clone())),
            "value" if may_be_masked(plan, path, value) => Some((name.clone(), Json::String(REDACTED.to_owned()))),
            "value" => Some((name.clone(), value.clone())),
            _ => None,
        };
        Some(Json::Object(operation.as_object()?.iter().filter_map(member).collect()))
    });
    Some(Json::Array(shown.collect::<Option<_>>()?).to_string())
}

fn may_be_masked(plan: &Arc<CompiledPlan>, path: &str, value: &Json) -> bool {
    let value = value.to_string();
    // `-` is the end of a list: an element of it, whichever.
    let element = path.strip_suffix("/-").map(|list| format!("{list}/0"));
    let shifted = || path.split('/').any(|part| part == "-" || !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    plan.masks_at(path, value.as_bytes())
        || element.is_some_and(|element| plan.masks_at(&element, value.as_bytes()))
        // An operation before may have moved the elements, so that an index is not that of the object that was answered.
        || plan.names_numbers() && shifted()
}

#[cfg(test)]
mod tests;
