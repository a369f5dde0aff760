//! Writes that make a controller delete.
//!
//! The garbage collector deletes an object whose owners are not there, and all that an object owns goes with it. Kubernetes' own check asks
//! whether the caller may delete the object (admission plugin OwnerReferencesPermissionEnforcement); the gateway's credential mostly may.

use portcullis_sdk::Request;
use serde_json::Value;

const OWNERS: &str = "/metadata/ownerReferences";

/// When a stateful set deletes the claims of its pods, and so what is on their volumes.
const CLAIMS: &str = "/spec/persistentVolumeClaimRetentionPolicy";

/// What a controller would delete after this write.
pub fn indirect(request: &Request<'_>) -> Result<Option<String>, String> {
    if gives_owners(request) {
        return Ok(Some("the garbage collector deletes the object when the owners that this gives it are not there (metadata.ownerReferences)".to_owned()));
    }
    if !request.is("apps", "statefulsets") || !request.may_write(CLAIMS) {
        return Ok(None);
    }
    request.after_write(|set| {
        let when = ["whenDeleted", "whenScaled"].into_iter().find(|when| set.get::<String>(&format!("{CLAIMS}/{when}")).as_deref() == Some("Delete"))?;
        Some(format!("the stateful set deletes its pods' volume claims (persistentVolumeClaimRetentionPolicy.{when})"))
    })
}

/// Whether an object that is there gets other owners. A new one can lose nothing but itself.
fn gives_owners(request: &Request<'_>) -> bool {
    if !request.is_resource() || request.subresource().is_some() {
        return false;
    }
    let body = request.body();
    match request.verb() {
        "update" => body.has(&format!("{OWNERS}/0")),
        // An apply that leaves them out takes some away at most, which deletes nothing.
        "patch" if !body.has("/0") => body.has(OWNERS) && !body.is_null(OWNERS),
        "patch" => body.get::<Vec<Value>>("").unwrap_or_default().iter().any(operation_gives_owners),
        _ => false,
    }
}

/// Whether an operation of a JSON patch writes to the owners, or to what holds them.
fn operation_gives_owners(operation: &Value) -> bool {
    let path = operation["path"].as_str().unwrap_or_default();
    let owners = path == OWNERS || path.strip_prefix(OWNERS).is_some_and(|rest| rest.starts_with('/'));
    !matches!(operation["op"].as_str(), Some("test" | "remove")) && (owners || matches!(path, "" | "/metadata"))
}

#[cfg(test)]
mod tests;
