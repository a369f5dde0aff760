//! Who else answers for the API server: aggregated APIs, and webhooks that convert custom resources.

use portcullis_sdk::Request;
use serde_json::Value;

use crate::admission::target;

/// Where a group's requests would go.
pub fn api_services(request: &Request<'_>) -> Result<Option<String>, String> {
    if !request.is("apiregistration.k8s.io", "apiservices") || !request.is_write() {
        return Ok(None);
    }
    if matches!(request.verb(), "delete" | "deletecollection") {
        return Ok(Some("without the API service nobody can use what it serves".to_owned()));
    }
    request.after_write(|service| {
        let client = serde_json::json!({ "service": service.get::<Value>("/spec/service").unwrap_or_default() });
        let group: String = service.get("/spec/group").unwrap_or_default();
        Some(match target(&client) {
            Some(target) => format!("requests of everybody for the group `{group}` would go to {target}"),
            None => format!("the API service decides who answers for the group `{group}`"),
        })
    })
}

/// Who would see every object of a custom resource.
pub fn conversion_webhooks(request: &Request<'_>) -> Result<Option<String>, String> {
    if !request.is("apiextensions.k8s.io", "customresourcedefinitions") || !request.may_write("/spec/conversion") {
        return Ok(None);
    }
    request.after_write(|definition| {
        let conversion: Value = definition.get("/spec/conversion")?;
        if conversion["strategy"] != "Webhook" {
            return None;
        }
        let target = target(&conversion["webhook"]["clientConfig"]).unwrap_or_else(|| "a webhook".to_owned());
        Some(format!("{target} would see every object of the custom resource, and may change it (spec.conversion)"))
    })
}

#[cfg(test)]
mod tests;
