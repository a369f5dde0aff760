//! `bundle check`: whether a folder could go live, by the same engine that would run it.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::Subcommand;

use super::failure::Failure;
use super::output::{self, OutputArgs, Row, clean_lines};
use crate::login_store::user_folder;
use crate::outgoing::Outgoing;

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
    Check(Check),
}

/// A bundle to load.
#[derive(Debug, clap::Args)]
pub struct Check {
    /// The bundle's folder.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// An origin that the gateway's operator grants, as `grants.httpOrigins` says: https://hooks.example. May be repeated.
    #[arg(long, value_name = "ORIGIN")]
    http_origin: Vec<String>,
}

/// Runs it.
///
/// # Errors
/// When the bundle could not go live: the message has file and line.
pub async fn run(args: Args) -> Result<(), Failure> {
    let Command::Check(check) = args.command;
    let status = loaded(&check).await?;
    let row = serde_json::value::to_raw_value(&status).context("the bundle's status")?;
    let row: Row = row;
    output::object(&row, args.output.output, super::policy::shown)
}

/// Loads a bundle beside no gateway.
///
/// # Errors
/// As the policy engine says.
pub async fn loaded(check: &Check) -> Result<policy::Status, Failure> {
    let cache_dir = user_folder("XDG_CACHE_HOME", ".cache").map(|folder| folder.join("components"));
    let engine = policy::Engine::new(policy::EngineOptions { cache_dir, ..Default::default() })
        .context("the policy engine cannot be set up")?;
    let origins = check.http_origin.iter().map(|text| policy::Origin::parse(text)).collect::<Result<Vec<_>, _>>();
    let grants = policy::Grants {
        http_origins: origins.map_err(|e| Failure::Usage(e.to_string()))?,
        http_client: Some(Arc::new(Outgoing::new()?)),
        ..Default::default()
    };
    let live = policy::Live::open(engine, &check.dir, grants).await.map_err(|e| Failure::No(clean_lines(&e.to_string())))?;
    Ok(live.status())
}
