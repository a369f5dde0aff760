//! One plugin of a generation: its component compiled, checked, configured and linked.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};

use aws_lc_rs::digest;
use tokio::sync::Semaphore;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre};

use crate::bundle::{Mode, PluginEntry};
use crate::call::{Callable, Configure};
use crate::call::pace::Reputation;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::grants::Grants;
use crate::host::{self, CallState, HttpGrant, Imports, Linking, Log, Surroundings};
use crate::matching::Matcher;
use crate::matching::canary::Canary;
use crate::metrics::PluginMetrics;
use crate::secrets::{Filled, Redactor, ReferenceError, Values};
use crate::wit::version::{self, Answer, Call, Version};
use crate::wit::{Description, World};

mod capabilities;
mod beside;
mod check;
mod compile;
mod configure;
mod limits;
mod schema;
mod inspect;

pub(crate) use capabilities::Capabilities;
pub use capabilities::CapabilityError;
pub(crate) use beside::{Around, Tap};
pub use check::ComponentError;
pub(crate) use limits::Limits;
pub use configure::ConfigureError;
pub use inspect::{Inspected, inspect};
pub(crate) use configure::{SNAPSHOT_PAGES, canonical};

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
        /// Below `limits`.
        key: &'static str,
        /// Of which limit.
        what: &'static str,
        /// What the bundle says.
        asked: String,
        /// The ceiling.
        allowed: String,
    },
    /// It asks for a capability that it does not get.
    #[error(transparent)]
    Capability(#[from] CapabilityError),
    /// Its configuration refers to a secret that it does not get.
    #[error(transparent)]
    Secret(#[from] ReferenceError),
}

/// Ready to be called. Generations share what did not change between them.
#[derive(Clone)]
pub(crate) struct Plugin(Arc<Loaded>);

impl std::ops::Deref for Plugin {
    type Target = Loaded;

    fn deref(&self) -> &Loaded {
        &self.0
    }
}

/// A plugin's parts.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub name: Arc<str>,
    pub world: World,
    pub mode: Mode,
    pub matcher: Matcher,
    /// For whom it counts; for everybody without one.
    pub canary: Option<Canary>,
    /// The plugin of its world that is not asked where this one's canary holds.
    pub replaces: Option<Arc<str>>,
    /// `sha256:…` of the component as its author built it.
    pub component: Arc<str>,
    /// `sha256:…` of the configuration as the bundle has it.
    pub configuration: Arc<str>,
    /// Tells the values of the secrets in it from others; none when it refers to none.
    pub secrets: Option<Arc<str>>,
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
    capabilities: Capabilities,
    /// Bytes of the component as its author built it.
    pub bytes: usize,
    /// How long loading took, and whether a compiled component was found on disk.
    pub took: Duration,
    pub from_cache: bool,
    /// What is there instead of the gateway, for cases and for its author.
    around: Option<Arc<Around>>,
}

/// What loading needs besides the bundle.
pub(crate) struct Loading<'a> {
    pub engine: &'a Engine,
    pub grants: &'a Grants,
    pub metrics: Arc<PluginMetrics>,
    /// Instead of the bundle's.
    pub configuration: Option<&'a serde_json::Value>,
    pub secrets: &'a Values,
}

/// `sha256:…` of some bytes.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(digest::digest(&digest::SHA256, bytes)))
}

impl Plugin {
    /// Compiles, checks and configures. Blocks: for milliseconds with a warm cache, for seconds when a large component is compiled.
    pub(crate) fn load(entry: &PluginEntry, wasm: &[u8], loading: &Loading<'_>) -> Result<Plugin, PluginError> {
        let begun = Instant::now();
        let engine = loading.engine;
        let name: Arc<str> = entry.name.value.as_str().into();
        let limits = Limits::of(entry, engine, loading.grants)?;
        let capabilities = Capabilities::of(entry, loading.grants)?;
        let value = loading.configuration.or(entry.configuration.as_ref().map(|c| &c.value)).cloned().unwrap_or_else(|| serde_json::json!({}));
        let configuration_digest = sha256(configure::canonical(&value).as_bytes());
        let (value, secrets, redactor) = match loading.secrets.fill(&name, &value)? {
            Some(Filled { configuration, digest, redactor }) => (configuration, Some(digest), redactor),
            None => (value, None, Redactor::default()),
        };
        let configuration = configure::canonical(&value);
        let component = sha256(wasm);

        let log = Arc::new(Log::new(name.clone(), &limits, loading.metrics.clone()).without(redactor));
        let born = configure::Birth { engine, name: &name, wasm, component: &component, configuration_digest: &configuration_digest, limits, log: log.clone(), secret: secrets.is_some() };
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
        Ok(Plugin(Arc::new(Loaded {
            world: entry.world,
            mode: entry.mode(),
            canary: entry.canary.as_ref().map(|canary| Canary::new(&canary.value)),
            replaces: entry.replaces.as_ref().map(|name| name.value.as_str().into()),
            matcher: Matcher::new(entry.matches.as_ref().map(|m| &m.value).unwrap_or(&Default::default())),
            component: component.into(),
            configuration: configuration_digest.into(),
            secrets: secrets.map(Into::into),
            description: ready.description,
            metrics: loading.metrics.clone(),
            pure: imports.pure(),
            callable: Callable {
                engine: engine.clone(),
                log,
                immediate,
                waiting: ready.pre,
                limits,
                configure,
                reputation: Reputation::default(),
                instances: Semaphore::new(limits.instances as usize),
            },
            name,
            version,
            main,
            inspect,
            capabilities,
            bytes: wasm.len(),
            took: begun.elapsed(),
            from_cache: ready.from_cache,
            around: None,
        })))
    }

    /// It has its configuration from birth; otherwise each instance takes it anew.
    pub(crate) fn born_configured(&self) -> bool {
        self.callable.configure.is_none()
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

    /// Makes a call: it is counted and timed, and stands in the request's trace where that is listened to.
    pub(crate) async fn make<T>(&self, call: Answer<'_, T>) -> Result<(T, CallState), Failure> {
        self.metrics.observe(&self.name, self.world, call).await
    }

    /// The state of a new call.
    pub(crate) fn state(&self) -> CallState {
        let mut state = CallState::new(self.callable.log.clone(), self.callable.limits);
        if let Some((client, origins)) = &self.capabilities.http {
            let client = self.around.as_ref().map_or(client, |around| &around.http);
            state.http = Some(Arc::new(HttpGrant { client: client.clone(), origins: origins.clone(), sent: AtomicU32::new(0) }));
        }
        if let Some(around) = &self.around {
            state.put(&around.surroundings, &self.name, self.capabilities.cluster.as_ref(), self.capabilities.counter);
            state.listen(&around.tap);
        }
        state
    }

    /// The state of a new call about a request.
    pub(crate) fn state_in(&self, surroundings: &Surroundings) -> CallState {
        let mut state = self.state();
        if self.around.is_none() {
            state.put(surroundings, &self.name, self.capabilities.cluster.as_ref(), self.capabilities.counter);
        }
        state
    }
}

/// What the check of a component found out about it.
pub(crate) struct Ready {
    pub component: Component,
    pub version: &'static dyn Version,
    pub pre: InstancePre<CallState>,
    pub imports: Imports,
    pub description: Description,
    pub configure_each_time: bool,
    pub from_cache: bool,
}
