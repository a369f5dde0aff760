//! What one call of a plugin may use: what its bundle asks for, beneath what the operator allows.

use std::time::Duration;

use crate::bundle::PluginEntry;
use crate::engine::Engine;
use crate::grants::Grants;
use crate::plugin::PluginError;
use crate::wit::World;

/// Memory of a plugin that asks for no other amount.
const MEMORY: usize = 16 << 20;

/// Deadline of a plugin that stands in a request's way.
const DEADLINE: Duration = Duration::from_millis(50);

/// Deadline of a sink or a notifier, which talk to the network and stand in nobody's way.
const DELIVERY_DEADLINE: Duration = Duration::from_secs(30);

/// Bytes that a plugin hands over at once, as its answer or to a function of the gateway, when it asks for no other amount.
const OUTPUT: usize = 1 << 20;

/// The same where values pass through: a masker answers with them, and a sink sends a batch of records.
const PASSING_OUTPUT: usize = 16 << 20;

/// Calls of the gateway's functions when it asks for no other number.
const HOST_CALLS: u32 = 4096;

/// Lines of the log when it asks for no other number.
const LOG_LINES: u32 = 64;

/// Bounds of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes of all its memories together.
    pub memory: usize,
    /// How long it may take, waiting included.
    pub deadline: Duration,
    /// Bytes that it hands over at once.
    pub output: usize,
    /// Calls of the gateway's functions, whichever they are.
    pub host_calls: u32,
    /// Lines of the log.
    pub log_lines: u32,
}

impl Limits {
    /// Those of a plugin that asks for nothing: what its world mostly needs, or the operator's ceilings where they are lower.
    pub(crate) fn by_default(world: World, engine: &Engine, grants: &Grants) -> Limits {
        let delivers = matches!(world, World::AuditSink | World::Notifier);
        Limits {
            memory: MEMORY,
            deadline: if delivers { DELIVERY_DEADLINE } else { DEADLINE },
            output: if delivers || world == World::Masker { PASSING_OUTPUT } else { OUTPUT },
            host_calls: HOST_CALLS,
            log_lines: LOG_LINES,
        }
        .within(&Limits::ceilings(world, engine, grants))
    }

    /// Those of a plugin.
    pub(crate) fn of(entry: &PluginEntry, engine: &Engine, grants: &Grants) -> Result<Limits, PluginError> {
        let asked = &entry.limits;
        let (usual, most) = (Limits::by_default(entry.world, engine, grants), Limits::ceilings(entry.world, engine, grants));
        let bytes = |n: usize| format!("{n} bytes");
        let number = |n: u32| n.to_string();
        Ok(Limits {
            memory: under("memory", asked.memory.as_ref().map(|m| m.value.0), usual.memory, most.memory, bytes)?,
            deadline: under("a deadline", asked.deadline.as_ref().map(|d| d.value.0), usual.deadline, most.deadline, |d| format!("{d:?}"))?,
            output: under("an output", asked.output.as_ref().map(|o| o.value.0), usual.output, most.output, bytes)?,
            host_calls: under("a number of host calls", asked.host_calls.as_ref().map(|n| n.value), usual.host_calls, most.host_calls, number)?,
            log_lines: under("a number of log lines", asked.log_lines.as_ref().map(|n| n.value), usual.log_lines, most.log_lines, number)?,
        })
    }

    /// What the operator allows at most.
    fn ceilings(world: World, engine: &Engine, grants: &Grants) -> Limits {
        Limits {
            memory: engine.options().max_memory,
            deadline: match world {
                World::AuditSink | World::Notifier => grants.max_delivery_deadline,
                _ => grants.max_deadline,
            },
            output: grants.max_output,
            host_calls: grants.max_host_calls,
            log_lines: grants.max_log_lines,
        }
    }

    fn within(self, most: &Limits) -> Limits {
        Limits {
            memory: self.memory.min(most.memory),
            deadline: self.deadline.min(most.deadline),
            output: self.output.min(most.output),
            host_calls: self.host_calls.min(most.host_calls),
            log_lines: self.log_lines.min(most.log_lines),
        }
    }
}

/// What is asked for, when that is something and no more than is allowed.
fn under<T: PartialOrd + Default>(what: &'static str, asked: Option<T>, usual: T, allowed: T, show: impl Fn(T) -> String) -> Result<T, PluginError> {
    match asked {
        None => Ok(usual),
        Some(asked) if asked > T::default() && asked <= allowed => Ok(asked),
        Some(asked) => Err(PluginError::Limit { what, asked: show(asked), allowed: show(allowed) }),
    }
}

#[cfg(test)]
mod tests;
