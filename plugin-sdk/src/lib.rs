//! Write a Portcullis policy as a plain function and a configuration struct.
//!
//! Portcullis is a gateway between AI agents and the Kubernetes API. Every decision it takes is a WebAssembly component's.
//! With this crate such a component is ordinary Rust: no `unsafe`, no JSON plumbing, no knowledge of WebAssembly, and its tests
//! are `cargo test`. This is a whole one, `src/lib.rs` from its first line to its last:
//!
//! ```
//! use portcullis_sdk::{Deletion, JsonSchema, Verdict, guard};
//!
//! #[derive(serde::Deserialize, JsonSchema)]
//! struct Config { /** Namespaces that nobody deletes. */ protected: Vec<String> }
//!
//! guard! { config: Config, evaluate: |config, request| match request.name() {
//!     Some(name) if request.deletion() == Some(Deletion::Namespace) && config.protected.iter().any(|one| one == name) =>
//!         Verdict::deny("protected", format!("the namespace {name} is protected")).remedy("ask its owners to delete it"),
//!     _ => Verdict::NoOpinion,
//! } }
//! ```
//!
//! `portcullis plugin build` makes a component of 49 KB from it. The doc comment of the field is in the JSON Schema that checks the bundle and
//! documents the plugin (`portcullis plugin inspect`); name, version and description are the crate's.
//!
//! # A function, and its test
//!
//! Anything longer is a function, which a test calls. [`Request::kubectl`] makes the request that kubectl sends, read by the gateway's own code:
//!
//! ```
//! use portcullis_sdk::{JsonSchema, Request, Verdict};
//!
//! /// How large a workload may be.
//! #[derive(serde::Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct Config {
//!     /// The most replicas that a workload may have.
//!     most: u32,
//! }
//!
//! fn judge(config: &Config, request: &Request) -> Verdict {
//!     if !request.is_write() || request.group() != "apps" {
//!         return Verdict::NoOpinion;
//!     }
//!     match request.after_write(|object| object.get::<u32>("/spec/replicas")) {
//!         Ok(Some(wanted)) if wanted > config.most => {
//!             Verdict::deny("few-replicas", format!("{wanted} replicas are more than {}", config.most)).remedy("ask for fewer")
//!         }
//!         Ok(_) => Verdict::NoOpinion,
//!         Err(why) => Verdict::deny("few-replicas", format!("nobody can say how large it would be: {why}")),
//!     }
//! }
//!
//! portcullis_sdk::guard! { config: Config, evaluate: judge }
//!
//! let config: Config = portcullis_sdk::testing::configuration(r#"{"most": 10}"#)?;
//! // What a patch leads to is the API server's answer to a dry run, which a test gives.
//! let scale = Request::kubectl("scale deploy web --replicas=50 -n shop").as_agent("devin").preview(r#"{"spec":{"replicas":50}}"#);
//! assert!(judge(&config, &scale.build()).is_deny());
//! assert_eq!(judge(&config, &Request::kubectl("get deploy -A").build()), Verdict::NoOpinion);
//! # Ok::<(), String>(())
//! ```
//!
//! # From nothing to a running gateway
//!
//! ```console
//! $ portcullis plugin new few-replicas --world guard    # this crate as a dependency, bundle.yaml, cases, a policy that does something small
//! $ portcullis plugin test few-replicas                 # builds the component, and runs the cases in the engine that serves traffic
//! $ portcullis plugin build few-replicas --watch --into ~/.local/state/portcullis/quickstart/policies   # live, and again after every save
//! ```
//!
//! `bundle.yaml` names the component, gives it its configuration, and asks for what it may reach beyond the request; `cases/few-replicas.yaml` says what has to hold.
//! A policy whose cases fail never goes live. `host/crates/policy/BUNDLE.md` has every key of both.
//!
//! # Questions, and who answers them
//!
//! | question | ask |
//! | --- | --- |
//! | is it a dry run, a write, about this resource | [`Request::is_dry_run`], [`Request::is_write`], [`Request::is`] |
//! | who asks, in which session, of which cluster | [`Request::identity`], [`Request::session`], [`Request::connection`] |
//! | what is one field of the body | [`Request::body`] and [`Body::get`]: only what is asked for crosses into the component |
//! | what would the object be after this write | [`Request::after_write`], also for a patch; whole and typed: [`Request::object`] |
//! | what containers would run, with which images | [`Request::pod_spec`]: [`PodSpec::all_containers`], [`PodSpec::images`], [`Image`] |
//! | which Secrets and ConfigMaps, folders of the node, account | [`PodSpec::secrets`], [`PodSpec::config_maps`], [`PodSpec::host_paths`], [`PodSpec::service_account`] |
//! | is it privileged | [`PodSpec::is_privileged`] |
//! | which labels would it have | [`Request::labels`] |
//! | how much does it delete | [`Request::deletion`]: one object, many, or a namespace with all that is in it |
//! | does it open a shell | [`Request::opens_shell`] |
//! | do these rules of the operator's fit it | [`Match`], in a configuration |
//! | what does the cluster have, may they do that | [`cluster`], where the bundle asks for it |
//! | how much of a budget is used | [`counter`], where the bundle asks for it |
//!
//! # The six worlds
//!
//! | macro | your function | says |
//! | --- | --- | --- |
//! | [`guard!`] | `fn(&Config, &Request) -> Verdict` | whether a request may pass |
//! | [`approval_router!`] | `fn(&Config, &Request, &[Finding]) -> Option<Route>` | who approves it, and how long it waits |
//! | [`masker!`] | `fn(&Config, &ResponseKind) -> Plan` | which values of the answers are masked |
//! | [`audit_sink!`] | `fn(&Config, &Batch) -> Result<u64, Failure>` | delivers audit records elsewhere |
//! | [`notifier!`] | `fn(&Config, &Notice) -> Result<(), NotifyFailure>` | tells approvers |
//! | [`session_policy!`] | `fn(&Config, &Ask) -> Answer` | who may open a session, on what terms |
//!
//! Each has an example of its own. All take these keys, in this order; a crate has one of the macros:
//!
//! | key | is | without it |
//! | --- | --- | --- |
//! | `name:` | the plugin's name in kebab case | the crate's name |
//! | `summary:` | one sentence: what it is for | the crate's `description` |
//! | `config:` | the type of the configuration, with `serde::Deserialize` and [`JsonSchema`] | |
//! | `schema:` | a file with the configuration's schema, which a test keeps current | `portcullis plugin build` makes it |
//! | `validate:` | `fn(&Config) -> Result<(), String>`: what the types cannot say | whatever parses is valid |
//! | the world's own | your function | |
//!
//! # What it promises
//!
//! - The configuration is parsed once, when the gateway loads the bundle; your function gets it ready. The gateway
//!   gives each request a fresh copy of that state: nothing that one request does is seen by another.
//! - A panic, an overflow, a body of an unexpected type ([`Body::get`]) refuse the one request, and the panic's text is in the gateway's
//!   log: a policy fails closed without writing a line for it.
//! - A function that does not use [`clock`], [`cluster`] or [`counter`] is pure: the gateway may remember its verdict for equal facts.
//! - A call allocates from a static arena, so a small policy takes microseconds.
//!
//! # What makes a component large
//!
//! A component that grows is compiled longer when it is loaded and costs nothing more for each request. `serde_json::Value` costs 20 KB, `regex` 900 KB
//! (let the gateway match: [`matching::glob`], or a masker's patterns), [`PodSpec`] 50 KB, a `Deployment` of `k8s-openapi` 550 KB. [`json`] reads JSON in 6 KB.
//!
//! `README.md` beside this crate is a guide of five minutes; the folder `plugins/` has larger examples of every world.

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
