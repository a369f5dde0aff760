//! In front of a real API server that knows who asks: what a policy reads, it reads as the caller.

use portcullis_tests::component::Parts;
use portcullis_tests::{Cluster, Served, Serving, until};

use crate::{LIMIT, TWO_DELETIONS, folder, stage};

/// Allows a write of a config map by the rule that says what it could read: the label `team` of the namespace `default`, or the error's first words; and whether
/// the caller could read Secrets.
const READER: &str = r#"  - name: reader
    world: guard
    component: reader.wasm
    match: { resources: [configmaps], verbs: [create] }
    limits: { deadline: 1s }
    capabilities: { cluster: [{ resources: [namespaces], fields: [/metadata/labels] }] }
"#;

/// As WebAssembly text: the strings it asks with, and how.
fn reader() -> Vec<u8> {
    let imports = r#"
        (import "portcullis:policy/cluster@0.1.0" "get" (func $get (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
        (import "portcullis:policy/cluster@0.1.0" "can-i" (func $can_i (param i32 i32)))
        (import "portcullis:policy/documents@0.1.0" "[resource-drop]document" (func $drop (param i32)))
        (data (i32.const 2048) "v1") (data (i32.const 2056) "namespaces") (data (i32.const 2080) "default") (data (i32.const 2096) "/metadata/labels/team")
        (data (i32.const 2128) "get") (data (i32.const 2136) "secrets") (data (i32.const 2144) "may-read-secrets") (data (i32.const 2176) "no-such-label")"#;
    // It reads no body, and gives it back. The question: verb, then the type's three texts; what is zero is empty or absent.
    let body = "
        (call $drop (i32.load offset=212 (local.get $facts)))
        (i32.store (i32.const 3000) (i32.const 2128)) (i32.store (i32.const 3004) (i32.const 3))
        (i32.store (i32.const 3016) (i32.const 2048)) (i32.store (i32.const 3020) (i32.const 2))
        (i32.store (i32.const 3024) (i32.const 2136)) (i32.store (i32.const 3028) (i32.const 7))
        (call $can_i (i32.const 3000) (i32.const 40960))
        (if (i32.load8_u offset=4 (i32.const 40960)) (then (return (call $allow (i32.const 2144) (i32.const 16)))))
        (i32.store (i32.const 3100) (i32.const 2096)) (i32.store (i32.const 3104) (i32.const 21))
        (call $get (i32.const 0) (i32.const 0) (i32.const 2048) (i32.const 2) (i32.const 2056) (i32.const 10)
            (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 2080) (i32.const 7) (i32.const 3100) (i32.const 1) (i32.const 40960))
        (if (i32.load8_u (i32.const 40960)) (then (return (call $allow (i32.load (i32.const 40964)) (i32.const 38)))))
        (local.set $x (i32.load (i32.const 40988)))
        (if (i32.eqz (i32.load8_u (local.get $x))) (then (return (call $allow (i32.const 2176) (i32.const 13)))))
        (call $allow (i32.load offset=4 (local.get $x)) (i32.load offset=8 (local.get $x)))";
    Parts::guard(body).imports(imports).build()
}

#[test]
fn the_cluster_is_read_as_whoever_asks() {
    let (cluster, stage) = (Cluster::start(), stage());
    let (_folder, bundle) = folder(READER);
    std::fs::write(bundle.join("reader.wasm"), reader()).expect("the folder can be written");
    let grants = "grants: { cluster: [{ resources: [namespaces], fields: [/metadata] }] }";
    let served = Served::start(&stage, Serving { kubeconfig: &cluster.ready.gateway_kubeconfig, bundle: &bundle, impersonate: true, more: grants });
    let (client, alice, admin) = (served.client(), served.api(&stage, "alice"), cluster.admin());
    let token = format!("Bearer {}", stage.token("devin"));
    let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
    // The rule that a request was allowed by, as the log has it; RBAC may refuse the request itself.
    let rule = || {
        let body = br#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"asked-"}}"#;
        let answer = client.request("POST", "/clusters/real/api/v1/namespaces/default/configmaps", &headers, body);
        let record = alice.record(&answer.record());
        let by = record["by"].as_array().and_then(|by| by.iter().find(|by| by["plugin"] == "reader")).cloned().unwrap_or_else(|| panic!("it was asked: {record}"));
        by["rule"].as_str().unwrap_or_else(|| panic!("it names a rule: {by}")).to_owned()
    };
    // RBAC gives devin nothing, and so nothing to what reads for devin.
    assert_eq!(rule(), "the cluster could not be read: it answ");
    admin.must(&["create", "clusterrole", "sees-namespaces", "--verb=get", "--resource=namespaces"]);
    admin.must(&["create", "clusterrolebinding", "sees-namespaces", "--clusterrole=sees-namespaces", "--user=portcullis:devin"]);
    admin.must(&["label", "namespace", "default", "team=checkout"]);
    until(LIMIT, "for the binding to hold", || (rule() == "\"checkout\"").then_some(()));
    let read = cluster.seen("/api/v1/namespaces/default");
    let event = read.iter().rev().find(|event| event["requestURI"] == "/api/v1/namespaces/default" && event["impersonatedUser"]["username"] == "portcullis:devin");
    assert!(event.is_some(), "the API server saw who it was for: {read:?}");
    admin.must(&["create", "clusterrole", "sees-secrets", "--verb=get", "--resource=secrets"]);
    admin.must(&["create", "clusterrolebinding", "sees-secrets", "--clusterrole=sees-secrets", "--user=portcullis:devin"]);
    until(LIMIT, "for the review to say yes", || (rule() == "may-read-secrets").then_some(()));
}

#[test]
fn a_budget_holds_in_front_of_a_real_api_server() {
    let (cluster, stage) = (Cluster::start(), stage());
    let (_folder, bundle) = folder(TWO_DELETIONS);
    let served = Served::start(&stage, Serving { kubeconfig: &cluster.ready.gateway_kubeconfig, bundle: &bundle, impersonate: false, more: "grants: { counter: true }" });
    let devin = served.kubectl(&stage, "devin");
    for name in ["a", "b", "c"] {
        devin.must(&["create", "configmap", name]);
    }
    devin.must(&["delete", "configmap", "a", "--dry-run=server"]);
    devin.must(&["delete", "configmap", "a"]);
    devin.must(&["delete", "configmap", "b"]);
    assert!(!devin.run(&["auth", "can-i", "delete", "configmaps"]).ok(), "the budget is used up");
    let refused = devin.run(&["delete", "configmap", "c"]);
    assert!(refused.stderr.contains("refused by budgets, rule deletions: 2 of 2 within 60 min are used; it fits again in"), "{refused:?}");
    devin.must(&["get", "configmap", "c"]);
}
