//! `cargo xtask quickstart`: the default components, the binary, and then the gateway itself.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::plugins;

/// Options of `cargo xtask quickstart`.
#[derive(clap::Args)]
pub struct Args {
    /// What `portcullis quickstart` takes: see `portcullis quickstart --help`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    arguments: Vec<String>,
}

/// Builds what is needed and becomes the gateway, so that a signal reaches it and nothing stays behind.
///
/// # Errors
/// When something does not build, or cannot be run.
pub fn run(root: &Path, args: &Args) -> Result<()> {
    build(root)?;
    let program = root.join("target/release/portcullis");
    let failure = Command::new(&program).arg("quickstart").args(&args.arguments).exec();
    Err(failure).with_context(|| format!("cannot run {}", program.display()))
}

/// The default components first, since the binary carries them; then the binary.
///
/// # Errors
/// When either cannot be built.
pub fn build(root: &Path) -> Result<()> {
    plugins::build_bundles(root)?;
    let built = Command::new("cargo").args(["build", "--release", "--package", "portcullis"]).current_dir(root).status()?;
    ensure!(built.success(), "the gateway could not be built; the compiler's message is above");
    Ok(())
}
