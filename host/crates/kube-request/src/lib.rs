//! A request to the Kubernetes API, parsed once into the form that is judged, hashed, recorded and sent.
//!
//! A gateway that reads a request differently from the API server behind it can be talked round. So
//! nothing of the client's own bytes goes on: [`KubeRequest::parse`] decodes the path and the query
//! once, classifies them exactly as the API server's `RequestInfoFactory` does, refuses everything
//! that has two readings, and [`KubeRequest::target`] writes the request anew from what was
//! understood.
//!
//! What this crate promises:
//!
//! - **Pure.** No I/O, no clock, no global state: equal input gives equal output.
//! - **The same answer as Kubernetes, or a refusal.** Never a different classification.
//! - **A fixed point.** Parsing `target()` again gives the same request.
//! - **Bounded.** Every input has a limit ([`MAX_TARGET`], [`MAX_BODY`], [`json::MAX_DEPTH`]…).
//! - **No secrets in `Debug`.** A bearer token is never printed.
//!
//! ```
//! use kube_request::{Head, KubeRequest, Verb};
//!
//! let headers: &[(&str, &[u8])] = &[("accept", b"application/json")];
//! let head = Head { method: "DELETE", target: "/apis/apps/v1/namespaces/shop/deployments/web", headers };
//! let request = KubeRequest::parse(&head).unwrap();
//! assert_eq!(request.verb, Verb::Delete);
//! assert_eq!(request.command(), "kubectl delete deployment web -n shop");
//!
//! let refused = KubeRequest::parse(&Head { method: "GET", target: "/api/v1/pods/%2e%2e/secrets", headers });
//! assert_eq!(refused.unwrap_err().code, 400);
//! ```

mod accept;
pub mod access;
mod body;
mod classify;
mod command;
mod dry_run;
mod head;
pub mod headers;
pub mod json;
mod names;
mod path;
mod protobuf;
mod query;
mod refusal;
mod request;
mod selector;
mod yaml;

pub use body::{Body, BodyType, MAX_BODY};
pub use command::parse as kubectl;
pub use head::{Head, Method, Upgrade};
pub use headers::{Headers, Screened};
pub use json::Json;
pub use path::{MAX_SEGMENT, is_deceptive};
pub use protobuf::ProtobufError;
pub use query::MAX_PAIRS;
pub use refusal::{Cause, Refusal};
pub use request::{KubeRequest, MAX_TARGET, Verb};
pub use selector::labels::selects;
pub use yaml::YamlError;
