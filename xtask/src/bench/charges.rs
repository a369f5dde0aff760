//! What a budget costs a request: the proxy crate's own benchmark, which charges without a gateway around it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::figure::{Figure, Report};
use super::place;

/// Runs it beside this disk's own sync, and prints its figures.
pub fn run(root: &Path, rounds: u32, report: &mut Report) -> Result<()> {
    place::output(Command::new(place::cargo()).args(["build", "--quiet", "--release", "--workspace", "--example", "charges"]).current_dir(root))?;
    let printed = place::output(Command::new(root.join("target/release/examples/charges")).arg(rounds.to_string()).current_dir(root))?;
    for line in printed.lines() {
        let figure: Figure = serde_json::from_str(line).with_context(|| format!("the benchmark of charges printed `{line}`"))?;
        report.add(&figure);
    }
    Ok(())
}
