//! What comes back through the gateway is true, whole, readable and masked: reviews, patches that would tell, tables,
//! watches, compression.

#[path = "responses/on_a_real_cluster.rs"]
mod on_a_real_cluster;
#[path = "responses/strange_clusters.rs"]
mod strange_clusters;
