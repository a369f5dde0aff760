//! What one call has used of its limits. What goes beyond is refused at once with a trap: a guest that is told "no" mostly panics a moment later, with a
//! message that hides why.

use std::sync::Arc;

use wasmtime::ResourceLimiter;

use crate::failure::Exceeded;
use crate::plugin::{Limits, Tap};

/// Elements of one table. A component has a table for its indirect calls, and a Go or Python component needs some thousands.
const TABLE_ELEMENTS: usize = 20_000;

/// Elements of all tables of an instance together.
const ALL_ELEMENTS: usize = 100_000;

/// Counts down.
pub(crate) struct Usage {
    limits: Limits,
    memory: usize,
    elements: usize,
    host_calls: u32,
    tap: Option<Arc<Tap>>,
}

impl Usage {
    pub(super) fn new(limits: Limits) -> Usage {
        Usage { limits, memory: 0, elements: 0, host_calls: 0, tap: None }
    }

    /// Has somebody outside told how much memory it takes.
    pub(super) fn listen(&mut self, tap: Arc<Tap>) {
        self.tap = Some(tap);
    }

    /// One more call of a function of the gateway.
    pub(super) fn host_call(&mut self) -> wasmtime::Result<()> {
        self.host_calls += 1;
        match self.host_calls > self.limits.host_calls {
            true => Err(Exceeded::HostCalls(self.limits.host_calls).into()),
            false => Ok(()),
        }
    }
}

impl ResourceLimiter for Usage {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let asked = self.memory.saturating_add(desired.saturating_sub(current));
        if asked > self.limits.memory {
            return Err(Exceeded::Memory { asked, limit: self.limits.memory }.into());
        }
        self.memory = asked;
        if let Some(tap) = &self.tap {
            tap.memory(asked);
        }
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let all = self.elements.saturating_add(desired.saturating_sub(current));
        for (asked, limit) in [(desired, TABLE_ELEMENTS), (all, ALL_ELEMENTS)] {
            if asked > limit {
                return Err(Exceeded::Table { asked, limit }.into());
            }
        }
        self.elements = all;
        Ok(true)
    }
}
