//! The stage for newcomers: an in-memory Kubernetes and a development OIDC issuer.
//!
//! Whoever tries Portcullis for the first time has no cluster to spare and no identity provider at
//! hand. [`Cluster`] is a Kubernetes API server that lives in this process, good enough for an
//! unmodified kubectl, with a small story inside it: a shop with a web deployment and a database
//! secret. [`Issuer`] is an OpenID Connect issuer where anybody may choose who to be.
//!
//! What this crate promises:
//! - It listens on loopback only, unless the caller names another address, and never dials out.
//! - It keeps everything in memory, within stated bounds; dropping the handle ends its tasks and
//!   closes its connections.
//! - Nothing of the gateway uses it, and it uses nothing of the gateway.
//!
//! What it does not do: run containers, store anything on disk (but the issuer's keys, when asked),
//! check who may do what, or protect anything. **Neither half is for production.**
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), demo::StageError> {
//! use std::time::Duration;
//! let cluster = demo::Cluster::start(demo::ClusterOptions::default()).await?;
//! println!("{}", cluster.kubeconfig_yaml()); // kubectl --kubeconfig … get pods -n shop
//!
//! let issuer = demo::Issuer::start(demo::IssuerOptions::default()).await?;
//! let token = issuer.mint("devin", Default::default(), Duration::from_secs(600))?;
//! assert_eq!(token.split('.').count(), 3);
//! # Ok(()) }
//! ```

mod api;
mod clock;
mod cluster;
mod error;
mod issuer;
mod query;
mod serve;
mod tls;

pub use cluster::{Cluster, ClusterOptions, Seen};
pub use error::StageError;
pub use issuer::{Issuer, IssuerOptions, Person, people};
