//! With policies that allow everything and mask nothing, what kubectl prints and exits with must be the same. Reads go to the
//! same objects both ways; writes go to twins, in two namespaces whose names are equally long.

#[path = "reads.rs"]
mod reads;
#[path = "side.rs"]
mod side;
#[path = "streams.rs"]
mod streams;
#[path = "writes.rs"]
mod writes;
