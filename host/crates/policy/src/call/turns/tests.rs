//! What computes for long holds no worker of the runtime, and no more than its turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::*;
use crate::call::pace::{SLICE, computed};

/// Computes in slices that are slow, as a guest does that gives way at each tick; tells how many do so at one time.
async fn computes(slices: u32, now: &AtomicUsize, most: &AtomicUsize) {
    for _ in 0..slices {
        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let begun = computed();
        while computed() < begun + SLICE * 2 {
            std::hint::spin_loop();
        }
        now.fetch_sub(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }
}

/// The name of the thread that polls this.
async fn runs_on() -> String {
    thread::current().name().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_only_worker_goes_on_with_others() {
    let turns = Turns::of(1);
    let (begun, begins) = tokio::sync::oneshot::channel();
    let (release, released) = std::sync::mpsc::channel();
    let held = tokio::spawn(async move {
        // It ends only after another task of the same worker has run.
        let work = async move {
            begun.send(()).ok();
            released.recv_timeout(Duration::from_secs(20)).is_ok()
        };
        in_turns(&turns, Pace::Slow, &Meter::default(), work).await
    });
    tokio::spawn(async move {
        begins.await.unwrap();
        release.send(()).unwrap();
    });
    assert!(held.await.unwrap(), "nobody else came to run");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_more_compute_at_one_time_than_there_are_turns() {
    let turns = Arc::new(Turns::of(2));
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (turns, now, most) = (turns.clone(), now.clone(), most.clone());
            tokio::spawn(async move { in_turns(&turns, Pace::Slow, &Meter::default(), computes(3, &now, &most)).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let most = most.load(Ordering::SeqCst);
    assert!((1..=2).contains(&most), "{most}");
}

#[tokio::test]
async fn a_runtime_of_one_thread_has_them_too_and_who_was_slow_is_remembered() {
    let (turns, meter) = (Turns::of(1), Meter::default());
    in_turns(&turns, Pace::Quick, &meter, computes(2, &AtomicUsize::new(0), &AtomicUsize::new(0))).await;
    assert_eq!(meter.pace(), Pace::Slow);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn only_what_is_slow_or_heavy_runs_on_threads_of_its_own_and_there_the_runtime_is_known() {
    let (turns, meter) = (Turns::of(1), Meter::default());
    assert_eq!(in_turns(&turns, Pace::Slow, &meter, runs_on()).await, "policy-slow-0");
    assert_eq!(in_turns(&turns, Pace::Heavy, &meter, runs_on()).await, "policy-heavy-0");
    in_turns(&turns, Pace::Slow, &meter, tokio::time::sleep(Duration::from_millis(1))).await;
    assert_eq!(meter.pace(), Pace::Quick, "it was expected to be slow, and was not");
    assert!(!in_turns(&turns, Pace::Quick, &meter, runs_on()).await.starts_with("policy-"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_goes_on_and_on_is_moved_to_the_heavy_before_it_ends() {
    let (turns, meter) = (Turns::of(1), Meter::default());
    let work = async {
        let (most, now) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let mut ran_on = vec![];
        for _ in 0..50 {
            computes(1, &now, &most).await;
            ran_on.push(runs_on().await);
        }
        ran_on
    };
    let ran_on = in_turns(&turns, Pace::Quick, &meter, work).await;
    let lanes: Vec<_> = ran_on.chunk_by(|a, b| a == b).map(|same| same[0].as_str()).collect();
    assert_eq!(lanes, ["policy-slow-0", "policy-heavy-0"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn those_who_are_heavy_keep_no_turn_from_those_who_are_slow() {
    let turns = Arc::new(Turns::of(1));
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (begun, begins) = tokio::sync::oneshot::channel();
    let heavy = tokio::spawn({
        let turns = turns.clone();
        async move {
            let work = async move {
                begun.send(()).ok();
                released.recv_timeout(Duration::from_secs(20)).is_ok()
            };
            in_turns(&turns, Pace::Heavy, &Meter::default(), work).await
        }
    });
    begins.await.unwrap();
    assert_eq!(in_turns(&turns, Pace::Slow, &Meter::default(), runs_on()).await, "policy-slow-0");
    release.send(()).unwrap();
    assert!(heavy.await.unwrap());
}

#[tokio::test]
async fn what_waits_is_not_slow_and_needs_no_turn() {
    let (turns, meter) = (Turns::of(0), Meter::default());
    in_turns(&turns, Pace::Quick, &meter, tokio::time::sleep(SLICE * 4)).await;
    assert_eq!(meter.pace(), Pace::Quick);
}

#[test]
fn a_store_that_gives_way_is_counted_for_as_long_as_it_lives() {
    let engine = wasmtime::Engine::new(wasmtime::Config::new().epoch_interruption(true)).unwrap();
    let (turns, mut store) = (Turns::of(1), Store::new(&engine, ()));
    turns.give_way(&mut store);
    assert_eq!(turns.present().load(Ordering::Relaxed), 1);
    drop(store);
    assert_eq!(turns.present().load(Ordering::Relaxed), 0);
}
