//! Entries in the words of other tools: audit.k8s.io/v1 `Event`, and OCSF 1.3 `API Activity`.

use serde_json::{Value, json};

use crate::read::entry::Entry;
use crate::record::{Decision, Kind};

/// An `Event` of `audit.k8s.io/v1`, stage `ResponseComplete`, as the API server's own log has them
/// (`k8s.io/apiserver/pkg/apis/audit/v1/types.go`); what it has no field for is in `annotations`.
#[must_use]
pub fn kubernetes(entry: &Entry) -> Value {
    let request = entry.request.as_ref();
    let identity = entry.identity.as_ref();
    let path = request.map(|request| match &request.query {
        Some(query) => format!("{}?{query}", request.path),
        None => request.path.clone(),
    });
    let mut annotations = serde_json::Map::new();
    let mut annotate = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            annotations.insert(format!("portcullis.dev/{key}"), Value::String(value));
        }
    };
    annotate("decision", entry.decision.map(|decision| decision.as_str().to_owned()));
    annotate("connection", entry.connection.as_deref().map(str::to_owned));
    annotate("session", entry.session.as_deref().map(str::to_owned));
    annotate("issuer", identity.map(|identity| identity.issuer.clone()));
    annotate("sponsor", identity.and_then(|identity| identity.sponsor.clone()));
    annotate("command", entry.command.as_ref().map(|command| command.rendered.clone()));
    annotate("approval", entry.approval.clone());
    annotate("generation", entry.generation.map(|generation| generation.to_string()));
    annotate("response-body", entry.response.as_ref().and_then(|response| response.body.clone()));
    let rules: Vec<String> =
        entry.by.iter().filter_map(|by| Some(format!("{}/{}={}", by.plugin, by.rule.as_ref()?, by.verdict))).collect();
    annotate("rules", (!rules.is_empty()).then(|| rules.join(",")));

    let status = entry.response.as_ref().and_then(|response| response.status);
    let mut event = json!({
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": entry.id,
        "stage": if entry.ended.is_some() { "ResponseComplete" } else { "RequestReceived" },
        "requestURI": path.unwrap_or_default(),
        "verb": request.map(|request| request.verb.as_str()).unwrap_or_default(),
        "user": {
            "username": identity.map(|identity| identity.subject.as_str()).unwrap_or_default(),
            "groups": identity.map(|identity| identity.groups.as_slice()).unwrap_or_default(),
        },
        "requestReceivedTimestamp": format!("{:.6}", entry.time),
        "stageTimestamp": format!("{:.6}", entry.ended.unwrap_or(entry.time)),
        "annotations": annotations,
    });
    if let Some(client) = &entry.client {
        event["sourceIPs"] = json!([host(&client.address)]);
        event["userAgent"] = json!(client.user_agent);
    }
    if let Some(request) = request.filter(|request| !request.resource.is_empty()) {
        event["objectRef"] = json!({
            "resource": request.resource,
            "namespace": request.namespace,
            "name": request.name,
            "apiGroup": request.group,
            "apiVersion": request.version,
            "subresource": request.subresource,
        });
    }
    if let Some(status) = status {
        let message = entry.refusal.as_ref().map(|refusal| refusal.message.as_str());
        event["responseStatus"] = json!({ "code": status, "message": message });
    }
    event
}

/// An OCSF `API Activity` event (class 6003).
#[must_use]
pub fn ocsf(entry: &Entry) -> Value {
    let request = entry.request.as_ref();
    let identity = entry.identity.as_ref();
    let verb = request.map(|request| request.verb.as_str()).unwrap_or_default();
    let (activity_id, activity) = match verb {
        "create" | "post" => (1, "Create"),
        "get" | "list" | "watch" | "head" => (2, "Read"),
        "update" | "patch" | "put" => (3, "Update"),
        "delete" | "deletecollection" => (4, "Delete"),
        _ => (99, "Other"),
    };
    let failed = entry.decision == Some(Decision::Deny)
        || entry.response.as_ref().and_then(|response| response.status).is_none_or(|status| status >= 400);
    let (status_id, status) = match (&entry.response, failed) {
        (None, false) => (0, "Unknown"),
        (_, true) => (2, "Failure"),
        (_, false) => (1, "Success"),
    };
    let denied = entry.decision == Some(Decision::Deny) || entry.kind == Kind::Refusal;
    json!({
        "category_uid": 6,
        "category_name": "Application Activity",
        "class_uid": 6003,
        "class_name": "API Activity",
        "activity_id": activity_id,
        "activity_name": activity,
        "type_uid": 600_300 + activity_id,
        "severity_id": if denied { 3 } else { 1 },
        "severity": if denied { "Medium" } else { "Informational" },
        "time": entry.time.as_millisecond(),
        "end_time": entry.ended.map(|ended| ended.as_millisecond()),
        "status_id": status_id,
        "status": status,
        "status_code": entry.response.as_ref().and_then(|response| response.status).map(|status| status.to_string()),
        "status_detail": entry.refusal.as_ref().map(|refusal| refusal.message.as_str()),
        "message": entry.command.as_ref().map(|command| command.rendered.as_str()),
        "metadata": {
            "version": "1.3.0",
            "uid": entry.id,
            "product": { "name": "Portcullis", "vendor_name": "Portcullis" },
        },
        "actor": {
            "user": {
                "name": identity.map(|identity| identity.subject.as_str()),
                "type": identity.map(|identity| identity.kind.as_str()),
                "groups": identity.map(|identity| {
                    identity.groups.iter().map(|group| json!({ "name": group })).collect::<Vec<_>>()
                }),
            },
            "session": { "uid": entry.session, "issuer": identity.map(|identity| identity.issuer.as_str()) },
        },
        "src_endpoint": { "ip": entry.client.as_ref().map(|client| host(&client.address)) },
        "api": {
            "operation": verb,
            "group": request.map(|request| json!({ "name": request.group })),
            "version": request.map(|request| request.version.as_str()),
            "service": { "name": entry.connection },
            "request": { "uid": entry.id },
            "response": { "code": entry.response.as_ref().and_then(|response| response.status) },
        },
        "http_request": { "url": { "path": request.map(|request| request.path.as_str()) } },
        "resources": request.filter(|request| !request.resource.is_empty()).map(|request| {
            json!([{ "type": request.resource, "name": request.name, "namespace": request.namespace }])
        }),
        "unmapped": {
            "decision": entry.decision,
            "approval": entry.approval,
            "generation": entry.generation,
            "sponsor": identity.and_then(|identity| identity.sponsor.as_deref()),
            "by": entry.by,
        },
    })
}

/// The address without its port.
fn host(address: &str) -> &str {
    match address.parse::<std::net::SocketAddr>() {
        // Cut from the text, which is what is borrowed: IPv6 in brackets.
        Ok(_) => address.rsplit_once(':').map_or(address, |(host, _)| host.trim_matches(['[', ']'])),
        Err(_) => address,
    }
}

#[cfg(test)]
mod tests;
