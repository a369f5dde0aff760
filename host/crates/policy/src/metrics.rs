//! Counts for the host to export. They live as long as the plugin's name does, across generations.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tracing::Instrument;

use crate::failure::Failure;
use crate::wit::World;

/// Upper bounds of the histogram's buckets, in microseconds; a last bucket takes the rest. They are close together
/// where a call in a fresh instance lies (6 to 40 µs), and reach to the longest deadline.
pub const BUCKETS: [u64; 14] = [5, 10, 15, 20, 40, 80, 160, 320, 640, 1_280, 5_000, 20_000, 100_000, 1_000_000];

/// What one plugin has done.
#[derive(Debug, Default)]
pub struct PluginMetrics {
    evaluations: AtomicU64,
    remembered: AtomicU64,
    microseconds: AtomicU64,
    buckets: [AtomicU64; BUCKETS.len() + 1],
    failures: Mutex<BTreeMap<&'static str, u64>>,
    dropped_lines: AtomicU64,
    instances: AtomicU64,
}

/// A call that runs.
struct Running<'a>(&'a PluginMetrics);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.instances.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A reading of [`PluginMetrics`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PluginReading {
    /// Calls that ran the component.
    pub evaluations: u64,
    /// Verdicts that were remembered instead.
    pub remembered: u64,
    /// Time in calls, all together.
    pub microseconds: u64,
    /// Calls by time; not cumulative. The bounds are [`BUCKETS`].
    pub buckets: [u64; BUCKETS.len() + 1],
    /// Failures by kind: `deadline`, `memory`, `table`, `output`, `host-calls`, `stack`, `panic`, `trap`, `instances`, `busy`, `answer`.
    pub failures: BTreeMap<&'static str, u64>,
    /// Lines of the log that were dropped, because a call or a second had too many.
    pub dropped_lines: u64,
    /// Instances that run, or wait for their turn, now.
    pub instances: u64,
}

impl PluginMetrics {
    /// A call begins; it is over when what this gives is dropped.
    fn enter(&self) -> Running<'_> {
        self.instances.fetch_add(1, Ordering::Relaxed);
        Running(self)
    }

    /// Makes a call of a plugin: it is counted and timed, and stands in the request's trace where that is listened to.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn observe<T>(&self, plugin: &str, world: World, call: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let _running = self.enter();
        let start = Instant::now();
        let span = tracing::debug_span!(target: "portcullis::plugin", "plugin", name = %plugin, world = %world, failure = tracing::field::Empty);
        let result = match span.is_disabled() {
            true => call.await,
            false => call.instrument(span.clone()).await,
        };
        self.called(start.elapsed());
        if let Err(failure) = &result {
            span.record("failure", failure.cause.kind());
        }
        result
    }

    fn called(&self, time: Duration) {
        let microseconds = time.as_micros() as u64;
        self.evaluations.fetch_add(1, Ordering::Relaxed);
        self.microseconds.fetch_add(microseconds, Ordering::Relaxed);
        let bucket = BUCKETS.partition_point(|bound| *bound < microseconds);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn remembered(&self) {
        self.remembered.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn failed(&self, kind: &'static str) {
        *self.failures.lock().entry(kind).or_default() += 1;
    }

    pub(crate) fn dropped_line(&self) {
        self.dropped_lines.fetch_add(1, Ordering::Relaxed);
    }

    /// Reads everything; the numbers are not of one instant.
    pub fn read(&self) -> PluginReading {
        PluginReading {
            evaluations: self.evaluations.load(Ordering::Relaxed),
            remembered: self.remembered.load(Ordering::Relaxed),
            microseconds: self.microseconds.load(Ordering::Relaxed),
            buckets: std::array::from_fn(|i| self.buckets[i].load(Ordering::Relaxed)),
            failures: self.failures.lock().clone(),
            dropped_lines: self.dropped_lines.load(Ordering::Relaxed),
            instances: self.instances.load(Ordering::Relaxed),
        }
    }
}

/// Everything that a policy set has done since it was opened.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// By plugin name.
    pub plugins: BTreeMap<String, PluginReading>,
    /// Sets that went live.
    pub reloads: u64,
    /// Sets that were rejected.
    pub rejections: u64,
    /// How long it took from the first look at the files to the swap, the last time.
    pub last_reload: Duration,
}

/// The register of a policy set. Names of plugins that are gone stay: the host's counters must not go backwards.
#[derive(Debug, Default)]
pub(crate) struct Register {
    plugins: Mutex<BTreeMap<String, Arc<PluginMetrics>>>,
    pub reloads: AtomicU64,
    pub rejections: AtomicU64,
    pub last_reload_microseconds: AtomicU64,
}

impl Register {
    pub(crate) fn plugin(&self, name: &str) -> Arc<PluginMetrics> {
        self.plugins.lock().entry(name.to_owned()).or_default().clone()
    }

    pub(crate) fn read(&self) -> Reading {
        Reading {
            plugins: self.plugins.lock().iter().map(|(name, metrics)| (name.clone(), metrics.read())).collect(),
            reloads: self.reloads.load(Ordering::Relaxed),
            rejections: self.rejections.load(Ordering::Relaxed),
            last_reload: Duration::from_micros(self.last_reload_microseconds.load(Ordering::Relaxed)),
        }
    }
}

#[cfg(test)]
mod tests;
