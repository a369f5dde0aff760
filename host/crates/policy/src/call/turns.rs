//! Calls that compute for long take turns, on threads of a lower priority.
//!
//! A worker thread of the runtime that runs a guest serves nobody else meanwhile. Where every worker had one, connections would not even be looked at:
//! a worker asks the kernel for news when it has nothing to do, or after some dozens of tasks, and here each task takes a whole slice. And a thread that
//! is as important as a worker keeps its processor for milliseconds after a worker wanted it.
//!
//! There are two lanes. Who is slow gets its share even where no processor is spare. Who is heavy gets what nobody else wants: such a call is
//! near its deadline anyhow, and a component that always is so must not be felt by those that are not.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::thread::available_parallelism;

use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;
use wasmtime::{Store, UpdateDeadline};

use crate::background::{stand_back, stand_last};
use crate::call::pace::{Meter, Pace};

/// Ticks of the engine that a turn lasts.
const TICKS_A_TURN: u64 = 5;

/// Where calls that compute for long run.
pub(crate) struct Turns {
    slow: Lane,
    heavy: Lane,
    /// Calls that give way.
    present: Arc<AtomicUsize>,
}

/// One of them.
struct Present(Arc<AtomicUsize>);

impl Drop for Present {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How many compute at one time, and on what.
struct Lane {
    free: Semaphore,
    number: usize,
    /// Started by the first that needs one: most gateways never do.
    threads: OnceLock<Option<ThreadPool>>,
    /// The lane's name, and how its threads begin.
    name: &'static str,
    begin: fn(),
}

impl Turns {
    /// Each lane for half of the processors: the other half is left to those who are quick.
    pub(crate) fn new() -> Turns {
        Turns::of((available_parallelism().map_or(1, usize::from) / 2).max(1))
    }

    fn of(number: usize) -> Turns {
        Turns { slow: Lane::of(number, "slow", stand_back), heavy: Lane::of(number, "heavy", stand_last), present: Arc::default() }
    }

    /// How many calls there are that give way, for whoever makes the ticks.
    pub(crate) fn present(&self) -> Arc<AtomicUsize> {
        self.present.clone()
    }

    /// From now on the store's guest lets whoever waits for the processor have it at each tick, and other tasks their turn after some of them. The system by
    /// itself looks only every four milliseconds whether somebody waits, even on behalf of a thread that is more important.
    pub(crate) fn give_way<T: 'static>(&self, store: &mut Store<T>) {
        self.present.fetch_add(1, Ordering::Relaxed);
        let present = Present(self.present.clone());
        let mut ticks = 0_u64;
        store.epoch_deadline_callback(move |_| {
            let _for_as_long_as_the_store = &present;
            std::thread::yield_now();
            ticks += 1;
            Ok(if ticks.is_multiple_of(TICKS_A_TURN) { UpdateDeadline::Yield(1) } else { UpdateDeadline::Continue(1) })
        });
        store.set_epoch_deadline(1);
    }

    fn lane(&self, pace: Pace) -> Option<&Lane> {
        match pace {
            Pace::Quick => None,
            Pace::Slow => Some(&self.slow),
            Pace::Heavy => Some(&self.heavy),
        }
    }
}

impl Lane {
    fn of(number: usize, name: &'static str, begin: fn()) -> Lane {
        Lane { free: Semaphore::new(number), number, threads: OnceLock::new(), name, begin }
    }

    /// Runs a slice on one of the threads, while another thread goes on with what the caller's would do next.
    fn run<T: Send>(&self, slice: impl FnOnce() -> T + Send) -> T {
        let threads = self.threads.get_or_init(|| {
            let (name, begin) = (self.name, self.begin);
            let builder = ThreadPoolBuilder::new().num_threads(self.number).thread_name(move |n| format!("policy-{name}-{n}"));
            builder.start_handler(move |_| begin()).build().inspect_err(|error| tracing::warn!(%error, "{name} policies run on the runtime's threads")).ok()
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

/// Polls `work` to its end. Where that is `expected` to be slow, or once it was, each further poll waits for its turn. Who waits longest is next.
pub(super) async fn in_turns<F: Future<Output: Send> + Send>(turns: &Turns, expected: Pace, meter: &Meter, work: F) -> F::Output {
    let mut work = pin!(work);
    loop {
        let polled = match turns.lane(expected.max(meter.pace())) {
            Some(lane) => {
                // It is never closed.
                let _turn = lane.free.acquire().await.ok();
                let waker = std::future::poll_fn(|context| Poll::Ready(context.waker().clone())).await;
                let work = work.as_mut();
                lane.run(move || meter.watch(|| work.poll(&mut Context::from_waker(&waker))))
            }
            None => std::future::poll_fn(|context| Poll::Ready(meter.watch(|| work.as_mut().poll(context)))).await,
        };
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

#[cfg(test)]
mod tests;
