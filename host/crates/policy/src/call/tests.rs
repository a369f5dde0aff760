//! How many instances a plugin may have at one time, with guards that wait for a cluster that never answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::{BoxFuture, join_all, pending};
use kube_request::Json;

use crate::failure::FailureCause;
use crate::host::{Cluster, Question, Selection, Surroundings, Wanted};
use crate::testing::{Bundle, facts, guard};
use crate::{Decision, Engine, EngineOptions, Facts, Grants, Judgement, Live};

/// Answers nobody until it is told to, and counts who waits.
#[derive(Clone, Default)]
struct Hanging {
    waiting: Arc<AtomicU32>,
    most: Arc<AtomicU32>,
    answers: Arc<tokio::sync::Notify>,
}

struct Gone(Arc<AtomicU32>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Cluster for Hanging {
    fn get(&self, _: Wanted, _: bool) -> BoxFuture<'static, Result<Option<Arc<Json>>, String>> {
        Box::pin(pending())
    }

    fn list(&self, _: Selection, _: bool) -> BoxFuture<'static, Result<Arc<Json>, String>> {
        Box::pin(pending())
    }

    fn can_i(&self, _: Question) -> BoxFuture<'static, Result<bool, String>> {
        let waiting = self.waiting.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(waiting, Ordering::SeqCst);
        let (gone, answers) = (Gone(self.waiting.clone()), self.answers.clone());
        Box::pin(async move {
            let _gone = gone;
            answers.notified().await;
            Ok(true)
        })
    }
}

/// Asks the cluster, and allows whatever it says.
fn asks() -> Vec<u8> {
    guard(
        r#"(import "portcullis:policy/cluster@0.1.0" "can-i" (func $can_i (param i32 i32)))"#,
        "(call $can_i (i32.const 2048) (i32.const 4096)) (call $allow (i32.const 1104) (i32.const 7))",
    )
}

/// `waits` asks the cluster about deployments with these limits; `other` does the same about pods, which `around` answers.
async fn open(instances: u32, limits: &str) -> (Bundle, Live) {
    let bundle = Bundle::new();
    bundle.write("asks.wasm", asks()).plugins(&format!(
        "  - {{ name: waits, world: guard, component: asks.wasm, match: {{ resources: [deployments] }}, capabilities: {{ cluster: [] }}, limits: {limits} }}\n\
         \x20 - {{ name: other, world: guard, component: asks.wasm, match: {{ resources: [pods] }}, capabilities: {{ cluster: [] }} }}"
    ));
    let engine = Engine::new(EngineOptions { instances, ..EngineOptions::default() }).unwrap();
    let live = Live::open(engine, bundle.path(), Grants { cluster: Some(vec![]), ..Grants::default() }).await.unwrap();
    (bundle, live)
}

fn about(resource: &str) -> Facts {
    let mut facts = facts();
    facts.request.resource = resource.into();
    facts
}

fn around(cluster: &Hanging) -> Surroundings {
    Surroundings { cluster: Some(Arc::new(cluster.clone())), ..Surroundings::default() }
}

/// So many requests that `waits` judges, side by side.
async fn crowd(live: &Live, cluster: &Hanging, requests: usize) -> Vec<Judgement> {
    let (generation, around) = (live.current(), around(cluster));
    join_all((0..requests).map(|_| {
        let (generation, around) = (generation.clone(), around.clone());
        tokio::spawn(async move { generation.judge_in(&about("deployments"), None, &around).await })
    }))
    .await
    .into_iter()
    .map(Result::unwrap)
    .collect()
}

#[tokio::test]
async fn a_call_beyond_its_instances_waits_its_turn() {
    let (_bundle, live) = open(140, "{ deadline: 1s, instances: 2 }").await;
    let cluster = Hanging::default();
    let answers = async {
        for _ in 0..5 {
            while cluster.waiting.load(Ordering::SeqCst) == 0 {
                tokio::task::yield_now().await;
            }
            cluster.answers.notify_one();
            tokio::task::yield_now().await;
        }
    };
    let (judgements, ()) = tokio::join!(crowd(&live, &cluster, 5), answers);
    assert!(judgements.iter().all(|judgement| judgement.decision == Decision::Allow), "{judgements:?}");
    assert_eq!(cluster.most.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn who_gets_no_turn_within_the_deadline_is_refused_with_a_sentence() {
    let (_bundle, live) = open(140, "{ deadline: 100ms, instances: 2 }").await;
    let cluster = Hanging::default();
    let judgements = crowd(&live, &cluster, 40).await;
    assert_eq!(cluster.most.load(Ordering::SeqCst), 2);
    let (mut hung, mut turned_away) = (0, 0);
    for judgement in judgements {
        assert_eq!(judgement.decision, Decision::Deny);
        let failure = judgement.failure.unwrap();
        match failure.cause {
            FailureCause::Deadline(_) => hung += 1,
            FailureCause::Instances(2) => {
                turned_away += 1;
                assert!(failure.to_string().contains("`waits` could not run within its deadline: the 2 instances that it may have at one time are all in use"), "{failure}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(hung >= 2 && turned_away >= 1, "{hung} hung and {turned_away} were turned away");
    let failures = &live.metrics().plugins["waits"].failures;
    assert_eq!((failures["deadline"], failures["instances"]), (hung, turned_away));
}

/// The pool has twelve instances for calls that wait; a crowd before one plugin does not take them all.
#[tokio::test]
async fn one_plugin_that_hangs_leaves_instances_for_the_others() {
    let (_bundle, live) = open(140, "{ deadline: 1s, instances: 4 }").await;
    let (stalls, answers) = (Hanging::default(), Hanging::default());
    let generation = live.current();
    let others = async {
        while stalls.waiting.load(Ordering::SeqCst) < 4 {
            tokio::task::yield_now().await;
        }
        for _ in 0..20 {
            answers.answers.notify_one();
            let judgement = generation.judge_in(&about("pods"), None, &around(&answers)).await;
            assert_eq!(judgement.decision, Decision::Allow, "{judgement:?}");
        }
        assert_eq!(stalls.waiting.load(Ordering::SeqCst), 4, "the crowd waits meanwhile");
        stalls.answers.notify_waiters();
    };
    let (_, ()) = tokio::join!(crowd(&live, &stalls, 60), others);
    assert_eq!(stalls.most.load(Ordering::SeqCst), 4);
}

/// What the pool has less of than calls that want to wait is a refusal too, and not the plugin's fault.
#[tokio::test]
async fn an_empty_pool_is_told_apart_from_a_slow_plugin() {
    let (_bundle, live) = open(130, "{ deadline: 100ms, instances: 64 }").await;
    let cluster = Hanging::default();
    let judgements = crowd(&live, &cluster, 40).await;
    assert_eq!(cluster.most.load(Ordering::SeqCst), 2);
    let causes: Vec<_> = judgements.into_iter().map(|judgement| judgement.failure.unwrap().cause).collect();
    assert!(causes.contains(&FailureCause::Busy), "{causes:?}");
    assert!(causes.iter().all(|cause| matches!(cause, FailureCause::Busy | FailureCause::Deadline(_))), "{causes:?}");
}
