//! Unmodified kubectl, in two versions, side by side with and without the gateway on a real API server.

#[path = "kubectl/on_a_real_cluster.rs"]
mod on_a_real_cluster;
