//! Write a Portcullis policy as a plain function and a configuration struct.
//!
//! Portcullis is a gateway between AI agents and the Kubernetes API. Every decision it takes is a WebAssembly component's.
//! With this crate such a component is ordinary Rust: no `unsafe`, no JSON plumbing, no knowledge of WebAssembly, and its tests
//! are `cargo test`.
//!
//! ```
//! use portcullis_sdk::{JsonSchema, Request, Verdict};
//!
//! /// Scale nothing beyond a limit.
//! #[derive(serde::Deserialize, JsonSchema)]
//! struct Config {
//!     most: u32,
//! }
//!
//! fn judge(config: &Config, request: &Request) -> Verdict {
//!     match request.body().get::<u32>("/spec/replicas") {
//!         Some(wanted) if wanted > config.most => Verdict::deny("few-replicas", format!("{wanted} replicas are more than {}", config.most)),
//!         _ => Verdict::NoOpinion,
//!     }
//! }
//!
//! portcullis_sdk::guard! { config: Config, evaluate: judge }
//!
//! // A test needs no gateway and no WebAssembly:
//! let request = Request::builder().verb("update").resource("apps/deployments").name("web").body(r#"{"spec":{"replicas":50}}"#).build();
//! assert!(judge(&Config { most: 10 }, &request).is_deny());
//! ```
//!
//! # The six worlds
//!
//! | macro | your function | says |
//! | --- | --- | --- |
//! | [`guard!`] | `fn(&Config, &Request) -> Verdict` | whether a request may pass |
//! | [`approval_router!`] | `fn(&Config, &Request, &[Finding]) -> Option<Route>` | who approves it, and how long it waits |
//! | [`masker!`] | `fn(&Config, &ResponseKind) -> Plan` | which values of the answers are masked |
//! | [`audit_sink!`] | `fn(&Config, &Batch) -> Result<u64, Failure>` | delivers audit records elsewhere |
//! | [`notifier!`] | `fn(&Config, &Notice) -> Result<(), Failure>` | tells approvers |
//! | [`session_policy!`] | `fn(&Config, &Ask) -> Answer` | who may open a session, on what terms |
//!
//! # What it promises
//!
//! - The configuration is parsed once, when the gateway loads the bundle; your function gets it ready. The gateway
//!   gives each request a fresh copy of that state: nothing that one request does is seen by another.
//! - A panic, an overflow, a body of an unexpected type ([`Body::get`]) refuse the one request, and the panic's text is in the gateway's
//!   log: a policy fails closed without writing a line for it.
//! - A function that does not use [`clock`] is pure: the gateway may remember its verdict for equal facts.
//! - A call allocates from a static arena, so a small policy takes microseconds.
//!
//! `README.md` beside this crate is a guide of five minutes; the folder `plugins/` has six larger examples.

#![warn(missing_docs)]

extern crate self as portcullis_sdk;

#[cfg(any(target_arch = "wasm32", test))]
mod arena;
#[doc(hidden)]
pub mod bindings;
mod body;
mod builder;
pub mod calendar;
pub mod clock;
pub mod cluster;
pub mod counter;
pub mod delivery;
#[doc(hidden)]
pub mod export;
pub mod http;
mod image;
pub mod json;
pub mod log;
pub mod matching;
pub mod notice;
pub mod pod;
pub mod record;
mod request;
pub mod routing;
mod seconds;
pub mod testing;
mod verdict;
pub mod workload;
mod worlds;

pub use bindings::approval_router::{GrantScope, Route, Waiting};
pub use bindings::audit_sink::{Batch, Failure};
pub use bindings::common::portcullis::policy::types::{Facts, Finding, Identity, IdentityKind, Request as RequestFacts, Session};
pub use bindings::guard::Verdict;
pub use bindings::masker::{Action, Candidate, Encoding, MaskRule, Plan, ResponseKind};
pub use bindings::notifier::{Notice, Occasion};
pub use bindings::session_policy::{Answer, Ask, Terms};
pub use body::Body;
pub use matching::Match;
#[cfg(not(target_arch = "wasm32"))]
pub use builder::Builder;
pub use image::Image;
pub use pod::PodSpec;
pub use request::{Deletion, Request};
/// Kubernetes' own types, for [`Request::object`].
#[cfg(feature = "k8s-openapi")]
pub use k8s_openapi;
pub use schemars::{self, JsonSchema};
pub use seconds::Seconds;
#[doc(hidden)]
pub use wit_bindgen;

/// What a notifier's function returns when it could not tell anybody.
pub use bindings::notifier::Failure as NotifyFailure;
