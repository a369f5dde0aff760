//! The gateway's reading of requests beside Kubernetes' own, over many generated cases; and the oracle's own reading of patches.

#[path = "oracle/on_a_real_cluster.rs"]
mod on_a_real_cluster;
