//! `cargo xtask protobuf`: the table by which the gateway reads Kubernetes' protobuf, from Kubernetes' own sources.
//!
//! The numbers and types come from the modules' `.proto` files. What those do not say, because Kubernetes' JSON is not
//! protobuf's JSON, comes from the Go types beside them: the names in JSON, what is left out when empty, and which
//! structs lie flat in the one around them.

mod golang;
mod modules;
mod table;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

pub use modules::ensure;

/// Where the table is kept.
const TABLE: &str = "host/crates/kube-request/src/protobuf/messages.txt";

/// Options of `cargo xtask protobuf`.
#[derive(clap::Args)]
pub struct Args {
    /// Write nothing, and fail when the table is not what would be written.
    #[arg(long)]
    check: bool,
}

/// Writes the table, or compares it.
///
/// # Errors
/// When the modules cannot be had, or have something in them that this does not know.
pub fn run(root: &Path, args: &Args) -> Result<()> {
    let table = table::write(&ensure(root)?)?;
    let path = root.join(TABLE);
    if args.check {
        let kept = fs::read_to_string(&path).with_context(|| format!("cannot read {TABLE}"))?;
        if kept != table {
            bail!("{TABLE} is not what the Go modules of tests/cluster say: run `cargo xtask protobuf`");
        }
    } else {
        fs::write(&path, table)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
