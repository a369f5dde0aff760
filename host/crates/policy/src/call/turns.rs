//! Calls that compute for long take turns, on threads of a lower priority.
//!
//! A worker thread of the runtime that runs a guest serves nobody else meanwhile. Where every worker had one, connections would not even be looked at:
//! a worker asks the kernel for news when it has nothing to do, or after some dozens of tasks, and here each task takes a whole slice. And a thread that
//! is as important as a worker keeps its processor for milliseconds after a worker wanted it.

use std::pin::pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::thread::available_parallelism;
use std::time::Duration;

use rayon::{ThreadPool, ThreadPoolBuilder};
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;

use crate::background::stand_back;

/// Who computes for so long at a stretch is slow. A slice of the time until a guest gives way is a tick or so, and other polls take microseconds.
pub(super) const SLICE: Duration = Duration::from_millis(1);

/// Where calls that compute for long run, and how many of them at one time.
pub(crate) struct Turns {
    free: Semaphore,
    number: usize,
    /// Started by the first that needs one: most gateways never do.
    threads: OnceLock<Option<ThreadPool>>,
}

impl Turns {
    /// For half of the processors: the other half is left to those who are quick.
    pub(crate) fn new() -> Turns {
        Turns::of((available_parallelism().map_or(1, usize::from) / 2).max(1))
    }

    fn of(number: usize) -> Turns {
        Turns { free: Semaphore::new(number), number, threads: OnceLock::new() }
    }

    /// Runs a slice on one of the threads, while another thread goes on with what the caller's would do next.
    fn run<T: Send>(&self, slice: impl FnOnce() -> T + Send) -> T {
        let threads = self.threads.get_or_init(|| {
            let builder = ThreadPoolBuilder::new().num_threads(self.number).thread_name(|n| format!("policy-slow-{n}"));
            builder.start_handler(|_| stand_back()).build().inspect_err(|error| tracing::warn!(%error, "slow policies run on the runtime's threads")).ok()
        });
        let runtime = Handle::try_current().ok();
        let span = tracing::Span::current();
        // What the caller's thread has by itself: the runtime's clock, and where log lines belong.
        let slice = || span.in_scope(|| match &runtime {
            Some(runtime) => {
                let _within = runtime.enter();
                slice()
            }
            None => slice(),
        });
        let run = || match threads {
            Some(threads) => threads.install(slice),
            None => slice(),
        };
        match runtime.as_ref().map(Handle::runtime_flavor) {
            Some(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(run),
            // One thread has nobody else to go on.
            _ => run(),
        }
    }
}

/// How long a call computed at a stretch.
#[derive(Debug, Default)]
pub(super) struct Pace {
    slow: AtomicBool,
}

impl Pace {
    /// It computed for a whole slice at least once.
    pub(super) fn is_slow(&self) -> bool {
        self.slow.load(Ordering::Relaxed)
    }

    fn watch<T>(&self, poll: impl FnOnce() -> T) -> T {
        let begun = computed();
        let polled = poll();
        if computed() >= begun + SLICE {
            self.slow.store(true, Ordering::Relaxed);
        }
        polled
    }
}

/// Polls `work` to its end. Where it is `known` to be slow, or once it was, each further poll waits for its turn. Who waits longest is next.
pub(super) async fn in_turns<F: Future<Output: Send> + Send>(turns: &Turns, known: bool, pace: &Pace, work: F) -> F::Output {
    let mut work = pin!(work);
    loop {
        let polled = if known || pace.is_slow() {
            // It is never closed.
            let _turn = turns.free.acquire().await.ok();
            let waker = std::future::poll_fn(|context| Poll::Ready(context.waker().clone())).await;
            let work = work.as_mut();
            turns.run(move || pace.watch(|| work.poll(&mut Context::from_waker(&waker))))
        } else {
            std::future::poll_fn(|context| Poll::Ready(pace.watch(|| work.as_mut().poll(context)))).await
        };
        match polled {
            Poll::Ready(done) => return done,
            Poll::Pending => woken().await,
        }
    }
}

/// How long this thread has computed. By the clock on the wall a thread whose processor the system gave to others would look as slow as one that computes.
fn computed() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
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

#[cfg(test)]
mod tests;
