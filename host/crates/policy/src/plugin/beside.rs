//! A plugin beside the gateway: the same component, in surroundings that a case or a policy's author has written down.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::{Loaded, Plugin};
use crate::bundle::Mode;
use crate::call::Callable;
use crate::call::pace::Reputation;
use crate::host::{HttpClient, Surroundings};

/// What is there instead of the gateway.
pub(crate) struct Around {
    pub surroundings: Surroundings,
    /// Takes what would go to the network.
    pub http: Arc<dyn HttpClient>,
    pub tap: Arc<Tap>,
}

/// What is seen of calls from outside.
#[derive(Debug, Default)]
pub(crate) struct Tap {
    lines: Mutex<Vec<String>>,
    memory: AtomicUsize,
}

/// Lines that are kept.
const LINES: usize = 256;

impl Tap {
    pub(crate) fn line(&self, level: &str, message: &str) {
        let mut lines = self.lines.lock();
        if lines.len() < LINES {
            lines.push(format!("{level}: {message}"));
        }
    }

    pub(crate) fn memory(&self, bytes: usize) {
        self.memory.fetch_max(bytes, Ordering::Relaxed);
    }

    /// What was logged, and the most memory of one call, in bytes.
    pub(crate) fn take(&self) -> (Vec<String>, usize) {
        (std::mem::take(&mut self.lines.lock()), self.memory.swap(0, Ordering::Relaxed))
    }
}

impl Plugin {
    /// The same, with metrics of its own. `alone` makes it count for everybody, whatever its mode and its canary.
    pub(crate) fn beside(&self, around: Arc<Around>, alone: bool) -> Plugin {
        let mut loaded = Loaded::clone(&self.0);
        loaded.metrics = Arc::default();
        loaded.around = Some(around);
        if alone {
            loaded.mode = Mode::Enforce;
            loaded.canary = None;
            loaded.replaces = None;
        }
        Plugin(Arc::new(loaded))
    }
}

/// The same component, with an eye of its own on how slow it is, how many run and how much it logs.
impl Clone for Callable {
    fn clone(&self) -> Callable {
        Callable {
            engine: self.engine.clone(),
            log: Arc::new(self.log.beside()),
            immediate: self.immediate.clone(),
            waiting: self.waiting.clone(),
            limits: self.limits,
            configure: self.configure.clone(),
            reputation: Reputation::default(),
            instances: Semaphore::new(self.limits.instances as usize),
        }
    }
}
