use super::*;
use crate::api::{defaults::fill, resources::known};
use serde_json::json;

/// The message of what is refused, or nothing.
fn verdict(group: &str, plural: &str, mut object: Value) -> String {
    let resource = known(group, plural);
    let checked = shape(resource, &object).and_then(|()| {
        fill(resource, &mut object);
        rules(resource, &object)
    });
    checked
        .err()
        .map(|problem| problem.message)
        .unwrap_or_default()
}

fn deployment(labels: Value, containers: Value, replicas: i64) -> Value {
    json!({"metadata": {"name": "web"}, "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}}}})
}

#[test]
fn objects_are_checked() {
    let container = json!([{"name": "web", "image": "nginx"}]);
    let twice = json!([{"name": "web", "image": "nginx"}, {"name": "web", "image": "nginx"}]);
    for (group, plural, object, expected) in [
        (
            "apps",
            "deployments",
            deployment(json!({"app": "web"}), container.clone(), 1),
            "",
        ),
        (
            "apps",
            "deployments",
            deployment(json!({"app": "db"}), container.clone(), 1),
            "`selector` does not match",
        ),
        (
            "apps",
            "deployments",
            deployment(json!({"app": "web"}), json!([]), 1),
            "spec.template.spec.containers: Required value",
        ),
        (
            "apps",
            "deployments",
            deployment(json!({"app": "web"}), twice, 1),
            "Duplicate value: \"web\"",
        ),
        (
            "apps",
            "deployments",
            deployment(json!({"app": "web"}), container.clone(), 1_000_000),
            "at most 200",
        ),
        (
            "apps",
            "deployments",
            json!({"metadata": {"name": "x"}, "spec": 7}),
            ".spec has to be an object",
        ),
        (
            "apps",
            "deployments",
            json!({"metadata": {"name": "x"}, "spec": {"template": {"spec": 7}}}),
            "has to be an object",
        ),
        (
            "",
            "pods",
            json!({"metadata": {"name": "x"}, "spec": {"containers": [7]}}),
            "a list of objects",
        ),
        (
            "",
            "configmaps",
            json!({"metadata": {"name": "x"}, "data": {"a": 1}}),
            "a map from text to text",
        ),
        (
            "",
            "configmaps",
            json!({"metadata": {"name": "Not_Valid"}}),
            "RFC 1123",
        ),
        (
            "",
            "configmaps",
            json!({"metadata": {"name": "a..b"}}),
            "RFC 1123",
        ),
        (
            "",
            "configmaps",
            json!({"metadata": {"name": 7}}),
            "has to be text",
        ),
        (
            "",
            "secrets",
            json!({"metadata": {"name": "x"}, "data": {"a": "not base64!"}}),
            "not base64",
        ),
        (
            "",
            "services",
            json!({"metadata": {"name": "x", "uid": "1"}, "spec": {}}),
            "spec.ports: Required value",
        ),
        (
            "",
            "services",
            json!({"metadata": {"name": "x", "uid": "1"}, "spec": {"ports": [{"port": 0}]}}),
            "between 1 and 65535",
        ),
        (
            "batch",
            "jobs",
            json!({"metadata": {"name": "x", "uid": "1"}, "spec": {"template": {"spec": {"containers": container}}}}),
            "restartPolicy",
        ),
        (
            "rbac.authorization.k8s.io",
            "clusterroles",
            json!({"metadata": {"name": "system:node"}}),
            "",
        ),
    ] {
        let message = verdict(group, plural, object.clone());
        assert!(
            if expected.is_empty() {
                message.is_empty()
            } else {
                message.contains(expected)
            },
            "{object}: {message}"
        );
    }
}
