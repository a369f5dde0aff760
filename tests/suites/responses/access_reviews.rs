//! `kubectl auth can-i` tells the truth: RBAC's word and the policies'.

use std::fs;

use portcullis_tests::kubectl::VERSIONS;
use portcullis_tests::{Gateway, Options};
use serde_json::json;

use super::{STAGE, bearer, namespace};

#[test]
fn can_i_says_what_would_become_of_the_request() {
    namespace("asked");
    for version in VERSIONS {
        let devin = STAGE.gateway.kubectl(version, "devin").within("asked");
        for (question, answer) in [
            (&["get", "pods"][..], "yes"),
            (&["list", "deployments.apps"], "yes"),
            (&["create", "deployments.apps"], "yes"),
            (&["patch", "deployments.apps/web"], "yes"),
            (&["get", "pods", "--subresource=log"], "yes"),
            (&["get", "/readyz"], "yes"),
            (&["delete", "pods"], "no - needs approval by deny-list, rule deletion-needs-approval: this deletes something"),
            (&["delete", "deployments.apps/web"], "no - needs approval by deny-list, rule deletion-needs-approval"),
            (&["create", "pods", "--subresource=exec"], "no - needs approval by deny-list, rule exec-needs-approval"),
            (&["get", "pods", "--subresource=exec"], "no - needs approval by deny-list, rule exec-needs-approval"),
            (&["delete", "namespaces"], "no - refused by deny-list, rule no-namespace-deletion: deleting a namespace deletes everything in it"),
            // kubectl sends the namespace of its context though nodes are in none.
            (&["delete", "nodes", "--all-namespaces"], "no - refused by deny-list, rule no-node-deletion"),
            (&["create", "serviceaccounts", "--subresource=token"], "no - refused by deny-list, rule no-token-creation"),
            (&["create", "validatingwebhookconfigurations.admissionregistration.k8s.io"], "no - refused by deny-list, rule no-admission-changes"),
            (&["get", "/logs"], "no - refused by deny-list, rule no-unknown-paths"),
            (&["get", "/api//v1"], "no - the path has an empty segment"),
            (&["impersonate", "users"], "no - the gateway refuses every request that impersonates"),
            (&["get", "*"], "no - "),
            (&["create", "configmaps", "--all-namespaces"], "no - no policy can say yes to every namespace at once"),
        ] {
            let arguments = [&["auth", "can-i"], question].concat();
            let said = devin.run(&arguments);
            assert!(said.stdout.starts_with(answer), "kubectl {version} {question:?}: {said:?}");
            assert_eq!(said.code, i32::from(answer != "yes"), "kubectl {version} {question:?}: {said:?}");
        }
    }
}

#[test]
fn a_question_opens_no_approval_and_its_record_shows_the_answer() {
    namespace("only-asked");
    let devin = STAGE.gateway.kubectl("1.37", "devin").within("only-asked");
    let before = STAGE.gateway.api("alice").approvals("pending").len();
    assert!(devin.run(&["auth", "can-i", "delete", "secrets"]).stdout.contains("needs approval"));
    assert_eq!(STAGE.gateway.api("alice").approvals("pending").len(), before);

    let records = STAGE.gateway.api("alice").audit("resource=selfsubjectaccessreviews");
    let asked = records.iter().rev().find(|record| record["command"]["rendered"].as_str().is_some_and(|command| command.contains("delete secrets")));
    let record = STAGE.gateway.api("alice").record(asked.expect("the question is recorded")["id"].as_str().unwrap());
    let text = record.to_string();
    assert!(text.contains("answered no: needs approval by deny-list, rule deletion-needs-approval"), "{text}");
    assert_eq!(asked.unwrap()["decision"], "allow", "the question itself is allowed");
}

/// The answer is made of the API server's own, and of nothing else.
#[test]
fn what_rbac_denies_stays_denied_and_others_reviews_are_left_alone() {
    let ask = |kind: &str, spec: serde_json::Value| {
        let body = json!({ "apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec });
        let path = format!("/apis/authorization.k8s.io/v1/{}s", kind.to_lowercase());
        let headers = [("authorization", bearer()), ("content-type", "application/json".to_owned())];
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        STAGE.gateway.client().request("POST", &STAGE.gateway.path(&path), &headers, body.to_string().as_bytes())
    };
    let attributes = json!({ "namespace": "asked", "verb": "delete", "resource": "pods" });
    let held = ask("SelfSubjectAccessReview", json!({ "resourceAttributes": attributes }));
    assert_eq!(held.status, 201, "{}", held.text());
    assert_eq!(held.json()["status"]["allowed"], false);
    assert_eq!(held.json()["status"]["denied"], json!(null), "held is not denied: {}", held.text());
    let denied = ask("SelfSubjectAccessReview", json!({ "resourceAttributes": { "verb": "delete", "resource": "namespaces", "name": "prod" } }));
    assert_eq!(denied.json()["status"]["denied"], true);
    // Verbs of RBAC that no request has.
    let bind = ask("SelfSubjectAccessReview", json!({ "resourceAttributes": { "verb": "bind", "group": "rbac.authorization.k8s.io", "resource": "clusterroles" } }));
    assert_eq!(bind.json()["status"]["allowed"], true, "{}", bind.text());
    let write = ask("SelfSubjectAccessReview", json!({ "resourceAttributes": { "namespace": "asked", "verb": "create", "resource": "pods" } }));
    assert!(write.json()["status"]["reason"].as_str().unwrap_or_default().contains("what is sent is judged by the gateway's policies too"), "{}", write.text());
}

#[test]
fn the_list_of_rules_holds_only_what_the_policies_allow() {
    let admin = namespace("listed");
    admin.must(&["create", "serviceaccount", "narrow"]);
    admin.apply(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: { name: narrow }\nrules:\n\
         - { apiGroups: [\"\"], resources: [pods, configmaps], verbs: [get, list, delete] }\n\
         - { apiGroups: [\"\"], resources: [pods/exec], verbs: [create] }\n\
         - { apiGroups: [\"\"], resources: [services], verbs: [\"*\"] }\n",
    );
    admin.must(&["create", "rolebinding", "narrow", "--role=narrow", "--serviceaccount=listed:narrow"]);
    let token = admin.must(&["create", "token", "narrow"]);
    let wide = fs::read_to_string(&STAGE.cluster.ready.kubeconfig).unwrap();
    let authority = wide.lines().find(|line| line.trim_start().starts_with("certificate-authority")).expect("it names its authority");
    let kubeconfig = STAGE.cluster.folder().join("narrow.kubeconfig");
    let server = &STAGE.cluster.ready.server;
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters:\n- name: c\n  cluster:\n    server: {server}\n    {}\n\
         contexts:\n- name: c\n  context: {{ cluster: c, user: u }}\nusers:\n- name: u\n  user: {{ token: {} }}\n",
        authority.trim(),
        token.trim()
    );
    fs::write(&kubeconfig, text).unwrap();
    let gateway = Gateway::start(Options { kubeconfig: Some(kubeconfig), bundle: None });
    for version in VERSIONS {
        let devin = gateway.kubectl(version, "devin").within("listed");
        let list = devin.run(&["auth", "can-i", "--list"]);
        let verbs = |resource: &str| {
            let line = list.stdout.lines().find(|line| line.split_whitespace().next() == Some(resource));
            line.and_then(|line| Some(line[line.rfind('[')? + 1..line.rfind(']')?].to_owned())).unwrap_or_default()
        };
        assert_eq!(verbs("pods"), "get list", "kubectl {version}: {list:?}");
        assert_eq!(verbs("configmaps"), "get list");
        assert_eq!(verbs("pods/exec"), "", "held, so not in the list");
        assert_eq!(verbs("services"), "get list watch create update patch");
        assert!(list.stderr.contains("the gateway holds for a person's approval: ") && list.stderr.contains("delete pods") && list.stderr.contains("create pods/exec"), "{}", list.stderr);
        // What RBAC itself denies is told in its words.
        assert_eq!(devin.run(&["auth", "can-i", "create", "deployments.apps"]).stdout.trim(), "no");
    }
}
