//! Noticing that the folder changed: by the kernel's word where it can be had, and by looking every two seconds, since a network file
//! system, a replaced folder or a full event queue gives no word.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use crate::live::Shared;

/// Nothing happened for so long: whoever saved is done. Editors and copies write within a few milliseconds.
const QUIET: Duration = Duration::from_millis(40);

/// A folder in which something happens all the time is looked at nevertheless.
const PATIENCE: Duration = Duration::from_secs(1);

/// Between two looks without word.
const LOOK: Duration = Duration::from_secs(2);

/// Word from the kernel.
pub(super) struct Events {
    notify: Arc<Notify>,
    /// Gives word for as long as it lives. Nothing when the kernel has no watches left: looking is enough.
    _watcher: Option<RecommendedWatcher>,
}

impl Events {
    pub(super) fn of(dir: &Path) -> Events {
        let notify = Arc::new(Notify::new());
        let sender = notify.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Reading is an event too, and we read: only what changes something counts.
            if !matches!(event, Ok(notify::Event { kind: EventKind::Access(_), .. })) {
                sender.notify_one();
            }
        });
        let watcher = watcher.and_then(|mut watcher| watcher.watch(dir, RecursiveMode::Recursive).map(|()| watcher));
        let watcher = watcher
            .inspect_err(|error| tracing::warn!(%error, dir = %dir.display(), "the policy folder cannot be watched: it is looked at every {LOOK:?}"))
            .ok();
        Events { notify, _watcher: watcher }
    }
}

/// Reloads when the files have changed, forever.
pub(super) async fn run(shared: Arc<Shared>, mut events: Events) {
    loop {
        let word = tokio::time::timeout(LOOK, events.notify.notified()).await.is_ok();
        if word {
            let start = Instant::now();
            while start.elapsed() < PATIENCE && tokio::time::timeout(QUIET, events.notify.notified()).await.is_ok() {}
        }
        if shared.stale().await {
            // Told by `status` and the log.
            let _ = shared.reload().await;
            if !word {
                // The files changed without word: the folder itself may be another one now.
                events = Events::of(&shared.dir);
            }
        }
    }
}
