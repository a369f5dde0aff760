//! The story on a real Kubernetes with the default policies.

#[path = "story/on_a_real_cluster.rs"]
mod on_a_real_cluster;
