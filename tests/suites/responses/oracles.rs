//! Ways to learn a masked value without being shown it.

use serde_json::{Value, json};

use super::{STAGE, bearer, namespace};

const PASSWORD: &str = "correct-horse-battery-staple";
/// The password in base64, as a Secret holds it.
const ENCODED: &str = "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5LXN0YXBsZQ==";

/// Sends a JSON patch as the agent.
fn patched(path: &str, operations: &Value) -> portcullis_tests::https::Response {
    let headers = [("authorization", bearer()), ("content-type", "application/json-patch+json".to_owned())];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    STAGE.gateway.client().request("PATCH", &STAGE.gateway.path(path), &headers, operations.to_string().as_bytes())
}

#[test]
fn a_json_patch_neither_tests_nor_copies_what_is_masked() {
    let admin = namespace("oracle");
    admin.must(&["create", "secret", "generic", "db", &format!("--from-literal=password={PASSWORD}")]);
    admin.apply(
        "apiVersion: v1\nkind: Pod\nmetadata: { name: box, labels: { app: box } }\nspec:\n  containers:\n\
         \x20 - { name: box, image: nginx, env: [{ name: DB_PASSWORD, value: correct-horse-battery-staple }] }\n",
    );
    let secret = "/api/v1/namespaces/oracle/secrets/db";
    let pod = "/api/v1/namespaces/oracle/pods/box";
    for (path, operations) in [
        (secret, json!([{ "op": "test", "path": "/data/password", "value": ENCODED }])),
        (secret, json!([{ "op": "test", "path": "/data/password", "value": "d3Jvbmc=" }])),
        (secret, json!([{ "op": "test", "path": "/data", "value": { "password": ENCODED } }])),
        (secret, json!([{ "op": "add", "path": "/metadata/labels", "value": {} }, { "op": "test", "path": "/data/p~0", "value": "eA==" }])),
        // The way out: to a place where nothing is masked.
        (secret, json!([{ "op": "copy", "from": "/data/password", "path": "/metadata/labels/x" }])),
        (secret, json!([{ "op": "move", "from": "/data/password", "path": "/metadata/annotations/x" }])),
        (secret, json!([{ "op": "copy", "from": "/data", "path": "/metadata/annotations" }])),
        (secret, json!([{ "op": "copy", "from": "", "path": "/metadata/annotations" }])),
        (pod, json!([{ "op": "test", "path": "/spec/containers/0/env/0/value", "value": PASSWORD }])),
        (pod, json!([{ "op": "copy", "from": "/spec/containers/0/env/0/value", "path": "/metadata/annotations/x" }])),
        (pod, json!([{ "op": "move", "from": "/spec/containers/0/env/0", "path": "/spec/containers/0/env/1" }])),
    ] {
        for query in ["", "?dryRun=All"] {
            let refused = patched(&format!("{path}{query}"), &operations);
            assert_eq!(refused.status, 403, "{operations}: {}", refused.text());
            assert_eq!(refused.cause(), "PolicyDenied");
            assert!(refused.text().contains("masked"), "{}", refused.text());
            assert!(!refused.text().contains(PASSWORD) && !refused.text().contains(ENCODED), "{}", refused.text());
        }
    }
    let reached = STAGE.cluster.seen("/api/v1/namespaces/oracle/");
    assert!(!reached.iter().any(|event| event["verb"] == "patch" && event["user"]["username"] == "gateway"), "a patch reached the cluster: {reached:?}");
    assert_eq!(STAGE.gateway.api("alice").approvals("pending").iter().filter(|approval| approval["command"].to_string().contains("oracle")).count(), 0);
}

#[test]
fn a_json_patch_that_tells_nothing_passes() {
    let admin = namespace("no-oracle");
    admin.must(&["create", "configmap", "notes", "--from-literal=greeting=hello"]);
    admin.must(&["label", "configmap", "notes", "app=notes"]);
    let version = admin.must(&["get", "configmap", "notes", "-o", "jsonpath={.metadata.resourceVersion}"]);
    let done = patched(
        "/api/v1/namespaces/no-oracle/configmaps/notes",
        &json!([
            { "op": "test", "path": "/metadata/resourceVersion", "value": version },
            { "op": "test", "path": "/data/greeting", "value": "hello" },
            { "op": "copy", "from": "/metadata/labels/app", "path": "/metadata/labels/copy" },
            { "op": "replace", "path": "/data/greeting", "value": "goodbye" },
            { "op": "remove", "path": "/metadata/labels/app" },
        ]),
    );
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(done.json()["metadata"]["labels"], json!({ "copy": "notes" }));
}
