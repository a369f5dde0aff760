use portcullis_sdk::testing::{configuration, reset_counts, set_now};

use super::*;

fn config(budgets: &str) -> Config {
    reset_counts();
    let config = configuration(&format!(r#"{{"budgets": [{budgets}]}}"#)).expect("valid");
    validate(&config).expect("valid");
    config
}

fn delete(subject: &str, session: &str, sponsor: Option<&str>) -> Request<'static> {
    Request::builder().verb("delete").name("web").identity(subject, portcullis_sdk::IdentityKind::Agent, &[]).session(session).sponsor(sponsor).build()
}

const DELETIONS: &str = r#"{"rule": "deletions", "match": [{"verbs": ["delete", "deletecollection"]}], "most": 2, "within": "1h"}"#;

#[test]
fn what_fits_passes_and_what_does_not_is_refused_until_the_window_is_over() {
    set_now(1_700_000_000_000);
    let config = config(DELETIONS);
    let request = Request::delete("/api/v1/namespaces/shop/pods/web");
    assert_eq!(judge(&config, &request), Verdict::NoOpinion);
    set_now(1_700_000_600_000);
    assert_eq!(judge(&config, &request), Verdict::NoOpinion);
    let Verdict::Deny(finding) = judge(&config, &request) else { panic!("it does not fit") };
    assert_eq!((finding.rule.as_str(), finding.message.as_str()), ("deletions", "2 of 2 within 60 min are used"));
    assert_eq!(finding.remedy.as_deref(), Some("it fits again in 50 min"));
    set_now(1_700_003_600_000);
    assert_eq!(judge(&config, &request), Verdict::NoOpinion);
}

#[test]
fn what_it_is_not_about_costs_nothing() {
    let config = config(DELETIONS);
    for _ in 0..5 {
        assert_eq!(judge(&config, &Request::get("/api/v1/namespaces/shop/pods/web")), Verdict::NoOpinion);
        assert_eq!(judge(&config, &Request::get("/version")), Verdict::NoOpinion);
        let dry = Request::builder().verb("delete").name("web").dry_run().build();
        assert_eq!(judge(&config, &dry), Verdict::NoOpinion);
    }
    assert_eq!(counter::used(&key::of("deletions", &[Per::Subject], &Request::get("/api/v1/pods")), 3600), 0);
}

#[test]
fn each_has_its_own_budget() {
    let one = |per: &str| config(&format!(r#"{{"rule": "r", "match": [{{}}], "most": 1, "within": "1h", "per": {per}}}"#));
    let (devin, again, other) = (delete("devin", "s1", Some("bob")), delete("devin", "s2", Some("bob")), delete("codex", "s3", Some("bob")));
    for (per, of_again, of_other) in [
        (r#"["subject"]"#, false, true),
        (r#"["session"]"#, true, true),
        (r#"["sponsor"]"#, false, false),
        (r#"["subject", "session"]"#, true, true),
        (r#"[]"#, false, false),
    ] {
        let config = one(per);
        assert_eq!(judge(&config, &devin), Verdict::NoOpinion);
        assert_eq!(judge(&config, &again) == Verdict::NoOpinion, of_again, "{per}");
        assert_eq!(judge(&config, &other) == Verdict::NoOpinion, of_other, "{per}");
    }
}

#[test]
fn a_collection_may_count_for_more() {
    let config = config(r#"{"rule": "secrets", "match": [{"verbs": ["get", "list", "watch"], "resources": ["secrets"]}], "most": 25, "collection": 20, "within": "1d"}"#);
    assert_eq!(judge(&config, &Request::get("/api/v1/namespaces/shop/secrets")), Verdict::NoOpinion);
    for _ in 0..5 {
        assert_eq!(judge(&config, &Request::get("/api/v1/namespaces/shop/secrets/db")), Verdict::NoOpinion);
    }
    assert!(judge(&config, &Request::get("/api/v1/namespaces/shop/secrets/db")).is_deny());
    let Verdict::Deny(finding) = judge(&config, &Request::get("/api/v1/secrets")) else { panic!("it does not fit") };
    assert_eq!(finding.message, "25 of 25 within 24 h are used, and this needs 20");
}

#[test]
fn pods_are_counted_as_a_write_asks_for_them() {
    let used = |request: Request<'static>| {
        let config = config(r#"{"rule": "pods", "match": [{}], "count": "pods", "most": 100, "within": "1h", "per": []}"#);
        assert_eq!(judge(&config, &request), Verdict::NoOpinion);
        counter::used("pods", 3600)
    };
    let deployments = "/apis/apps/v1/namespaces/shop/deployments";
    for (request, pods) in [
        (Request::post("/api/v1/namespaces/shop/pods", "{}"), 1),
        (Request::put("/api/v1/namespaces/shop/pods/web", "{}"), 0),
        (Request::post(deployments, r#"{"spec":{"replicas":7}}"#), 7),
        (Request::post(deployments, "{}"), 1),
        (Request::put(&format!("{deployments}/web/scale"), r#"{"spec":{"replicas":9}}"#), 9),
        (Request::patch(&format!("{deployments}/web/scale"), r#"{"spec":{"replicas":9}}"#), 9),
        (Request::patch(&format!("{deployments}/web"), r#"{"metadata":{"labels":{"a":"b"}}}"#), 0),
        (Request::post("/apis/batch/v1/namespaces/shop/jobs", r#"{"spec":{"parallelism":4}}"#), 4),
        (Request::post("/apis/apps/v1/namespaces/shop/daemonsets", r#"{"spec":{}}"#), 1),
        (Request::post("/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers", r#"{"spec":{"minReplicas":1,"maxReplicas":60}}"#), 60),
        // An apply makes what is not there.
        (Request::patch("/api/v1/namespaces/shop/pods/web?fieldManager=m", r#"{"apiVersion":"v1","kind":"Pod"}"#), 1),
        (Request::patch(&format!("{deployments}/web?fieldManager=m"), r#"{"apiVersion":"apps/v1","kind":"Deployment","spec":{}}"#), 1),
        (Request::patch(&format!("{deployments}/web?fieldManager=m"), r#"{"apiVersion":"apps/v1","kind":"Deployment","spec":{"replicas":5}}"#), 5),
        (Request::delete(&format!("{deployments}/web")), 0),
        (Request::get(deployments), 0),
    ] {
        let path = request.path().to_owned();
        assert_eq!(used(request), pods, "{path}");
    }
    let patch = Request::builder().verb("patch").resource("deployments.apps").name("web").body(r#"[{"op":"replace","path":"/spec/replicas","value":8}]"#);
    assert_eq!(used(patch.preview(r#"{"spec":{"replicas":8}}"#).build()), 8);
}

#[test]
#[should_panic(expected = "how many pods this patch asks for cannot be told")]
fn a_patch_whose_result_is_not_told_is_not_taken_for_none() {
    let config = config(r#"{"rule": "pods", "match": [{}], "count": "pods", "most": 100, "within": "1h"}"#);
    judge(&config, &Request::patch("/apis/apps/v1/namespaces/shop/deployments/web", r#"[{"op":"replace","path":"/spec/replicas","value":8}]"#));
}

#[test]
fn an_eviction_is_a_deletion() {
    let config = config(DELETIONS);
    let evict = Request::post("/api/v1/namespaces/shop/pods/web/eviction", "{}");
    assert_eq!(judge(&config, &evict), Verdict::NoOpinion);
    assert_eq!(judge(&config, &evict), Verdict::NoOpinion);
    assert!(judge(&config, &evict).is_deny());
}

#[test]
fn more_than_the_whole_budget_is_told_to_do_less() {
    let config = config(r#"{"rule": "pods", "match": [{}], "count": "pods", "most": 10, "within": "1h", "remedy": "ask the platform team"}"#);
    let many = Request::post("/apis/apps/v1/namespaces/shop/deployments", r#"{"spec":{"replicas":50}}"#);
    let Verdict::Deny(finding) = judge(&config, &many) else { panic!("it does not fit") };
    assert_eq!(finding.message, "0 of 10 within 60 min are used, and this needs 50");
    assert_eq!(finding.remedy.as_deref(), Some("do less at once, or ask the platform team"));
}

#[test]
fn beyond_some_a_person_decides_and_the_others_are_charged_all_the_same() {
    let config = config(&format!(r#"{{"rule": "a-few", "match": [{{"verbs": ["delete"]}}], "most": 1, "within": "1h", "then": "approve"}}, {DELETIONS}"#));
    let request = Request::delete("/api/v1/namespaces/shop/pods/web");
    assert_eq!(judge(&config, &request), Verdict::NoOpinion);
    let second = judge(&config, &request);
    assert!(second.is_require_approval() && second.rule() == Some("a-few"), "{second:?}");
    let third = judge(&config, &request);
    assert!(third.is_deny() && third.rule() == Some("deletions"), "{third:?}");
}

#[test]
fn an_exception_is_not_charged() {
    let config = config(r#"{"rule": "r", "match": [{"verbs": ["delete"]}], "except": [{"namespaces": ["sandbox-*"]}], "most": 1, "within": "1h"}"#);
    for _ in 0..3 {
        assert_eq!(judge(&config, &Request::delete("/api/v1/namespaces/sandbox-1/pods/web")), Verdict::NoOpinion);
    }
}

#[test]
fn a_key_is_never_too_long_and_no_two_are_one() {
    let long = "x".repeat(300);
    let key = |subject: &str| key::of("r", &[Per::Subject, Per::Session], &delete(subject, "s", None));
    assert!(key(&long).len() <= 256);
    assert_ne!(key(&long), key(&format!("{long}y")));
    assert_ne!(key("a 1:b"), key("a"));
}

#[test]
fn mistakes_in_the_configuration() {
    for (budget, message) in [
        (r#"{"rule": "", "match": [{}], "most": 1, "within": "1h"}"#, "1 to 63 characters"),
        (r#"{"rule": "r", "match": [], "most": 1, "within": "1h"}"#, "fits nothing"),
        (r#"{"rule": "r", "match": [{}], "most": 0, "within": "1h"}"#, "1 or more"),
        (r#"{"rule": "r", "match": [{}], "most": 1, "within": "32d"}"#, "up to 31d"),
        (r#"{"rule": "r", "match": [{}], "most": 1, "within": "1h", "per": ["team"]}"#, "unknown variant `team`"),
        (r#"{"rule": "r", "match": [{}], "most": 1, "within": "1h"}, {"rule": "r", "match": [{}], "most": 1, "within": "1h"}"#, "another budget has this name"),
    ] {
        let json = format!(r#"{{"budgets": [{budget}]}}"#);
        let error = configuration::<Config>(&json).and_then(|config| validate(&config)).expect_err(budget);
        assert!(error.contains(message), "{budget}: {error}");
    }
}
