//! `bundle sign` and `bundle verify`.

use std::path::{Path, PathBuf};

use artifacts::{Origin, Reference, SigningKey, note};
use serde_json::json;

use super::super::failure::Failure;
use super::super::output::{Output, clean, clean_lines, details, text};
use super::place::{self, KeysArgs, RegistryArgs, failed};
use super::registry::{signed_by, tell};

/// What is signed, and by what.
#[derive(Debug, clap::Args)]
pub struct SignArgs {
    /// The bundle: a folder, or oci://registry.example/team/policies:v1. Of an artifact it may be one component too.
    #[arg(value_name = "BUNDLE")]
    bundle: String,
    /// The private key: unencrypted PEM, of ECDSA P-256 or Ed25519; `portcullis bundle keygen` makes one.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// What a folder's signature calls the key; the file's name without this.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// What is verified, and by what.
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    /// The bundle: a folder, or oci://registry.example/team/policies:v1. Of an artifact it may be one component too.
    #[arg(value_name = "BUNDLE")]
    bundle: String,
    #[command(flatten)]
    keys: KeysArgs,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// Signs.
///
/// # Errors
/// When the key or the bundle cannot be read, or the signature cannot be put beside it.
pub async fn sign(args: SignArgs, output: Output) -> Result<(), Failure> {
    let key = SigningKey::read(&args.key).map_err(|e| Failure::Usage(e.to_string()))?;
    if Reference::is_meant(&args.bundle) {
        let (reference, registry) = args.registry.open(&args.bundle).await?;
        let digest = registry.sign(&key).await.map_err(failed)?;
        let row = json!({ "bundle": reference.to_string(), "digest": digest });
        return tell(&row, output, |row| details(&[("Signed", clean(&text(row, "/bundle"))), ("Digest", clean(&text(row, "/digest")))]));
    }
    let stem = args.key.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let name = args.name.unwrap_or(stem);
    let bundle = place::read(&args.bundle, &args.registry).await?;
    let folder = Path::new(&args.bundle);
    let text_of_it = note::sign(&bundle.files, &name, &key).map_err(|e| Failure::Usage(clean_lines(&e.to_string())))?;
    forget_origin(folder, &bundle.files)?;
    let written = tempfile::NamedTempFile::new_in(folder).and_then(|draft| {
        std::fs::write(draft.path(), text_of_it)?;
        std::fs::set_permissions(draft.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
        Ok(draft.persist(folder.join(note::FILE))?)
    });
    written.map_err(|e| Failure::No(format!("cannot write {}: {e}; make the folder writable", folder.join(note::FILE).display())))?;
    let row = json!({ "bundle": args.bundle, "signature": folder.join(note::FILE), "name": name });
    tell(&row, output, |row| details(&[("Signed", clean(&text(row, "/bundle"))), ("Signature", clean(&text(row, "/signature"))), ("As", clean(&text(row, "/name")))]))
}

/// A pulled folder that was changed is no longer the artifact that it came from: whoever signs it says so.
fn forget_origin(folder: &Path, files: &artifacts::Files) -> Result<(), Failure> {
    if files.contains_key(Origin::FILE) && !Origin::is_true_of(files) {
        std::fs::remove_file(folder.join(Origin::FILE))?;
        eprintln!("the folder is no longer the artifact that it was pulled as, so {} is removed", Origin::FILE);
    }
    Ok(())
}

/// Verifies.
///
/// # Errors
/// When it is signed by none of the keys, or what is said of its files is not true.
pub async fn verify(args: VerifyArgs, output: Output) -> Result<(), Failure> {
    let bundle = place::read_either(&args.bundle, &args.registry).await?;
    let signers = args.keys.check(&bundle.files)?;
    let row = json!({ "bundle": args.bundle, "digest": bundle.digest, "signers": signers });
    tell(&row, output, |row| {
        let signers = signed_by(row);
        let said = if signers.is_empty() { "nobody known; give --key".to_owned() } else { signers };
        details(&[("Bundle", clean(&text(row, "/bundle"))), ("Digest", clean(&text(row, "/digest"))), ("Signed by", said)])
    })
}
