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
        ("session: {}, expect: { session: open }", "expected Open"),
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
