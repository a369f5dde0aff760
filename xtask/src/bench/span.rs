//! What a plugin's metrics and its span cost a request: the policy crate's own benchmark, which sees the engine without a gateway around it.

use std::path::Path;

use anyhow::Result;

use super::example;
use super::figure::Report;

/// Runs it on the default bundle's guard, and prints its figures.
pub fn run(root: &Path, rounds: u32, report: &mut Report) -> Result<()> {
    let mut command = example::build(root, "span")?;
    command.arg(root.join("target/bundles/default")).arg(rounds.to_string());
    example::run(command, report)
}
