//! `plugin new`: an empty folder becomes a policy.

use std::path::PathBuf;

use authoring::{Language, New, World};

use crate::commands::failure::Failure;
use crate::commands::output::{clean, say};

/// What to make.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The policy's name: lower-case letters, digits and hyphens.
    #[arg(value_name = "NAME")]
    name: String,
    /// Which decision it takes: guard, approval-router, masker, audit-sink, notifier or session-policy.
    #[arg(long, value_name = "WORLD", default_value = "guard")]
    world: World,
    /// What it is written in: rust, javascript, typescript, python, go or c.
    #[arg(long, value_name = "LANGUAGE", default_value = "rust")]
    language: Language,
    /// The folder. Without it: one of the policy's name, here.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The folder `plugin-sdk` of Portcullis' repository, for Rust. Without it: the one above or beside the new folder, or above this program.
    #[arg(long, value_name = "DIR")]
    sdk: Option<PathBuf>,
}

/// Makes it.
///
/// # Errors
/// When the folder is not empty, or there is no such template.
pub fn run(args: &Args) -> Result<(), Failure> {
    let dir = args.dir.clone().unwrap_or_else(|| PathBuf::from(&args.name));
    let new = New { name: &args.name, world: args.world, language: args.language, dir: &dir, sdk: args.sdk.as_deref() };
    let files = authoring::new(&new).map_err(|error| Failure::Usage(error.to_string()))?;
    let dir = clean(&dir.display().to_string());
    say(&format!("{dir} is a {} in {}:", args.world, args.language))?;
    for file in files {
        say(&format!("  {}", clean(&file.display().to_string())))?;
    }
    say(&format!("Next: portcullis plugin test {dir}"))
}
