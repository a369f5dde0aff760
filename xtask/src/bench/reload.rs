//! Two hundred reloads under load: a program of the tests' crate, which has the client, the gateway and the components for it.

use std::path::Path;

use anyhow::Result;

use super::example;
use super::figure::Report;

/// Builds it, runs it, and prints its figures.
pub fn run(root: &Path, portcullis: &Path, report: &mut Report) -> Result<()> {
    let mut command = example::build(root, "reload_under_load")?;
    command.env("PORTCULLIS_BINARY", portcullis.canonicalize()?);
    example::run(command, report)
}
