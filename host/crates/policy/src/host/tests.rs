//! Capabilities, from a component's side: what is linked, what is refused at load, what a call may do and what ends it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use kube_request::Json;

use super::*;
use crate::counts::MemoryCounts;
use crate::testing::{Bundle, engine, facts, guard, masker, router, session_policy};
use crate::{Decision, FailureCause, Grants, Judgement, Live};

const SPEND: &str = r#"(import "portcullis:policy/counter@0.1.0" "spend" (func $spend (param i32 i32 i32)))"#;
const GET: &str = r#"(import "portcullis:policy/cluster@0.1.0" "get" (func $get (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))"#;
const CAN_I: &str = r#"(import "portcullis:policy/cluster@0.1.0" "can-i" (func $can_i (param i32 i32)))"#;

/// Spends one `my-rule` of two within an hour: allows, or denies with `no such thing`.
fn spender() -> Vec<u8> {
    guard(
        SPEND,
        "(i32.store (i32.const 2048) (i32.const 1104)) (i32.store (i32.const 2052) (i32.const 7))
         (i32.store (i32.const 2056) (i32.const 1)) (i64.store (i32.const 2064) (i64.const 2)) (i32.store (i32.const 2072) (i32.const 3600))
         (call $spend (i32.const 2048) (i32.const 1) (i32.const 4096))
         (if (i32.load8_u (i32.const 4096)) (then (return (call $finding (i32.const 3) (i32.const 1072) (i32.const 13)))))
         (call $allow (i32.const 1104) (i32.const 7))",
    )
}

/// Reads the field `/spec/replicas` (or the pointer of so many bytes of it) of the pod `web`: allows by its text, denies by an error's, has no opinion without it.
fn reader(pointer_bytes: u32) -> Vec<u8> {
    let data = r#"(data (i32.const 2048) "v1") (data (i32.const 2056) "pods") (data (i32.const 2064) "web")"#;
    guard(
        &format!("{GET}{data}"),
        &format!(
            "(i32.store (i32.const 2080) (i32.const 1088)) (i32.store (i32.const 2084) (i32.const {pointer_bytes}))
             (call $get (i32.const 0) (i32.const 0) (i32.const 2048) (i32.const 2) (i32.const 2056) (i32.const 4)
                (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 2064) (i32.const 3) (i32.const 2080) (i32.const 1) (i32.const 4096))
             (if (i32.load8_u (i32.const 4096)) (then (return (call $finding (i32.const 3) (i32.load (i32.const 4100)) (i32.load (i32.const 4104))))))
             (if (i32.eqz (i32.load8_u (i32.const 4100))) (then (return (call $no_opinion))))
             (local.set $x (i32.load (i32.const 4124)))
             (if (i32.eqz (i32.load8_u (local.get $x))) (then (return (call $no_opinion))))
             (call $allow (i32.load offset=4 (local.get $x)) (i32.load offset=8 (local.get $x)))"
        ),
    )
}

fn pods() -> Vec<ClusterRead> {
    vec![ClusterRead::new(&["pods".to_owned()], Some(&["/spec".to_owned()])).unwrap()]
}

fn grants() -> Grants {
    Grants { cluster: Some(pods()), counter: true, ..Grants::default() }
}

async fn open(wasm: Vec<u8>, capabilities: &str, grants: Grants) -> Result<(Bundle, Live), String> {
    let bundle = Bundle::new();
    bundle.write("guard.wasm", wasm).plugins(&format!("  - {{ name: one, world: guard, component: guard.wasm, capabilities: {capabilities} }}"));
    match Live::open(engine(), bundle.path(), grants).await {
        Ok(live) => Ok((bundle, live)),
        Err(error) => Err(error.to_string()),
    }
}

async fn judge(wasm: Vec<u8>, capabilities: &str, surroundings: &Surroundings) -> Judgement {
    let (_bundle, live) = open(wasm, capabilities, grants()).await.unwrap();
    live.current().judge_in(&facts(), None, surroundings).await
}

fn denied(judgement: &Judgement) -> &str {
    assert_eq!(judgement.decision, Decision::Deny);
    &judgement.findings[0].1.message
}

#[tokio::test]
async fn a_charge_that_fits_is_made_once_and_one_that_does_not_is_told() {
    let (_bundle, live) = open(spender(), "{ counter: true }", grants()).await.unwrap();
    let counts = MemoryCounts::default();
    let around = Surroundings { counter: Some(Arc::new(counts.clone())), ..Surroundings::default() };
    let plugin: Arc<str> = "one".into();
    for used in 1..=2 {
        let judgement = live.current().judge_in(&facts(), None, &around).await;
        assert_eq!((judgement.decision, judgement.exceeded.clone()), (Decision::Allow, None), "{judgement:?}");
        assert!(!judgement.by[0].remembered);
        // The fast attempt before it charged nothing.
        assert_eq!(counts.used(&plugin, "my-rule".to_owned(), 3600).await, Ok(used));
    }
    let judgement = live.current().judge_in(&facts(), None, &around).await;
    assert_eq!(denied(&judgement), "no such thing");
    let (by, excess) = judgement.exceeded.unwrap();
    assert_eq!((&*by, excess.index, excess.used), ("one", 0, 2));
    assert!((3000..=3780).contains(&excess.fits_after), "{excess:?}");
}

#[tokio::test]
async fn without_counts_a_charge_ends_the_call() {
    let judgement = judge(spender(), "{ counter: true }", &Surroundings::default()).await;
    let failure = judgement.failure.expect("it ended").to_string();
    assert!(failure.contains("it used its counts where there are none"), "{failure}");
}

struct Lost;

impl Counter for Lost {
    fn spend(&self, _: &Arc<str>, _: Vec<Charge>) -> BoxFuture<'static, Result<Option<Excess>, String>> {
        Box::pin(std::future::ready(Err("the counts cannot be reached".to_owned())))
    }

    fn used(&self, _: &Arc<str>, _: String, _: u32) -> BoxFuture<'static, Result<u64, String>> {
        Box::pin(std::future::ready(Err("the counts cannot be reached".to_owned())))
    }
}

/// No policy can pass over it.
#[tokio::test]
async fn a_lost_database_refuses() {
    let around = Surroundings { counter: Some(Arc::new(Lost)), ..Surroundings::default() };
    let judgement = judge(spender(), "{ counter: true }", &around).await;
    assert_eq!((judgement.decision, judgement.exceeded.is_none()), (Decision::Deny, true));
    let failure = judgement.failure.expect("it ended").to_string();
    assert!(failure.contains("the counts cannot be reached"), "{failure}");
}

struct Silent;

impl Counter for Silent {
    fn spend(&self, _: &Arc<str>, _: Vec<Charge>) -> BoxFuture<'static, Result<Option<Excess>, String>> {
        Box::pin(std::future::pending())
    }

    fn used(&self, _: &Arc<str>, _: String, _: u32) -> BoxFuture<'static, Result<u64, String>> {
        Box::pin(std::future::pending())
    }
}

/// Epochs do not run while the host waits: the deadline covers that too.
#[tokio::test]
async fn counts_that_do_not_answer_meet_the_deadline() {
    let around = Surroundings { counter: Some(Arc::new(Silent)), ..Surroundings::default() };
    let judgement = judge(spender(), "{ counter: true }", &around).await;
    assert_eq!(judgement.failure.unwrap().cause, FailureCause::Deadline(Duration::from_millis(50)));
}

#[tokio::test]
async fn an_impossible_charge_ends_the_call() {
    for (charge, told) in [
        ("(i32.const 0) (i64.const 2) (i32.const 3600)", "it charged nothing"),
        ("(i32.const 1) (i64.const 2) (i32.const 0)", "it counted over 0 seconds"),
        ("(i32.const 1) (i64.const 2) (i32.const 2678401)", "it counted over 2678401 seconds"),
    ] {
        let body = format!(
            "(i32.store (i32.const 2048) (i32.const 1104)) (i32.store (i32.const 2052) (i32.const 7))
             (call $fill {charge})
             (call $spend (i32.const 2048) (i32.const 1) (i32.const 4096)) (call $no_opinion)"
        );
        let fill = "(func $fill (param i32 i64 i32) (i32.store (i32.const 2056) (local.get 0)) (i64.store (i32.const 2064) (local.get 1)) (i32.store (i32.const 2072) (local.get 2)))";
        let around = Surroundings { counter: Some(Arc::new(MemoryCounts::default())), ..Surroundings::default() };
        let judgement = judge(guard(&format!("{SPEND}{fill}"), &body), "{ counter: true }", &around).await;
        let failure = judgement.failure.expect("it ended").to_string();
        assert!(failure.contains(told), "{failure}");
    }
}

#[tokio::test]
async fn counting_without_end_ends_the_call() {
    let body = "(i32.store (i32.const 2048) (i32.const 1104)) (i32.store (i32.const 2052) (i32.const 7))
         (i32.store (i32.const 2056) (i32.const 1)) (i64.store (i32.const 2064) (i64.const 200)) (i32.store (i32.const 2072) (i32.const 3600))
         (loop $again (call $spend (i32.const 2048) (i32.const 1) (i32.const 4096)) (br $again)) (unreachable)";
    let counts = MemoryCounts::default();
    let around = Surroundings { counter: Some(Arc::new(counts.clone())), ..Surroundings::default() };
    let judgement = judge(guard(SPEND, body), "{ counter: true }", &around).await;
    let failure = judgement.failure.expect("it ended").to_string();
    assert!(failure.contains("it used its counts more than 16 times"), "{failure}");
}

fn objects(text: &str) -> Surroundings {
    let objects = vec![("pods".to_owned(), Arc::new(Json::parse(text.as_bytes()).unwrap()))];
    Surroundings { cluster: Some(Arc::new(FixedCluster { objects, allowed: true })), ..Surroundings::default() }
}

const PODS: &str = "{ cluster: [{ resources: [pods], fields: [/spec/replicas] }] }";

#[tokio::test]
async fn a_field_that_was_asked_for_and_granted_is_read() {
    let judgement = judge(reader(14), PODS, &objects(r#"{"metadata":{"name":"web"},"spec":{"replicas":3}}"#)).await;
    assert_eq!((judgement.decision, judgement.by[0].rule.as_deref(), judgement.by[0].remembered), (Decision::Allow, Some("3"), false));
    let judgement = judge(reader(14), PODS, &objects(r#"{"metadata":{"name":"web"},"spec":{}}"#)).await;
    assert_eq!(judgement.decision, Decision::NoOpinion);
    let judgement = judge(reader(14), PODS, &objects(r#"{"metadata":{"name":"other"},"spec":{"replicas":3}}"#)).await;
    assert_eq!(judgement.decision, Decision::NoOpinion);
}

/// The bundle asked for `/spec/replicas`, so it does not get `/spec`, which the operator would grant.
#[tokio::test]
async fn a_field_that_was_not_asked_for_is_an_error_that_says_so() {
    let judgement = judge(reader(5), PODS, &objects(r#"{"metadata":{"name":"web"},"spec":{"replicas":3}}"#)).await;
    assert!(denied(&judgement).starts_with("the field `/spec` of `pods` is not among those"), "{}", denied(&judgement));
    let other = "{ cluster: [] }";
    let judgement = judge(reader(14), other, &objects("{}")).await;
    assert!(denied(&judgement).starts_with("`pods` is not among the resources"), "{}", denied(&judgement));
}

#[tokio::test]
async fn without_a_cluster_a_read_is_an_error() {
    let judgement = judge(reader(14), PODS, &Surroundings::default()).await;
    assert!(denied(&judgement).starts_with("there is no cluster here"), "{}", denied(&judgement));
}

/// Answers after a while, or never; counts the questions.
#[derive(Clone, Default)]
struct Counted {
    asked: Arc<AtomicU32>,
    silent: bool,
}

impl Cluster for Counted {
    fn get(&self, _: Wanted, _: bool) -> BoxFuture<'static, Result<Option<Arc<Json>>, String>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.silent { Box::pin(std::future::pending()) } else { Box::pin(std::future::ready(Err("it is away".to_owned()))) }
    }

    fn list(&self, _: Selection, _: bool) -> BoxFuture<'static, Result<Arc<Json>, String>> {
        Box::pin(std::future::ready(Err("it is away".to_owned())))
    }

    fn can_i(&self, question: Question) -> BoxFuture<'static, Result<bool, String>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::ready(Ok(question.verb == "my-rule" && question.namespace.is_none())))
    }
}

#[tokio::test]
async fn a_cluster_that_does_not_answer_is_an_error_or_meets_the_deadline() {
    let counted = Counted::default();
    let judgement = judge(reader(14), PODS, &Surroundings { cluster: Some(Arc::new(counted.clone())), ..Surroundings::default() }).await;
    assert_eq!((denied(&judgement), counted.asked.load(Ordering::Relaxed)), ("it is away", 1));
    let silent = Counted { silent: true, ..Counted::default() };
    let judgement = judge(reader(14), PODS, &Surroundings { cluster: Some(Arc::new(silent)), ..Surroundings::default() }).await;
    assert_eq!(judgement.failure.unwrap().cause, FailureCause::Deadline(Duration::from_millis(50)));
}

/// The question's 14 values come by pointer: the verb first, and nothing set besides.
#[tokio::test]
async fn can_i_is_asked_and_not_without_end() {
    let once = "(i32.store (i32.const 2048) (i32.const 1104)) (i32.store (i32.const 2052) (i32.const 7))
         (call $ask (i32.const 4096))
         (if (i32.load8_u offset=4 (i32.const 4096)) (then (return (call $allow (i32.const 1104) (i32.const 7)))))
         (call $no_opinion)";
    let ask = |times: u32| {
        format!(
            "{CAN_I}(func $ask (param i32) (local $n i32)
               (loop $again (call $can_i (i32.const 2048) (local.get 0)) (local.set $n (i32.add (local.get $n) (i32.const 1)))
                 (br_if $again (i32.lt_u (local.get $n) (i32.const {times})))))"
        )
    };
    let counted = Counted::default();
    let around = Surroundings { cluster: Some(Arc::new(counted.clone())), ..Surroundings::default() };
    let judgement = judge(guard(&ask(1), once), "{ cluster: [] }", &around).await;
    assert_eq!(judgement.decision, Decision::Allow, "{judgement:?}");
    let judgement = judge(guard(&ask(33), once), "{ cluster: [] }", &around).await;
    let failure = judgement.failure.expect("it ended").to_string();
    assert!(failure.contains("it asked the cluster more than 32 times"), "{failure}");
    assert_eq!(counted.asked.load(Ordering::Relaxed), 33);
}

/// Each with its own sentence, and what to do.
#[tokio::test]
async fn what_may_not_be_had_is_refused_at_load_by_name() {
    let none = Grants::default;
    for (wasm, capabilities, grants, told) in [
        (spender(), "{}", grants(), "it imports `portcullis:policy/counter@0.1.0`: bundle.yaml does not ask for counts; write `counter: true` under capabilities"),
        (spender(), "{ counter: true }", none(), "it asks to keep counts, which the operator has not granted; have it granted by grants.counter"),
        (reader(14), "{}", grants(), "it imports `portcullis:policy/cluster@0.1.0`: bundle.yaml does not ask for the cluster; name resources and fields under capabilities.cluster"),
        (reader(14), PODS, none(), "it asks to read anything of the cluster, which the operator has not granted; have it granted under grants.cluster"),
        (reader(14), "{ cluster: [{ resources: [pods] }] }", grants(), "it asks to read `pods` with all fields of the cluster, which the operator has not granted"),
        (reader(14), "{ cluster: [{ resources: [secrets], fields: [/data] }] }", grants(), "it asks to read `/data` of `secrets` of the cluster"),
        (reader(14), "{ cluster: [{ resources: [Pods] }] }", grants(), "`Pods` is not a resource"),
        (reader(14), "{ http: { origins: [\"https://a.example\"] } }", grants(), "capabilities.http, which only an audit-sink or a notifier may have"),
    ] {
        let error = match open(wasm, capabilities, grants).await {
            Ok(_) => panic!("it went live: {told}"),
            Err(error) => error,
        };
        assert!(error.contains(told), "{error}\n{told}");
    }
}

#[tokio::test]
async fn other_worlds_may_not_ask_for_it() {
    for (world, wasm, capability, told) in [
        ("approval-router", router("(unreachable)"), "{ counter: true }", "only a guard may have"),
        ("masker", masker("(unreachable)", "(unreachable)"), "{ cluster: [] }", "only a guard or an approval-router may have"),
        ("session-policy", session_policy("(unreachable)"), "{ cluster: [] }", "only a guard or an approval-router may have"),
    ] {
        let bundle = Bundle::new();
        bundle.write("one.wasm", wasm).plugins(&format!("  - {{ name: one, world: {world}, component: one.wasm, capabilities: {capability} }}"));
        let Err(error) = Live::open(engine(), bundle.path(), grants()).await else { panic!("it went live") };
        assert!(error.to_string().contains(told), "{error}");
    }
}
