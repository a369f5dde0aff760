//! Would the API server change nothing? Only a certain yes is a yes; contradictory spellings are refused.
//!
//! The value is a list, every item of which must be `All` (`ValidateDryRun`); any list that is not
//! empty is a dry run (`dryrun.IsDryRun`). On a DELETE with a body, the body alone counts and the
//! query is not read at all (`handlers/delete.go`); on an eviction the two are joined
//! (`EvictionREST.propagateDryRun`).

use crate::query::first;
use crate::request::Verb;
use crate::{Json, Refusal};

/// What is asked in the query. Leaves one spelling, `dryRun=All`, or none.
pub(crate) fn take_query(query: &mut Vec<(String, String)>) -> Result<bool, Refusal> {
    if first(query, "dryRun").is_none() {
        return Ok(false);
    }
    if query.iter().any(|(key, value)| key == "dryRun" && value != "All") {
        return Err(bad("query.dryRun", "the query has a dryRun that is not `All`: write `dryRun=All` or leave it out"));
    }
    let mut seen = false;
    query.retain(|(key, _)| key != "dryRun" || !std::mem::replace(&mut seen, true));
    Ok(true)
}

/// What is asked in a `DeleteOptions` value.
pub(crate) fn in_options(options: &Json, field: &str) -> Result<bool, Refusal> {
    match options.get("dryRun") {
        None | Some(Json::Null) => Ok(false),
        Some(Json::Array(items)) if items.iter().all(|item| item.as_str() == Some("All")) => Ok(!items.is_empty()),
        Some(_) => Err(bad(field, "the body has a dryRun that is not [\"All\"]: write that or leave it out")),
    }
}

/// Does a dry run on this resource change nothing for certain? Requests that *do* something
/// (exec, a token's issue) ignore the option, and so may an aggregated API server.
pub(crate) fn is_honoured(verb: Verb, group: &str, resource: &str, subresource: Option<&str>) -> bool {
    matches!(verb, Verb::Create | Verb::Update | Verb::Patch | Verb::Delete | Verb::DeleteCollection)
        && is_built_in(group)
        && !(group.is_empty() && resource == "componentstatuses")
        && matches!(subresource, None | Some("status" | "scale" | "finalize" | "eviction" | "binding" | "ephemeralcontainers" | "resize" | "approval"))
}

/// Groups that kube-apiserver itself serves. Groups of custom resources honour dry runs too, but an
/// aggregated server may use any name, and none of these (the API server's own registrations come first).
fn is_built_in(group: &str) -> bool {
    matches!(
        group,
        "" | "admissionregistration.k8s.io"
            | "apiextensions.k8s.io"
            | "apiregistration.k8s.io"
            | "apps"
            | "authentication.k8s.io"
            | "authorization.k8s.io"
            | "autoscaling"
            | "batch"
            | "certificates.k8s.io"
            | "coordination.k8s.io"
            | "discovery.k8s.io"
            | "events.k8s.io"
            | "flowcontrol.apiserver.k8s.io"
            | "networking.k8s.io"
            | "node.k8s.io"
            | "policy"
            | "rbac.authorization.k8s.io"
            | "resource.k8s.io"
            | "scheduling.k8s.io"
            | "storage.k8s.io"
            | "storagemigration.k8s.io"
    )
}

pub(crate) fn bad(field: &str, message: &str) -> Refusal {
    Refusal::malformed(field, message)
}

#[cfg(test)]
mod tests;
