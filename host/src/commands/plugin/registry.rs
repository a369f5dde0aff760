//! `plugin push` and `plugin pull`: one component as an artifact that other tools for Wasm in registries know.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use artifacts::{COMPONENT_FILE, Files, Origin, Told};
use policy::World;
use serde_json::{Value, json};

use super::inspect;
use crate::commands::bundle::place::{KeysArgs, RegistryArgs, failed};
use crate::commands::bundle::registry::{annotation, signed_by, tell};
use crate::commands::failure::Failure;
use crate::commands::output::{Output, clean, details, text};
use crate::commands::sandbox;

/// What is pushed, and where to.
#[derive(Debug, clap::Args)]
pub struct PushArgs {
    /// The component, as `plugin build` makes it.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where to: oci://registry.example/team/policy:v1.
    #[arg(value_name = "REFERENCE")]
    reference: String,
    /// An annotation of the artifact, besides those that say its name, version and world. May be repeated.
    #[arg(long = "annotation", value_name = "NAME=VALUE", value_parser = annotation)]
    annotations: Vec<(String, String)>,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// What is pulled, and where to.
#[derive(Debug, clap::Args)]
pub struct PullArgs {
    /// Which: oci://registry.example/team/policy:v1, or @sha256:… for exactly one.
    #[arg(value_name = "REFERENCE")]
    reference: String,
    /// The file to make.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace the file when it is there.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    keys: KeysArgs,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// Pushes.
///
/// # Errors
/// When the file is no component of one of the gateway's worlds, or the registry does not take it.
pub async fn push(args: PushArgs, output: Output) -> Result<(), Failure> {
    let (reference, registry) = args.registry.open(&args.reference).await?;
    let bytes = inspect::read(&args.file)?;
    let described = inspect::described(&bytes, &inspect::decoded(&args.file, &bytes)?);
    let none = || Failure::No(format!("{} is of none of the gateway's worlds; build it against one, or push it with `wkg oci push`", args.file.display()));
    let world: World = serde_json::from_value(described["world"].clone()).map_err(|_| none())?;
    let wasm = bytes.clone();
    // Compiles, and runs `describe`: both block.
    let looked = tokio::task::spawn_blocking(move || {
        let engine = sandbox::engine(policy::EngineOptions { remember: 0, ..sandbox::cached() })?;
        policy::inspect(&engine, &wasm, world).map_err(|error| Failure::No(clean(&error.to_string())))
    });
    let description = looked.await.map_err(anyhow::Error::from)??.description;
    let names = |key: &str| described[key].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let annotations = [
        ("org.opencontainers.image.title", description.name.clone()),
        ("org.opencontainers.image.version", description.version.clone()),
        ("org.opencontainers.image.description", description.summary),
        ("dev.portcullis.world", world.to_string()),
    ];
    let annotations = annotations.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.to_owned(), value));
    let told = Told { imports: names("imports"), exports: names("exports"), annotations: annotations.chain(args.annotations).collect() };
    let digest = registry.push_component(&bytes, told).await.map_err(failed)?;
    let pinned = reference.pinned(&digest).to_string();
    let row = json!({
        "reference": reference.to_string(), "digest": digest, "pinned": pinned, "component": described["component"],
        "name": description.name, "version": description.version, "world": world,
    });
    tell(&row, output, |row| {
        details(&[("Pushed", clean(&text(row, "/reference"))), ("World", clean(&text(row, "/world"))), ("In bundle.yaml", format!("component: {}", clean(&text(row, "/pinned"))))])
    })
}

/// Pulls.
///
/// # Errors
/// When the registry has no such component, it is not what it should be, or the file cannot be made.
pub async fn pull(args: PullArgs, output: Output) -> Result<(), Failure> {
    if args.file.exists() && !args.force {
        return Err(Failure::Usage(format!("{} is there; give a new file, or --force to replace it", args.file.display())));
    }
    let (reference, registry) = args.registry.open(&args.reference).await?;
    let (wasm, origin) = registry.pull_component().await.map_err(failed)?;
    let proved = Files::from([(COMPONENT_FILE.to_owned(), wasm), (Origin::FILE.to_owned(), origin.text())]);
    let signers = args.keys.check(&proved)?;
    write(&args.file, &proved[COMPONENT_FILE]).map_err(|e| Failure::No(format!("cannot write {}: {e}; make its folder, and make that writable", args.file.display())))?;
    let pinned = reference.pinned(&origin.digest).to_string();
    let row = json!({ "reference": reference.to_string(), "digest": origin.digest, "pinned": pinned, "file": args.file, "signers": signers });
    tell(&row, output, |row| {
        details(&[("Pulled", clean(&text(row, "/reference"))), ("Into", clean(&text(row, "/file"))), ("Signed by", signed_by(row)), ("In bundle.yaml", format!("component: {}", clean(&text(row, "/pinned"))))])
    })
}

/// Whole, or not at all.
fn write(file: &Path, wasm: &[u8]) -> std::io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    draft.write_all(wasm)?;
    std::fs::set_permissions(draft.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    draft.persist(file)?;
    Ok(())
}
