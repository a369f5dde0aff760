//! `portcullis:policy/log`: lines in the gateway's own log, bounded in length and number: of one call, and of all calls within a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tracing::Level;
use wasmtime::component::Linker;

use crate::host::CallState;
use crate::metrics::PluginMetrics;
use crate::plugin::{Limits, Tap};
use crate::secrets::Redactor;
use crate::wit::WitLevel;

mod bucket;

use bucket::Bucket;

/// Bytes of a line; the rest is cut off.
const LINE_BYTES: usize = 1024;

/// Between a line that is dropped and the one line that says how many were.
const TOLD_AFTER: Duration = Duration::from_secs(1);

/// Where a plugin's lines go, over all its calls.
pub(crate) struct Log {
    plugin: Arc<str>,
    limits: Limits,
    bucket: Mutex<Bucket>,
    /// Lines dropped that have not been told of.
    dropped: AtomicU64,
    metrics: Arc<PluginMetrics>,
    redactor: Redactor,
}

impl Log {
    pub(crate) fn new(plugin: Arc<str>, limits: &Limits, metrics: Arc<PluginMetrics>) -> Log {
        let bucket = Mutex::new(Bucket::new(limits.log_lines_per_second, Instant::now()));
        Log { plugin, limits: *limits, bucket, dropped: AtomicU64::new(0), metrics, redactor: Redactor::default() }
    }

    /// The same of a plugin that has secrets.
    pub(crate) fn without(self, redactor: Redactor) -> Log {
        Log { redactor, ..self }
    }

    /// The plugin's words without its secrets.
    pub(crate) fn clean(&self, text: String) -> String {
        self.redactor.clean(text)
    }

    pub(crate) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// One for the same plugin beside the gateway, which takes nothing from this one.
    pub(crate) fn beside(&self) -> Log {
        Log::new(self.plugin.clone(), &self.limits, Arc::default()).without(self.redactor.clone())
    }

    /// Whose it is.
    pub(crate) fn plugin(&self) -> &Arc<str> {
        &self.plugin
    }

    /// One line was dropped. The first of a second has a line written at its end: a plugin without bounds costs the log one a second.
    fn dropped(self: &Arc<Self>) {
        self.metrics.dropped_line();
        if self.dropped.fetch_add(1, Ordering::Relaxed) > 0 {
            return;
        }
        match Handle::try_current() {
            Ok(runtime) => {
                let log = self.clone();
                runtime.spawn(async move {
                    tokio::time::sleep(TOLD_AFTER).await;
                    log.tell();
                });
            }
            Err(_) => self.tell(),
        }
    }

    fn tell(&self) {
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        let Limits { log_lines, log_lines_per_second, .. } = self.limits;
        tracing::warn!(
            target: "portcullis::plugin",
            plugin = &*self.plugin,
            "{dropped} of a plugin's lines were dropped: it may log {log_lines} in a call and {log_lines_per_second} in a second; raise `limits` in bundle.yaml, or have it log less"
        );
    }
}

/// What one call has logged.
pub(crate) struct LogLines {
    log: Arc<Log>,
    /// Lines so far, and how many there may be: the rest is dropped.
    lines: u32,
    most: u32,
    last_error: Option<String>,
    /// The call handles secrets (a masker's `inspect`): that something was logged is told, but not what.
    withheld: bool,
    tap: Option<Arc<Tap>>,
}

impl LogLines {
    pub(super) fn new(log: Arc<Log>, most: u32) -> LogLines {
        LogLines { log, lines: 0, most, last_error: None, withheld: false, tap: None }
    }

    pub(super) fn listen(&mut self, tap: Arc<Tap>) {
        self.tap = Some(tap);
    }

    pub(crate) fn withhold(&mut self) {
        self.withheld = true;
    }

    /// The last line at level `error`: a panic's text, by the SDK's panic hook.
    pub(crate) fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }

    /// The same, when the call is over.
    pub(crate) fn into_last_error(self) -> Option<String> {
        self.last_error
    }

    fn write(&mut self, level: WitLevel, mut message: String) {
        if self.withheld {
            message = "(withheld: this call handles masked values)".to_owned();
        }
        // Before it is cut: the first half of a secret is one too.
        message = self.log.clean(message);
        message.truncate(message.floor_char_boundary(LINE_BYTES));
        if matches!(level, WitLevel::Error) {
            // Kept when the line itself is dropped: it says why the call failed.
            self.last_error = Some(message.clone());
        }
        self.lines = self.lines.saturating_add(1);
        // A line that nobody listens to takes nothing from those that somebody does.
        if self.lines > self.most || heard(level) && !self.log.bucket.lock().take(Instant::now()) {
            return self.log.dropped();
        }
        if let Some(tap) = &self.tap {
            let level = match level {
                WitLevel::Debug => "debug",
                WitLevel::Info => "info",
                WitLevel::Warn => "warn",
                WitLevel::Error => "error",
            };
            tap.line(level, &message);
        }
        let plugin = &*self.log.plugin;
        match level {
            WitLevel::Debug => tracing::debug!(target: "portcullis::plugin", plugin, "{message}"),
            WitLevel::Info => tracing::info!(target: "portcullis::plugin", plugin, "{message}"),
            WitLevel::Warn => tracing::warn!(target: "portcullis::plugin", plugin, "{message}"),
            WitLevel::Error => tracing::error!(target: "portcullis::plugin", plugin, "{message}"),
        }
    }
}

fn heard(level: WitLevel) -> bool {
    match level {
        WitLevel::Debug => tracing::enabled!(target: "portcullis::plugin", Level::DEBUG),
        WitLevel::Info => tracing::enabled!(target: "portcullis::plugin", Level::INFO),
        WitLevel::Warn => tracing::enabled!(target: "portcullis::plugin", Level::WARN),
        WitLevel::Error => tracing::enabled!(target: "portcullis::plugin", Level::ERROR),
    }
}

pub(super) fn link(linker: &mut Linker<CallState>, name: &str) -> wasmtime::Result<()> {
    linker.instance(name)?.func_wrap("write", |mut store: wasmtime::StoreContextMut<'_, CallState>, (level, message): (WitLevel, String)| {
        store.data_mut().usage.host_call()?;
        store.data_mut().log.write(level, message);
        Ok(())
    })
}

#[cfg(test)]
mod tests;
