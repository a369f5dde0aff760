//! What the whole-system suites share: a real Kubernetes, the gateway as a process, kubectl, and a client that can send
//! anything.
//!
//! It promises that nothing outlives the test process, however it ends, that no port is fixed, and that every wait has an
//! end. The suites are in `suites/`; `cargo xtask test` builds what they drive and runs them.
//!
//! ```no_run
//! use portcullis_tests::{Gateway, Options, kubectl::Kubectl};
//!
//! let gateway = Gateway::start(Options::default());
//! let devin = Kubectl::new("1.37", &gateway.kubeconfig("devin"));
//! let output = devin.run(&["get", "deployments", "-n", "shop"]);
//! assert!(output.ok(), "{output:?}");
//! ```
//!
//! It is made for tests: what goes wrong here panics with what happened, as an assertion does.

pub mod api;
pub mod cluster;
pub mod component;
pub mod frames;
pub mod gateway;
pub mod http2;
pub mod https;
pub mod kubectl;
pub mod load;
pub mod normal;
pub mod oracle;
pub mod places;
pub mod process;
pub mod recorder;
pub mod served;
pub mod stub;
pub mod token;
pub mod wait;
pub mod zoo;

pub use api::Api;
pub use cluster::Cluster;
pub use gateway::{Gateway, Options};
pub use process::{Output, run};
pub use served::{Served, Serving};
pub use wait::until;
