//! Ways round the gateway that an attack found, each closed: what was tried, and that nothing came of it.

use std::sync::LazyLock;

use portcullis_tests::{Gateway, Options};
use serde_json::json;

static STAGE: LazyLock<Gateway> = LazyLock::new(|| Gateway::start(Options::default()));

const WEB: &str = "/apis/apps/v1/namespaces/shop/deployments/web";
const PATCH: (&str, &str) = ("Content-Type", "application/strategic-merge-patch+json");

/// A query that only looks like a dry run made the preview, which policies ask for, the write itself.
#[test]
fn a_preview_is_a_dry_run_whatever_the_query_looks_like() {
    let gateway = &*STAGE;
    let token = format!("Bearer {}", gateway.token("devin"));
    let privileged = json!({ "spec": { "template": { "spec": { "containers": [{ "name": "web", "securityContext": { "privileged": true } }] } } } });
    for query in ["?xdryRun=All", "?a.dryRun=All", "?fieldManager=dryRun=All"] {
        let path = format!("{}{query}", gateway.path(WEB));
        let refused = gateway.client().request("PATCH", &path, &[("Authorization", &token), PATCH], privileged.to_string().as_bytes());
        assert_eq!(refused.status, 403, "{query}: {}", refused.text());
    }
    let now = gateway.client().request("GET", &gateway.path(WEB), &[("Authorization", &token)], b"").text();
    assert!(!now.contains("privileged"), "a refused write was carried out: {now}");
}

/// A session's token that opened sessions would never end, and one handed to an agent would decide as its owner.
#[test]
fn a_sessions_token_opens_no_session_and_decides_nothing() {
    let gateway = &*STAGE;
    let opened = gateway.api("alice").post("/sessions", &json!({ "connection": "demo", "ttl": 60 }));
    assert_eq!(opened.status, 200, "{}", opened.text());
    let session = opened.json()["token"].as_str().expect("the answer carries the token").to_owned();
    let by_session = portcullis_tests::Api::new(gateway.client(), &session);
    assert_eq!(by_session.post("/sessions", &json!({ "connection": "demo" })).status, 403);
    assert_eq!(by_session.post("/policy/reload", &json!({})).status, 403);

    let devin = gateway.kubectl("1.37", "devin").within("shop");
    let held = devin.start(&["delete", "configmap", "web"]);
    let approval = gateway.api("alice").pending("delete configmap web");
    assert_eq!(by_session.decide(&approval, true).status, 403);
    assert_eq!(gateway.api("alice").decide(&approval, false).status, 200);
    assert_ne!(held.finish(std::time::Duration::from_secs(30)).code, 0);
}

/// A browser sends its cookie by itself, also when the agent's own page asks it to.
#[test]
fn the_api_takes_no_cookie() {
    let client = STAGE.client();
    for (method, path) in [("GET", "/api/v1/approvals"), ("POST", "/api/v1/policy/reload"), ("POST", "/api/v1/approvals/apr-x/approve")] {
        let answer = client.request(method, path, &[("Cookie", "__Host-portcullis=anything"), ("Origin", "https://shop.example")], b"");
        assert_eq!(answer.status, 401, "{path}: {}", answer.text());
        assert!(answer.text().contains("there is no bearer token"), "{path}: {}", answer.text());
    }
}
