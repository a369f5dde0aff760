//! What loading a policy set leaves behind goes back to the system.
//!
//! A first start compiles every component, which takes some hundred megabytes for a second. The allocator keeps what was
//! freed for whoever needs it next, and gives it back only while it is busy: an idle gateway would keep it for hours.
#![allow(unsafe_code)]

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Threads for blocking work end when they were idle for so long, and only then let go of what they keep for themselves.
pub const IDLE_THREADS_END: Duration = Duration::from_secs(2);

unsafe extern "C" {
    /// Gives free memory back: this thread's, and what no thread holds any more. Of mimalloc.h, and linked because
    /// mimalloc is this program's allocator.
    safe fn mi_collect(force: bool);
}

/// Tidies up after the first policy set and after each later one, until `stop`.
pub async fn give_back(mut changes: watch::Receiver<policy::Change>, stop: CancellationToken) {
    loop {
        collect().await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(IDLE_THREADS_END + Duration::from_secs(1)) => {}
        }
        collect().await;
        tokio::select! {
            () = stop.cancelled() => return,
            changed = changes.changed() => if changed.is_err() { return },
        }
    }
}

/// Off the threads that serve: unmapping a hundred megabytes takes some milliseconds.
async fn collect() {
    if tokio::task::spawn_blocking(|| mi_collect(true)).await.is_err() {
        tracing::debug!("free memory was not given back");
    }
}
