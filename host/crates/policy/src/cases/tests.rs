use crate::testing::{Bundle, guard};

/// Denies deletes by `my-rule`, allows the rest by `aaaa`.
fn policy() -> Vec<u8> {
    guard(
        r#"(import "portcullis:policy/documents@0.1.0" "[resource-drop]document" (func $drop (param i32)))"#,
        // `delete` has six letters, and so has `create`; the first letter tells them apart.
        "(if (i32.load8_u offset=208 (local.get $facts)) (then (call $drop (i32.load offset=212 (local.get $facts)))))
         (if (i32.eq (i32.load8_u (i32.load offset=88 (local.get $facts))) (i32.const 100))
            (then (return (call $finding (i32.const 3) (i32.const 1072) (i32.const 13)))))
         (call $allow (i32.const 1056) (i32.const 4))",
    )
}

fn bundle(cases: &str) -> Bundle {
    let bundle = Bundle::new();
    bundle.write("p.wasm", policy());
    bundle.write("cases/p.yaml", format!("apiVersion: portcullis.dev/v1\nkind: Cases\nidentities:\n  devin: {{ subject: devin }}\ncases:\n{cases}\n"));
    bundle.plugins("  - { name: p, world: guard, component: p.wasm, cases: cases/p.yaml }\ncases: [cases/p.yaml]");
    bundle
}

#[tokio::test]
async fn cases_that_hold_let_the_set_go_live() {
    let bundle = bundle(
        "  - { name: a, identity: devin, request: DELETE /api/v1/namespaces/prod, expect: { verdict: deny, rule: my-rule, plugin: p } }
  - { name: b, request: GET /api/v1/namespaces/shop/pods?limit=5, expect: { verdict: allow } }
  - name: c
    identity: { subject: alice, kind: human, groups: [approvers] }
    request: POST /api/v1/namespaces/shop/pods
    body: { apiVersion: v1, kind: Pod, metadata: { name: x } }
    expect: { verdict: allow, rule: aaaa }
  - { name: d, request: GET /version, expect: { verdict: allow } }",
    );
    bundle.open().await;
}

#[tokio::test]
async fn cases_that_do_not_hold_are_told_with_their_line() {
    let rejected = async |case: &str| bundle(&format!("  - {{ name: a case, {case} }}")).rejected().await;
    for (case, expected) in [
        (
            "request: DELETE /api/v1/namespaces/prod, expect: { verdict: allow }",
            "cases/p.yaml:6:5: case `a case`: expected allow, got deny (p: deny by my-rule)",
        ),
        ("request: DELETE /api/v1/namespaces/prod, expect: { verdict: deny, rule: other }", "expected deny by other, got deny"),
        ("request: DELETE /api/v1/namespaces/prod, expect: { verdict: deny, plugin: q }", "expected deny"),
        ("request: GET /api/v1/%2e%2e/x, expect: { verdict: deny }", "the request is refused"),
        ("request: GET, expect: { verdict: deny }", "is not METHOD /path"),
        ("identity: nobody, request: GET /version, expect: { verdict: allow }", "there is no identity `nobody`"),
        ("request: GET /version, expect: {}", "it expects nothing"),
        ("expect: { verdict: allow }", "it has no request"),
        ("request: GET /api/v1/pods, expect: { plan: [x] }", "expected a plan with the rules [\"x\"], got []"),
        ("request: GET /api/v1/pods, expect: { route: {} }", "expected a route, got none"),
        ("session: {}, expect: { session: open }", "expected open"),
    ] {
        let message = rejected(case).await;
        assert!(message.contains(expected), "{case}: {message}");
    }
    assert!(rejected("request: GET /version, expekt: {}").await.starts_with("cases/p.yaml:6:"));
}

#[tokio::test]
async fn many_mistakes_are_counted() {
    let case = "  - { name: x, request: GET /version, expect: { verdict: deny } }\n";
    let message = bundle(&case.repeat(12)).rejected().await;
    assert!(message.starts_with("24 of the bundle's own cases do not hold: ") && message.contains("and 14 more"), "{message}");
}

#[tokio::test]
async fn a_command_line_is_a_request_and_a_snapshot_has_to_be_written_first() {
    let bundle = bundle(
        "  - { name: a, kubectl: delete ns prod, expect: { verdict: deny, message: no such thing } }
  - { name: b, kubectl: 'create -f -', body: { apiVersion: v1, kind: Pod, metadata: { name: x, namespace: shop } }, expect: { verdict: allow, rule: aaaa } }",
    );
    bundle.open().await;
    let rejected = async |case: &str| self::bundle(&format!("  - {{ name: a case, {case} }}")).rejected().await;
    for (case, expected) in [
        ("kubectl: delete ns prod, expect: snapshot", "it has no snapshot yet; run `portcullis plugin test --update`"),
        ("kubectl: delete ns prod, request: GET /version, expect: { verdict: deny }", "it has both `request` and `kubectl`"),
        ("kubectl: frobnicate, expect: { verdict: deny }", "no command that is read here"),
        ("kubectl: get pods, now: yesterday, expect: { verdict: allow }", "`yesterday` is no time"),
        ("kubectl: get pods, expect: nothing", "`nothing` is nothing that can come"),
        ("kubectl: get pods, times: 0, expect: { verdict: allow }", "`times` is 1 to 1000"),
        ("kubectl: get pods, configuration: {}, expect: { verdict: allow }", "a configuration belongs to one plugin"),
        ("records: { of: [] }, expect: { delivered: true }", "delivered by one plugin"),
    ] {
        let message = rejected(case).await;
        assert!(message.contains(expected), "{case}: {message}");
    }
}

#[tokio::test]
async fn a_trial_says_what_came_and_what_was_reached() {
    let bundle = bundle("  - { name: a, kubectl: delete ns prod, expect: snapshot }\n  - { name: b, kubectl: get pods, expect: { verdict: deny } }");
    let trial = crate::Trial::load(crate::testing::engine(), &bundle.path()).await.expect("loaded");
    let report = trial.report().await;
    let yaml: Vec<String> = report.cases.iter().filter_map(|case| case.came.as_ref()).map(crate::Came::as_yaml).collect();
    assert_eq!(yaml[0], "{ verdict: deny, rule: my-rule, message: \"no such thing\" }");
    assert_eq!(yaml[2], "{ verdict: deny, rule: my-rule, plugin: p, message: \"no such thing\" }");
    assert!(report.cases.iter().all(|case| case.failure.is_some()));
    assert_eq!((report.cases[0].line, report.cases[0].expectation), (6, (6, 49)));
    assert_eq!(report.coverage[0].unseen, ["require-approval"]);

    let explained = trial.explain(&serde_json::json!({ "kubectl": "delete ns prod" })).await.expect("explained");
    assert_eq!((explained.request["verb"].as_str(), explained.decision.as_str()), (Some("delete"), "deny"));
    assert_eq!(explained.plugins[0].came.as_ref().and_then(|came| came.rule.as_deref()), Some("my-rule"));
    assert!(explained.plugins[0].memory >= 64 << 10 && explained.plugins[0].microseconds > 0.0, "{explained:?}");

    let timings = trial.time(Some("b"), 2, 5).await.expect("timed");
    assert_eq!(timings.cases.len(), 2);
    assert!(trial.time(Some("none"), 1, 1).await.is_err());
}
