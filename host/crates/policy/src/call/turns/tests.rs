//! What computes for long holds no worker of the runtime, and no more than its turns.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::thread::sleep;

use super::*;

/// Computes in slices that are slow, as a guest does that gives way at each tick; tells how many do so at one time.
async fn computes(slices: u32, now: &AtomicUsize, most: &AtomicUsize) {
    for slice in 0..slices {
        // Those without a turn do not count.
        let counts = usize::from(slice >= FREE);
        most.fetch_max(now.fetch_add(counts, Ordering::SeqCst) + counts, Ordering::SeqCst);
        sleep(SLICE * 2);
        now.fetch_sub(counts, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_only_worker_goes_on_with_others() {
    let turns = Arc::new(Semaphore::new(1));
    let (begun, begins) = tokio::sync::oneshot::channel();
    let (release, released) = std::sync::mpsc::channel();
    let held = tokio::spawn(async move {
        // It ends only after another task of the same worker has run.
        let work = async move {
            begun.send(()).ok();
            released.recv_timeout(Duration::from_secs(20)).is_ok()
        };
        in_turns(&turns, &AtomicBool::new(true), work).await
    });
    tokio::spawn(async move {
        begins.await.unwrap();
        release.send(()).unwrap();
    });
    assert!(held.await.unwrap(), "nobody else came to run");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_more_compute_at_one_time_than_there_are_turns() {
    let turns = Arc::new(Semaphore::new(2));
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (turns, now, most) = (turns.clone(), now.clone(), most.clone());
            tokio::spawn(async move { in_turns(&turns, &AtomicBool::new(true), computes(FREE + 3, &now, &most)).await })
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
    let (turns, slow) = (Semaphore::new(1), AtomicBool::new(false));
    in_turns(&turns, &slow, computes(FREE + 1, &AtomicUsize::new(0), &AtomicUsize::new(0))).await;
    assert!(slow.load(Ordering::Relaxed));
}

#[tokio::test]
async fn what_waits_is_not_slow_and_needs_no_turn() {
    let (turns, slow) = (Semaphore::new(0), AtomicBool::new(false));
    in_turns(&turns, &slow, tokio::time::sleep(SLICE * 4)).await;
    assert!(!slow.load(Ordering::Relaxed));
}

#[tokio::test]
async fn a_quick_call_whose_thread_lost_its_processor_once_needs_no_turn() {
    let (turns, slow) = (Semaphore::new(0), AtomicBool::new(true));
    let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let done = in_turns(&turns, &slow, computes(1, &now, &most));
    tokio::time::timeout(Duration::from_secs(20), done).await.unwrap();
}
