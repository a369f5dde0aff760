//! What becomes of a call that does not answer: one sentence that names the plugin, for the agent and for the operator.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::Trap;

use crate::plugin::Limits;

/// A call of a plugin failed. It costs the one request that needed it; the sentence says why and holds nothing secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the policy plugin `{plugin}` {cause}; ask the gateway's operator to look at it")]
pub struct Failure {
    /// The plugin's name.
    pub plugin: Arc<str>,
    /// What happened.
    pub cause: FailureCause,
}

/// What went wrong inside a plugin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FailureCause {
    /// It was still running at its deadline.
    #[error("did not answer within its {0:?}")]
    Deadline(Duration),
    /// It asked for more memory than it may have; both in bytes.
    #[error("asked for {asked} bytes of memory and may have {limit}")]
    Memory {
        /// What it asked for.
        asked: usize,
        /// What it may have.
        limit: usize,
    },
    /// It asked for more elements in its tables than it may have.
    #[error("asked for {asked} elements in its tables and may have {limit}")]
    Table {
        /// What it asked for.
        asked: usize,
        /// What it may have.
        limit: usize,
    },
    /// Its answer, or what it gave a function of the gateway, is larger than it may be.
    #[error("handed over more than the {0} bytes that it may at once")]
    Output(usize),
    /// It called the gateway's functions too often.
    #[error("called the gateway more than {0} times")]
    HostCalls(u32),
    /// It recursed without end.
    #[error("ran out of stack")]
    Stack,
    /// It gave up by itself; with its own words when it logged them.
    #[error("panicked{}", .0.as_ref().map(|text| format!(": {text}")).unwrap_or_default())]
    Panicked(Option<String>),
    /// Any other trap.
    #[error("trapped: {0}")]
    Trap(String),
    /// As many of it as may run at one time did so until its deadline.
    #[error("could not run within its deadline: the {0} instances that it may have at one time are all in use")]
    Instances(u32),
    /// All instances of the sandbox are in use.
    #[error("could not run: all instances of the sandbox are in use")]
    Busy,
    /// Its answer makes no sense.
    #[error("gave an answer that cannot be used: {0}")]
    Answer(String),
}

impl FailureCause {
    /// A word for metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            FailureCause::Deadline(_) => "deadline",
            FailureCause::Memory { .. } => "memory",
            FailureCause::Table { .. } => "table",
            FailureCause::Output(_) => "output",
            FailureCause::HostCalls(_) => "host-calls",
            FailureCause::Stack => "stack",
            FailureCause::Panicked(_) => "panic",
            FailureCause::Trap(_) => "trap",
            FailureCause::Instances(_) => "instances",
            FailureCause::Busy => "busy",
            FailureCause::Answer(_) => "answer",
        }
    }
}

/// Raised where a limit is exceeded; the guest never sees it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Exceeded {
    #[error("asked for {asked} bytes of memory and may have {limit}")]
    Memory { asked: usize, limit: usize },
    #[error("asked for {asked} elements in its tables and may have {limit}")]
    Table { asked: usize, limit: usize },
    #[error("called the gateway more than {0} times")]
    HostCalls(u32),
}

/// Raised on the fast path by a host function that would have to wait; the call is made again where it can.
#[derive(Debug, thiserror::Error)]
#[error("this host function has to wait")]
pub(crate) struct MustWait;

/// Raised by a host function that a guest used beyond its bounds.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Misuse(pub String);

/// What wasmtime says when a guest hands over more than it may; the error's type is its own. A test has it said.
const FUEL: &str = "fuel allocated for hostcalls has been exhausted";

/// Reads wasmtime's error. `panic` is what the guest logged last, `limits` what it was allowed.
pub(crate) fn cause(error: &wasmtime::Error, panic: Option<String>, limits: &Limits) -> FailureCause {
    match error.downcast_ref::<Exceeded>() {
        Some(Exceeded::Memory { asked, limit }) => return FailureCause::Memory { asked: *asked, limit: *limit },
        Some(Exceeded::Table { asked, limit }) => return FailureCause::Table { asked: *asked, limit: *limit },
        Some(Exceeded::HostCalls(limit)) => return FailureCause::HostCalls(*limit),
        None => {}
    }
    if let Some(misuse) = error.downcast_ref::<Misuse>() {
        return FailureCause::Trap(misuse.0.clone());
    }
    if error.is::<wasmtime::PoolConcurrencyLimitError>() {
        return FailureCause::Busy;
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => FailureCause::Deadline(limits.deadline),
        Some(Trap::StackOverflow) => FailureCause::Stack,
        Some(Trap::UnreachableCodeReached) => FailureCause::Panicked(panic),
        Some(trap) => FailureCause::Trap(trap.to_string()),
        // The chain's last link is the reason; the links before it are wasmtime's words for where it was noticed.
        None => match error.root_cause().to_string() {
            text if text.contains(FUEL) => FailureCause::Output(limits.output),
            text => FailureCause::Trap(text),
        },
    }
}

#[cfg(test)]
mod tests;
