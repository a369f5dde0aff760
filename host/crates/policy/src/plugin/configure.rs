//! How a component comes to hold its configuration: once, when the bundle loads.
//!
//! The component is instantiated, takes its configuration, and a snapshot of its memory (by wasmtime-wizer) becomes the component that
//! serves requests: every fresh instance of it is born configured, by copy on write, whatever the configuration's size. Both
//! compilations that this needs are kept on disk, so a restart runs neither them nor `configure`.
//!
//! A component that cannot be snapshotted (wizer does not know composed components) takes its configuration in every instance instead. So does one
//! that is given secrets: a snapshot would have them, and is written to the disk.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::Store;
use wasmtime::component::{Component, Instance, InstancePre};
use wasmtime_wizer::{WasmtimeWizerComponent, Wizer};

use crate::cache::{Key, Stage};
use crate::engine::Engine;
use crate::failure::{self, FailureCause};
use crate::host::{self, CallState, Linking, Log};
use crate::plugin::{Capabilities, Limits, PluginError, Ready, check, compile, limits, schema};
use crate::wit::version::{self, Functions, Version};
use crate::wit::{Description, World};

/// What `describe` and `configure` may each take. An interpreter needs a second to start.
const DEADLINE: Duration = Duration::from_secs(10);

/// Bytes of its summary, and of the sentence with which it refuses a configuration.
const SENTENCE_BYTES: usize = 1024;

/// Bytes of its description, its schema included.
const OUTPUT: usize = 1 << 20;

/// Memory that reading a snapshot out of an instance takes on top: one page for each memory.
pub(crate) const SNAPSHOT_PAGES: usize = 4 * (64 << 10);

/// Why a component does not take its configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigureError {
    /// It could not be asked.
    #[error("its `{function}` {cause}; {remedy}")]
    Failed {
        /// `describe`, `configure`, or `start` for its own initialisation.
        function: &'static str,
        /// What happened.
        cause: FailureCause,
        /// What helps.
        remedy: String,
    },
    /// What it says of itself cannot be shown.
    #[error("its `describe` gives {0}; have its author correct it")]
    Described(&'static str),
    /// Its own schema is wrong.
    #[error("the JSON Schema of its configuration cannot be used: {0}; have its author correct it")]
    Schema(String),
    /// The configuration does not fit the schema.
    #[error("its configuration{} is wrong: {message}; `portcullis plugin inspect` shows what may be written", at(.pointer))]
    Invalid {
        /// Where in the configuration; empty for its root.
        pointer: String,
        /// What the schema says.
        message: String,
    },
    /// The component said no.
    #[error("it refused its configuration: {0}")]
    Refused(String),
}

/// The place in a configuration; nothing for its root.
fn at(pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!(" at `{pointer}`") }
}

/// A component on its way to being configured.
pub(super) struct Birth<'a> {
    pub engine: &'a Engine,
    pub name: &'a Arc<str>,
    pub wasm: &'a [u8],
    pub component: &'a str,
    pub configuration_digest: &'a str,
    pub limits: Limits,
    pub log: Arc<Log>,
    /// Its configuration holds secrets.
    pub secret: bool,
}

impl Birth<'_> {
    pub(super) fn run(&self, world: World, value: &serde_json::Value, configuration: &str, capabilities: &Capabilities) -> Result<Ready, PluginError> {
        // The memory that a snapshot holds was granted when it was made: another limit is another component.
        let key = Key::new(Stage::Configured, self.component, &format!("{} {}", self.configuration_digest, self.limits.memory));
        if !self.secret
            && let Some(component) = self.engine.cache().get(self.engine.wasmtime(), &key)
        {
            let ready = self.ready(component, world, capabilities, false)?;
            schema::validate(&ready.description, value)?;
            return Ok(Ready { from_cache: true, ..ready });
        }
        match self.instrumented()? {
            Some((context, instrumented)) => {
                let ready = self.ready(instrumented, world, capabilities, false)?;
                schema::validate(&ready.description, value)?;
                let snapshot = self.snapshot(&context, &ready, configuration)?;
                let component = compile(self.engine, &snapshot)?;
                self.engine.cache().put(&key, &component);
                self.ready(component, world, capabilities, false)
            }
            None => {
                let key = Key::new(Stage::Plain, self.component, "");
                let component = self.cached(&key, self.wasm)?;
                let ready = self.ready(component, world, capabilities, true)?;
                self.validate(&ready.description, value)?;
                // Once now, so that a configuration it refuses is refused when the bundle loads.
                let mut store = self.store(0);
                wait(async {
                    let instance = self.instantiate(&mut store, &ready.pre).await?;
                    self.configure(&mut store, &instance, &ready, configuration).await
                })?;
                Ok(ready)
            }
        }
    }

    /// The component before it is configured, and whether it can be born configured.
    pub(super) fn look(&self, world: World, capabilities: &Capabilities) -> Result<(Ready, bool), PluginError> {
        let (component, born) = match self.instrumented()? {
            Some((_, component)) => (component, true),
            None => (self.cached(&Key::new(Stage::Plain, self.component, ""), self.wasm)?, false),
        };
        Ok((self.ready(component, world, capabilities, !born)?, born))
    }

    /// The component with the accessors that a snapshot needs, or nothing when wizer does not know its shape.
    fn instrumented(&self) -> Result<Option<(wasmtime_wizer::ComponentContext<'_>, Component)>, PluginError> {
        if self.secret || !self.engine.options().snapshot {
            return Ok(None);
        }
        match Wizer::new().instrument_component(self.wasm) {
            Ok((context, wasm)) => {
                let key = Key::new(Stage::Instrumented, self.component, "");
                let component = self.cached(&key, &wasm)?;
                Ok(Some((context, component)))
            }
            Err(error) => {
                // Either it is no component at all, which compiling it will tell better, or one that cannot be snapshotted.
                tracing::debug!(plugin = %self.name, error = %format!("{error:#}"), "the component is configured for every call");
                Ok(None)
            }
        }
    }

    fn cached(&self, key: &Key, wasm: &[u8]) -> Result<Component, PluginError> {
        if let Some(component) = self.engine.cache().get(self.engine.wasmtime(), key) {
            return Ok(component);
        }
        let component = compile(self.engine, wasm)?;
        self.engine.cache().put(key, &component);
        Ok(component)
    }

    /// Checks imports and exports, links, and asks it to describe itself.
    fn ready(&self, component: Component, world: World, capabilities: &Capabilities, configure_each_time: bool) -> Result<Ready, PluginError> {
        let version = version::of(&component, &self.engine.options().drafts)?;
        let imports = check::imports(&component, version, world, capabilities)?;
        let pre = host::linker(self.engine.wasmtime(), version.names(), imports, Linking::Waiting)
            .and_then(|linker| linker.instantiate_pre(&component))
            .map_err(|e| mistyped(&e, version))?;
        let mut store = self.store(0);
        let description = wait(async {
            let instance = self.instantiate(&mut store, &pre).await?;
            Functions { store: &mut store, instance: &instance, component: &component, version }.check(world)?;
            self.describe(&mut store, &instance, &component, version).await
        })?;
        Ok(Ready { component, version, pre, imports, description, configure_each_time, from_cache: false })
    }

    fn snapshot(
        &self,
        context: &wasmtime_wizer::ComponentContext<'_>,
        ready: &Ready,
        configuration: &str,
    ) -> Result<Vec<u8>, PluginError> {
        let mut store = self.store(SNAPSHOT_PAGES);
        wait(async {
            let instance = self.instantiate(&mut store, &ready.pre).await?;
            self.configure(&mut store, &instance, ready, configuration).await?;
            // What is handed over now is the memory itself, of which it had no more than its limit.
            store.set_hostcall_fuel(usize::MAX);
            Wizer::new()
                .snapshot_component(context, &mut WasmtimeWizerComponent { store: &mut store, instance })
                .await
                .map_err(|e| check::ComponentError::Compile(format!("its snapshot failed: {e:#}")).into())
        })
    }

    /// The schema is the component's own: what it says of a value is not told with the value in it.
    fn validate(&self, description: &Description, value: &serde_json::Value) -> Result<(), ConfigureError> {
        schema::validate(description, value).map_err(|error| match error {
            ConfigureError::Invalid { pointer, message } => ConfigureError::Invalid { pointer, message: self.log.clean(message) },
            other => other,
        })
    }

    async fn instantiate(&self, store: &mut Store<CallState>, pre: &InstancePre<CallState>) -> Result<Instance, PluginError> {
        let result = limited(pre.instantiate_async(&mut *store)).await;
        self.outcome(store, "start", result)
    }

    async fn describe(
        &self,
        store: &mut Store<CallState>,
        instance: &Instance,
        component: &Component,
        version: &'static dyn Version,
    ) -> Result<Description, PluginError> {
        let export = version::export(component, Some(version.names().plugin), "describe")?;
        let function = instance.get_typed_func::<(), (Description,)>(&mut *store, &export).map_err(|e| mistyped(&e, version))?;
        let result = limited(function.call_async(&mut *store, ())).await;
        Ok(checked(self.outcome(store, "describe", result)?.0)?)
    }

    async fn configure(&self, store: &mut Store<CallState>, instance: &Instance, ready: &Ready, configuration: &str) -> Result<(), PluginError> {
        let export = version::export(&ready.component, Some(ready.version.names().plugin), "configure")?;
        let function = instance
            .get_typed_func::<(&str,), (Result<(), String>,)>(&mut *store, &export)
            .map_err(|e| mistyped(&e, ready.version))?;
        let result = limited(function.call_async(&mut *store, (configuration,))).await;
        self.outcome(store, "configure", result)?.0.map_err(|why| ConfigureError::Refused(printable(self.log.clean(why))).into())
    }

    fn outcome<T>(&self, store: &mut Store<CallState>, function: &'static str, result: Option<wasmtime::Result<T>>) -> Result<T, PluginError> {
        let cause = match result {
            Some(Ok(value)) => return Ok(value),
            Some(Err(error)) => failure::cause(&error, store.data().log.last_error().map(str::to_owned), &self.limits(0)),
            None => FailureCause::Deadline(DEADLINE),
        };
        // Of its own limit, without the snapshot's.
        let cause = match cause {
            FailureCause::Memory { asked, .. } => FailureCause::Memory { asked, limit: self.limits.memory },
            cause => cause,
        };
        let remedy = limits::remedy(&cause, self.engine);
        Err(ConfigureError::Failed { function, cause, remedy }.into())
    }

    /// The plugin's own, but for the time and what it says of itself.
    fn limits(&self, spare: usize) -> Limits {
        Limits { memory: self.limits.memory + spare, deadline: DEADLINE, output: OUTPUT, ..self.limits }
    }

    fn store(&self, spare: usize) -> Store<CallState> {
        let mut store = Store::new(self.engine.wasmtime(), CallState::new(self.log.clone(), self.limits(spare)));
        store.limiter(|state| &mut state.usage);
        store.set_hostcall_fuel(OUTPUT);
        self.engine.turns().give_way(&mut store);
        store
    }
}

pub(super) fn mistyped(error: &wasmtime::Error, version: &dyn Version) -> check::ComponentError {
    check::ComponentError::Type { what: format!("{error:#}"), version: version.number() }
}

/// A description that can be shown to people, on a terminal too.
fn checked(description: Description) -> Result<Description, ConfigureError> {
    let Description { name, version, summary, .. } = &description;
    if !matches!(name.len(), 1..=63) || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return Err(ConfigureError::Described("a name that is not 1 to 63 lower-case letters, digits and hyphens"));
    }
    if !matches!(version.len(), 1..=64) || !version.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+')) {
        return Err(ConfigureError::Described("a version that is not 1 to 64 letters, digits, dots, hyphens and pluses"));
    }
    if summary.len() > SENTENCE_BYTES || summary.contains(char::is_control) {
        return Err(ConfigureError::Described("a summary that is not one line of at most 1024 bytes"));
    }
    Ok(description)
}

/// A component's own words, cut to a length that people read, without what moves a terminal's cursor.
fn printable(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(SENTENCE_BYTES));
    if text.contains(char::is_control) {
        text = text.replace(char::is_control, " ");
    }
    text
}

fn compile(engine: &Engine, wasm: &[u8]) -> Result<Component, PluginError> {
    compile::compile(engine.wasmtime(), wasm).map_err(|e| check::ComponentError::of_compiler(&e).into())
}

async fn limited<T>(work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(DEADLINE, work).await.ok()
}

/// Loading runs on a thread for blocking work; what it waits for needs the runtime's clock.
fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Handle::current().block_on(work)
}

/// One text for one value: keys sorted, no white space. What it is the digest of, and what the component gets.
pub(crate) fn canonical(value: &serde_json::Value) -> String {
    fn write(value: &serde_json::Value, out: &mut String) {
        match value {
            serde_json::Value::Object(map) => {
                let mut entries: Vec<_> = map.iter().collect();
                entries.sort_by_key(|(key, _)| *key);
                out.push('{');
                for (i, (key, value)) in entries.into_iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    out.push_str(&serde_json::Value::from(key.as_str()).to_string());
                    out.push(':');
                    write(value, out);
                }
                out.push('}');
            }
            serde_json::Value::Array(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    write(item, out);
                }
                out.push(']');
            }
            other => out.push_str(&other.to_string()),
        }
    }
    let mut out = String::new();
    write(value, &mut out);
    out
}

#[cfg(test)]
mod tests;
