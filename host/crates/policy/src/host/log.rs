//! `portcullis:policy/log`: lines in the gateway's own log, bounded in number and length.

use std::sync::Arc;

use wasmtime::component::Linker;

use crate::host::CallState;
use crate::plugin::Tap;
use crate::wit::WitLevel;

/// Bytes of a line; the rest is cut off.
const LINE_BYTES: usize = 1024;

/// What one call has logged.
pub(crate) struct LogLines {
    plugin: Arc<str>,
    /// Lines so far, and how many there may be: the rest is dropped, and the last line says so.
    lines: u32,
    most: u32,
    last_error: Option<String>,
    /// The call handles secrets (a masker's `inspect`): that something was logged is told, but not what.
    withheld: bool,
    tap: Option<Arc<Tap>>,
}

impl LogLines {
    pub(super) fn new(plugin: Arc<str>, most: u32) -> LogLines {
        LogLines { plugin, lines: 0, most, last_error: None, withheld: false, tap: None }
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
        self.lines = self.lines.saturating_add(1);
        if self.lines > self.most {
            if self.lines == self.most + 1 {
                tracing::warn!(target: "portcullis::plugin", plugin = %self.plugin, "a plugin logs more than {} lines in a call: the rest is dropped", self.most);
            }
            return;
        }
        if self.withheld {
            message = "(withheld: this call handles masked values)".to_owned();
        }
        if message.len() > LINE_BYTES {
            message.truncate(message.floor_char_boundary(LINE_BYTES));
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
        let plugin = &*self.plugin;
        match level {
            WitLevel::Debug => tracing::debug!(target: "portcullis::plugin", plugin, "{message}"),
            WitLevel::Info => tracing::info!(target: "portcullis::plugin", plugin, "{message}"),
            WitLevel::Warn => tracing::warn!(target: "portcullis::plugin", plugin, "{message}"),
            WitLevel::Error => {
                tracing::error!(target: "portcullis::plugin", plugin, "{message}");
                self.last_error = Some(message);
            }
        }
    }
}

pub(super) fn link(linker: &mut Linker<CallState>, name: &str) -> wasmtime::Result<()> {
    linker.instance(name)?.func_wrap("write", |mut store: wasmtime::StoreContextMut<'_, CallState>, (level, message): (WitLevel, String)| {
        store.data_mut().usage.host_call()?;
        store.data_mut().log.write(level, message);
        Ok(())
    })
}
