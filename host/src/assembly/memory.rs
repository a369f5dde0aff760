//! What loading a policy set leaves behind goes back to the system.
//!
//! A first start compiles every component, which takes some hundred megabytes for a second. The allocator keeps what was
//! freed for whoever needs it next, and gives it back only while it is busy: an idle gateway would keep it for hours.
#![allow(unsafe_code)]

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Threads that compiled end after ten idle seconds (tokio's default), and only then let go of what they had kept.
const THREADS_ENDED: Duration = Duration::from_secs(12);

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
            () = tokio::time::sleep(THREADS_ENDED) => {}
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
