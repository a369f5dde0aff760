//! Compiling, on threads that end with the work.
//!
//! wasmtime compiles functions side by side on threads that rayon keeps for good, one for each processor, and each keeps the memory that
//! its largest function took. A gateway compiles at its first start and when somebody saves a policy, and serves for weeks in between.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use rayon::{ThreadPool, ThreadPoolBuilder};
use wasmtime::component::Component;

use crate::background::stand_back;

/// Threads at most, for all components that are compiled at one time: the other processors serve requests meanwhile.
const THREADS: usize = 4;

/// The threads at work, while there are any.
static AT_WORK: Mutex<Weak<ThreadPool>> = Mutex::new(Weak::new());

/// Compiles a component. Blocks for as long as that takes: milliseconds to seconds.
pub(super) fn compile(engine: &wasmtime::Engine, wasm: &[u8]) -> wasmtime::Result<Component> {
    match threads() {
        Some(threads) => threads.install(|| Component::new(engine, wasm)),
        // None could be started just now: those that rayon keeps, if it has any, do it.
        None => Component::new(engine, wasm),
    }
}

fn threads() -> Option<Arc<ThreadPool>> {
    let mut at_work = AT_WORK.lock();
    if let Some(threads) = at_work.upgrade() {
        return Some(threads);
    }
    let number = std::thread::available_parallelism().map_or(1, |n| n.get().min(THREADS));
    let threads = ThreadPoolBuilder::new().num_threads(number).thread_name(|n| format!("compile-{n}")).start_handler(|_| stand_back()).build().ok()?;
    let threads = Arc::new(threads);
    *at_work = Arc::downgrade(&threads);
    Some(threads)
}
