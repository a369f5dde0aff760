//! Requests that would tell masked values without showing them: refused before anything is asked or sent.
//!
//! A JSON patch's `test` says whether a guess is right, `copy` and `move` carry a value to a place where it is not
//! masked (RFC 6902 sections 4.4 to 4.6), and so does a selector say whether any object has the value. Any patch can
//! change the `name` by which a value is masked, and leave the value.

use std::sync::Arc;

use kube_request::{BodyType, Cause, Json, KubeRequest, Refusal};
use masking::CompiledPlan;
use policy::{Generation, ResponseKind};

use super::decide;

/// Refuses a request that asks about masked values. Asks for the mask plan only where one might.
///
/// # Errors
/// 403 with the operation or field at fault, or when the masker cannot be asked.
pub async fn refused(generation: &Generation, connection: &str, request: &KubeRequest) -> Result<(), Refusal> {
    let patch = request.body.as_ref().filter(|body| body.content_type.is_patch());
    let selected = request.selects_by();
    if patch.is_none() && selected.is_empty() {
        return Ok(());
    }
    let plan = generation.mask_plan(&ResponseKind::new(connection, request)).await.map_err(decide::failed)?;
    if plan.is_empty() {
        return Ok(());
    }
    for (pointer, value) in selected {
        if plan.masks_at(&pointer, Json::String(value).to_string().as_bytes()) {
            return Err(Refusal::new(
                403,
                Cause::PolicyDenied,
                "query",
                format!("the selector asks about {}, which is masked, so its answer would tell the value; select by name or by another field", named(&pointer)),
            ));
        }
    }
    match patch {
        Some(body) if body.content_type == BodyType::JsonPatch => {
            let operations = body.json.as_array().unwrap_or_default();
            operations.iter().enumerate().try_for_each(|(number, operation)| judge(&plan, number, operation))
        }
        Some(body) => renamed(&plan, &body.json, "").map_or(Ok(()), |(name, hidden)| {
            let what = format!("the patch renames {} and leaves `{hidden}` beside it, which may be masked by that name; send both", named(&name));
            Err(Refusal::new(403, Cause::PolicyDenied, "body", what))
        }),
        None => Ok(()),
    }
}

/// Refuses an operation of a JSON patch that would tell.
fn judge(plan: &Arc<CompiledPlan>, number: usize, operation: &Json) -> Result<(), Refusal> {
    let text = |key: &str| operation.get(key).and_then(Json::as_str).unwrap_or_default();
    let (op, at) = (text("op"), text("path"));
    let told = match op {
        "test" => {
            let guess = operation.get("value").map(ToString::to_string).unwrap_or_default();
            plan.masks_at(at, guess.as_bytes()).then(|| format!("tests {}, which is masked, so the answer would tell the value", named(at)))
        }
        "copy" | "move" if plan.may_mask(text("from")) => {
            Some(format!("takes {}, where values may be masked, to {}, where they would not be", named(text("from")), named(at)))
        }
        _ => None,
    };
    if let Some(what) = told {
        let why = format!("the JSON patch's operation {number} {what}; leave it out, or write the value itself with `add` or `replace`");
        return Err(Refusal::new(403, Cause::PolicyDenied, format!("body/{number}"), why));
    }
    // What is moved away takes its own name with it: only what comes to be there counts, and what goes.
    if op != "test" && plan.names_masked(at) {
        let why = format!(
            "the JSON patch's operation {number} renames {}, by which the value beside it may be masked; replace the whole entry, with its name and its value",
            named(at)
        );
        return Err(Refusal::new(403, Cause::PolicyDenied, format!("body/{number}"), why));
    }
    Ok(())
}

/// The first `name` in a merge patch that would leave beside it a value masked by the former name, and that value's
/// field. Elements of lists are not looked at: a merge patch replaces lists whole, and in the other patches the name
/// of such an element is what it is found by.
fn renamed(plan: &CompiledPlan, patch: &Json, pointer: &str) -> Option<(String, String)> {
    let fields = patch.as_object()?;
    if patch.get("name").is_some() && pointer != "/metadata" {
        let mut hidden = plan.masked_by_name(pointer).into_iter();
        if let Some(left) = hidden.find(|field| patch.get(field).is_none()) {
            return Some((format!("{pointer}/name"), left.to_owned()));
        }
    }
    fields.iter().find_map(|(key, value)| renamed(plan, value, &format!("{pointer}/{}", escaped(key))))
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// A pointer, short enough for a sentence.
fn named(pointer: &str) -> String {
    if pointer.is_empty() { "the whole object".to_owned() } else { format!("`{}`", super::printable(pointer)) }
}
