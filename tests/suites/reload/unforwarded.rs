//! Writes that were refused or held, judged again: their bodies are in the log, masked, and what cannot be judged is told.

use std::fs;
use std::path::{Path, PathBuf};

use portcullis_tests::component::{self, TRAPS};
use serde_json::{Value, json};

use super::compared::lines;
use super::*;

/// Images are of one registry, Secrets are held for a person, and everything else is allowed.
fn set(images: &str, held: &str, group: &str, masked: &str) -> String {
    format!(
        r#"apiVersion: portcullis.dev/v1
kind: Bundle
plugins:
  - name: guard
    world: guard
    component: deny-list.wasm
    configuration:
      deny: [{{ rule: no-red, match: [{{ verbs: [create], resources: [configmaps] }}], labels: colour=red }}]
      approve: [{{ rule: held, match: [{{ verbs: [create], resources: [{held}] }}] }}]
      allow: [{{ rule: the-rest, match: [{{}}, {{ paths: ["*"] }}] }}]
      checks: [{{ check: image-sources, then: deny, allowed: [{images}] }}]
  - name: routing
    world: approval-router
    component: approval-routing.wasm
    configuration: {{ routes: [{{ groups: [{group}], wait: retry }}] }}
  - name: masking
    world: masker
    component: field-masking.wasm
    configuration: {{ rules: [{{ name: marks, resources: [configmaps], paths: ["/data/mark"{masked}] }}] }}
"#
    )
}

fn live() -> String {
    set("\"registry.example.com/*\"", "secrets", "approvers", "")
}

const POD: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"tool","namespace":"shop"},"spec":{"containers":[{"name":"tool","image":"elsewhere.example.com/tool:1","env":[{"name":"DB_PASSWORD","value":"hunter2hunter2"}]}]}}"#;
const SECRET: &str = r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"fresh","namespace":"shop"},"stringData":{"key":"hunter2hunter2"}}"#;
const RED: &str = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"red","namespace":"shop","labels":{"colour":"red"}},"data":{"mark":"hunter2hunter2","size":"3"}}"#;
const PATCH: &str = r#"[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"elsewhere.example.com/tool:2"},{"op":"add","path":"/spec/template/spec/containers/0/env","value":[{"name":"DB_PASSWORD","value":"hunter2hunter2"}]}]"#;

fn folder(gateway: &Gateway, name: &str, manifest: &str) -> PathBuf {
    let dir = gateway.scratch().join(name);
    fs::create_dir_all(&dir).expect("a folder");
    for component in ["deny-list.wasm", "approval-routing.wasm", "field-masking.wasm"] {
        fs::copy(places::bundle("default").join(component), dir.join(component)).expect("the default components are built");
    }
    save(&dir, "bundle.yaml", manifest);
    dir
}

fn gateway() -> Gateway {
    let scratch = places::folder();
    let dir = scratch.path().join("bundle");
    bundle(&dir, "", &[]);
    for component in ["approval-routing.wasm", "field-masking.wasm"] {
        fs::copy(places::bundle("default").join(component), dir.join(component)).expect("the default components are built");
    }
    save(&dir, "bundle.yaml", &live());
    Gateway::start(Options { bundle: Some(dir), ..Options::default() })
}

/// Sends a write as Devin. Its status, and the id of its record.
fn write(gateway: &Gateway, method: &str, path: &str, media_type: &str, body: &str) -> (u16, String) {
    let token = format!("Bearer {}", gateway.token("devin"));
    let headers = [("authorization", token.as_str()), ("content-type", media_type)];
    let response = gateway.client().request(method, &gateway.path(path), &headers, body.as_bytes());
    (response.status, response.record())
}

/// The refused pod, the held Secret, the refused ConfigMap.
fn played(gateway: &Gateway) -> [String; 3] {
    let create = |resource: &str, body: &str| {
        let (status, record) = write(gateway, "POST", &format!("/api/v1/namespaces/shop/{resource}"), "application/json", body);
        assert_eq!(status, 403, "{resource}");
        record
    };
    [create("pods", POD), create("secrets", SECRET), create("configmaps", RED)]
}

/// Every file below a folder that holds the bytes as they are.
fn holding(folder: &Path, needle: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holding(&path, needle));
        } else if fs::read(&path).is_ok_and(|bytes| bytes.windows(needle.len()).any(|part| part == needle.as_bytes())) {
            found.push(path);
        }
    }
    found
}

#[test]
fn what_was_refused_or_held_is_in_the_log_as_what_was_forwarded_is() {
    let gateway = gateway();
    let [pod, secret, red] = played(&gateway);
    let alice = gateway.api("alice");
    let body = |id: &str| {
        let record = alice.record(id);
        assert!(record["request"]["body"].is_string() && record["request"]["body_not_kept"].is_null(), "{record}");
        record["request_body"].as_str().expect("a body").to_owned()
    };
    let (pod, held, red) = (body(&pod), body(&secret), body(&red));
    assert!(pod.contains("elsewhere.example.com/tool:1") && pod.contains("DB_PASSWORD"), "{pod}");
    assert!(held.contains("fresh") && red.contains(r#""size":"3""#), "{held} {red}");
    assert_eq!(alice.record(&secret)["decision"], "hold");
    // Of a list of operations the values that may be masked where they are put are not kept, and the others are.
    let (status, id) = write(&gateway, "PATCH", "/apis/apps/v1/namespaces/shop/deployments/web", "application/json-patch+json", PATCH);
    assert_eq!(status, 403);
    let patch = body(&id);
    assert!(patch.contains("elsewhere.example.com/tool:2"), "{patch}");
    for shown in [pod, held, red, patch] {
        assert!(shown.contains("masked") && !shown.contains("hunter2"), "{shown}");
    }
    assert_eq!(holding(&gateway.ledger(), "hunter2"), Vec::<PathBuf>::new());
    gateway.verify(&gateway.ledger()).expect_ok();
}

#[test]
fn a_body_that_nobody_can_mask_is_not_kept_and_its_record_says_so() {
    let scratch = places::folder();
    let dir = scratch.path().join("bundle");
    let plugins = "  - { name: no, world: guard, component: deny-list.wasm, configuration: { deny: [{ rule: no-configmaps, match: [{ resources: [configmaps] }] }] } }\n  - { name: broken, world: masker, component: broken.wasm }\n";
    bundle(&dir, plugins, &[("broken.wasm", component::masker(TRAPS))]);
    let gateway = Gateway::start(Options { bundle: Some(dir), ..Options::default() });
    // Refused by a guard, and refused since nobody knows what to mask in the answer.
    for (path, body) in [("/api/v1/namespaces/shop/configmaps", RED), ("/api/v1/namespaces/shop/secrets", SECRET)] {
        let (status, id) = write(&gateway, "POST", path, "application/json", body);
        assert_eq!(status, 403, "{path}");
        let record = gateway.api("alice").record(&id);
        assert_eq!((&record["request"]["body_not_kept"], &record["request"]["body"]), (&"unplanned".into(), &Value::Null), "{record}");
        let shown = gateway.cli("alice", &["audit", "show", &id]).expect_ok().stdout;
        assert!(shown.contains("not kept"), "{shown}");
    }
    assert_eq!(holding(&gateway.ledger(), "hunter2"), Vec::<PathBuf>::new());

    let told = lines(&gateway, &["policy", "backtest", "--bundle", gateway.ready.policies_dir.to_str().expect("a plain path")]);
    let summary = &told.last().expect("a summary")["summary"];
    let why = "had a body that was not kept, because a masker failed and nobody said what to mask in it";
    assert_eq!((&summary["judged"], &summary["not_judged"][why]), (&0.into(), &2.into()), "{summary}");
}

#[test]
fn a_candidate_is_tried_on_what_was_refused_and_held() {
    let gateway = gateway();
    let ids = played(&gateway);
    // Any image, Secrets by themselves, another group for ConfigMaps; and one more field is masked.
    let candidate = folder(&gateway, "candidate", &set("\"*\"", "services", "approvers", ""));
    let told = lines(&gateway, &["policy", "backtest", "--bundle", candidate.to_str().expect("a plain path"), "--since", "1h"]);
    let (summary, changes) = told.split_last().expect("a summary");
    let changed: Vec<(&str, &str, &str)> = changes
        .iter()
        .map(|change| [&change["id"], &change["before"]["decision"], &change["after"]["decision"]].map(|value| value.as_str().unwrap_or_default()))
        .map(|[id, before, after]| (id, before, after))
        .collect();
    assert_eq!(changed, [(ids[0].as_str(), "deny", "allow"), (ids[1].as_str(), "require-approval", "allow")], "{told:?}");
    let summary = &summary["summary"];
    assert_eq!((&summary["judged"], &summary["masked_bodies"], &summary["not_judged"]), (&3.into(), &3.into(), &json!({})), "{summary}");
    assert_eq!(summary["transitions"][0]["from"], "deny", "{summary}");
    assert_eq!(summary["transitions"][0]["example"]["id"], ids[0].as_str(), "{summary}");

    // The live set says again what it said, on masked values.
    let told = lines(&gateway, &["policy", "backtest", "--bundle", gateway.ready.policies_dir.to_str().expect("a plain path"), "--since", "1h"]);
    assert_eq!((told.len(), &told[0]["summary"]["changed"]), (1, &0.into()), "{told:?}");
}

/// Who would approve, and what would be masked, is compared on the same requests.
#[test]
fn a_difference_of_routers_and_maskers_is_told() {
    let gateway = gateway();
    let [_, secret, _] = played(&gateway);
    let candidate = folder(&gateway, "candidate", &set("\"registry.example.com/*\"", "secrets", "owners", ", \"/data/size\""));
    let candidate = candidate.to_str().expect("a plain path");
    let told = lines(&gateway, &["policy", "diff", candidate]);
    let routed: Vec<&Value> = told.iter().filter(|line| line["route"].is_object()).collect();
    assert_eq!(routed.len(), 1, "{told:?}");
    assert_eq!((&routed[0]["id"], &routed[0]["route"]["before"]["groups"], &routed[0]["route"]["after"]["groups"]), (&secret.into(), &json!(["approvers"]), &json!(["owners"])));
    let masked: Vec<&Value> = told.iter().filter(|line| line["masking"].is_object()).collect();
    assert_eq!(masked.len(), 1, "only ConfigMaps: {told:?}");
    assert_eq!(masked[0]["masking"], json!({ "before": ["masking/marks"], "after": ["masking/marks"] }));
    assert_eq!(told.last().expect("a summary")["summary"]["changed"], 0);

    let shown = gateway.cli("alice", &["policy", "diff", candidate]).expect_ok().stdout;
    for part in ["Others would approve", "1 of owners, retry", "Answers would be masked by other rules", "masking/marks", "0 of 3 requests"] {
        assert!(shown.contains(part), "no {part} in {shown}");
    }
}

/// A canary of a router: those who are in it are sent to other people, and everybody else as before.
#[test]
fn a_router_is_tried_on_some_first() {
    let gateway = gateway();
    let canary = "  - { name: routing-next, world: approval-router, component: approval-routing.wasm, replaces: routing, canary: { identities: [NAME] }, configuration: { routes: [{ groups: [owners], wait: retry }] } }\n";
    let before = gateway.api("alice").policy()["digest"].clone();
    let mut last = before;
    for (name, group) in [("devin", "owners"), ("nobody", "approvers")] {
        save(&gateway.ready.policies_dir, "bundle.yaml", &(live() + &canary.replace("NAME", name)));
        last = until(Duration::from_secs(20), "for the canary", || {
            let digest = gateway.api("alice").policy()["digest"].clone();
            (digest != last).then_some(digest)
        });
        // Each a Secret of its own: an approval that waits is found again.
        let secret = SECRET.replace("fresh", &format!("fresh-{name}"));
        let (status, id) = write(&gateway, "POST", "/api/v1/namespaces/shop/secrets", "application/json", &secret);
        assert_eq!(status, 403);
        let record = gateway.api("alice").record(&id);
        let approval = gateway.api("alice").get(&format!("/approvals/{}", record["approval"].as_str().expect("an approval"))).json();
        assert_eq!(approval["groups"], json!([group]), "{name}: {approval}");
    }
}
