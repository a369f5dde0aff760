//! What a judgement costs: the policy crate's own benchmark, which sees the engine without a gateway around it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::figure::{Figure, Report};
use super::place;
use crate::plugins;

/// Runs it on the default bundle's guard, beside the same rules in Kubewarden's way, and prints its figures.
pub fn run(root: &Path, rounds: u32, report: &mut Report) -> Result<()> {
    let ten = plugins::test_component(root, "ten-pointers")?;
    let kubewarden = plugins::test_component(root, "kubewarden-way")?;
    // With the whole workspace's features, as everything else is built.
    place::output(Command::new(place::cargo()).args(["build", "--quiet", "--release", "--workspace", "--example", "bench"]).current_dir(root))?;
    let mut command = Command::new(root.join("target/release/examples/bench"));
    command.arg(root.join("target/bundles/default")).arg(ten).arg(kubewarden).arg(rounds.to_string());
    let printed = place::output(command.current_dir(root))?;
    for line in printed.lines() {
        let figure: Figure = serde_json::from_str(line).with_context(|| format!("the policy benchmark printed `{line}`"))?;
        report.add(&figure);
    }
    Ok(())
}
