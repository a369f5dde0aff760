//! The way of a request: accepted, identified, judged, held, forwarded, masked, recorded, released.
//!
//! This crate composes the others and decides nothing itself: every decision is a policy's, asked through
//! [`policy`]. What it promises, by the design's numbers:
//!
//! - **P1** every failure on the way is a refusal that says why;
//! - **P2** only [`kube_request::KubeRequest`]'s own rendering is sent to the cluster;
//! - **P3** a write's intent is durable before it is forwarded, an answer is recorded before it is released;
//! - **P5** the gateway's credential is added last, the client's is never sent on;
//! - **P6** an approval is used once, and checked again just before forwarding;
//! - **P10** streams and tunnels end with their session;
//! - **P11** nothing is held whole that is larger than 64 KiB, except a request's body (3 MiB).

pub mod body;
pub mod capabilities;
pub mod certificate;
pub mod connection;
pub mod gateway;
pub mod listener;
pub mod outbound;
pub mod pipeline;
pub mod telemetry;
mod trail;
pub mod upstream;
mod wire;

pub use connection::{Connection, Connections, Impersonation, Unjudged};
pub use gateway::{Caller, Elsewhere, Front, Gateway};
