//! What must hold of the gateway's pure readers, whatever bytes they are given.
//!
//! Each module has a `check`, which takes an input that a fuzzer made up and panics if a promise is broken. The
//! programs in `targets/` hand it to libFuzzer (`cargo xtask fuzz`), and `tests/corpus.rs` hands it every input that
//! was kept, so that what was once found is held by `cargo test`. See `README.md` for how a target is added.
//!
//! A check never only asks for the absence of a panic: it reads what was written, in another order, cut elsewhere or
//! with another reader, and compares.
//!
//! ```
//! portcullis_fuzz::path::check(b"DELETE /apis/apps/v1/namespaces/shop/deployments/web");
//! ```

pub mod channels;
mod input;
pub mod path;
pub mod portforward;
pub mod protobuf;
pub mod spdy;
mod text;
mod weight;
pub mod yaml;

/// A target: its name, which is that of its corpus too, and what it checks.
pub type Target = (&'static str, fn(&[u8]));

/// All of them, in the order in which they are run.
pub const TARGETS: [Target; 6] = [
    ("path", path::check),
    ("protobuf", protobuf::check),
    ("yaml", yaml::check),
    ("spdy", spdy::check),
    ("channels", channels::check),
    ("portforward", portforward::check),
];
