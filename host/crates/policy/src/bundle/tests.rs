use std::time::Duration;

use super::quantity::{Bytes, Span};
use super::*;

fn check(text: &str) -> String {
    match Manifest::parse(text.as_bytes()) {
        Ok(_) => "ok".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn with(entry: &str) -> String {
    check(&format!("apiVersion: portcullis.dev/v1\nkind: Bundle\nplugins:\n  - {entry}\n"))
}

#[test]
fn a_whole_bundle() {
    let text = r#"
apiVersion: portcullis.dev/v1
kind: Bundle
plugins:
  - name: deny-list
    world: guard
    component: deny-list.wasm
    mode: monitor
    match: { verbs: [create], groups: [""], subresources: ["", exec], kinds: [agent], members: [a, "Team A [x]"] }
    configuration: { rules: [1, two, { three: null }], yes: no }
    limits: { memory: 16MiB, deadline: 50ms }
    cases: cases/deny-list.yaml
  - name: sink
    world: audit-sink
    component: sub/sink.wasm
    capabilities: { http: { origins: ["https://hooks.example.com"] } }
cases: [cases/all.yaml, cases/deny-list.yaml]
"#;
    let manifest = Manifest::parse(text.as_bytes()).unwrap();
    assert_eq!(manifest.files(), ["deny-list.wasm", "cases/deny-list.yaml", "sub/sink.wasm", "cases/all.yaml"]);
    let plugin = &manifest.plugins[0];
    assert_eq!(plugin.mode(), Mode::Monitor);
    assert_eq!(plugin.limits.memory.as_ref().unwrap().value, Bytes(16 << 20));
    assert_eq!(plugin.limits.deadline.as_ref().unwrap().value, Span(Duration::from_millis(50)));
    assert_eq!(plugin.configuration.as_ref().unwrap().value["rules"][2]["three"], serde_json::Value::Null);
}

#[test]
fn mistakes_are_told_with_line_and_column() {
    for (entry, expected) in [
        ("{ name: a, world: guard, component: a.wasm, colour: red }", &["bundle.yaml:4:", "colour"][..]),
        ("{ name: a, world: gaurd, component: a.wasm }", &["bundle.yaml:4:", "gaurd"]),
        ("{ name: a, world: guard }", &["bundle.yaml:4:", "component"]),
        ("{ name: A b, world: guard, component: a.wasm }", &["bundle.yaml:4:", "lower-case"]),
        ("{ name: a, world: guard, component: ../a.wasm }", &["bundle.yaml:4:", "inside the bundle"]),
        ("{ name: a, world: guard, component: /a.wasm }", &["bundle.yaml:4:", "inside the bundle"]),
        ("{ name: a, world: guard, component: '' }", &["bundle.yaml:4:", "inside the bundle"]),
        ("{ name: a, world: masker, component: a.wasm, mode: monitor }", &["bundle.yaml:4:", "only a guard"]),
        ("{ name: a, world: masker, component: a.wasm, match: { namespaces: [x] } }", &["bundle.yaml:4:", "`namespaces` cannot be matched"]),
        ("{ name: a, world: guard, component: a.wasm, limits: { memory: lots } }", &["bundle.yaml:4:", "16MiB"]),
        ("{ name: a, world: guard, component: a.wasm, limits: { deadline: 5 } }", &["bundle.yaml:4:", "50ms"]),
        ("{ name: a, world: guard, component: a.wasm, match: { resources: [pods/exec] } }", &["bundle.yaml:4:", "`subresources`"]),
        ("{ name: a, world: guard, component: a.wasm, match: { namespaces: [Prod] } }", &["bundle.yaml:4:", "'P'", "lower case"]),
        ("{ name: a, world: guard, component: a.wasm, match: { namespaces: ['team-[ab]'] } }", &["bundle.yaml:4:", "'['", "`*` for any"]),
        ("{ name: a, world: guard, component: a.wasm, match: { verbs: [] } }", &["bundle.yaml:4:", "`verbs` is empty"]),
        ("{ name: a, world: guard, component: a.wasm, match: { kinds: [] } }", &["bundle.yaml:4:", "`kinds` is empty"]),
        ("{ name: a, world: masker, component: a.wasm, canary: { share: 1% } }", &["bundle.yaml:4:", "world masker, which has no canary", "`policy diff`"]),
        ("{ name: a, world: audit-sink, component: a.wasm, canary: { share: 1% } }", &["bundle.yaml:4:", "world audit-sink, which has no canary"]),
        ("{ name: a, world: notifier, component: a.wasm, canary: { share: 1% } }", &["bundle.yaml:4:", "world notifier, which has no canary"]),
        ("{ name: a, world: guard, component: a.wasm, mode: monitor, canary: { share: 1% } }", &["bundle.yaml:4:", "counts for nobody"]),
        ("{ name: a, world: guard, component: a.wasm, canary: {} }", &["bundle.yaml:4:", "`share`, such as 10%"]),
        ("{ name: a, world: guard, component: a.wasm, canary: { share: 101% } }", &["bundle.yaml:4:", "write it as 10%"]),
        ("{ name: a, world: guard, component: a.wasm, replaces: b, canary: { share: 1% } }", &["bundle.yaml:4:", "no plugin has that name"]),
        ("{ name: a, world: guard, component: a.wasm, replaces: b }\n  - { name: b, world: guard, component: b.wasm }", &["bundle.yaml:4:", "for nobody"]),
        ("{ name: b, world: masker, component: b.wasm }\n  - { name: a, world: guard, component: a.wasm, replaces: b, canary: { share: 1% } }", &["bundle.yaml:5:", "name a plugin of the same world"]),
        ("{ name: a, world: guard, component: a.wasm, replaces: a, canary: { share: 1% } }", &["bundle.yaml:4:", "only what counts for everybody"]),
        (
            "{ name: o, world: guard, component: o.wasm }\n  - { name: a, world: guard, component: a.wasm, replaces: o, canary: { share: 1% } }\n  - { name: b, world: guard, component: b.wasm, replaces: o, canary: { share: 1% } }",
            &["bundle.yaml:6:", "two plugins replace `o`"],
        ),
        ("{ name: a, name: b, world: guard, component: a.wasm }", &["bundle.yaml:4:", "name"]),
        ("{ name: a, world: guard, component: a.wasm }\n  - { name: a, world: guard, component: b.wasm }", &["bundle.yaml:5:", "two plugins"]),
    ] {
        let message = with(entry);
        for part in expected {
            assert!(message.contains(part), "{entry}: {message}");
        }
    }
    assert!(check("apiVersion: portcullis.dev/v2\nkind: Bundle\nplugins: []").contains("bundle.yaml:1:"));
    assert!(check("apiVersion: portcullis.dev/v1\nkind: Cases\nplugins: []").contains("kind must be Bundle"));
    assert!(check("\u{fffd}").contains("bundle.yaml"));
}
