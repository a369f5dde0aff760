//! What a plugin may use: what its bundle asks for, beneath what the operator allows.

use std::time::Duration;

use serde_saphyr::Spanned;

use crate::bundle::PluginEntry;
use crate::engine::Engine;
use crate::failure::FailureCause;
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

/// Lines of the log within a second, over all calls: what a person can still scroll through.
const LOG_LINES_PER_SECOND: u32 = 100;

/// Instances at one time when it asks for no other number: a sixth of the pool's part for calls that wait, so that the others go on when all of them stall.
const INSTANCES: u32 = 64;

/// Bounds of a plugin: of one call, and of all of them together.
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
    /// Lines of the log within a second, over all calls.
    pub log_lines_per_second: u32,
    /// Calls that run at one time, each in an instance of its own.
    pub instances: u32,
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
            log_lines_per_second: LOG_LINES_PER_SECOND,
            instances: INSTANCES,
        }
        .within(&Limits::ceilings(world, engine, grants))
    }

    /// Those of a plugin.
    pub(crate) fn of(entry: &PluginEntry, engine: &Engine, grants: &Grants) -> Result<Limits, PluginError> {
        let asked = &entry.limits;
        let (usual, most) = (Limits::by_default(entry.world, engine, grants), Limits::ceilings(entry.world, engine, grants));
        let bytes = |n: usize| format!("{n} bytes");
        let number = |n: u32| n.to_string();
        let count = |key, what, asked: &Option<Spanned<u32>>, usual, most| under(key, what, asked.as_ref().map(|n| n.value), usual, most, number);
        Ok(Limits {
            memory: under("memory", "memory", asked.memory.as_ref().map(|m| m.value.0), usual.memory, most.memory, bytes)?,
            deadline: under("deadline", "a deadline", asked.deadline.as_ref().map(|d| d.value.0), usual.deadline, most.deadline, |d| format!("{d:?}"))?,
            output: under("output", "an output", asked.output.as_ref().map(|o| o.value.0), usual.output, most.output, bytes)?,
            host_calls: count("host-calls", "a number of host calls", &asked.host_calls, usual.host_calls, most.host_calls)?,
            log_lines: count("log-lines", "a number of log lines", &asked.log_lines, usual.log_lines, most.log_lines)?,
            log_lines_per_second: count(
                "log-lines-per-second",
                "a number of log lines per second",
                &asked.log_lines_per_second,
                usual.log_lines_per_second,
                most.log_lines_per_second,
            )?,
            instances: count("instances", "a number of instances", &asked.instances, usual.instances, most.instances)?,
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
            log_lines_per_second: grants.max_log_lines_per_second,
            instances: grants.max_instances,
        }
    }

    fn within(self, most: &Limits) -> Limits {
        Limits {
            memory: self.memory.min(most.memory),
            deadline: self.deadline.min(most.deadline),
            output: self.output.min(most.output),
            host_calls: self.host_calls.min(most.host_calls),
            log_lines: self.log_lines.min(most.log_lines),
            log_lines_per_second: self.log_lines_per_second.min(most.log_lines_per_second),
            instances: self.instances.min(most.instances),
        }
    }
}

/// What is asked for, when that is something and no more than is allowed.
fn under<T: PartialOrd + Default>(
    key: &'static str,
    what: &'static str,
    asked: Option<T>,
    usual: T,
    allowed: T,
    show: impl Fn(T) -> String,
) -> Result<T, PluginError> {
    match asked {
        None => Ok(usual),
        Some(asked) if asked > T::default() && asked <= allowed => Ok(asked),
        Some(asked) => Err(PluginError::Limit { key, what, asked: show(asked), allowed: show(allowed) }),
    }
}

/// What helps a component that failed while the bundle was loaded: another limit where it hit one, otherwise its author.
pub(super) fn remedy(cause: &FailureCause, engine: &Engine) -> String {
    let most = engine.options().max_memory;
    match cause {
        FailureCause::Memory { asked, .. } if *asked > most => format!(
            "have the operator raise `grants.limits.memory` in the gateway's configuration, which is {most} bytes, and raise `limits.memory` in bundle.yaml"
        ),
        FailureCause::Memory { .. } => "raise `limits.memory` in bundle.yaml".to_owned(),
        FailureCause::HostCalls(_) => "raise `limits.host-calls` in bundle.yaml".to_owned(),
        _ => "have its author look at it".to_owned(),
    }
}

#[cfg(test)]
mod tests;
