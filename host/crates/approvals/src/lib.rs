//! A person says yes, once, to one thing.
//!
//! - [`state`] is the life of an approval as pure functions: who may decide, when it is granted, what
//!   it fits, when it is over.
//! - [`Approvals`] keeps approvals in the store, wakes whoever waits for one, and has the approvers told.
//!
//! What it promises (P6, P12):
//!
//! - An approval is bound to its requester, the connection, the hash of the canonical request, the target's UID (and, by
//!   its scope, resourceVersion), and the route by which it was to be decided. Whatever differs is another approval.
//! - It is used once: of any number of callers one wins, and the use is on disk before [`Approvals::consume`]
//!   returns, so before anything is forwarded.
//! - It expires, unanswered or unused.
//! - A quorum counts distinct people. Agents and workloads decide nothing; nobody decides their own
//!   request, or that of an agent they sponsor.
//! - Asking again for the same thing finds the same approval: a client that tries eleven times makes one.
//! - Every change is on disk, with the notifications that tell of it, before anybody learns of it.
//!
//! ```
//! use approvals::{Approvals, Ask, NoNotifier, Options, Person, Route, Scope, State, Target};
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! # let folder = tempfile::tempdir().unwrap();
//! # let place = store::Location::Sqlite(folder.path().join("state.db"));
//! # let store = std::sync::Arc::new(store::Store::open(&place).await?);
//! let approvals = Approvals::start(store, Options::new("https://gateway.example"), NoNotifier).await?;
//! let ask = Ask {
//!     requester: Person::new("https://issuer.example", "devin", "agent").sponsored_by("bob"),
//!     session: "ses-1".into(),
//!     connection: "staging".into(),
//!     purpose: None,
//!     command: "kubectl delete deployment web -n shop".into(),
//!     plugin: "deny-list".into(),
//!     rule: "deletes-need-approval".into(),
//!     message: "deleting a deployment needs a person's approval".into(),
//!     request_hash: "sha256:2c26b4".into(),
//!     target: Target { uid: Some("8f4e".into()), resource_version: Some("42".into()) },
//!     route: Route { groups: vec!["approvers".into()], needed: 1, ..Route::default() },
//! };
//! let approval = approvals.request(&ask).await?;
//! assert_eq!(approval.state, State::Pending);
//!
//! let alice = Person::new("https://issuer.example", "alice", "human").in_group("approvers");
//! approvals.decide(&approval.id, &alice, true, None).await?;
//! assert_eq!(approvals.consume(&approval.id, &ask, "record-1").await?.state, State::Used);
//! assert!(approvals.consume(&approval.id, &ask, "record-2").await.is_err());
//! # Ok::<(), approvals::ApprovalError>(())
//! # }).unwrap();
//! ```

mod approval;
mod ask;
mod error;
mod notify;
mod person;
mod service;
pub mod state;

pub use approval::{Approval, Decision};
pub use ask::{Ask, Route, Scope, Target};
pub use error::ApprovalError;
pub use notify::{NoNotifier, Notice, Notifier, NotifyError, Occasion};
pub use person::Person;
pub use service::{Approvals, Options};
pub use state::{Refused, State};
/// Which approvals to list.
pub use store::ApprovalFilter;
