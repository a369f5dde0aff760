//! `cargo xtask quickstart`: the default components, the binary, and then the gateway itself.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{cluster, plugins, test};

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
pub fn run(args: Args) -> Result<()> {
    let root = cluster::workspace();
    plugins::run(plugins::Args::default())?;
    test::cargo(&root, &["build", "--release", "--package", "portcullis"])?;
    let program = root.join("target/release/portcullis");
    let failure = Command::new(&program).arg("quickstart").args(args.arguments).exec();
    Err(failure).with_context(|| format!("cannot run {}", program.display()))
}
