//! What a judgement costs: the policy crate's own benchmark, which sees the engine without a gateway around it.

use std::path::Path;

use anyhow::Result;

use super::example;
use super::figure::Report;
use crate::plugins;

/// Runs it on the default bundle's guard, beside the same rules in Kubewarden's way, and prints its figures.
pub fn run(root: &Path, rounds: u32, report: &mut Report) -> Result<()> {
    let ten = plugins::test_component(root, "ten-pointers")?;
    let kubewarden = plugins::test_component(root, "kubewarden-way")?;
    let mut command = example::build(root, "bench")?;
    command.arg(root.join("target/bundles/default")).arg(ten).arg(kubewarden).arg(rounds.to_string());
    example::run(command, report)
}
