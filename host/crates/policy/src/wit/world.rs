//! The six worlds. They are the same in every version of the interface so far.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a component decides about: one of the six worlds of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum World {
    /// Judges requests.
    Guard,
    /// Says who approves.
    ApprovalRouter,
    /// Plans what is masked.
    Masker,
    /// Delivers records elsewhere.
    AuditSink,
    /// Tells approvers.
    Notifier,
    /// Says who may open a session.
    SessionPolicy,
}

impl World {
    /// All of them.
    pub(crate) const ALL: [World; 6] =
        [World::Guard, World::ApprovalRouter, World::Masker, World::AuditSink, World::Notifier, World::SessionPolicy];

    /// As WIT and `bundle.yaml` spell it.
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
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
