//! `bundle push` and `bundle pull`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use artifacts::{FolderError, LayoutError, RegistryError};
use serde_json::{Value, json};

use super::super::failure::Failure;
use super::super::output::{self, Output, Row, clean, clean_lines, details, text};
use super::place::{self, KeysArgs, RegistryArgs, failed};

/// What is pushed, and where to.
#[derive(Debug, clap::Args)]
pub struct PushArgs {
    /// The bundle's folder. What `bundle.yaml` names is pushed, and nothing else.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Where to: oci://registry.example/team/policies:v1.
    #[arg(value_name = "REFERENCE")]
    reference: String,
    /// An annotation of the artifact: org.opencontainers.image.source=https://git.example/policies. May be repeated.
    #[arg(long = "annotation", value_name = "NAME=VALUE", value_parser = annotation)]
    annotations: Vec<(String, String)>,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// What is pulled, and where to.
#[derive(Debug, clap::Args)]
pub struct PullArgs {
    /// Which: oci://registry.example/team/policies:v1, or @sha256:… for exactly one.
    #[arg(value_name = "REFERENCE")]
    reference: String,
    /// The folder to make.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Replace the folder when it is there.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    keys: KeysArgs,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// Reads `NAME=VALUE`.
pub fn annotation(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

/// Pushes.
///
/// # Errors
/// When the folder is no bundle, or the registry does not take it.
pub async fn push(args: PushArgs, output: Output) -> Result<(), Failure> {
    let (reference, registry) = args.registry.open(&args.reference).await?;
    let bundle = place::read(&args.dir.display().to_string(), &args.registry).await?;
    let annotations: BTreeMap<String, String> = args.annotations.into_iter().collect();
    let digest = match registry.push(&bundle.files, &bundle.order, annotations).await {
        Ok(digest) => digest,
        Err(RegistryError::Layout { source: LayoutError::Title(path), .. }) => {
            return Err(Failure::No(clean(&format!("{path:?} cannot be pushed; give the file a plain name below the bundle's folder"))));
        }
        Err(error) => return Err(failed(error)),
    };
    let needed = policy::needed_secrets(bundle.files.get("bundle.yaml").map(Vec::as_slice).unwrap_or_default());
    let secrets = needed.map_err(|e| Failure::No(clean_lines(&e.to_string())))?;
    let row = json!({
        "reference": reference.to_string(),
        "digest": digest,
        "pinned": reference.pinned(&digest).to_string(),
        "files": bundle.files.len(),
        "secrets": secrets,
    });
    tell(&row, output, |row| {
        details(&[("Pushed", clean(&text(row, "/reference"))), ("Pin it by", clean(&text(row, "/pinned"))), ("Needs secrets", needs(row))])
    })
}

/// Pulls.
///
/// # Errors
/// When the registry has no such bundle, it is not what it should be, or the folder cannot be made.
pub async fn pull(args: PullArgs, output: Output) -> Result<(), Failure> {
    let (reference, registry) = args.registry.open(&args.reference).await?;
    let (files, origin) = registry.pull().await.map_err(failed)?;
    let signers = args.keys.check(&files)?;
    let (dir, count) = (args.dir.clone(), files.len());
    let written = tokio::task::spawn_blocking(move || artifacts::write(&files, &dir, args.force)).await.map_err(anyhow::Error::from)?;
    written.map_err(|error| match error {
        FolderError::Exists { .. } => Failure::Usage(error.to_string()),
        error => Failure::No(clean_lines(&error.to_string())),
    })?;
    let row = json!({ "reference": reference.to_string(), "digest": origin.digest, "dir": args.dir, "files": count, "signers": signers });
    tell(&row, output, |row| {
        details(&[("Pulled", clean(&text(row, "/reference"))), ("Digest", clean(&text(row, "/digest"))), ("Into", clean(&text(row, "/dir"))), ("Signed by", signed_by(row))])
    })
}

/// Who signed, of an object that says so.
pub fn signed_by(row: &Value) -> String {
    row["signers"].as_array().into_iter().flatten().filter_map(Value::as_str).map(clean).collect::<Vec<_>>().join(", ")
}

/// What a gateway's operator has to grant.
fn needs(row: &Value) -> String {
    let each = row["secrets"].as_array().into_iter().flatten();
    each.map(|one| format!("{} (for {})", clean(&text(one, "/name")), clean(&text(one, "/plugin")))).collect::<Vec<_>>().join(", ")
}

/// Prints an object of this command's own.
pub fn tell(row: &Value, output: Output, shown: fn(&Value) -> String) -> Result<(), Failure> {
    let row: Row = serde_json::value::to_raw_value(row).map_err(anyhow::Error::from)?;
    output::object(&row, output, shown)
}
