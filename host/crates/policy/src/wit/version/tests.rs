use crate::engine::{Engine, EngineOptions};
use crate::generation::Decision;
use crate::testing::{Bundle, engine, facts, guard_of};
use crate::{Grants, Live};

/// Denies for one reason.
const DENIES: &str = "(call $finding (i32.const 3) (i32.const 1072) (i32.const 13))";

/// Denies for two reasons, as 0.2.0-draft lets it: a list of two findings at 2048.
const DENIES_TWICE: &str = "
    (i32.store (i32.const 2048) (i32.const 1104)) (i32.store (i32.const 2052) (i32.const 7))
    (i32.store (i32.const 2056) (i32.const 1072)) (i32.store (i32.const 2060) (i32.const 13))
    (i32.store8 (i32.const 2064) (i32.const 0))
    (i32.store (i32.const 2076) (i32.const 1024)) (i32.store (i32.const 2080) (i32.const 11))
    (i32.store (i32.const 2084) (i32.const 1072)) (i32.store (i32.const 2088) (i32.const 7))
    (i32.store8 (i32.const 2092) (i32.const 0))
    (i32.store8 (i32.const 64) (i32.const 3))
    (i32.store (i32.const 68) (i32.const 2048)) (i32.store (i32.const 72) (i32.const 2))
    (i32.const 64)";

/// Denies for so many reasons, all the same.
fn denies_for(reasons: u32) -> String {
    format!("(i32.store8 (i32.const 64) (i32.const 3)) (i32.store (i32.const 68) (i32.const 4096)) (i32.store (i32.const 72) (i32.const {reasons})) (i32.const 64)")
}

fn one_guard(wasm: &[u8]) -> Bundle {
    let bundle = Bundle::new();
    bundle.write("x.wasm", wasm).plugins("  - { name: x, world: guard, component: x.wasm }");
    bundle
}

#[tokio::test]
async fn two_versions_serve_in_one_generation() {
    let bundle = Bundle::new();
    bundle.write("old.wasm", guard_of("0.1.0", "0.1.0", DENIES)).write("new.wasm", guard_of("0.2.0-draft", "0.2.0-draft", DENIES_TWICE));
    bundle.plugins("  - { name: old, world: guard, component: old.wasm }\n  - { name: new, world: guard, component: new.wasm }");
    let live = bundle.open().await;
    let judgement = live.current().judge(&facts(), None).await;
    assert_eq!(judgement.decision, Decision::Deny, "{judgement:?}");
    let said: Vec<_> = judgement.findings.iter().map(|(plugin, finding)| (&**plugin, finding.rule.as_str(), finding.message.as_str())).collect();
    assert_eq!(said, [("old", "my-rule", "no such thing"), ("new", "my-rule", "no such thing"), ("new", "test-plugin", "no such")]);
    assert_eq!(judgement.by.iter().map(|by| by.rule.as_deref()).collect::<Vec<_>>(), [Some("my-rule"), Some("my-rule")]);
}

#[tokio::test]
async fn a_denial_without_a_reason_or_with_too_many_is_no_answer() {
    for reasons in [0, 17] {
        let judgement = one_guard(&guard_of("0.2.0-draft", "0.2.0-draft", &denies_for(reasons))).open().await.current().judge(&facts(), None).await;
        assert_eq!(judgement.decision, Decision::Deny);
        let failure = judgement.failure.unwrap().to_string();
        assert!(failure.contains(&format!("it gives {reasons} findings, and may give 1 to 16")), "{failure}");
    }
}

#[tokio::test]
async fn a_draft_is_served_only_where_drafts_are_allowed() {
    let bundle = one_guard(&guard_of("0.2.0-draft", "0.2.0-draft", DENIES_TWICE));
    let released = Engine::new(EngineOptions { instances: 4, ..EngineOptions::default() }).unwrap();
    let error = Live::open(released, bundle.path(), Grants::default()).await.err().unwrap().to_string();
    assert!(error.contains("version 0.2.0-draft of the interface, which is a draft; build it for 0.1.0, or have the operator name it under `policies.drafts`"), "{error}");
    assert!(Live::open(engine(), bundle.path(), Grants::default()).await.is_ok());
}

#[tokio::test]
async fn an_unknown_version_is_refused_by_its_name() {
    let error = one_guard(&guard_of("0.1.0", "9.8.7", DENIES)).rejected().await;
    assert!(error.contains("version 9.8.7 of the interface, and the gateway has 0.1.0, 0.2.0-draft; build it for one of these"), "{error}");
}

/// The same exports and other types: what a version promises is compared when the component is loaded, not when it is called.
#[tokio::test]
async fn a_component_of_another_shape_than_its_version_says_is_refused() {
    let error = one_guard(&guard_of("0.2.0-draft", "0.1.0", DENIES_TWICE)).rejected().await;
    assert!(error.contains("`evaluate`") && error.contains("build it against wit/v0.1.0"), "{error}");
}
