//! One call of one component: a fresh instance, a bounded time, and nothing kept.
//!
//! A call first runs on the caller's thread, which is the cheapest there is, with a few milliseconds to answer and without host functions that
//! wait. The few that need more run again from the start on a stack of their own, where they give way to other requests at every tick
//! until their deadline; since the instance is fresh and has no way to act on anything outside, running twice shows nowhere. A component
//! that was slow goes there directly until it has been quick for a while, and one that talks to the network always does. There those that compute for long take turns: see
//! [`turns`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};
use wasmtime::{Store, Trap};
use wasmtime::component::{ComponentExportIndex, ComponentNamedList, InstancePre, Lift, Lower};

use crate::call::turns::Pace;
use crate::engine::Engine;
use crate::failure::{self, Failure, FailureCause, MustWait};
use crate::host::{CallState, Log};
use crate::plugin::Limits;

pub(crate) mod turns;

/// Ticks that a call may keep its thread. The first may be over at once, so this is 5 to 10 ms.
const FAST_TICKS: u64 = 2;

/// Quick calls in a row after which a component that was slow is tried on the fast path again.
const SLOW_CALLS: u32 = 100;

/// A component that is ready to be called: linked, and mostly born configured.
pub(crate) struct Callable {
    pub engine: Engine,
    /// Where its lines go; and its name.
    pub log: Arc<Log>,
    /// Linked so that nothing in it can wait; absent when it always does.
    pub immediate: Option<InstancePre<CallState>>,
    /// Linked so that host functions may wait.
    pub waiting: InstancePre<CallState>,
    pub limits: Limits,
    /// Set when the component could not be snapshotted: every instance takes its configuration anew.
    pub configure: Option<Configure>,
    /// Quick calls left until it is not slow any more. While it is, calls go to the slow path directly, and take turns there.
    pub slow: AtomicU32,
    /// The next call goes to the slow path, where it is seen how long it computes.
    pub suspected: AtomicBool,
    /// Calls that run hold a permit each: no plugin takes the whole pool.
    pub instances: Semaphore,
}

/// How an instance that is not born configured takes its configuration.
#[derive(Clone)]
pub(crate) struct Configure {
    pub export: ComponentExportIndex,
    pub configuration: Arc<str>,
}

/// Parameters of an exported function.
pub(crate) trait Params: ComponentNamedList + Lower + Send + Sync {}
impl<T: ComponentNamedList + Lower + Send + Sync> Params for T {}

/// Results of an exported function.
pub(crate) trait Results: ComponentNamedList + Lift + Send + Sync + 'static {}
impl<T: ComponentNamedList + Lift + Send + Sync + 'static> Results for T {}

impl Callable {
    /// Calls `export` in a fresh instance. `state` and `params` may be asked for twice: see the module's description.
    pub(crate) async fn call<P: Params, R: Results>(
        &self,
        export: &ComponentExportIndex,
        state: impl Fn() -> CallState + Send,
        params: impl Fn() -> P + Send,
    ) -> Result<(R, CallState), Failure> {
        let mut left = self.limits.deadline;
        let Some(_instance) = admitted(&self.instances, &mut left).await else {
            return Err(self.failure(FailureCause::Instances(self.limits.instances)));
        };
        let slow = self.is_slow();
        if let Some(pre) = &self.immediate
            && !slow
            && !self.is_suspected()
        {
            let begun = Instant::now();
            let (result, state) = self.call_on_this_thread(pre, export, state(), params());
            if begun.elapsed() >= turns::SLICE {
                self.suspected.store(true, Ordering::Relaxed);
            }
            match result {
                Ok(answer) => return Ok((answer, state)),
                Err(error) if error.downcast_ref::<Trap>() == Some(&Trap::Interrupt) || error.is::<MustWait>() => {}
                Err(error) => return Err(self.failed(&error, state)),
            }
        }
        let (result, state) = self.call_giving_way(export, state(), params(), (left, slow)).await?;
        match result {
            Ok(answer) => Ok((answer, state)),
            Err(error) => Err(self.failed(&error, state)),
        }
    }

    fn is_slow(&self) -> bool {
        self.slow.load(Ordering::Relaxed) > 0
    }

    /// A call came to its end, or to its deadline, like this. Slow is who was so in one of the last hundred.
    fn went(&self, slow: bool, ended: bool) {
        match slow {
            true => self.slow.store(SLOW_CALLS, Ordering::Relaxed),
            // One that waited until its deadline says nothing of how it computes.
            false if ended && self.is_slow() => drop(self.slow.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))),
            false => {}
        }
    }

    /// The last call took long by the clock: the next one shows whether that was the component's doing.
    fn is_suspected(&self) -> bool {
        self.suspected.load(Ordering::Relaxed) && self.suspected.swap(false, Ordering::Relaxed)
    }

    fn call_on_this_thread<P: Params, R: Results>(
        &self,
        pre: &InstancePre<CallState>,
        export: &ComponentExportIndex,
        state: CallState,
        params: P,
    ) -> (wasmtime::Result<R>, CallState) {
        let mut store = self.store(state);
        store.set_epoch_deadline(FAST_TICKS);
        let result = self.run(&mut store, pre, export, params);
        (result, store.into_data())
    }

    fn run<P: Params, R: Results>(
        &self,
        store: &mut Store<CallState>,
        pre: &InstancePre<CallState>,
        export: &ComponentExportIndex,
        params: P,
    ) -> wasmtime::Result<R> {
        let instance = pre.instantiate(&mut *store)?;
        if let Some(configure) = &self.configure {
            let function = instance.get_typed_func::<(&str,), (Result<(), String>,)>(&mut *store, &configure.export)?;
            function.call(&mut *store, (&configure.configuration,))?.0.map_err(|why| wasmtime::Error::msg(self.log.clean(why)))?;
        }
        instance.get_typed_func::<P, R>(&mut *store, export)?.call(&mut *store, params)
    }

    async fn call_giving_way<P: Params, R: Results>(
        &self,
        export: &ComponentExportIndex,
        state: CallState,
        params: P,
        (mut left, slow): (Duration, bool),
    ) -> Result<(wasmtime::Result<R>, CallState), Failure> {
        let Some(_permit) = admitted(self.engine.waiting(), &mut left).await else { return Err(self.failure(FailureCause::Busy)) };
        let work = async {
            let mut store = self.store(state);
            // Without a time limit of its own: at each tick the guest gives way, and the timer around everything gets its chance to
            // drop it. That covers the time spent waiting in host functions too, which epochs do not.
            store.epoch_deadline_async_yield_and_update(1);
            store.set_epoch_deadline(1);
            let result = self.run_async(&mut store, export, params).await;
            (result, store.into_data())
        };
        let pace = Pace::default();
        let done = tokio::time::timeout(left, turns::in_turns(self.engine.turns(), slow, &pace, work)).await;
        self.went(pace.is_slow(), done.is_ok());
        done.map_err(|_| self.failure(FailureCause::Deadline(self.limits.deadline)))
    }

    async fn run_async<P: Params, R: Results>(
        &self,
        store: &mut Store<CallState>,
        export: &ComponentExportIndex,
        params: P,
    ) -> wasmtime::Result<R> {
        let instance = self.waiting.instantiate_async(&mut *store).await?;
        if let Some(configure) = &self.configure {
            let function = instance.get_typed_func::<(&str,), (Result<(), String>,)>(&mut *store, &configure.export)?;
            function.call_async(&mut *store, (&configure.configuration,)).await?.0.map_err(|why| wasmtime::Error::msg(self.log.clean(why)))?;
        }
        instance.get_typed_func::<P, R>(&mut *store, export)?.call_async(&mut *store, params).await
    }

    fn store(&self, state: CallState) -> Store<CallState> {
        let mut store = Store::new(self.engine.wasmtime(), state);
        store.limiter(|state| &mut state.usage);
        store.set_hostcall_fuel(self.limits.output);
        store
    }

    fn failed(&self, error: &wasmtime::Error, state: CallState) -> Failure {
        self.failure(failure::cause(error, state.log.into_last_error(), &self.limits))
    }

    /// A failure of this plugin.
    pub(crate) fn failure(&self, cause: FailureCause) -> Failure {
        Failure { plugin: self.log.plugin().clone(), cause }
    }
}

/// A permit, waited for as long as there is time `left`, which that shortens. One that is free costs an exchange of an atomic.
async fn admitted<'a>(permits: &'a Semaphore, left: &mut Duration) -> Option<SemaphorePermit<'a>> {
    if let Ok(permit) = permits.try_acquire() {
        return Some(permit);
    }
    let begun = Instant::now();
    let permit = tokio::time::timeout(*left, permits.acquire()).await.ok()?.ok()?;
    *left = left.saturating_sub(begun.elapsed());
    Some(permit)
}

#[cfg(test)]
mod tests;
