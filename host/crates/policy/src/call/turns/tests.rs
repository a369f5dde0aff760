//! What computes for long holds no worker of the runtime, and no more than its turns.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::thread;

use super::*;

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
        in_turns(&turns, true, &Pace::default(), work).await
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
            tokio::spawn(async move { in_turns(&turns, true, &Pace::default(), computes(3, &now, &most)).await })
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
    let (turns, pace) = (Turns::of(1), Pace::default());
    in_turns(&turns, false, &pace, computes(2, &AtomicUsize::new(0), &AtomicUsize::new(0))).await;
    assert!(pace.is_slow());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn only_what_is_slow_runs_on_threads_of_its_own_and_there_the_runtime_is_known() {
    let turns = Turns::of(1);
    let pace = Pace::default();
    assert_eq!(in_turns(&turns, true, &pace, runs_on()).await, "policy-slow-0");
    in_turns(&turns, true, &pace, tokio::time::sleep(Duration::from_millis(1))).await;
    assert!(!pace.is_slow(), "it was known to be slow, and was not");
    assert!(!in_turns(&turns, false, &pace, runs_on()).await.starts_with("policy-slow"));
}

#[tokio::test]
async fn what_waits_is_not_slow_and_needs_no_turn() {
    let (turns, pace) = (Turns::of(0), Pace::default());
    in_turns(&turns, false, &pace, tokio::time::sleep(SLICE * 4)).await;
    assert!(!pace.is_slow());
}

#[tokio::test]
async fn a_quick_call_whose_thread_lost_its_processor_is_not_slow() {
    let (turns, pace) = (Turns::of(0), Pace::default());
    in_turns(&turns, false, &pace, async { thread::sleep(SLICE * 4) }).await;
    assert!(!pace.is_slow());
}
