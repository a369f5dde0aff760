//! Calls that compute for long take turns, beside the threads of the runtime and not on them.
//!
//! A worker thread of the runtime that runs a guest serves nobody else meanwhile. Where every worker had one, connections would not even be looked at:
//! a worker asks the kernel for news when it has nothing to do, or after some dozens of tasks, and here each task takes a whole slice.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;

/// A slice of the time until a guest gives way is a tick or so, and other polls take microseconds. By the clock, since a thread's own time is not to be had
/// without `unsafe`.
const SLICE: Duration = Duration::from_micros(2500);

/// Slices without a turn: a thread that the system took its processor from looks as slow as one that computes, and a quick call that this happened to must
/// not wait behind those that are slow.
const FREE: u32 = 2;

/// How many may compute at one time: half of the processors, so that the other half is there for those who are quick.
pub(crate) fn turns() -> Semaphore {
    Semaphore::new((available_parallelism().map_or(1, usize::from) / 2).max(1))
}

/// Polls `work` to its end. After a whole slice, or from the start when it is known to be slow, it leaves the caller's worker to others; after [`FREE`] of them
/// each further poll waits for its turn, and `slow` is set. Who waits longest is next.
pub(super) async fn in_turns<F: Future>(turns: &Semaphore, slow: &AtomicBool, work: F) -> F::Output {
    let mut work = pin!(work);
    let mut slices = 0;
    loop {
        // It is never closed.
        let turn = if slices >= FREE { turns.acquire().await.ok() } else { None };
        let leaves = slices > 0 || slow.load(Ordering::Relaxed);
        let begun = Instant::now();
        let polled = std::future::poll_fn(|context| {
            Poll::Ready(match leaves {
                true => aside(|| work.as_mut().poll(context)),
                false => work.as_mut().poll(context),
            })
        })
        .await;
        drop(turn);
        if begun.elapsed() >= SLICE {
            slices += 1;
            if slices >= FREE {
                slow.store(true, Ordering::Relaxed);
            }
        }
        match polled {
            Poll::Ready(done) => return done,
            Poll::Pending => woken().await,
        }
    }
}

/// Ends when the task is woken: by `work`, which knows the task's waker, or for nothing, which costs a poll.
async fn woken() {
    let mut slept = false;
    std::future::poll_fn(|_| match std::mem::replace(&mut slept, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

/// Another thread goes on with what this worker would do next. A runtime of one thread has none.
fn aside<T>(run: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(run),
        _ => run(),
    }
}

#[cfg(test)]
mod tests;
