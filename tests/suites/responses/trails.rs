//! What the cluster's own audit log says of requests through the gateway.

use serde_json::{Value, json};

use super::{STAGE, bearer, get, namespace};

fn one(part: &str, record: &str) -> Value {
    let events = STAGE.cluster.seen(part);
    events.iter().find(|event| event["auditID"] == record).cloned().unwrap_or_else(|| panic!("no event has the id {record}: {events:?}"))
}

#[test]
fn the_clusters_audit_log_carries_the_records_id_and_the_clients_address() {
    namespace("traced");
    let path = "/api/v1/namespaces/traced/configmaps";
    let read = get(path, &[("audit-id", "mine"), ("x-forwarded-for", "203.0.113.9"), ("x-real-ip", "203.0.113.9")]);
    assert_eq!(read.status, 200, "{}", read.text());
    let token = bearer();
    let headers = [("authorization", token.as_str()), ("content-type", "application/json"), ("audit-id", "mine")];
    let map = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "notes" } });
    let written = STAGE.gateway.client().request("POST", &STAGE.gateway.path(path), &headers, map.to_string().as_bytes());
    assert_eq!(written.status, 201, "{}", written.text());
    for answer in [&read, &written] {
        let event = one(path, &answer.record());
        assert_eq!(event["user"]["username"], "gateway", "{event}");
        assert_eq!(event["sourceIPs"][0], "127.0.0.1", "{event}");
        assert!(!event.to_string().contains("203.0.113.9"), "{event}");
    }
    assert!(!STAGE.cluster.seen(path).iter().any(|event| event["auditID"] == "mine"), "the client chose the id");
}

/// However many policies ask what a patch would make, the API server is asked once.
#[test]
fn a_preview_is_one_dry_run_for_all_policies() {
    let admin = namespace("previewed");
    admin.apply(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec:\n  replicas: 0\n  selector: { matchLabels: { app: web } }\n  template:\n\
         \x20   metadata: { labels: { app: web } }\n    spec: { containers: [{ name: web, image: nginx }] }\n",
    );
    let path = "/apis/apps/v1/namespaces/previewed/deployments/web";
    let token = bearer();
    let headers = [("authorization", token.as_str()), ("content-type", "application/strategic-merge-patch+json")];
    let patch = json!({ "spec": { "template": { "spec": { "containers": [{ "name": "web", "image": "busybox" }] } } } });
    let done = STAGE.gateway.client().request("PATCH", &STAGE.gateway.path(path), &headers, patch.to_string().as_bytes());
    assert_eq!(done.status, 200, "{}", done.text());
    let record = STAGE.gateway.api("alice").record(&done.record());
    let asked = record["by"].as_array().map(|by| by.iter().map(|by| by["plugin"].clone()).collect::<Vec<_>>());
    assert_eq!(asked, Some(vec![json!("second-opinion"), json!("deny-list")]), "{record}");

    let tries = |wanted: bool| {
        let events = STAGE.cluster.seen(path);
        let dry = events.iter().filter(|event| event["verb"] == "patch" && event["requestURI"].to_string().contains("dryRun=All") == wanted);
        dry.map(|event| event["auditID"].to_string()).collect::<std::collections::HashSet<_>>().len()
    };
    assert_eq!((tries(true), tries(false)), (1, 1), "dry runs, and writes");
}
