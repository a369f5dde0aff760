//! Who else judges the requests of the cluster: webhooks, admission policies, and the level that a namespace holds its pods to.

use portcullis_sdk::Request;
use serde_json::Value;

/// The label by which a namespace is held to a level of the Pod Security Standards.
const LEVEL: &str = "/metadata/labels/pod-security.kubernetes.io~1enforce";

/// What a write of a webhook or an admission policy would bring about.
pub fn webhooks(request: &Request<'_>) -> Result<Option<String>, String> {
    if request.group() != "admissionregistration.k8s.io" || request.subresource().is_some() || !request.is_write() {
        return Ok(None);
    }
    let what = match request.resource() {
        "validatingwebhookconfigurations" | "mutatingwebhookconfigurations" => "webhook",
        "validatingadmissionpolicies" | "mutatingadmissionpolicies" => "admission policy",
        "validatingadmissionpolicybindings" | "mutatingadmissionpolicybindings" => "binding of an admission policy",
        _ => return Ok(None),
    };
    if matches!(request.verb(), "delete" | "deletecollection") {
        return Ok(Some(format!("without the {what} the cluster lets through what it stopped")));
    }
    if what != "webhook" {
        return Ok(Some(format!("the {what} decides about the requests of everybody in the cluster")));
    }
    request.after_write(|configuration| {
        let hooks: Vec<Value> = configuration.get("/webhooks").unwrap_or_default();
        let targets: Vec<String> = hooks.iter().filter_map(|hook| target(&hook["clientConfig"])).collect();
        Some(match targets.first() {
            Some(target) => format!("the webhook at {target} sees the requests of everybody in the cluster, and may change them"),
            None => "the webhook's configuration decides who sees the requests of everybody in the cluster".to_owned(),
        })
    })
}

/// Where a client configuration leads, as an address or a service.
pub fn target(client: &Value) -> Option<String> {
    if let Some(url) = client["url"].as_str() {
        return Some(format!("`{url}`"));
    }
    let (namespace, name) = (client["service"]["namespace"].as_str()?, client["service"]["name"].as_str()?);
    Some(format!("the service `{namespace}/{name}`"))
}

/// A namespace that would hold its pods to no level, or to the one that allows everything.
pub fn level_of_namespace(request: &Request<'_>) -> Result<Option<String>, String> {
    if !request.is("", "namespaces") || !request.may_write("/metadata/labels") {
        return Ok(None);
    }
    let may_take_away = takes_away(request);
    request.after_write(|namespace| match namespace.get::<String>(LEVEL).as_deref() {
        Some("privileged") => Some("the namespace would let privileged pods in (pod-security.kubernetes.io/enforce)".to_owned()),
        None if may_take_away => Some("the namespace may lose the level that it holds its pods to (pod-security.kubernetes.io/enforce)".to_owned()),
        _ => None,
    })
}

/// Whether a write that leaves a namespace without a level may be what takes it away: what it had is not known.
fn takes_away(request: &Request<'_>) -> bool {
    match request.verb() {
        "update" => true,
        // A JSON patch says where it works; any other names the label, or clears or replaces what is around it.
        "patch" if request.body().has("/0") => {
            let operations: Vec<Value> = request.body().get("").unwrap_or_default();
            operations.iter().flat_map(|operation| [&operation["path"], &operation["from"]]).filter_map(Value::as_str).any(reaches_the_level)
        }
        "patch" => request.may_write(LEVEL),
        _ => false,
    }
}

/// Whether the label is at a pointer, or below it.
fn reaches_the_level(pointer: &str) -> bool {
    LEVEL.strip_prefix(pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests;
