//! Work for the gateway's spare time: reading, compiling, configuring and trying a set, while requests go on.
//!
//! It runs on threads of its own that end with it, at a lower priority: on a machine with two processors a compiler that takes its half would
//! be felt by every request.

use std::panic::{AssertUnwindSafe, catch_unwind};

#[cfg(target_os = "linux")]
use thread_priority::{NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// What setpriority(2) calls nice. A thread at 10 gets a ninth of what one at 0 gets where both want the same processor, and all
/// of it where nobody else wants it.
const NICE: i32 = 10;

/// Lets the calling thread stand back from now on. It cannot be undone without privileges, so only threads of this crate's own may call it.
pub(crate) fn stand_back() {
    // Where it is refused, loading is merely as important as everything else.
    let _ = rustix::process::setpriority_process(None, NICE);
}

/// Lets the calling thread have only the time that nobody else wants. It cannot be undone without privileges either.
pub(crate) fn stand_last() {
    // Also for where the idle class is refused or unknown.
    stand_back();
    // A thread of a lower priority keeps its processor for milliseconds after one of a higher priority woke; one of this class leaves it at once.
    #[cfg(target_os = "linux")]
    let _ = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle));
}

/// Runs `work` on a thread of its own within the caller's runtime, so that it may block on futures.
///
/// # Errors
/// What it said when it panicked.
pub(crate) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    let (done, result) = oneshot::channel();
    let runtime = Handle::current();
    let thread = move || {
        stand_back();
        let _within = runtime.enter();
        // Nobody waits any more when the caller was dropped.
        let _ = done.send(catch_unwind(AssertUnwindSafe(work)).map_err(|panic| said(&*panic)));
    };
    std::thread::Builder::new()
        .name("policy-loading".to_owned())
        .spawn(thread)
        .map_err(|error| format!("no thread could be started: {error}"))?;
    result.await.unwrap_or_else(|_| Err("the thread ended".to_owned()))
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".to_owned())
}

#[cfg(test)]
mod tests;
