//! Exec, attach, cp and port-forward as the gateway understands them: masked, recorded channel by channel, and cut.

#[path = "streams/on_a_real_cluster.rs"]
mod on_a_real_cluster;
