use std::time::Duration;

use super::*;
use crate::failure::FailureCause;
use crate::testing::{Bundle, document, facts, guard, live_guard};

const LOG: &str = r#"(import "portcullis:policy/log@0.1.0" "write" (func $log (param i32 i32 i32)))"#;
const DROP: &str = r#"(import "portcullis:policy/documents@0.1.0" "[resource-drop]document" (func $drop (param i32)))"#;

/// Runs a guard with this body once.
async fn judge(imports: &str, evaluate: &str) -> Judgement {
    let (_bundle, live) = live_guard(&guard(imports, evaluate)).await;
    live.current().judge(&facts(), None).await
}

async fn failure(imports: &str, evaluate: &str) -> FailureCause {
    let judgement = judge(imports, evaluate).await;
    assert_eq!(judgement.decision, Decision::Deny);
    assert!(judgement.findings.is_empty());
    let failure = judgement.failure.unwrap();
    assert!(judgement.by[0].failure.as_ref().is_some_and(|told| failure.to_string().contains(told.as_str())));
    failure.cause
}

#[tokio::test]
async fn verdicts_come_through() {
    let judgement = judge("", "(call $no_opinion)").await;
    assert_eq!((judgement.decision, judgement.by.len()), (Decision::NoOpinion, 1));

    let judgement = judge("", "(call $allow (i32.const 1104) (i32.const 7))").await;
    assert_eq!((judgement.decision, judgement.by[0].rule.as_deref()), (Decision::Allow, Some("my-rule")));

    let judgement = judge("", "(call $finding (i32.const 2) (i32.const 1072) (i32.const 13))").await;
    assert_eq!(judgement.decision, Decision::RequireApproval);
    assert_eq!(judgement.findings[0].1.message, "no such thing");

    let judgement = judge("", "(call $finding (i32.const 3) (i32.const 1072) (i32.const 13))").await;
    assert_eq!(judgement.decision, Decision::Deny);
    let (plugin, finding) = &judgement.findings[0];
    assert_eq!((&**plugin, finding.rule.as_str(), finding.message.as_str()), ("one", "my-rule", "no such thing"));
    let by = serde_json::to_value(&judgement.by[0]).unwrap();
    assert_eq!(by["verdict"], "deny");
    assert_eq!(by["mode"], "enforce");
    assert!(by["component"].as_str().unwrap().starts_with("sha256:") && by["configuration"].as_str().unwrap().starts_with("sha256:"));
}

/// The facts as they arrive: the verb stands at offset 88.
#[tokio::test]
async fn facts_arrive() {
    let judgement = judge("", "(call $allow (i32.load offset=88 (local.get $facts)) (i32.load offset=92 (local.get $facts)))").await;
    assert_eq!(judgement.by[0].rule.as_deref(), Some("delete"));
}

#[tokio::test]
async fn a_loop_costs_its_own_request_a_refusal() {
    let cause = failure("", "(loop $again (br $again)) (unreachable)").await;
    assert_eq!(cause, FailureCause::Deadline(Duration::from_millis(50)));
}

/// While one guard spins, requests judged by others on the same thread go on.
#[tokio::test]
async fn a_loop_gives_way_to_others() {
    let (_spinning_bundle, spinning) = live_guard(&guard("", "(loop $again (br $again)) (unreachable)")).await;
    let (_bundle, quick) = live_guard(&guard("", "(call $no_opinion)")).await;
    // The first call uses up the milliseconds of the fast path; the next ones give way from the start.
    spinning.current().judge(&facts(), None).await;
    let spin = tokio::spawn(async move { spinning.current().judge(&facts(), None).await });
    let mut judged = 0;
    while !spin.is_finished() {
        assert_eq!(quick.current().judge(&facts(), None).await.decision, Decision::NoOpinion);
        judged += 1;
        tokio::task::yield_now().await;
    }
    // Ten ticks pass until the deadline; on a busy machine fewer are seen. One judgement may come before the loop begins.
    assert!(judged >= 2, "{judged}");
}

#[tokio::test]
async fn traps_are_told_apart() {
    assert_eq!(failure("", "(unreachable)").await, FailureCause::Panicked(None));
    assert_eq!(
        failure(LOG, "(call $log (i32.const 3) (i32.const 1072) (i32.const 13)) (unreachable)").await,
        FailureCause::Panicked(Some("no such thing".to_owned()))
    );
    assert!(matches!(failure("", "(i32.div_u (i32.const 1) (local.get $x))").await, FailureCause::Trap(text) if text.contains("divide by zero")));
    assert!(matches!(failure("", "(i32.load (i32.const -8))").await, FailureCause::Trap(text) if text.contains("out of bounds")));
}

#[tokio::test]
async fn four_gibibytes_are_refused() {
    let cause = failure("", "(drop (memory.grow (i32.const 65530))) (call $no_opinion)").await;
    assert!(matches!(cause, FailureCause::Memory { asked, limit } if asked > 0xfff0_0000 && limit == 16 << 20), "{cause:?}");
}

#[tokio::test]
async fn endless_recursion_is_refused() {
    // `evaluate` calls itself through its own export's index: imports first, then cabi_realloc, describe, configure, and three helpers.
    let cause = failure("", "(call 6 (local.get $facts))").await;
    assert_eq!(cause, FailureCause::Stack);
}

#[tokio::test]
async fn answers_that_lie_are_refused() {
    // A string outside its memory; one that is not UTF-8; a tag that does not exist; a rule without a name; a rule of a megabyte.
    for body in [
        "(call $allow (i32.const 100) (i32.const 0x7fffffff))",
        "(i32.store8 (i32.const 1120) (i32.const 255)) (call $allow (i32.const 1120) (i32.const 1))",
        "(i32.store8 (i32.const 64) (i32.const 9)) (i32.const 64)",
        "(call $allow (i32.const 0) (i32.const 0))",
        "(drop (memory.grow (i32.const 16))) (call $allow (i32.const 4096) (i32.const 1048576))",
        "(i32.const -4)",
        "(i32.const 65)",
    ] {
        let cause = failure("", body).await;
        assert!(matches!(cause, FailureCause::Trap(_) | FailureCause::Answer(_)), "{body}: {cause:?}");
    }
}

#[tokio::test]
async fn a_long_message_is_cut() {
    let judgement = judge("", "(call $finding (i32.const 3) (i32.const 4096) (i32.const 60000))").await;
    assert_eq!(judgement.findings[0].1.message.len(), SENTENCE_BYTES);
}

#[tokio::test]
async fn a_flood_of_log_lines_is_dropped() {
    let body = "(local.set $x (i32.const 4000))
        (loop $again (call $log (i32.const 1) (i32.const 1072) (i32.const 13)) (br_if $again (local.tee $x (i32.sub (local.get $x) (i32.const 1)))))
        (call $no_opinion)";
    assert_eq!(judge(LOG, body).await.decision, Decision::NoOpinion);
}

/// P7: nothing that a call leaves behind reaches the next.
#[tokio::test]
async fn every_call_is_fresh() {
    let (_bundle, live) = live_guard(&guard(
        "",
        "(global.set $a (i32.add (global.get $a) (i32.const 1)))
         (i32.store (i32.const 2048) (i32.add (i32.load (i32.const 2048)) (i32.const 1)))
         (call $allow (i32.const 1056) (i32.add (global.get $a) (i32.load (i32.const 2048))))",
    ))
    .await;
    for i in 0..20 {
        let mut facts = facts();
        facts.session.id = i.to_string();
        assert_eq!(live.current().judge(&facts, None).await.by[0].rule.as_deref(), Some("aa"));
    }
}

/// `configure` ran once, and each instance is born with what it kept.
#[tokio::test]
async fn instances_are_born_configured() {
    let bundle = Bundle::new();
    bundle.write("guard.wasm", guard("", "(call $allow (global.get $config) (global.get $config_len))"));
    bundle.plugins("  - { name: one, world: guard, component: guard.wasm, configuration: { b: 2, a: [x] } }");
    let live = bundle.open().await;
    assert_eq!(live.current().judge(&facts(), None).await.by[0].rule.as_deref(), Some(r#"{"a":["x"],"b":2}"#));
}

#[tokio::test]
async fn the_strictest_verdict_wins_and_a_monitor_does_not_count() {
    let bundle = Bundle::new();
    bundle.write("allow.wasm", guard("", "(call $allow (i32.const 1104) (i32.const 7))"));
    bundle.write("ask.wasm", guard("", "(call $finding (i32.const 2) (i32.const 1072) (i32.const 13))"));
    bundle.write("deny.wasm", guard("", "(call $finding (i32.const 3) (i32.const 1072) (i32.const 13))"));
    bundle.write("trap.wasm", guard("", "(unreachable)"));
    let entry = |name: &str, more: &str| format!("  - {{ name: {name}, world: guard, component: {name}.wasm{more} }}\n");
    let judge = async |entries: &[String]| {
        bundle.plugins(&entries.concat());
        bundle.open().await.current().judge(&facts(), None).await
    };
    let (allow, ask, deny, trap) = (entry("allow", ""), entry("ask", ""), entry("deny", ""), entry("trap", ""));

    assert_eq!(judge(&[ask.clone(), allow.clone()]).await.decision, Decision::RequireApproval);
    let judgement = judge(&[deny.clone(), ask.clone(), allow.clone()]).await;
    assert_eq!((judgement.decision, judgement.by.len(), judgement.findings.len()), (Decision::Deny, 3, 1));
    assert_eq!(&*judgement.findings[0].0, "deny");

    // A guard's own denial is the better reason than another's failure.
    let judgement = judge(&[trap.clone(), deny]).await;
    assert_eq!((judgement.decision, judgement.failure, judgement.findings.len()), (Decision::Deny, None, 1));
    let judgement = judge(&[ask.clone(), trap.clone()]).await;
    assert!(judgement.decision == Decision::Deny && judgement.failure.is_some() && judgement.findings.is_empty());

    let judgement = judge(&[entry("deny", ", mode: monitor"), entry("trap", ", mode: monitor"), allow.clone()]).await;
    assert_eq!((judgement.decision, judgement.by.len(), judgement.failure.is_none()), (Decision::Allow, 3, true));
    assert_eq!((judgement.by[0].verdict, judgement.by[0].mode), (Decision::Deny, Mode::Monitor));

    // A guard whose `match` does not hold is not asked.
    let judgement = judge(&[entry("deny", ", match: { verbs: [get] }"), allow]).await;
    assert_eq!((judgement.decision, judgement.by.len()), (Decision::Allow, 1));
}

#[tokio::test]
async fn no_guards_have_no_opinion() {
    let bundle = Bundle::new();
    bundle.write("bundle.yaml", "apiVersion: portcullis.dev/v1\nkind: Bundle\nplugins: []\n");
    let judgement = bundle.open().await.current().judge(&facts(), None).await;
    assert_eq!(judgement, Judgement { decision: Decision::NoOpinion, by: vec![], findings: vec![], exceeded: None, failure: None });
}

#[tokio::test]
async fn verdicts_of_pure_guards_are_remembered() {
    let (_bundle, live) = live_guard(&guard(LOG, "(call $finding (i32.const 3) (i32.const 1072) (i32.const 13))")).await;
    let generation = live.current();
    let first = generation.judge(&facts(), None).await;
    let second = generation.judge(&facts(), None).await;
    assert!(!first.by[0].remembered && second.by[0].remembered);
    assert_eq!((first.decision, &first.findings), (second.decision, &second.findings));
    let mut other = facts();
    other.request.hash = "sha256:01".into();
    assert!(!generation.judge(&other, None).await.by[0].remembered);
    let reading = &live.metrics().plugins["one"];
    assert_eq!((reading.evaluations, reading.remembered), (2, 1));
}

#[tokio::test]
async fn what_sees_the_clock_or_fails_is_not_remembered() {
    let clock = r#"(import "portcullis:policy/clock@0.1.0" "now" (func $now (result i64)))"#;
    let (_bundle, live) = live_guard(&guard(clock, "(if (i64.lt_u (call $now) (i64.const 1700000000000)) (then unreachable)) (call $no_opinion)")).await;
    let (_bundle2, failing) = live_guard(&guard("", "(unreachable)")).await;
    for _ in 0..2 {
        let judgement = live.current().judge(&facts(), None).await;
        assert!(!judgement.by[0].remembered && judgement.failure.is_none());
        assert!(!failing.current().judge(&facts(), None).await.by[0].remembered);
    }
    assert_eq!(failing.metrics().plugins["one"].failures["panic"], 2);
}

/// A guard that answers with what the body holds at `/spec/replicas`, or has no opinion.
fn reader() -> Vec<u8> {
    let get = r#"(import "portcullis:policy/documents@0.1.0" "[method]document.get" (func $get (param i32 i32 i32 i32)))"#;
    guard(
        &format!("{get}{DROP}"),
        "(if (i32.eqz (i32.load8_u offset=208 (local.get $facts))) (then (return (call $no_opinion))))
         (local.set $x (i32.load offset=212 (local.get $facts)))
         (call $get (local.get $x) (i32.const 1088) (i32.const 14) (i32.const 128))
         (call $drop (local.get $x))
         (if (i32.eqz (i32.load8_u (i32.const 128))) (then (return (call $no_opinion))))
         (call $allow (i32.load (i32.const 132)) (i32.load (i32.const 136)))",
    )
}

#[tokio::test]
async fn a_body_is_read_by_pointer() {
    let (_bundle, live) = live_guard(&reader()).await;
    let judge = async |hash: &str, body: Option<&str>| {
        let mut facts = facts();
        facts.request.hash = hash.into();
        live.current().judge(&facts, body.map(document)).await.by[0].rule.as_deref().map(str::to_owned)
    };
    assert_eq!(judge("a", Some(r#"{"spec":{"replicas": 3}}"#)).await.as_deref(), Some("3"));
    assert_eq!(judge("b", Some(r#"{"spec":{"replicas": {"x":[1,"é"]}}}"#)).await.as_deref(), Some(r#"{"x":[1,"é"]}"#));
    assert_eq!(judge("c", Some("{}")).await, None);
    assert_eq!(judge("d", None).await, None);
}

/// The document is lent for the call only; a guard that keeps it is stopped.
#[tokio::test]
async fn a_document_that_is_not_given_back_is_a_failure() {
    let get = r#"(import "portcullis:policy/documents@0.1.0" "[method]document.get" (func $get (param i32 i32 i32 i32)))"#;
    let (_bundle, live) = live_guard(&guard(
        get,
        "(call $get (i32.load offset=212 (local.get $facts)) (i32.const 1088) (i32.const 14) (i32.const 128)) (call $no_opinion)",
    ))
    .await;
    assert!(live.current().judge(&facts(), Some(document("{}"))).await.failure.is_some());
}

/// A guard that answers with the preview's `/spec/replicas`, or with the error's text.
fn previewer() -> Vec<u8> {
    let imports = format!(
        r#"(import "portcullis:policy/documents@0.1.0" "[method]document.preview" (func $preview (param i32 i32)))
           (import "portcullis:policy/documents@0.1.0" "[method]document.get" (func $get (param i32 i32 i32 i32))){DROP}"#
    );
    guard(
        &imports,
        "(local.set $x (i32.load offset=212 (local.get $facts)))
         (call $preview (local.get $x) (i32.const 144))
         (call $drop (local.get $x))
         (if (i32.load8_u (i32.const 144)) (then (return (call $allow (i32.load (i32.const 148)) (i32.load (i32.const 152))))))
         (local.set $x (i32.load (i32.const 148)))
         (call $get (local.get $x) (i32.const 1088) (i32.const 14) (i32.const 128))
         (call $drop (local.get $x))
         (call $allow (i32.load (i32.const 132)) (i32.load (i32.const 136)))",
    )
}

fn with_preview(wait: Duration) -> Arc<dyn Document> {
    let json = Arc::new(kube_request::Json::parse(br#"{"spec":{"replicas": 7}}"#).unwrap());
    let preview = json.clone();
    Arc::new(crate::JsonDocument::with_preview(
        json,
        Arc::new(move || {
            let preview = preview.clone();
            Box::pin(async move {
                tokio::time::sleep(wait).await;
                Ok(preview)
            })
        }),
    ))
}

#[tokio::test]
async fn a_preview_is_waited_for_and_not_remembered() {
    let (_bundle, live) = live_guard(&previewer()).await;
    let generation = live.current();
    for _ in 0..2 {
        let judgement = generation.judge(&facts(), Some(with_preview(Duration::from_millis(1)))).await;
        assert_eq!(judgement.by[0].rule.as_deref(), Some("7"), "{judgement:?}");
        assert!(!judgement.by[0].remembered);
    }
    let judgement = generation.judge(&facts(), Some(document("{}"))).await;
    assert!(judgement.by[0].rule.as_deref().unwrap().starts_with("there is no preview"));
}

/// Epochs do not run while the host works: the deadline covers that too.
#[tokio::test]
async fn a_preview_that_never_comes_meets_the_deadline() {
    let (_bundle, live) = live_guard(&previewer()).await;
    let judgement = live.current().judge(&facts(), Some(with_preview(Duration::from_secs(3600)))).await;
    assert_eq!(judgement.failure.unwrap().cause, FailureCause::Deadline(Duration::from_millis(50)));
}

/// More calls at once than the pool has instances: they wait their turn, and none is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once() {
    let bundle = Bundle::new();
    // The deadline counts the waiting too, and a busy machine takes its time.
    bundle.write("guard.wasm", previewer()).plugins("  - { name: one, world: guard, component: guard.wasm, limits: { deadline: 1s } }");
    let live = bundle.open().await;
    let generation = live.current();
    let tasks: Vec<_> = (0..400)
        .map(|_| {
            let generation = generation.clone();
            tokio::spawn(async move { generation.judge(&facts(), Some(with_preview(Duration::from_millis(1)))).await.decision })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Decision::Allow);
    }
}

/// A container may be called as an agent likes, and a guard quotes its name to the approver.
#[test]
fn what_an_agent_wrote_turns_no_sentence_round() {
    let said = |rule: &str, message: &str| with_findings(Decision::RequireApproval, vec![Finding { rule: rule.into(), message: message.into(), remedy: Some(message.into()) }]);
    let shown = said("r", "the container `a\u{202e}b\u{200b}\u{1b}[2J\u{2066}` gets\na Secret").unwrap();
    let expected = "the container `a b  [2J ` gets\na Secret";
    assert_eq!((shown.findings[0].message.as_str(), shown.findings[0].remedy.as_deref()), (expected, Some(expected)));
    assert!(said("deny\u{202e}", "m").is_err());
}
