//! Relational state of the gateway: sessions, approvals, notifications, sink positions, settings.
//!
//! One schema, one dialect, two databases: SQLite (a file, the default) and PostgreSQL (several
//! replicas). Every statement here is written in the common subset of both, so what the tests show
//! on one holds on the other.
//!
//! What it promises:
//!
//! - **Committed is durable.** SQLite runs in WAL mode with `synchronous=FULL`: a function that
//!   returns `Ok` has its change on disk (P3, P12).
//! - **A change is whole.** Whatever belongs together is one transaction; SQLite's writers begin
//!   with `BEGIN IMMEDIATE`, so none fails half-way because another one wrote.
//! - **No wait is unbounded.** A lock or a connection that does not come in time is a [`StoreError`], and the
//!   caller refuses (P1).
//! - **Once means once.** A grant is consumed by one conditional `UPDATE`; of any number of callers one wins.
//!
//! Times are microseconds since 1970-01-01T00:00:00Z, as `i64`. This crate decides nothing: which
//! change is allowed is said by `identity` and `approvals`.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let folder = tempfile::tempdir().unwrap();
//! let store = store::Store::open(&store::Location::Sqlite(folder.path().join("state.db"))).await?;
//! let key = store.secret("masking-token-key", 32).await?;
//! drop(store);
//!
//! let again = store::Store::open(&store::Location::Sqlite(folder.path().join("state.db"))).await?;
//! assert_eq!(again.secret("masking-token-key", 32).await?, key);
//! # Ok::<(), store::StoreError>(())
//! # }).unwrap();
//! ```

mod approvals;
mod changes;
mod counters;
mod db;
mod error;
mod id;
mod notifications;
mod row;
mod schema;
mod sessions;
mod settings;
mod sinks;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod time;

pub use approvals::{ApprovalFilter, ApprovalRow, Changed, DecisionRow, OpenOutcome};
pub use changes::Change;
pub use counters::{CounterName, CounterParts};
pub use db::{Location, Store};
pub use error::StoreError;
pub use id::new_id;
pub use notifications::{NewNotification, NotificationRow};
pub use sessions::{SessionFilter, SessionRow, SessionUse};
pub use sinks::SinkPosition;
pub use time::{now_micros, rfc3339};

#[cfg(test)]
mod tests;
