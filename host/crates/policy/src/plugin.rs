//! One plugin of a generation: its component compiled, checked, configured and linked.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use aws_lc_rs::digest;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre};

use crate::bundle::{Mode, PluginEntry};
use crate::call::{Callable, Configure};
use crate::engine::Engine;
use crate::grants::Grants;
use crate::host::{self, CallState, HttpGrant, Imports, Linking, Surroundings};
use crate::matching::Matcher;
use crate::metrics::PluginMetrics;
use crate::wit::version::{self, Call, Version};
use crate::wit::{Description, World};

mod capabilities;
mod check;
mod compile;
mod configure;

pub(crate) use capabilities::Capabilities;
pub use capabilities::CapabilityError;
pub use check::ComponentError;
pub use configure::ConfigureError;
pub(crate) use configure::SNAPSHOT_PAGES;

/// Memory of a plugin that asks for no other amount.
const MEMORY: usize = 16 << 20;

/// Deadline of a plugin that stands in a request's way.
const DEADLINE: Duration = Duration::from_millis(50);

/// Deadline of a sink or a notifier, which talk to the network and stand in nobody's way.
const DELIVERY_DEADLINE: Duration = Duration::from_secs(30);

/// Why a plugin cannot go live.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// The component is not one, or not one of its world.
    #[error(transparent)]
    Component(#[from] ComponentError),
    /// It does not take its configuration.
    #[error(transparent)]
    Configure(#[from] ConfigureError),
    /// It wants more than the operator allows.
    #[error("it asks for {what} of {asked}, and the operator allows {allowed}; ask for less or have the operator allow more")]
    Limit {
        /// `memory` or `deadline`.
        what: &'static str,
        /// What the bundle says.
        asked: String,
        /// The ceiling.
        allowed: String,
    },
    /// It asks for a capability that it does not get.
    #[error(transparent)]
    Capability(#[from] CapabilityError),
}

/// Ready to be called.
pub(crate) struct Plugin {
    pub name: Arc<str>,
    pub world: World,
    pub mode: Mode,
    pub matcher: Matcher,
    /// `sha256:…` of the component as its author built it.
    pub component: Arc<str>,
    /// `sha256:…` of the configuration.
    pub configuration: Arc<str>,
    pub description: Description,
    pub metrics: Arc<PluginMetrics>,
    /// Its verdicts depend on nothing but what it is given.
    pub pure: bool,
    callable: Callable,
    /// The version of the interface that it was built for, and is called by.
    pub version: &'static dyn Version,
    /// The function of its world, and `inspect` for a masker.
    main: ComponentExportIndex,
    inspect: Option<ComponentExportIndex>,
    memory: usize,
    capabilities: Capabilities,
}

/// What loading needs besides the bundle.
pub(crate) struct Loading<'a> {
    pub engine: &'a Engine,
    pub grants: &'a Grants,
    pub metrics: Arc<PluginMetrics>,
}

/// `sha256:…` of some bytes.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(digest::digest(&digest::SHA256, bytes)))
}

impl Plugin {
    /// Compiles, checks and configures. Blocks: for milliseconds with a warm cache, for seconds when a large component is compiled.
    pub(crate) fn load(entry: &PluginEntry, wasm: &[u8], loading: &Loading<'_>) -> Result<Plugin, PluginError> {
        let engine = loading.engine;
        let name: Arc<str> = entry.name.value.as_str().into();
        let memory = memory(entry, engine)?;
        let deadline = deadline(entry, loading.grants)?;
        let capabilities = Capabilities::of(entry, loading.grants)?;
        let value = entry.configuration.as_ref().map(|c| c.value.clone()).unwrap_or_else(|| serde_json::json!({}));
        let configuration = configure::canonical(&value);
        let component = sha256(wasm);
        let configuration_digest = sha256(configuration.as_bytes());

        let born = configure::Birth { engine, name: &name, wasm, component: &component, configuration_digest: &configuration_digest, memory };
        let ready = born.run(entry.world, &value, &configuration, &capabilities)?;

        let version = ready.version;
        let main = version::export(&ready.component, None, version.main(entry.world))?;
        let inspect = match entry.world {
            World::Masker => Some(version::export(&ready.component, None, "inspect")?),
            _ => None,
        };
        let imports = ready.imports;
        let immediate = match imports.always_waits() {
            true => None,
            false => Some(
                host::linker(engine.wasmtime(), version.names(), imports, Linking::Immediate)
                    .and_then(|linker| linker.instantiate_pre(&ready.component))
                    .map_err(|e| configure::mistyped(&e, version))?,
            ),
        };
        let configure = match ready.configure_each_time {
            false => None,
            true => Some(Configure {
                export: version::export(&ready.component, Some(version.names().plugin), "configure")?,
                configuration: configuration.as_str().into(),
            }),
        };
        Ok(Plugin {
            world: entry.world,
            mode: entry.mode(),
            matcher: Matcher::new(entry.matches.as_ref().map(|m| &m.value).unwrap_or(&Default::default())),
            component: component.into(),
            configuration: configuration_digest.into(),
            description: ready.description,
            metrics: loading.metrics.clone(),
            pure: imports.pure(),
            callable: Callable {
                engine: engine.clone(),
                plugin: name.clone(),
                immediate,
                waiting: ready.pre,
                deadline,
                configure,
                slow: AtomicU32::new(0),
            },
            name,
            version,
            main,
            inspect,
            memory,
            capabilities,
        })
    }

    pub(crate) fn callable(&self) -> &Callable {
        &self.callable
    }

    /// A call of the function of its world, with `state` around it.
    pub(crate) fn call<'a>(&'a self, state: &'a (dyn Fn() -> CallState + Sync)) -> Call<'a> {
        Call { callable: &self.callable, export: &self.main, state }
    }

    /// A call of a masker's `inspect`.
    pub(crate) fn inspect<'a>(&'a self, state: &'a (dyn Fn() -> CallState + Sync)) -> Option<Call<'a>> {
        self.inspect.as_ref().map(|export| Call { callable: &self.callable, export, state })
    }

    /// The state of a new call.
    pub(crate) fn state(&self) -> CallState {
        let mut state = CallState::new(self.name.clone(), self.memory);
        if let Some((client, origins)) = &self.capabilities.http {
            state.http = Some(Arc::new(HttpGrant { client: client.clone(), origins: origins.clone(), sent: AtomicU32::new(0) }));
        }
        state
    }

    /// The state of a new call about a request.
    pub(crate) fn state_in(&self, surroundings: &Surroundings) -> CallState {
        let mut state = self.state();
        state.put(surroundings, &self.name, self.capabilities.cluster.as_ref(), self.capabilities.counter);
        state
    }
}

fn memory(entry: &PluginEntry, engine: &Engine) -> Result<usize, PluginError> {
    let allowed = engine.options().max_memory;
    let Some(asked) = &entry.limits.memory else { return Ok(MEMORY.min(allowed)) };
    let asked = asked.value.0;
    if asked > allowed {
        return Err(PluginError::Limit { what: "memory", asked: format!("{asked} bytes"), allowed: format!("{allowed} bytes") });
    }
    Ok(asked)
}

fn deadline(entry: &PluginEntry, grants: &Grants) -> Result<Duration, PluginError> {
    let (default, allowed) = match entry.world {
        World::AuditSink | World::Notifier => (DELIVERY_DEADLINE, grants.max_delivery_deadline),
        _ => (DEADLINE, grants.max_deadline),
    };
    let Some(asked) = &entry.limits.deadline else { return Ok(default.min(allowed)) };
    let asked = asked.value.0;
    if asked > allowed || asked.is_zero() {
        return Err(PluginError::Limit { what: "a deadline", asked: format!("{asked:?}"), allowed: format!("1 ms to {allowed:?}") });
    }
    Ok(asked)
}

/// What the check of a component found out about it.
pub(crate) struct Ready {
    pub component: Component,
    pub version: &'static dyn Version,
    pub pre: InstancePre<CallState>,
    pub imports: Imports,
    pub description: Description,
    pub configure_each_time: bool,
}
