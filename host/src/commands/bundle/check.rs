//! `bundle check`: whether a bundle could go live, by the same engine that would run it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;

use super::super::failure::Failure;
use super::super::output::{self, Output, Row, clean_lines};
use super::super::policy::shown;
use super::super::sandbox;
use super::place::{self, KeysArgs, RegistryArgs};
use crate::outgoing::Outgoing;

/// A bundle to load.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The bundle: a folder, or oci://registry.example/team/policies:v1.
    #[arg(value_name = "BUNDLE")]
    bundle: String,
    /// An origin that the gateway's operator grants, as `grants.httpOrigins` says: https://hooks.example. May be repeated.
    #[arg(long, value_name = "ORIGIN")]
    http_origin: Vec<String>,
    #[command(flatten)]
    keys: KeysArgs,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// Runs it.
///
/// # Errors
/// When the bundle could not go live: the message has file and line.
pub async fn run(args: Args, output: Output) -> Result<(), Failure> {
    let bundle = place::read(&args.bundle, &args.registry).await?;
    args.keys.check(&bundle.files)?;
    let (_held, folder) = match bundle.digest {
        None => (None, PathBuf::from(&args.bundle)),
        Some(_) => {
            let held = tempfile::tempdir().context("a temporary folder")?;
            let folder = held.path().join("bundle");
            artifacts::write(&bundle.files, &folder, false).map_err(anyhow::Error::from)?;
            (Some(held), folder)
        }
    };
    let status = loaded(&folder, &args.http_origin).await?;
    let row: Row = serde_json::value::to_raw_value(&status).context("the bundle's status")?;
    output::object(&row, output, shown)
}

/// Loads a bundle beside no gateway: what it reads of a cluster and counts is granted, where it sends is not by itself.
async fn loaded(folder: &Path, origins: &[String]) -> Result<policy::Status, Failure> {
    let engine = sandbox::engine(sandbox::cached())?;
    let origins = origins.iter().map(|text| policy::Origin::parse(text)).collect::<Result<Vec<_>, _>>();
    let grants = policy::Grants {
        http_origins: origins.map_err(|e| Failure::Usage(e.to_string()))?,
        http_client: Some(Arc::new(Outgoing::new()?)),
        cluster: Some(vec![policy::ClusterRead::everything()]),
        counter: true,
        ..Default::default()
    };
    let live = policy::Live::open(engine, folder, grants).await.map_err(|e| Failure::No(clean_lines(&e.to_string())))?;
    Ok(live.status())
}
