//! What a judgement costs: the policy crate's own benchmark, which sees the engine without a gateway around it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::figure::{Figure, Report};
use super::place;

/// Runs it on the default bundle's guard and prints its figures.
pub fn run(root: &Path, report: &mut Report) -> Result<()> {
    let mut command = Command::new(place::cargo());
    command.args(["run", "--quiet", "--release", "-p", "policy", "--example", "bench", "--"]).arg(root.join("target/bundles/default"));
    let printed = place::output(command.current_dir(root))?;
    for line in printed.lines() {
        let figure: Figure = serde_json::from_str(line).with_context(|| format!("the policy benchmark printed `{line}`"))?;
        report.add(&figure);
    }
    Ok(())
}
