//! Killed under a load of writes, again and again.

#[path = "crash/on_a_real_cluster.rs"]
mod on_a_real_cluster;
