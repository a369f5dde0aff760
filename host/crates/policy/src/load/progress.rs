//! How far staging is: a large component compiles for a while, and whoever waits for it should see that.

use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;

use crate::status::Staging;

/// What is being staged, if anything.
#[derive(Debug, Default)]
pub(crate) struct Progress(Mutex<Option<Staging>>);

/// Staging is shown until this is dropped.
pub(crate) struct Shown(Arc<Progress>);

impl Drop for Shown {
    fn drop(&mut self) {
        *self.0.0.lock() = None;
    }
}

impl Progress {
    pub(crate) fn begin(self: &Arc<Self>) -> Shown {
        *self.0.lock() = Some(Staging { since: Timestamp::now(), doing: "reading", compiling: Vec::new() });
        Shown(self.clone())
    }

    /// Components are got from elsewhere.
    pub(crate) fn fetching(&self) {
        self.change(|staging| staging.doing = "fetching its components");
    }

    /// These plugins are loaded now.
    pub(crate) fn compiling(&self, plugins: Vec<String>) {
        self.change(|staging| (staging.doing, staging.compiling) = ("compiling", plugins));
    }

    /// This one is done.
    pub(crate) fn compiled(&self, plugin: &str) {
        self.change(|staging| staging.compiling.retain(|name| name != plugin));
    }

    /// The set's own cases are run.
    pub(crate) fn testing(&self) {
        self.change(|staging| staging.doing = "running its cases");
    }

    pub(crate) fn read(&self) -> Option<Staging> {
        self.0.lock().clone()
    }

    fn change(&self, how: impl FnOnce(&mut Staging)) {
        if let Some(staging) = &mut *self.0.lock() {
            how(staging);
        }
    }
}
