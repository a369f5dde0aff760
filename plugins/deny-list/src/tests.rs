use portcullis_sdk::testing::configuration;

use super::*;

fn config(json: &str) -> Config {
    let config = configuration(json).expect(json);
    validate(&config).expect(json);
    config
}

fn some() -> Config {
    config(
        r#"{
            "deny": [{"rule": "no-namespace-deletion", "match": [{"verbs": ["delete", "deletecollection"], "groups": [""], "resources": ["namespaces"]}]}],
            "approve": [
                {"rule": "deletes", "match": [{"verbs": ["delete", "deletecollection"], "dry_run": false}],
                 "except": [{"groups": [""], "resources": ["events"]}]}
            ],
            "allow": [{"rule": "everything-else", "match": [{"resources": ["*"]}], "except": [{"names": ["hidden"]}]}],
            "checks": [{"check": "privileged-pods", "then": "deny"}, {"check": "pod-secrets", "then": "approve"}]
        }"#,
    )
}

#[test]
fn the_strictest_rule_decides() {
    for (request, rule) in [
        (Request::delete("/api/v1/namespaces/prod"), "deny no-namespace-deletion"),
        (Request::delete("/apis/apps/v1/namespaces/shop/deployments/web"), "approve deletes"),
        (Request::delete("/api/v1/namespaces/shop/events/one"), "allow everything-else"),
        (Request::builder().verb("delete").name("web").dry_run().build(), "allow everything-else"),
        (Request::get("/api/v1/namespaces/shop/pods/web"), "allow everything-else"),
        // A list may hold what is excepted.
        (Request::get("/api/v1/namespaces/shop/pods"), "none"),
        (Request::get("/api/v1/namespaces/shop/pods/hidden"), "none"),
        (Request::delete("/api/v1/namespaces/shop/pods/hidden"), "approve deletes"),
        (Request::get("/api/v1/namespaces/shop/pods/web/log"), "none"),
        (Request::get("/metrics"), "none"),
    ] {
        let verdict = judge(&some(), &request);
        let found = match &verdict {
            Verdict::NoOpinion => "none".to_owned(),
            Verdict::Allow(rule) => format!("allow {rule}"),
            Verdict::RequireApproval(finding) => format!("approve {}", finding.rule),
            Verdict::Deny(finding) => format!("deny {}", finding.rule),
        };
        assert_eq!(found, rule, "{}", request.path());
    }
}

#[test]
fn an_approver_is_told_all_that_is_held() {
    let config = config(
        r#"{
            "approve": [{"rule": "system", "match": [{"namespaces": ["kube-system"]}], "message": "the cluster runs on this"}],
            "checks": [{"check": "pod-secrets", "then": "approve"}, {"check": "node-choice", "then": "approve"}]
        }"#,
    );
    let spec = format!(r#"{{"spec":{{"nodeName":"one","containers":[{{"name":"{}","envFrom":[{{"secretRef":{{"name":"db"}}}}]}}]}}}}"#, "long".repeat(2000));
    let Verdict::RequireApproval(finding) = judge(&config, &Request::post("/api/v1/namespaces/kube-system/pods", &spec)) else { panic!("it is held") };
    assert_eq!(finding.rule, "system");
    for told in ["the cluster runs on this; and pod-secrets: the container `long", "; and node-choice: the pod goes to the node `one`"] {
        assert!(finding.message.contains(told), "{}", finding.message);
    }
    assert!(finding.message.len() < 1200);
}

#[test]
fn an_exception_to_an_allowance_counts_what_is_not_said() {
    assert_eq!(judge(&some(), &Request::post("/api/v1/namespaces/shop/configmaps", r#"{"metadata":{}}"#)), Verdict::NoOpinion);
    let named = Request::post("/api/v1/namespaces/shop/configmaps", r#"{"metadata":{"name":"web"}}"#);
    assert!(judge(&some(), &named).is_allow());
}

#[test]
fn checks_see_bodies_and_the_results_of_patches() {
    let pods = "/api/v1/namespaces/shop/pods";
    let privileged = r#"{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","securityContext":{"privileged":true}}]}}"#;
    let with_secret = r#"{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","envFrom":[{"secretRef":{"name":"db"}}]}]}}"#;
    assert_eq!(judge(&some(), &Request::post(pods, privileged)).rule(), Some("privileged-pods"));
    let held = judge(&some(), &Request::post(pods, with_secret));
    assert!(held.is_require_approval() && held.rule() == Some("pod-secrets"));

    let deployment = "/apis/apps/v1/namespaces/shop/deployments/web";
    let patch = |body: &str, preview: &str| {
        portcullis_sdk::Builder::of_path("patch", deployment).body(body).preview(preview).build()
    };
    let harmless = r#"{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"x"}]}}}}"#;
    let escaping = r#"{"spec":{"template":{"spec":{"hostPID":true}}}}"#;
    assert!(judge(&some(), &patch(harmless, harmless)).is_allow());
    let operations = r#"[{"op":"copy","from":"/a","path":"/spec/template/spec/hostPID"}]"#;
    assert_eq!(judge(&some(), &patch(operations, escaping)).rule(), Some("privileged-pods"));
    assert!(judge(&some(), &Request::patch(deployment, r#"{"spec":{"replicas":5}}"#)).is_allow(), "needs no preview");
    let unknown = portcullis_sdk::Builder::of_path("patch", deployment).body(operations).preview_fails("it is invalid").build();
    let Verdict::Deny(finding) = judge(&some(), &unknown) else { panic!("a patch that cannot be judged is refused") };
    assert!(finding.message.contains("it is invalid"), "{}", finding.message);
}

#[test]
fn rules_by_label() {
    let config = config(
        r#"{
            "deny": [{"rule": "protected", "match": [{"verbs": ["create", "update", "patch", "deletecollection"]}], "labels": "protected=yes"}],
            "allow": [{"rule": "playground", "match": [{"verbs": ["create", "list", "delete"]}], "labels": "env in (dev,test)"}]
        }"#,
    );
    let pods = "/api/v1/namespaces/shop/pods";
    let labelled = |labels: &str| format!(r#"{{"metadata":{{"name":"p","labels":{labels}}}}}"#);
    for (request, rule) in [
        (Request::post(pods, &labelled(r#"{"protected":"yes","env":"dev"}"#)), Some("protected")),
        (Request::post(pods, &labelled(r#"{"env":"dev"}"#)), Some("playground")),
        (Request::post(pods, &labelled(r#"{"env":"prod"}"#)), None),
        (Request::get(&format!("{pods}?labelSelector=env=test")), Some("playground")),
        (Request::get(pods), None),
        // Nothing is known of its labels.
        (Request::delete(&format!("{pods}/p")), None),
        (Request::delete(pods), Some("protected")),
        (Request::delete(&format!("{pods}?labelSelector=protected=no")), None),
    ] {
        let verdict = judge(&config, &request);
        assert_eq!(verdict.rule(), rule, "{} {}", request.verb(), request.path());
    }
}

#[test]
fn every_check_by_its_name() {
    let post = |path: &str, body: &str| Request::post(path, body);
    let pod = |spec: &str| post("/api/v1/namespaces/shop/pods", &format!(r#"{{"spec":{spec}}}"#));
    for (check, more, request) in [
        ("privileged-pods", "", pod(r#"{"hostPID":true}"#)),
        ("restricted-pods", "", pod(r#"{"containers":[{"name":"c","image":"i"}]}"#)),
        ("pod-secrets", "", pod(r#"{"serviceAccountName":"deployer"}"#)),
        ("image-sources", r#", "allowed": ["registry.example.com/*"]"#, pod(r#"{"containers":[{"name":"c","image":"nginx"}]}"#)),
        ("image-tags", "", pod(r#"{"containers":[{"name":"c","image":"nginx"}]}"#)),
        ("image-digests", "", pod(r#"{"containers":[{"name":"c","image":"nginx:1"}]}"#)),
        ("rbac-escalation", "", post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", "{}")),
        ("token-secrets", "", post("/api/v1/namespaces/shop/secrets", r#"{"type":"kubernetes.io/service-account-token"}"#)),
        ("token-requests", "", post("/api/v1/namespaces/shop/serviceaccounts/default/token", "{}")),
        ("certificates", "", Request::put("/apis/certificates.k8s.io/v1/certificatesigningrequests/me/approval", "{}")),
        ("api-proxy", "", Request::get("/api/v1/nodes/one/proxy/pods")),
        ("admission-webhooks", "", Request::delete("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/w")),
        ("api-services", "", post("/apis/apiregistration.k8s.io/v1/apiservices", "{}")),
        ("conversion-webhooks", "", post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", r#"{"spec":{"conversion":{"strategy":"Webhook"}}}"#)),
        ("namespace-levels", "", Request::put("/api/v1/namespaces/shop", "{}")),
        ("node-choice", "", pod(r#"{"nodeName":"one"}"#)),
        ("external-addresses", "", post("/api/v1/namespaces/shop/services", r#"{"spec":{"externalIPs":["192.0.2.1"]}}"#)),
        ("ingress-snippets", "", post("/apis/networking.k8s.io/v1/namespaces/shop/ingresses", r#"{"metadata":{"annotations":{"a/server-snippet":"x"}}}"#)),
    ] {
        for then in ["deny", "approve"] {
            let config = config(&format!(r#"{{"checks": [{{"check": "{check}", "then": "{then}"{more}}}]}}"#));
            let verdict = judge(&config, &request);
            assert_eq!((verdict.rule(), verdict.is_deny()), (Some(check), then == "deny"), "{check}");
            let harmless = post("/api/v1/namespaces/shop/configmaps", r#"{"data":{"a":"b"}}"#);
            assert_eq!(judge(&config, &harmless), Verdict::NoOpinion, "{check}");
        }
    }
}

#[test]
fn mistakes_in_the_configuration() {
    for (json, message) in [
        (r#"{"deny": [{"rule": "No Names", "match": [{}]}]}"#, "kebab case"),
        (r#"{"deny": [{"rule": "a", "match": [{}]}], "allow": [{"rule": "a", "match": [{}]}]}"#, "two rules named `a`"),
        (r#"{"deny": [{"rule": "a", "match": []}]}"#, "matches nothing"),
        (r#"{"deny": [{"rule": "a"}]}"#, "missing field `match`"),
        (r#"{"refuse": []}"#, "unknown field `refuse`"),
        (r#"{"checks": [{"check": "privileged", "then": "deny"}]}"#, "unknown variant `privileged`"),
        (r#"{"checks": [{"check": "image-sources", "then": "deny"}]}"#, "neither `allowed` nor `refused`"),
        (r#"{"checks": [{"check": "image-tags", "then": "deny", "allowed": ["*"]}]}"#, "`image-tags` has no use for `allowed`"),
        (r#"{"deny": [{"rule": "a", "match": [{}], "labels": "env>1"}]}"#, "no requirement of a label selector"),
        (r#"{"deny": [{"rule": "a", "match": [{}], "labels": ""}]}"#, "selects everything"),
        (r#"{"deny": [{"rule": "a", "match": [{}], "labels": "a=1,a=2"}]}"#, "selects nothing: no value of `a` fits"),
    ] {
        let error = configuration::<Config>(json).and_then(|config| validate(&config)).expect_err(json);
        assert!(error.contains(message), "{json}: {error}");
    }
}
