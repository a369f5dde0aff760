//! One call of one component: a fresh instance, a bounded time, and nothing kept.
//!
//! A call first runs on the caller's thread, which is the cheapest there is, with a few milliseconds to answer and without host functions that
//! wait. The few that need more run again from the start on a stack of their own, where they give way to other requests at every tick
//! until their deadline; since the instance is fresh and has no way to act on anything outside, running twice shows nowhere. A component
//! that was slow goes there directly until it has been quick for a while, and one that talks to the network always does. There those that compute for long
//! take turns: see [`turns`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};
use wasmtime::{Store, Trap};
use wasmtime::component::{ComponentExportIndex, ComponentNamedList, InstancePre, Lift, Lower};

use crate::call::pace::{Meter, Pace, Reputation};
use crate::engine::Engine;
use crate::failure::{self, Failure, FailureCause, MustWait};
use crate::host::{CallState, Log};
use crate::plugin::Limits;

pub(crate) mod pace;
pub(crate) mod turns;

/// Ticks that a call may keep its thread. The first may be over at once, so this is 5 to 10 ms, and less while slow components run.
const FAST_TICKS: u64 = 2;

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
    /// Who is not expected to be quick goes to the slow path directly, and takes turns there.
    pub reputation: Reputation,
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
        let expected = self.reputation.expected();
        if let Some(pre) = &self.immediate
            && expected == Pace::Quick
            && !self.reputation.take_suspicion()
        {
            let begun = Instant::now();
            let (result, state) = self.call_on_this_thread(pre, export, state(), params());
            if begun.elapsed() >= pace::SLICE {
                self.reputation.suspect();
            }
            match result {
                Ok(answer) => return Ok((answer, state)),
                Err(error) if error.downcast_ref::<Trap>() == Some(&Trap::Interrupt) || error.is::<MustWait>() => {}
                Err(error) => return Err(self.failed(&error, state)),
            }
        }
        let (result, state) = self.call_giving_way(export, state(), params(), (left, expected)).await?;
        match result {
            Ok(answer) => Ok((answer, state)),
            Err(error) => Err(self.failed(&error, state)),
        }
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
        (mut left, expected): (Duration, Pace),
    ) -> Result<(wasmtime::Result<R>, CallState), Failure> {
        let Some(_permit) = admitted(self.engine.waiting(), &mut left).await else { return Err(self.failure(FailureCause::Busy)) };
        let work = async {
            let mut store = self.store(state);
            // Without a time limit of its own: at each tick the guest gives way, and the timer around everything gets its chance to
            // drop it. That covers the time spent waiting in host functions too, which epochs do not.
            self.engine.turns().give_way(&mut store);
            let result = self.run_async(&mut store, export, params).await;
            (result, store.into_data())
        };
        let meter = Meter::default();
        let done = tokio::time::timeout(left, turns::in_turns(self.engine.turns(), expected, &meter, work)).await;
        self.reputation.add(meter.pace(), done.is_ok());
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
