//! Unmodified kubectl, in two versions, side by side with and without the gateway on a real API server.
//!
//! With policies that allow everything and mask nothing, what kubectl prints and exits with must be the same. Reads go to the
//! same objects both ways; writes go to twins, in two namespaces whose names are equally long.

#[path = "kubectl/reads.rs"]
mod reads;
#[path = "kubectl/side.rs"]
mod side;
#[path = "kubectl/streams.rs"]
mod streams;
#[path = "kubectl/writes.rs"]
mod writes;
