//! Benchmarks that are programs of other crates, which see what is not to be seen from outside: each prints figures, one JSON object a line.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::figure::{Figure, Report};
use super::place;

/// Builds an example of the workspace, optimised, and gives the command that runs it.
///
/// # Errors
/// When it does not compile.
pub fn build(root: &Path, name: &str) -> Result<Command> {
    // With the whole workspace's features, so that nothing is built anew that the tests have built.
    let mut build = Command::new(place::cargo());
    build.args(["build", "--quiet", "--release", "--workspace", "--example", name]).current_dir(root);
    if !build.status().context("cannot run cargo")?.success() {
        bail!("`cargo build --example {name}` failed: see its message above");
    }
    let mut command = Command::new(root.join("target/release/examples").join(name));
    command.current_dir(root);
    Ok(command)
}

/// Runs one, and shows its figures as they come. What it says besides goes to standard error.
///
/// # Errors
/// When it fails, or prints what is no figure.
pub fn run(mut command: Command, report: &mut Report) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().with_context(|| format!("cannot run {name}"))?;
    let mut strange = None;
    // Read to the end whatever comes, so that it does not break off for a pipe that nobody reads.
    for line in BufReader::new(child.stdout.take().context("its output is not to be had")?).lines() {
        let line = line?;
        match serde_json::from_str::<Figure>(&line) {
            Ok(figure) => report.add(&figure),
            Err(_) => strange = Some(line),
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("{name} failed ({status}): see its message above");
    }
    strange.map_or(Ok(()), |line| bail!("{name} printed `{line}`, which is no figure"))
}
