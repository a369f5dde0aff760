//! Another set beside the live one: what it says, and how it would have decided what was recorded.

use std::fs;

use serde_json::{Value, json};

use super::*;

/// Reads are allowed, and writes of everything but what the rules are about.
fn set(rules: &str) -> String {
    format!(
        "apiVersion: portcullis.dev/v1\nkind: Bundle\nplugins:\n  - name: one\n    world: guard\n    component: deny-list.wasm\n    \
         configuration: {{ {rules} allow: [{{ rule: the-rest, match: [{{}}, {{ paths: [\"*\"] }}] }}] }}\n"
    )
}

const NO_DEPLOYMENTS: &str = "deny: [{ rule: no-deployments, match: [{ resources: [deployments] }], message: not these }],";

/// A gateway with a recorded history, and a folder with a candidate.
fn played() -> (Gateway, std::path::PathBuf) {
    let folder = places::folder();
    let dir = folder.path().join("bundle");
    bundle(&dir, "", &[]);
    save(&dir, "bundle.yaml", &set(""));
    let gateway = Gateway::start(Options { bundle: Some(dir.clone()), ..Options::default() });
    let candidate = gateway.scratch().join("candidate");
    fs::create_dir_all(&candidate).expect("a folder");
    fs::copy(dir.join("deny-list.wasm"), candidate.join("deny-list.wasm")).expect("the guard is there");
    save(&candidate, "bundle.yaml", &set(NO_DEPLOYMENTS));

    let token = format!("Bearer {}", gateway.token("devin"));
    let ask = |method: &str, path: &str, body: &str| {
        let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
        let headers = if body.is_empty() { &headers[..1] } else { &headers[..] };
        gateway.client().request(method, &gateway.path(path), headers, body.as_bytes()).status
    };
    for path in ["/api/v1/namespaces/shop/configmaps/web", "/apis/apps/v1/namespaces/shop/deployments", "/apis/apps/v1/namespaces/shop/deployments/web"] {
        assert_eq!(ask("GET", path, ""), 200, "{path}");
    }
    let body = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"made","namespace":"shop"},"data":{"a":"b"}}"#;
    assert_eq!(ask("POST", "/api/v1/namespaces/shop/configmaps", body), 201);
    (gateway, candidate)
}

pub fn lines(gateway: &Gateway, arguments: &[&str]) -> Vec<Value> {
    let output = gateway.cli("alice", &[arguments, &["--output", "json"]].concat()).expect_ok();
    output.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

#[test]
fn each_decision_that_would_change_is_listed() {
    let (gateway, candidate) = played();
    let dir = candidate.to_str().expect("a plain path");

    let told = lines(&gateway, &["policy", "backtest", "--bundle", dir, "--since", "1h"]);
    let (summary, changes) = told.split_last().expect("a summary");
    let mut commands: Vec<&str> = changes.iter().filter_map(|change| change["command"].as_str()).collect();
    commands.sort_unstable();
    assert_eq!(commands, ["kubectl get deployment web -n shop", "kubectl get deployments -n shop"], "{told:?}");
    for change in changes {
        assert_eq!((&change["before"]["decision"], &change["after"]["decision"]), (&"allow".into(), &"deny".into()), "{change}");
        assert_eq!((&change["after"]["rules"], &change["uncertain"]), (&json!(["one/no-deployments"]), &json!([])), "{change}");
    }
    assert_eq!((&summary["summary"]["judged"], &summary["summary"]["unseen"]), (&4.into(), &json!({})), "{summary}");

    // The live set itself decides as it did.
    let live = gateway.ready.policies_dir.to_str().expect("a plain path");
    let told = lines(&gateway, &["policy", "backtest", "--bundle", live, "--since", "1h"]);
    assert_eq!((told.len(), &told[0]["summary"]["changed"]), (1, &0.into()), "{told:?}");
}

#[test]
fn the_difference_is_told_and_its_verdicts() {
    let (gateway, candidate) = played();
    let dir = candidate.to_str().expect("a plain path");
    let shown = gateway.cli("alice", &["policy", "diff", dir]).expect_ok().stdout;
    println!("{shown}");
    for part in ["/deny/no-deployments/message", "not these", "kubectl get deployments -n shop", "one/no-deployments", "2 of 4 requests"] {
        assert!(shown.contains(part), "no {part} in {shown}");
    }
    assert_eq!(gateway.cli("bob", &["policy", "diff", dir]).code, 5, "bob is no operator");

    // And back, between two sets that the gateway has kept.
    let first = gateway.api("alice").policy()["digest"].as_str().expect("a digest").to_owned();
    save(&gateway.ready.policies_dir, "bundle.yaml", &set(NO_DEPLOYMENTS));
    until(Duration::from_secs(20), "for the candidate", || (gateway.api("alice").policy()["digest"] != first.as_str()).then_some(()));
    let told = lines(&gateway, &["policy", "diff", &first]);
    let back: Vec<&Value> = told.iter().filter(|line| line["after"]["decision"] == "allow" && line["before"]["decision"] == "deny").collect();
    assert_eq!(back.len(), 2, "{told:?}");
}
