//! The interface `portcullis:policy`, in every version that there is, and the engine's own types that all of them are adapted to.

#[cfg(test)]
mod frozen;
mod imports;
mod records;
mod v0_1_0;
mod v0_2_0_draft;
pub(crate) mod version;
mod world;

pub(crate) use imports::WitLevel;
pub use imports::{HttpRequest, HttpResponse};
pub use records::{Candidate, Description, Finding, GrantScope, Notice, Occasion, ResponseKind, Route, SessionAsk, Terms, Waiting};
pub(crate) use records::{SessionOpinion, Undelivered, Verdict};
pub use version::drafts;
pub use world::World;
