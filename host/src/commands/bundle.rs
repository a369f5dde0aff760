//! `portcullis bundle`: folders with a `bundle.yaml`, and the same as artifacts in registries.

mod check;
mod keys;
pub(super) mod place;
pub(super) mod registry;
mod schema;
mod sign;

use clap::Subcommand;

use super::failure::Failure;
use super::output::OutputArgs;

/// Policy bundles: folders with components and the `bundle.yaml` that names them.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Load a bundle as the gateway would: compile, configure, and run its own cases. Exits with 1 when it could not go live.
    Check(check::Args),
    /// Push a folder to a registry, and print the digest to pin it by.
    Push(registry::PushArgs),
    /// Pull a bundle from a registry into a new folder: whole, and each file what its digest says.
    Pull(registry::PullArgs),
    /// Sign a folder, or an artifact as cosign does.
    Sign(sign::SignArgs),
    /// Say whose signature a folder or an artifact has. Exits with 1 when it is none of the given keys'.
    Verify(sign::VerifyArgs),
    /// Make a key to sign with: PREFIX.key, which stays with you, and PREFIX.pub.
    Keygen(keys::Args),
    /// Print the JSON Schema of `bundle.yaml`, by which editors complete and check.
    Schema(schema::Args),
}

/// Runs it.
///
/// # Errors
/// As each of the commands says.
pub async fn run(args: Args) -> Result<(), Failure> {
    let output = args.output.output;
    match args.command {
        Command::Check(args) => check::run(args, output).await,
        Command::Push(args) => registry::push(args, output).await,
        Command::Pull(args) => registry::pull(args, output).await,
        Command::Sign(args) => sign::sign(args, output).await,
        Command::Verify(args) => sign::verify(args, output).await,
        Command::Keygen(args) => keys::run(&args, output),
        Command::Schema(args) => schema::run(&args),
    }
}
