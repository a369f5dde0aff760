use serde_json::json;

use super::*;

#[test]
fn a_mapping_with_the_one_key_is_a_reference() {
    for (configuration, expected) in [
        (json!({ "token": { "secret": "a" } }), vec![("/token", "a")]),
        (json!({ "secret": "a" }), vec![("", "a")]),
        (json!({ "headers": [{ "name": "x", "value": { "secret": "b.c_d-e" } }] }), vec![("/headers/0/value", "b.c_d-e")]),
        (json!({ "a/b~c": { "secret": "a" } }), vec![("/a~1b~0c", "a")]),
        (json!({ "token": { "secret": 5 } }), vec![("/token", "5")]),
        // Not alone in its mapping, or a word among others.
        (json!({ "token": { "secret": "a", "name": "b" } }), vec![]),
        (json!({ "words": ["secret", "a"], "other": { "secrets": "a" } }), vec![]),
    ] {
        let found: Vec<(String, String)> = references(&configuration).into_iter().map(|one| (one.pointer, one.name)).collect();
        let found: Vec<(&str, &str)> = found.iter().map(|(pointer, name)| (pointer.as_str(), name.as_str())).collect();
        assert_eq!(found, expected, "{configuration}");
    }
}

fn bundle(world: &str, configuration: &str) -> String {
    format!(
        "apiVersion: portcullis.dev/v1\nkind: Bundle\nplugins:\n  - name: splunk\n    world: {world}\n    component: s.wasm\n    configuration:\n      url: https://splunk.example\n      {configuration}\n"
    )
}

#[test]
fn what_a_bundle_needs_is_told_with_its_line() {
    let text = bundle("audit-sink", "token: { secret: splunk-token }");
    let needed = needed_secrets(text.as_bytes()).unwrap();
    let expected = NeededSecret { name: "splunk-token".to_owned(), plugin: "splunk".to_owned(), at: "/token".to_owned(), line: 9 };
    assert_eq!(needed, [expected]);
}

#[test]
fn a_reference_that_can_never_hold_is_refused_with_its_line() {
    for (world, configuration, expected) in [
        ("guard", "token: { secret: a }", "only an audit-sink or a notifier may"),
        ("approval-router", "token: { secret: a }", "only an audit-sink or a notifier may"),
        ("audit-sink", "token: { secret: a b }", "`a b` is no name of a secret"),
        ("audit-sink", "token: { secret: ../a }", "`../a` is no name of a secret"),
        ("notifier", "token: { secret: [a] }", "is no name of a secret"),
        ("notifier", "token: { secret: '' }", "`` is no name of a secret"),
    ] {
        let error = Manifest::parse(bundle(world, configuration).as_bytes()).unwrap_err();
        assert!(error.to_string().starts_with("bundle.yaml:9:") && error.message.contains(expected), "{world} {configuration}: {error}");
    }
    let many: Vec<String> = (0..65).map(|n| format!("{{ secret: s{n} }}")).collect();
    let error = Manifest::parse(bundle("audit-sink", &format!("tokens: [{}]", many.join(", "))).as_bytes()).unwrap_err();
    assert!(error.message.contains("65 secrets, and may refer to 64"), "{error}");
}
