//! Ordinary requests while the hostile zoo runs: a program of the tests' crate, which has the client, the gateway and the components for it.

use std::path::Path;

use anyhow::Result;

use super::example;
use super::figure::Report;

/// Builds it, runs it, and prints its figures.
pub fn run(root: &Path, portcullis: &Path, rounds: u32, seconds: u32, report: &mut Report) -> Result<()> {
    let mut command = example::build(root, "zoo_under_load")?;
    command.arg(rounds.to_string()).arg(seconds.to_string()).env("PORTCULLIS_BINARY", portcullis.canonicalize()?);
    example::run(command, report)
}
