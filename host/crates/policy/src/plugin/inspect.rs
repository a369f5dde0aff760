//! Looking at a component by itself: what it says of itself, and what it costs to load.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::configure::Birth;
use super::{Capabilities, Limits, PluginError, compile, sha256};
use crate::engine::Engine;
use crate::grants::{ClusterRead, Grants};
use crate::host::{HttpClient, Log, Origin};
use crate::plugin::check::ComponentError;
use crate::wit::{Description, HttpRequest, HttpResponse, World};

/// What a component is.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// The version of the interface that it was built for.
    pub interface: String,
    /// What it says of itself.
    pub description: Description,
    /// How long compiling it takes on this machine.
    pub compile: Duration,
    /// A snapshot of it can be made: its instances are born configured. Otherwise each takes its configuration anew.
    pub born_configured: bool,
    /// It imports nothing by which two calls with the same facts could differ: its verdicts may be remembered.
    pub pure: bool,
}

/// Compiles a component and asks it to describe itself, with every capability of its world. It is given no configuration. Blocks for as long as
/// compiling takes, twice.
///
/// # Errors
/// When it is no component of that world, or does not describe itself.
pub fn inspect(engine: &Engine, wasm: &[u8], world: World) -> Result<Inspected, PluginError> {
    let start = Instant::now();
    compile::compile(engine.wasmtime(), wasm).map_err(|error| ComponentError::of_compiler(&error))?;
    let compile = start.elapsed();
    let (name, component): (Arc<str>, String) = ("component".into(), sha256(wasm));
    // As much memory as any plugin may ask for: an interpreter takes more than the usual.
    let limits = Limits { memory: engine.options().max_memory, ..Limits::by_default(world, engine, &Grants::default()) };
    let log = Arc::new(Log::new(name.clone(), &limits, Arc::default()));
    let birth = Birth { engine, name: &name, wasm, component: &component, configuration_digest: "", limits, log, secret: false };
    let (ready, born_configured) = birth.look(world, &capabilities(world))?;
    Ok(Inspected {
        interface: ready.version.number().to_owned(),
        description: ready.description,
        compile,
        born_configured,
        pure: ready.imports.pure(),
    })
}

/// All that a component of this world may have.
fn capabilities(world: World) -> Capabilities {
    match world {
        World::AuditSink | World::Notifier => {
            let nobody: Arc<dyn HttpClient> = Arc::new(Nobody);
            Capabilities { http: Some((nobody, Vec::<Origin>::new())), ..Capabilities::default() }
        }
        World::Guard => Capabilities { cluster: Some([ClusterRead::everything()].into()), counter: true, http: None },
        World::ApprovalRouter => Capabilities { cluster: Some([ClusterRead::everything()].into()), ..Capabilities::default() },
        World::Masker | World::SessionPolicy => Capabilities::default(),
    }
}

/// It is not called: nothing is delivered.
struct Nobody;

impl HttpClient for Nobody {
    fn send(&self, _: HttpRequest) -> futures_util::future::BoxFuture<'static, Result<HttpResponse, String>> {
        Box::pin(std::future::ready(Err("there is no network here".to_owned())))
    }
}
