//! The six worlds, by the names that the interface gives them.

use std::fmt;
use std::str::FromStr;

/// A world: which decision a policy takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum World {
    /// Judges a request.
    Guard,
    /// Says who approves it.
    ApprovalRouter,
    /// Plans what is masked.
    Masker,
    /// Delivers records.
    AuditSink,
    /// Tells approvers.
    Notifier,
    /// Says who may open a session.
    SessionPolicy,
}

/// No such world.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no world `{0}`; give one of guard, approval-router, masker, audit-sink, notifier and session-policy")]
pub struct UnknownWorld(pub String);

impl World {
    /// All of them, in the interface's order.
    pub const ALL: [World; 6] = [World::Guard, World::ApprovalRouter, World::Masker, World::AuditSink, World::Notifier, World::SessionPolicy];

    /// Its name in the interface.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            World::Guard => "guard",
            World::ApprovalRouter => "approval-router",
            World::Masker => "masker",
            World::AuditSink => "audit-sink",
            World::Notifier => "notifier",
            World::SessionPolicy => "session-policy",
        }
    }

    /// The exported function by which a component of it is known.
    #[must_use]
    pub fn export(self) -> &'static str {
        self.exports()[0]
    }

    /// All functions that a component of it exports by themselves.
    #[must_use]
    pub fn exports(self) -> &'static [&'static str] {
        match self {
            World::Guard => &["evaluate"],
            World::ApprovalRouter => &["route-approval"],
            World::Masker => &["plan-masking", "inspect"],
            World::AuditSink => &["deliver"],
            World::Notifier => &["notify"],
            World::SessionPolicy => &["open-session"],
        }
    }

    /// Whether these may answer with an error.
    #[must_use]
    pub fn fails(self) -> bool {
        matches!(self, World::AuditSink | World::Notifier)
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for World {
    type Err = UnknownWorld;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        World::ALL.into_iter().find(|world| world.as_str() == text).ok_or_else(|| UnknownWorld(text.to_owned()))
    }
}
