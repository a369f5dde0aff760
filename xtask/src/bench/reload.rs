//! Two hundred reloads under load: a program of the tests' crate, which has the client, the gateway and the components for it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::figure::{Figure, Report};
use super::place;

/// Builds it, runs it, and prints its figures.
pub fn run(root: &Path, portcullis: &Path, report: &mut Report) -> Result<()> {
    let mut build = Command::new(place::cargo());
    // The workspace's own features, so that nothing is built anew that the tests have built.
    build.args(["build", "--quiet", "--release", "--workspace", "--example", "reload_under_load"]);
    if !build.current_dir(root).status()?.success() {
        bail!("`cargo build --example reload_under_load` failed");
    }
    let mut command = Command::new(root.join("target/release/examples/reload_under_load"));
    let printed = place::output(command.env("PORTCULLIS_BINARY", portcullis.canonicalize()?))?;
    for line in printed.lines() {
        let figure: Figure = serde_json::from_str(line).with_context(|| format!("the reload benchmark printed `{line}`"))?;
        report.add(&figure);
    }
    Ok(())
}
