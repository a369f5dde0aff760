//! The controllers and the kubelet of the demo, in one small loop: look at the store, take every step that is due, say
//! when to look again. Nothing is remembered between two looks but when each object was first seen.

mod collect;
mod events;
mod pods;
mod services;
mod workloads;

use super::{
    Api,
    store::{Change, Store},
};
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

/// Looks in a row before others get the store: a step leads to the next (deployment, replica set, pods).
const MAX_ROUNDS: usize = 16;
/// Between two looks, so that a load of writes is not answered by a load of looks.
const PAUSE: Duration = Duration::from_millis(10);
/// Between two looks when nothing happens: events grow old.
const IDLE: Duration = Duration::from_secs(60);

/// What the controllers remember.
pub(crate) struct Controller {
    delay: Duration,
    /// When the object with this UID was first seen in this phase of its life.
    since: HashMap<(String, &'static str), Instant>,
    /// The earliest moment at which something is due.
    due: Option<Instant>,
}

impl Controller {
    pub(crate) fn new(delay: Duration) -> Self {
        Self {
            delay,
            since: HashMap::new(),
            due: None,
        }
    }

    /// Takes every step that is due at `now`.
    pub(crate) fn settle(&mut self, store: &mut Store, now: Instant) {
        self.due = None;
        self.since
            .retain(|_, since| now.duration_since(*since) < IDLE * 2 + self.delay);
        for _ in 0..MAX_ROUNDS {
            let before = store.revision();
            collect::namespaces(self, store, now);
            workloads::deployments(store);
            workloads::replica_sets(store);
            workloads::stateful_sets(store);
            workloads::daemon_sets(store);
            workloads::jobs(store);
            pods::pods(self, store, now);
            services::services(store);
            collect::orphans(store);
            if store.revision() == before {
                break;
            }
        }
        events::forget_old(store);
    }

    /// True once `delay` has passed since this was first asked about the object; notes when to ask again.
    fn elapsed(&mut self, uid: &str, phase: &'static str, now: Instant) -> bool {
        let since = *self.since.entry((uid.to_owned(), phase)).or_insert(now);
        let ready = since + self.delay;
        if now >= ready {
            return true;
        }
        self.due = Some(self.due.map_or(ready, |due| due.min(ready)));
        false
    }
}

impl Api {
    /// Runs the controllers until it is aborted.
    pub(crate) async fn run_controller(self: Arc<Self>, delay: Duration) {
        let mut controller = Controller::new(delay);
        let (mut news, mut seen) = {
            let store = self.store.lock();
            (store.subscribe(), 0)
        };
        loop {
            let wake = {
                let mut store = self.store.lock();
                let idle = controller.due.is_none_or(|due| due > Instant::now());
                let relevant = store
                    .since(seen)
                    .is_none_or(|mut changes| changes.any(matters));
                if relevant || !idle {
                    controller.settle(&mut store, Instant::now());
                }
                seen = store.revision();
                news.mark_unchanged();
                controller.due.unwrap_or_else(|| Instant::now() + IDLE)
            };
            tokio::select! {
                changed = news.changed() => if changed.is_err() { return },
                () = tokio::time::sleep_until(wake.into()) => {}
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Whether a change can call for a step: a load of config maps is none of the controllers' business.
fn matters(change: &Change) -> bool {
    let plain = matches!(
        change.key.plural,
        "configmaps" | "secrets" | "events" | "leases" | "endpointslices"
    );
    let doomed = |it: &serde_json::Value| {
        !it["metadata"]["ownerReferences"].is_null()
            || !it["metadata"]["deletionTimestamp"].is_null()
    };
    !plain || doomed(&change.object.value)
}

#[cfg(test)]
mod tests;
