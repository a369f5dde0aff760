//! One sandbox for the whole process: wasmtime's engine, its pool of instances, its clock and its cache on disk.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::cache::{CacheError, CompileCache, Functions};
use crate::call::turns::Turns;
use crate::components::Components;
use crate::plugin::SNAPSHOT_PAGES;

/// Time between two increments of the epoch while only quick components run: the longest that one keeps its thread. Shorter ticks wake an idle
/// gateway for nothing.
const TICK: Duration = Duration::from_millis(5);

/// The same while a component computes that gives way at each.
const SHORT_TICK: Duration = Duration::from_millis(1);

/// Instances kept back for calls on the fast path, which hold one only while they run on a thread of the runtime and never wait.
const RESERVED_FOR_THREADS: u32 = 128;

/// Size of the wasm stack, wasmtime's own default. Python's interpreter needs about half of it.
const WASM_STACK: usize = 512 << 10;

/// Stack of a call that may wait: the wasm stack, and 512 KiB for the host functions on top of it.
const ASYNC_STACK: usize = 1 << 20;

/// How the sandbox is built. `Default` is what the gateway uses.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Folder for compiled components, created with mode 0700. Nothing is kept on disk without one.
    pub cache_dir: Option<PathBuf>,
    /// The operator's ceiling on a component's memory, in bytes: 64 MiB by default. Each instance reserves addresses, not memory.
    pub max_memory: usize,
    /// Instances alive at one time, 512 by default: 4 GiB of addresses each, so that guests need no bounds checks.
    pub instances: u32,
    /// Components are born configured, by a snapshot (the default). Otherwise every instance takes its configuration anew, as a component does that
    /// cannot be snapshotted: slower, the more so the larger the configuration.
    pub snapshot: bool,
    /// Verdicts of pure guards remembered for each plugin of a generation: 4,096 by default, about 200 bytes each. Zero switches it off.
    pub remember: usize,
    /// Who gets the components that bundles name by a reference. Without anybody such a bundle is refused.
    pub components: Option<Arc<dyn Components>>,
    /// Versions of the interface that are not released yet and are served all the same, of those that [`crate::drafts`] lists. None by default: a draft
    /// changes without a word.
    pub drafts: Vec<String>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        EngineOptions { cache_dir: None, max_memory: 64 << 20, instances: 512, snapshot: true, remember: 4096, components: None, drafts: Vec::new() }
    }
}

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// wasmtime refused its configuration, or the pool's addresses could not be reserved.
    #[error("cannot set up the WebAssembly sandbox: {0}; a limit on virtual memory (ulimit -v) must allow 4 GiB for each of `instances`")]
    Sandbox(String),
    /// The folder for compiled components is not usable.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The thread that keeps deadlines could not start.
    #[error("cannot start the thread that keeps deadlines: {0}; check the limit on processes (ulimit -u)")]
    Ticker(std::io::Error),
}

/// The sandbox. Cheap to clone; the last clone to go stops its thread.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    wasmtime: wasmtime::Engine,
    cache: CompileCache,
    options: EngineOptions,
    /// Calls that may wait for something outside hold a permit, so that the pool is never empty for those that do not.
    waiting: Arc<Semaphore>,
    /// Calls that compute for long hold one while they do.
    turns: Turns,
}

impl Engine {
    /// Builds the sandbox and starts the one thread that keeps its deadlines. Blocks for a few milliseconds.
    pub fn new(options: EngineOptions) -> Result<Engine, EngineError> {
        let wasmtime = wasmtime::Engine::new(&config(&options)?).map_err(|e| EngineError::Sandbox(format!("{e:#}")))?;
        let cache = CompileCache::open(options.cache_dir.as_deref(), &wasmtime)?;
        let turns = Turns::new();
        start_ticker(&wasmtime, turns.present())?;
        let waiting = options.instances.saturating_sub(RESERVED_FOR_THREADS).max(1);
        Ok(Engine { inner: Arc::new(Inner { wasmtime, cache, options, waiting: Arc::new(Semaphore::new(waiting as usize)), turns }) })
    }

    pub(crate) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.inner.wasmtime
    }

    pub(crate) fn cache(&self) -> &CompileCache {
        &self.inner.cache
    }

    pub(crate) fn waiting(&self) -> &Semaphore {
        &self.inner.waiting
    }

    pub(crate) fn turns(&self) -> &Turns {
        &self.inner.turns
    }

    /// The options it was built with.
    pub fn options(&self) -> &EngineOptions {
        &self.inner.options
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("options", &self.inner.options).finish_non_exhaustive()
    }
}

fn config(options: &EngineOptions) -> Result<Config, EngineError> {
    let instances = options.instances.max(1);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        // A component made from an interpreter is many core instances (Python: up to 38) but few memories. As many instances as one plugin may have
        // at one time, each as large as it may be, leave some of everything: a core instance is a number, and a table some pages of addresses.
        .total_core_instances(instances.saturating_mul(32))
        .max_core_instances_per_component(64)
        .total_memories(instances.saturating_add(instances / 4))
        .max_memories_per_component(4)
        .total_tables(instances.saturating_mul(32))
        .max_tables_per_component(64)
        .total_stacks(instances)
        .total_gc_heaps(0)
        .max_memory_size(options.max_memory.saturating_add(SNAPSHOT_PAGES))
        // Resetting what a small guest touched by memset, and not by madvise, is what keeps threads from fighting over the
        // address space: a fresh call costs 6 to 9 µs with these three and 25 to 27 without.
        .linear_memory_keep_resident(512 << 10)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(ASYNC_STACK)
        // Host functions may still be asynchronous; what goes is the machinery for guests that are.
        .concurrency_support(false)
        .gc_support(false)
        .wasm_threads(false)
        .wasm_memory64(false)
        .wasm_component_model(true)
        .enable_incremental_compilation(Arc::new(Functions::default()))
        .map_err(|e| EngineError::Sandbox(format!("{e:#}")))?;
    Ok(config)
}

/// Holds the engine weakly: when the last instance and the last handle are gone, the thread ends at its next tick.
fn start_ticker(engine: &wasmtime::Engine, present: Arc<AtomicUsize>) -> Result<(), EngineError> {
    let weak = engine.weak();
    std::thread::Builder::new()
        .name("policy-epoch".to_owned())
        .stack_size(64 << 10)
        .spawn(move || {
            loop {
                std::thread::sleep(if present.load(Ordering::Relaxed) > 0 { SHORT_TICK } else { TICK });
                match weak.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => break,
                }
            }
        })
        .map_err(EngineError::Ticker)?;
    Ok(())
}
