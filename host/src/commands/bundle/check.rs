//! `bundle check`: whether a bundle could go live, by the same engine that would run it.

use std::collections::{BTreeMap, HashMap};
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
    /// A secret that the operator grants, as `grants.secrets` says, and a file with its value: splunk-token=token.txt. May be repeated.
    #[arg(long = "secret", value_name = "NAME=FILE", value_parser = secret)]
    secrets: Vec<(String, PathBuf)>,
    #[command(flatten)]
    keys: KeysArgs,
    #[command(flatten)]
    registry: RegistryArgs,
}

fn secret(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => Ok((name.to_owned(), file.into())),
        _ => Err("write it as NAME=FILE, with a file that holds the value".to_owned()),
    }
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
    let needed = policy::needed_secrets(bundle.files.get("bundle.yaml").map(Vec::as_slice).unwrap_or_default());
    let needed = needed.map_err(|e| Failure::No(clean_lines(&e.to_string())))?;
    let status = loaded(&folder, &args.http_origin, granted(&needed, args.secrets)?).await?;
    let row: Row = serde_json::value::to_raw_value(&status).context("the bundle's status")?;
    output::object(&row, output, shown)
}

/// The secrets that the command line grants, to those that refer to them.
fn granted(needed: &[policy::NeededSecret], given: Vec<(String, PathBuf)>) -> Result<policy::Secrets, Failure> {
    let mut files: HashMap<String, PathBuf> = given.into_iter().collect();
    let mut plugins: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for one in needed {
        plugins.entry(&one.name).or_default().push(one.plugin.clone());
    }
    let missing: Vec<String> =
        needed.iter().filter(|one| !files.contains_key(&one.name)).map(|one| format!("`{}` (line {}, for {})", one.name, one.line, one.plugin)).collect();
    if !missing.is_empty() {
        return Err(Failure::No(clean_lines(&format!("the bundle needs the secrets {}; give each with --secret NAME=FILE", missing.join(", ")))));
    }
    let grants = plugins.into_iter().filter_map(|(name, plugins)| Some(policy::SecretGrant { name: name.to_owned(), file: files.remove(name)?, plugins })).collect();
    if let Some(name) = files.keys().next() {
        return Err(Failure::Usage(clean_lines(&format!("no plugin of the bundle refers to the secret `{name}`; leave it out"))));
    }
    policy::Secrets::new(rand::random(), grants).map_err(|e| Failure::Usage(e.to_string()))
}

/// Loads a bundle beside no gateway: what it reads of a cluster and counts is granted, where it sends is not by itself.
async fn loaded(folder: &Path, origins: &[String], secrets: policy::Secrets) -> Result<policy::Status, Failure> {
    let engine = sandbox::engine(sandbox::cached())?;
    let origins = origins.iter().map(|text| policy::Origin::parse(text)).collect::<Result<Vec<_>, _>>();
    let grants = policy::Grants {
        http_origins: origins.map_err(|e| Failure::Usage(e.to_string()))?,
        http_client: Some(Arc::new(Outgoing::new([])?)),
        secrets,
        cluster: Some(vec![policy::ClusterRead::everything()]),
        counter: true,
        ..Default::default()
    };
    let live = policy::Live::open(engine, folder, grants).await.map_err(|e| Failure::No(clean_lines(&e.to_string())))?;
    Ok(live.status())
}
