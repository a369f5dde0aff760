//! What policies may reach besides a request, through the gateway with real components: budgets that are kept, given back and durable; the cluster, as far as it was
//! granted; the network, as far as it was granted.

use std::path::PathBuf;
use std::time::Duration;

use portcullis_tests::component::{OBSERVE, TRAPS, bundle, masker, save};
use portcullis_tests::https::Response;
use portcullis_tests::stub::{Stub, response};
use portcullis_tests::{Gateway, Options, places, until};
use serde_json::{Value, json};

#[path = "capabilities/network.rs"]
mod network;
#[path = "capabilities/on_a_real_cluster.rs"]
mod on_a_real_cluster;

/// How long what happens beside a request may take: a charge that is given back, a reload.
const LIMIT: Duration = Duration::from_secs(20);

/// A bundle that observes, with these plugins of the default set besides; `cases` are not run.
pub fn folder(plugins: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = places::folder();
    let dir = folder.path().join("bundle");
    let names = ["budgets", "live-routing", "approval-routing", "deny-list", "change-window", "audit-webhook"];
    let read = |name: &&str| (format!("{name}.wasm"), std::fs::read(places::bundle("default").join(format!("{name}.wasm"))).expect("the default components are built"));
    let components: Vec<(String, Vec<u8>)> = names.iter().map(read).collect();
    let components: Vec<(&str, Vec<u8>)> = components.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    bundle(&dir, plugins, &components);
    (folder, dir)
}

/// Of two deletions an hour.
const TWO_DELETIONS: &str = r#"  - name: budgets
    world: guard
    component: budgets.wasm
    limits: { deadline: 1s }
    capabilities: { counter: true }
    configuration: { budgets: [{ rule: deletions, match: [{ verbs: [delete, deletecollection] }], most: 2, within: 1h }] }
"#;

/// Nothing is deleted in `kube-system`; in `prod` a person decides.
const NO_AND_PERHAPS: &str = r#"  - name: no-and-perhaps
    world: guard
    component: deny-list.wasm
    configuration:
      deny: [{ rule: not-the-system, match: [{ verbs: [delete], namespaces: [kube-system] }], message: this is the system's }]
      approve: [{ rule: ask-first, match: [{ verbs: [delete], namespaces: [prod] }], message: this is production }]
  - name: routing
    world: approval-router
    component: approval-routing.wasm
    configuration: { routes: [{ groups: [approvers] }] }
"#;

/// A gateway whose issuer and demo cluster others use.
pub fn stage() -> Gateway {
    Gateway::start(Options { bundle: Some(places::bundle("observe")), ..Options::default() })
}

fn gateway(plugins: &str, kubeconfig: Option<PathBuf>) -> Gateway {
    let (_folder, dir) = folder(plugins);
    Gateway::start(Options { bundle: Some(dir), kubeconfig })
}

fn ask(gateway: &Gateway, method: &str, path: &str, body: &str) -> Response {
    let token = format!("Bearer {}", gateway.token("devin"));
    let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
    let headers = if body.is_empty() { &headers[..1] } else { &headers[..] };
    gateway.client().request(method, &gateway.path(path), headers, body.as_bytes())
}

/// A config map in `prod`, to be deleted.
fn make(gateway: &Gateway, name: &str) {
    let body = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name } });
    let made = ask(gateway, "POST", "/api/v1/namespaces/prod/configmaps", &body.to_string());
    assert_eq!(made.status, 201, "{}", made.text());
}

fn delete(gateway: &Gateway, namespace: &str, name: &str) -> Response {
    ask(gateway, "DELETE", &format!("/api/v1/namespaces/{namespace}/configmaps/{name}"), "")
}

/// Whether the budget is used up, by the answer to the question that is charged nothing.
fn may_delete(gateway: &Gateway) -> Value {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": { "resourceAttributes": { "verb": "delete", "resource": "configmaps", "namespace": "shop", "name": "any" } },
    });
    let answer = ask(gateway, "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", &review.to_string());
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["status"].clone()
}

#[test]
fn a_budget_lets_through_what_fits_and_survives_a_crash() {
    let mut gateway = gateway(TWO_DELETIONS, None);
    assert_eq!(may_delete(&gateway)["allowed"], true);
    for name in ["a", "b"] {
        // There is none of that name, which the cluster says: it was asked, so it counts.
        assert_eq!(delete(&gateway, "shop", name).status, 404);
    }
    let refused = |gateway: &Gateway| {
        let refused = delete(gateway, "shop", "c");
        assert_eq!((refused.status, refused.cause().as_str()), (403, "BudgetExceeded"), "{}", refused.text());
        refused
    };
    let answer = refused(&gateway);
    let status = answer.json();
    assert_eq!(status["details"]["causes"][0]["field"], "budgets/deletions", "{status}");
    let seconds = status["details"]["retryAfterSeconds"].as_u64().expect("it says when it fits again");
    assert!((3000..=3780).contains(&seconds), "{seconds}");
    let message = status["message"].as_str().expect("a message");
    assert!(message.contains("2 of 2 within 60 min are used; it fits again in"), "{message}");
    let record = gateway.api("alice").record(&answer.record());
    let by = record["by"].as_array().expect("who judged").iter().find(|by| by["plugin"] == "budgets").expect("budgets did");
    assert_eq!((&by["verdict"], &by["rule"], &by["remembered"]), (&json!("deny"), &json!("deletions"), &json!(false)));
    assert_eq!(may_delete(&gateway)["allowed"], false);

    gateway.kill_and_restart();
    refused(&gateway);
    // Reading is not what it is about.
    assert_eq!(ask(&gateway, "GET", "/api/v1/namespaces/shop/configmaps", "").status, 200);
}

#[test]
fn what_is_not_forwarded_is_not_charged() {
    let gateway = gateway(&format!("{TWO_DELETIONS}{NO_AND_PERHAPS}"), None);
    for turn in 0..4 {
        assert_eq!(delete(&gateway, "kube-system", "a").cause(), "PolicyDenied", "refused by another guard, in turn {turn}");
        until(LIMIT, "for the charge to be given back", || (may_delete(&gateway)["allowed"] == true).then_some(()));
        let held = format!("held-{turn}");
        make(&gateway, &held);
        let pending = delete(&gateway, "prod", &held);
        assert_eq!(pending.cause(), "ApprovalPending", "{}", pending.text());
        until(LIMIT, "for the charge to be given back", || (may_delete(&gateway)["allowed"] == true).then_some(()));
        let dry = ask(&gateway, "DELETE", "/api/v1/namespaces/shop/configmaps/a?dryRun=All", "");
        assert_eq!(dry.status, 404, "{}", dry.text());
    }
    // Denied by a person.
    let alice = gateway.api("alice");
    assert_eq!(alice.decide(&alice.pending("held-0"), false).status, 200);
    assert_eq!(delete(&gateway, "prod", "held-0").cause(), "ApprovalDenied");
    until(LIMIT, "for the charge to be given back", || (may_delete(&gateway)["allowed"] == true).then_some(()));
    for name in ["a", "b"] {
        assert_eq!(delete(&gateway, "shop", name).status, 404, "the whole budget is there");
    }
    assert_eq!(delete(&gateway, "shop", "c").cause(), "BudgetExceeded");
}

#[test]
fn what_was_approved_is_charged_once() {
    let gateway = gateway(&format!("{TWO_DELETIONS}{NO_AND_PERHAPS}"), None);
    make(&gateway, "asked");
    assert_eq!(delete(&gateway, "prod", "asked").cause(), "ApprovalPending");
    let alice = gateway.api("alice");
    assert_eq!(alice.decide(&alice.pending("asked"), true).status, 200);
    assert_eq!(delete(&gateway, "prod", "asked").status, 200, "the granted approval lets it through");
    assert_eq!(delete(&gateway, "shop", "a").status, 404, "one of two is used");
    assert_eq!(delete(&gateway, "shop", "b").cause(), "BudgetExceeded");
}

#[test]
fn what_never_reached_the_cluster_is_given_back_and_what_may_have_is_not() {
    let stub = Stub::start();
    let place = places::folder();
    // Takes the request, and says nothing.
    stub.does("/api/v1/namespaces/shop/configmaps/taken", |_| {});
    let kubeconfig = stub.kubeconfig(place.path());
    let closed = places::free_port();
    let text = std::fs::read_to_string(&kubeconfig).expect("it was written");
    let port = text.split("http://127.0.0.1:").nth(1).and_then(|rest| rest.split('"').next()).expect("an address").to_owned();
    let away = place.path().join("away.kubeconfig");
    std::fs::write(&away, text.replace(&port, &closed.to_string())).expect("it can be written");

    let unreachable = gateway(TWO_DELETIONS, Some(away));
    for turn in 0..5 {
        let answer = delete(&unreachable, "shop", "a");
        assert_eq!((answer.status, answer.cause().as_str()), (503, "UpstreamUnavailable"), "in turn {turn}: {}", answer.text());
        // What is given back is given back a moment later; two fit at a time.
        std::thread::sleep(Duration::from_millis(100));
    }

    let taken = gateway(TWO_DELETIONS, Some(kubeconfig));
    for _ in 0..2 {
        assert_eq!(delete(&taken, "shop", "taken").cause(), "UpstreamUnavailable");
    }
    assert_eq!(delete(&taken, "shop", "taken").cause(), "BudgetExceeded", "it may have been carried out");
}

/// The plan is asked for before a write goes out, and after it was charged.
#[test]
fn what_a_failing_masker_holds_back_is_given_back() {
    let (_folder, dir) = folder(&format!("{TWO_DELETIONS}  - {{ name: masker, world: masker, component: masker.wasm, match: {{ resources: [configmaps] }} }}\n"));
    std::fs::write(dir.join("masker.wasm"), masker(TRAPS)).expect("the folder can be written");
    let gateway = Gateway::start(Options { bundle: Some(dir), kubeconfig: None });
    for turn in 0..4 {
        assert_eq!(delete(&gateway, "shop", "a").cause(), "PolicyFailed", "in turn {turn}");
        until(LIMIT, "for the charge to be given back", || (may_delete(&gateway)["allowed"] == true).then_some(()));
    }
}

#[test]
fn many_at_once_never_get_more_than_the_budget() {
    let gateway = gateway(&TWO_DELETIONS.replace("most: 2", "most: 7"), None);
    let forwarded = std::sync::atomic::AtomicU32::new(0);
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let (gateway, forwarded) = (&gateway, &forwarded);
            scope.spawn(move || {
                for turn in 0..6 {
                    let answer = delete(gateway, "shop", &format!("{worker}-{turn}"));
                    match answer.status {
                        404 => _ = forwarded.fetch_add(1, std::sync::atomic::Ordering::Relaxed),
                        _ => assert_eq!(answer.cause(), "BudgetExceeded", "{}", answer.text()),
                    }
                }
            });
        }
    });
    assert_eq!(forwarded.into_inner(), 7);
}

/// An object as the API server answers it.
fn object(value: &Value) -> Vec<u8> {
    response("200 OK", &[("content-type", "application/json")], value.to_string().as_bytes())
}

/// Who approves depends on how many pods a request would hit.
const BY_REACH: &str = r#"  - name: perhaps
    world: guard
    component: deny-list.wasm
    configuration: { approve: [{ rule: ask-first, match: [{ verbs: [delete] }], message: this deletes }] }
  - name: live-routing
    world: approval-router
    component: live-routing.wasm
    limits: { deadline: 1s }
    capabilities: { cluster: [{ resources: [deployments.apps], fields: [/spec/replicas] }] }
    configuration: { routes: [{ at_least_pods: 20, groups: [platform] }] }
  - name: routing
    world: approval-router
    component: approval-routing.wasm
    configuration: { routes: [{ groups: [approvers] }] }
"#;

#[test]
fn a_router_reads_what_a_request_would_hit_from_a_cache() {
    let stub = Stub::start();
    let place = places::folder();
    let web = "/apis/apps/v1/namespaces/shop/deployments/web";
    let deployment = |replicas: u32| {
        json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web", "namespace": "shop", "uid": "u-1", "resourceVersion": "7" }, "spec": { "replicas": replicas } })
    };
    stub.answers(web, object(&deployment(30)));
    let gateway = gateway(BY_REACH, Some(stub.kubeconfig(place.path())));
    let alice = gateway.api("alice");
    // Whether alice, who is an approver and not of the platform team, may approve it.
    let alice_may = |seconds: u32| {
        let pending = ask(&gateway, "DELETE", &format!("{web}?gracePeriodSeconds={seconds}"), "");
        assert_eq!(pending.cause(), "ApprovalPending", "{}", pending.text());
        alice.decide(&alice.pending(&format!("--grace-period={seconds}")), true).status == 200
    };
    assert!(!alice_may(1), "thirty pods are the platform team's affair");
    for _ in 0..20 {
        ask(&gateway, "DELETE", &format!("{web}?gracePeriodSeconds=1"), "");
    }
    // The approval's own look at the target asks for metadata alone.
    let reads = stub.heads(web).iter().filter(|head| head.to_lowercase().contains("accept: application/json\r\n")).count();
    assert!((1..20).contains(&reads), "{reads} reads for 21 requests");
    stub.answers(web, object(&deployment(3)));
    let mut seconds = 1;
    until(LIMIT, "for the cache to forget the thirty", || {
        seconds += 1;
        std::thread::sleep(Duration::from_millis(500));
        alice_may(seconds).then_some(())
    });
}

#[test]
fn a_router_that_cannot_count_takes_it_for_more_than_any_number() {
    let stub = Stub::start();
    let place = places::folder();
    let web = "/apis/apps/v1/namespaces/shop/deployments/web";
    let gateway = gateway(BY_REACH, Some(stub.kubeconfig(place.path())));
    // Metadata for the approval, and an error for the router.
    stub.does(web, |stream| {
        use std::io::Write;
        let error = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"InternalError","code":500}"#;
        stream.write_all(&response("500 Internal Server Error", &[("content-type", "application/json")], error.as_bytes())).ok();
    });
    let answer = ask(&gateway, "DELETE", web, "");
    assert_eq!(answer.status, 503, "what cannot be read cannot be approved: {}", answer.text());
    assert!(gateway.log().contains("could not be counted what a request would hit"), "{}", gateway.log());
}

#[test]
fn a_bundle_that_asks_for_what_is_not_granted_changes_nothing() {
    let gateway = gateway("", None);
    let alice = gateway.api("alice");
    let before = alice.policy()["generation"].clone();
    let live = gateway.ready.policies_dir.clone();
    let header = "apiVersion: portcullis.dev/v1\nkind: Bundle\nplugins:\n";
    for (plugins, told) in [
        (TWO_DELETIONS.replace("    capabilities: { counter: true }\n", ""), "it imports `portcullis:policy/counter@0.1.0`: bundle.yaml does not ask for counts"),
        (BY_REACH.replace("[deployments.apps]", "[secrets]"), "it asks to read `/spec/replicas` of `secrets` of the cluster, which the operator has not granted"),
        (BY_REACH.replace("[deployments.apps]", "[Deployment]"), "`Deployment` is not a resource"),
    ] {
        save(&live, "bundle.yaml", &format!("{header}{OBSERVE}{plugins}"));
        let status = until(LIMIT, "for the bundle to be rejected", || {
            let status = alice.policy();
            status["rejected"]["message"].as_str().is_some_and(|message| message.contains(told)).then_some(status)
        });
        assert_eq!(status["generation"], before);
    }
}
