//! `portcullis plugin`: for whoever writes policies. From an empty folder to a decision, without a gateway.

use std::path::Path;
use std::time::Duration;

use clap::Subcommand;
use policy::{EngineOptions, Trial};

use super::failure::Failure;
use super::output::{OutputArgs, clean_lines};
use super::sandbox;

mod bench;
mod build;
mod inspect;
mod new;
mod registry;
mod run;
mod test;

/// Policies, for their authors.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a policy: a folder that builds, with cases that hold.
    New(new::Args),
    /// Build the component of a policy, whatever its language.
    Build(build::Args),
    /// Run the cases, and say which rules none of them reached. Exits with 1 when one does not hold.
    Test(test::Args),
    /// Measure what the cases cost. Exits with 1 when that is worse than a baseline.
    Bench(bench::Args),
    /// Explain what the plugins make of one request.
    Run(run::Args),
    /// Show what a component is: its world, what it needs granted, its configuration, its size and digest.
    Inspect(inspect::Args),
    /// Push a component to a registry, as `wkg oci push` does, and print what to write in bundle.yaml.
    Push(registry::PushArgs),
    /// Pull a component from a registry, whoever pushed it.
    Pull(registry::PullArgs),
}

/// Runs it.
///
/// # Errors
/// As each of the commands says.
pub async fn run(args: Args) -> Result<(), Failure> {
    let output = args.output.output;
    match args.command {
        Command::New(args) => new::run(&args),
        Command::Build(args) => build::run(args, output).await,
        Command::Test(args) => test::run(args, output).await,
        Command::Bench(args) => bench::run(args, output).await,
        Command::Run(args) => run::run(args, output).await,
        Command::Inspect(args) => inspect::run(args, output).await,
        Command::Push(args) => registry::push(args, output).await,
        Command::Pull(args) => registry::pull(args, output).await,
    }
}

/// Loads a bundle beside no gateway.
async fn trial(dir: &Path) -> Result<Trial, Failure> {
    // Nothing is remembered: each call is to show what the component says.
    let engine = sandbox::engine(EngineOptions { remember: 0, ..sandbox::cached() })?;
    let _said = Said::after(PATIENCE, "the components are being compiled; a large one takes a while the first time, and is kept");
    Trial::load(engine, dir).await.map_err(|error| Failure::No(clean_lines(&error.to_string())))
}

/// After this long whoever waits is told for what.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is said when something takes a while. Dropped before, it is not said.
struct Said(tokio::task::JoinHandle<()>);

impl Said {
    fn after(patience: Duration, what: &'static str) -> Said {
        Said(tokio::spawn(async move {
            tokio::time::sleep(patience).await;
            eprintln!("{what}");
        }))
    }
}

impl Drop for Said {
    fn drop(&mut self) {
        self.0.abort();
    }
}
