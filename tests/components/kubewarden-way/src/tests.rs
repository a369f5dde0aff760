use super::*;

fn ask(operation: &str, resource: &str) -> Value {
    let payload = serde_json::json!({
        "request": { "operation": operation, "resource": { "group": "", "version": "v1", "resource": resource }, "object": { "kind": "Pod" }, "uid": "x" },
        "settings": { "deny": [{ "rule": "no-namespaces", "match": [{ "verbs": ["delete"], "resources": ["namespaces"] }], "message": "not allowed" }],
                      "allow": [{ "rule": "rest", "match": [{}] }] },
    });
    serde_json::from_str(&validate(&payload.to_string())).unwrap()
}

#[test]
fn it_judges_as_the_rules_say() {
    assert_eq!(ask("DELETE", "namespaces"), serde_json::json!({ "accepted": false, "message": "not allowed" }));
    assert_eq!(ask("CREATE", "pods"), serde_json::json!({ "accepted": true, "message": null }));
}
