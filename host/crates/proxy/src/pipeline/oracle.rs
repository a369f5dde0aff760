//! Requests that would tell masked values without showing them: refused before anything is asked or sent.
//!
//! A JSON patch's `test` says whether a guess is right, `copy` and `move` carry a value to a place where it is not
//! masked (RFC 6902 sections 4.4 to 4.6), and so does a selector say whether any object has the value.

use kube_request::{BodyType, Cause, Json, KubeRequest, Refusal};
use policy::Generation;

use super::decide;

/// Refuses a request that asks about masked values. Asks for the mask plan only where one might.
///
/// # Errors
/// 403 with the operation or field at fault, or when the masker cannot be asked.
pub async fn refused(generation: &Generation, connection: &str, request: &KubeRequest) -> Result<(), Refusal> {
    let operations = request.body.as_ref().filter(|body| body.content_type == BodyType::JsonPatch).map(|body| &body.json);
    let selected = request.selects_by();
    if operations.is_none() && selected.is_empty() {
        return Ok(());
    }
    let plan = generation.mask_plan(&decide::response_kind(connection, request)).await.map_err(decide::failed)?;
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
    for (number, operation) in operations.and_then(Json::as_array).unwrap_or_default().iter().enumerate() {
        let text = |key: &str| operation.get(key).and_then(Json::as_str).unwrap_or_default();
        let (op, at) = (text("op"), text("path"));
        let (told, what) = match op {
            "test" => {
                let guess = operation.get("value").map(ToString::to_string).unwrap_or_default();
                (plan.masks_at(at, guess.as_bytes()), format!("tests {}, which is masked, so the answer would tell the value", named(at)))
            }
            "copy" | "move" => {
                let from = text("from");
                (plan.may_mask(from), format!("takes {}, where values may be masked, to {}, where they would not be", named(from), named(at)))
            }
            _ => continue,
        };
        if told {
            return Err(Refusal::new(
                403,
                Cause::PolicyDenied,
                format!("body/{number}"),
                format!("the JSON patch's operation {number} {what}; leave it out, or write the value itself with `add` or `replace`"),
            ));
        }
    }
    Ok(())
}

/// A pointer, short enough for a sentence.
fn named(pointer: &str) -> String {
    if pointer.is_empty() { "the whole object".to_owned() } else { format!("`{}`", super::printable(pointer)) }
}
