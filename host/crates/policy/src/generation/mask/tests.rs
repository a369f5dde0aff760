use super::*;
use crate::testing::{Bundle, masker};

fn kind() -> ResponseKind {
    ResponseKind {
        connection: "demo".into(),
        verb: "get".into(),
        is_resource: true,
        group: String::new(),
        version: "v1".into(),
        resource: "secrets".into(),
        subresource: None,
    }
}

/// One rule, named `my-rule`, for `/spec/replicas`, with this action; no embedded copies. The plan stands at 200, its rule at 240, its path at 300.
fn plan(action: u32) -> String {
    format!(
        "(i32.store (i32.const 200) (i32.const 240)) (i32.store (i32.const 204) (i32.const 1))
         (i32.store (i32.const 208) (i32.const 0)) (i32.store (i32.const 212) (i32.const 0))
         (i32.store (i32.const 240) (i32.const 1104)) (i32.store (i32.const 244) (i32.const 7))
         (i32.store (i32.const 248) (i32.const 300)) (i32.store (i32.const 252) (i32.const 1))
         (i32.store8 (i32.const 256) (i32.const 0))
         (i32.store (i32.const 268) (i32.const 0)) (i32.store (i32.const 272) (i32.const 0))
         (i32.store8 (i32.const 276) (i32.const 0)) (i32.store8 (i32.const 277) (i32.const {action}))
         (i32.store (i32.const 300) (i32.const 1088)) (i32.store (i32.const 304) (i32.const 14))
         (i32.const 200)"
    )
}

/// `n` answers: nothing for each.
fn silent(n: u32) -> String {
    format!("(i32.store (i32.const 400) (i32.const 408)) (i32.store (i32.const 404) (i32.const {n})) (i32.const 400)")
}

async fn live(plan: &str, inspect: &str) -> (Bundle, crate::Live) {
    let bundle = Bundle::new();
    bundle.write("m.wasm", masker(plan, inspect));
    bundle.plugins("  - { name: m, world: masker, component: m.wasm, match: { resources: [secrets] } }");
    let live = bundle.open().await;
    (bundle, live)
}

#[tokio::test]
async fn a_plan_is_made_once_for_each_kind() {
    let (_bundle, live) = live(&plan(0), &silent(0)).await;
    let generation = live.current();
    let first = generation.mask_plan(&kind()).await.unwrap();
    assert!(!first.is_empty());
    assert!(Arc::ptr_eq(&first, &generation.mask_plan(&kind()).await.unwrap()));
    let other = ResponseKind { resource: "pods".into(), ..kind() };
    assert!(generation.mask_plan(&other).await.unwrap().is_empty());
    assert_eq!(live.metrics().plugins["m"].evaluations, 1);
    assert_eq!(generation.plan_by(&kind(), Some("m")).await.unwrap().rules[0].name, "my-rule");
}

#[tokio::test]
async fn without_a_plan_there_is_no_answer() {
    for (body, expected) in [("(unreachable)", "panicked"), ("(loop $x (br $x)) (unreachable)", "did not answer")] {
        let (_bundle, live) = live(body, &silent(0)).await;
        let error = live.current().mask_plan(&kind()).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    // A path that is no pointer: the plan cannot be carried out, so it is a failure too.
    let (_bundle, live) = live(&plan(0).replace("(i32.const 1088)", "(i32.const 1072)"), &silent(0)).await;
    let error = live.current().mask_plan(&kind()).await.unwrap_err();
    assert!(matches!(error.cause, FailureCause::Answer(_)), "{error}");
}

fn candidate(rule: &str) -> Candidate {
    Candidate { rule: rule.into(), path: "/data/x".into(), value: "hunter2".into() }
}

#[tokio::test]
async fn candidates_go_to_the_masker_whose_rule_met_them() {
    let (_bundle, with_two) = live(&plan(2), &silent(2)).await;
    let generation = with_two.current();
    // The third belongs to nobody, and passes unasked.
    let candidates = [candidate("m/my-rule"), candidate("m/my-rule"), candidate("gone/my-rule")];
    assert_eq!(generation.inspect(&candidates).await.unwrap(), [None, None, None]);
    let error = generation.inspect(&candidates[..1]).await.unwrap_err();
    assert!(error.to_string().contains("asked about 1 values and answered 2"), "{error}");
    assert!(!format!("{candidates:?}").contains("hunter2"));
}
