//! What a budget costs a request: the proxy crate's own benchmark, which charges without a gateway around it.

use std::path::Path;

use anyhow::Result;

use super::example;
use super::figure::Report;

/// Runs it beside this disk's own sync, and prints its figures.
pub fn run(root: &Path, rounds: u32, report: &mut Report) -> Result<()> {
    let mut command = example::build(root, "charges")?;
    command.arg(rounds.to_string());
    example::run(command, report)
}
