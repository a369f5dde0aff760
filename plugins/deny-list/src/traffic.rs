//! Which requests, services and ingresses lead traffic past the gateway, or to where it does not belong.

use std::collections::BTreeMap;

use portcullis_sdk::Request;
use serde_json::Value;

/// The address that a service takes, whoever owns it.
pub fn external_addresses(request: &Request<'_>) -> Result<Option<String>, String> {
    if !request.is("", "services") || !request.may_write("/spec/externalIPs") {
        return Ok(None);
    }
    request.after_write(|service| {
        let address: Value = service.get("/spec/externalIPs/0")?;
        Some(format!("the service takes the traffic of {} wherever it runs (externalIPs)", address.as_str().unwrap_or("an address")))
    })
}

/// What the API server would pass the request on to: what is behind it is judged by no rule.
pub fn api_proxy(request: &Request<'_>) -> Option<String> {
    if request.subresource() != Some("proxy") || !request.group().is_empty() {
        return None;
    }
    let (what, name) = (request.resource(), request.name().unwrap_or("?"));
    match what {
        "nodes" => Some(format!("the kubelet of `{name}` runs commands in every pod of its node, and keeps no record")),
        "pods" | "services" => Some(format!("the API server would pass this on to `{what}/{name}`, past every rule about it")),
        _ => None,
    }
}

/// The annotation of an ingress that is pasted into its controller's configuration.
pub fn snippets(request: &Request<'_>) -> Result<Option<String>, String> {
    let ingress = request.is("networking.k8s.io", "ingresses") || request.is("extensions", "ingresses");
    if !ingress || !request.may_write("/metadata/annotations") {
        return Ok(None);
    }
    request.after_write(|ingress| {
        let annotations: BTreeMap<String, Value> = ingress.get("/metadata/annotations")?;
        let snippet = annotations.keys().find(|key| key.rsplit('/').next().is_some_and(|name| name.contains("snippet")))?;
        Some(format!("the annotation `{snippet}` becomes configuration of the ingress controller, which reads every Secret"))
    })
}

#[cfg(test)]
mod tests;
