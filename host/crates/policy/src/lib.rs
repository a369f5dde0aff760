//! The policy engine: WebAssembly components decide what the gateway does.
//!
//! A bundle (a folder with a `bundle.yaml`) names the components; [`Live`] loads it, watches it, and swaps in each change that compiles,
//! takes its configuration and passes its own cases. A request takes the current [`Generation`] once and is judged by it from start to end.
//!
//! What this crate promises:
//!
//! - **A policy cannot hurt the gateway** (P7). Every call gets a fresh instance that is born configured, a memory cap, a deadline, and no
//!   capability that the operator has not granted. A trap costs its own call and nothing else.
//! - **A reload neither drops nor mixes** (P8). What cannot go live changes nothing but [`Live::status`].
//! - **Fail closed** (P1). A guard that cannot be asked denies; a masker that cannot plan lets no answer out.
//! - **No HTTP, no Kubernetes client.** The gateway gives [`Document`]s and an [`HttpClient`]; the command line's `plugin test` uses
//!   the same engine without either.
//!
//! ```no_run
//! # async fn example(facts: policy::Facts) -> Result<(), Box<dyn std::error::Error>> {
//! use policy::{Decision, Engine, EngineOptions, Grants, Live};
//!
//! let engine = Engine::new(EngineOptions { cache_dir: Some("/var/cache/portcullis".into()), ..EngineOptions::default() })?;
//! let live = Live::open(engine, "/etc/portcullis/policies", Grants::default()).await?;
//! let generation = live.current();
//! let judgement = generation.judge(&facts, None).await;
//! if judgement.decision == Decision::Deny {
//!     println!("{:?}, by generation {}", judgement.findings, generation.number);
//! }
//! # Ok(())
//! # }
//! ```

mod background;
mod bundle;
mod cache;
mod call;
mod cases;
mod components;
mod counts;
mod diff;
mod document;
mod elsewhere;
mod engine;
mod facts;
mod failure;
mod generation;
mod grants;
mod host;
mod kept;
mod live;
mod load;
mod matching;
pub mod metrics;
mod plugin;
mod secrets;
mod status;
#[cfg(test)]
mod testing;
mod trial;
mod wit;

pub use bundle::read::{ReadError, bundle_files};
pub use bundle::{Admission, Bytes, Mode, NeededSecret, Span, YamlError, bundle_schema, cases_schema, needed_secrets};
pub use cache::CacheError;
pub use cases::{Came, CameRoute, CaseFailures, CaseResult, Coverage, Sent, Snapshot, is_snapshot, written};
pub use components::{Components, Fetched};
pub use counts::{MemoryCounts, Window, charge_all};
pub use diff::{Described, DescribedPlugin, Difference, differences};
pub use elsewhere::{Elsewhere, Judged, KeptBody, Unseen};
pub use document::{Document, JsonDocument, Preview};
pub use engine::{Engine, EngineError, EngineOptions};
pub use facts::{Facts, IdentityFacts, IdentityKind, RequestFacts, SessionFacts};
pub use failure::{Failure, FailureCause};
pub use generation::{By, Decision, DeliveryError, Generation, Judgement, Routed, SessionAnswer};
pub use grants::{ClusterRead, ClusterReadError, Grants};
pub use host::{
    Charge, Cluster, Counter, Excess, FixedCluster, HttpClient, OBJECTS, Origin, OriginError, Question, ResourceType, Selection, Surroundings, Wanted,
};
pub use kept::{Former, KeptError, Pinned};
pub use live::{Change, Deciders, Live, OpenError, Reload, RollbackError, described_folder, Source};
pub use load::LoadError;
pub use plugin::{Inspected, inspect, CapabilityError, ComponentError, ConfigureError, PluginError};
pub use secrets::{ReferenceError, SecretError, SecretGrant, Secrets};
pub use status::{Loaded, PluginStatus, Rejected, Staging, Status};
pub use trial::{Explained, Explanation, Report, Timed, Timings, Trial};
pub use wit::{Candidate, Description, drafts, Finding, GrantScope, HttpRequest, HttpResponse, Notice, Occasion, ResponseKind, Route, SessionAsk, Terms, Waiting, World};
