//! Where a bundle is: a folder, or an artifact and how its registry is reached.

use std::io::Read;
use std::path::PathBuf;

use artifacts::{Credentials, Files, PublicKey, Reference, Registry, RegistryError, RegistryOptions, Trust};
use clap::builder::NonEmptyStringValueParser;

use super::super::failure::Failure;
use super::super::output::clean_lines;

/// Bytes of a password on standard input.
const PASSWORD_BYTES: u64 = 64 << 10;

/// How a registry is reached.
#[derive(Debug, clap::Args)]
pub struct RegistryArgs {
    /// Log in to the registry by this name; the password is PORTCULLIS_REGISTRY_PASSWORD. Without it, as `docker login` left it.
    #[arg(long, value_name = "NAME", env = "PORTCULLIS_REGISTRY_USERNAME", value_parser = NonEmptyStringValueParser::new())]
    username: Option<String>,
    /// Read the password from standard input.
    #[arg(long, requires = "username")]
    password_stdin: bool,
    /// Reach the registry without TLS. One on this machine is reached so anyway, unless --registry-ca is given.
    #[arg(long)]
    plain_http: bool,
    /// Trust the authority in this PEM file for the registry, besides the system's.
    #[arg(long, value_name = "FILE")]
    registry_ca: Option<PathBuf>,
}

impl RegistryArgs {
    /// # Errors
    /// When there is a name and no password.
    fn options(&self) -> Result<RegistryOptions, Failure> {
        let credentials = match &self.username {
            None => Credentials::of_user(),
            Some(name) => Credentials::Password(name.clone(), self.password()?.into()),
        };
        Ok(RegistryOptions { credentials, plain_http: self.plain_http, ca: self.registry_ca.clone() })
    }

    fn password(&self) -> Result<String, Failure> {
        if self.password_stdin {
            let mut text = String::new();
            std::io::stdin().take(PASSWORD_BYTES).read_to_string(&mut text)?;
            return Ok(text.trim_end_matches(['\n', '\r']).to_owned());
        }
        std::env::var("PORTCULLIS_REGISTRY_PASSWORD")
            .map_err(|_| Failure::Usage("there is a name for the registry and no password; set PORTCULLIS_REGISTRY_PASSWORD or give --password-stdin".to_owned()))
    }

    /// # Errors
    /// When the reference is none, or there are no credentials to be had.
    pub async fn open(&self, reference: &str) -> Result<(Reference, Registry), Failure> {
        let reference: Reference = reference.parse().map_err(|e: artifacts::ReferenceError| Failure::Usage(e.to_string()))?;
        let registry = Registry::open(&reference, &self.options()?).await.map_err(failed)?;
        Ok((reference, registry))
    }
}

/// Keys that are trusted.
#[derive(Debug, clap::Args)]
pub struct KeysArgs {
    /// The bundle must be signed by this public key, a PEM file. May be repeated: by one of them.
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
}

impl KeysArgs {
    /// Judges a bundle; without keys only that what is said of its files is true. Gives the keys that signed it.
    ///
    /// # Errors
    /// When a key cannot be read, or the bundle is not signed by one of them.
    pub fn check(&self, files: &Files) -> Result<Vec<String>, Failure> {
        let keys = self.keys.iter().map(|path| PublicKey::read(&path.display().to_string(), path));
        let keys = keys.collect::<Result<Vec<_>, _>>().map_err(|e| Failure::Usage(e.to_string()))?;
        let trust = Trust { require: !keys.is_empty(), keys };
        trust.check(files).map(|trusted| trusted.signers).map_err(|e| Failure::No(clean_lines(&e.to_string())))
    }
}

/// A bundle in memory, and where it was.
pub struct Bundle {
    /// Its files, and what is said of them.
    pub files: Files,
    /// The paths that `bundle.yaml` names, in its order; of an artifact it is not known before it is a folder.
    pub order: Vec<String>,
    /// Of an artifact.
    pub digest: Option<String>,
}

/// Reads a bundle from a folder or a registry.
///
/// # Errors
/// When it cannot be had.
pub async fn read(place: &str, registry: &RegistryArgs) -> Result<Bundle, Failure> {
    read_as(place, registry, false).await
}

/// The same; of a registry it may be one component.
///
/// # Errors
/// When it cannot be had.
pub async fn read_either(place: &str, registry: &RegistryArgs) -> Result<Bundle, Failure> {
    read_as(place, registry, true).await
}

async fn read_as(place: &str, registry: &RegistryArgs, either: bool) -> Result<Bundle, Failure> {
    if Reference::is_meant(place) {
        let (_, registry) = registry.open(place).await?;
        let pulled = if either { registry.pull_either().await } else { registry.pull().await };
        let (files, origin) = pulled.map_err(failed)?;
        return Ok(Bundle { files, order: Vec::new(), digest: Some(origin.digest) });
    }
    let folder = PathBuf::from(place);
    let read = tokio::task::spawn_blocking(move || policy::bundle_files(&folder)).await.map_err(anyhow::Error::from)?;
    let (files, order) = read.map_err(|e| Failure::No(clean_lines(&e.to_string())))?;
    Ok(Bundle { files, order, digest: None })
}

/// A registry's no.
pub fn failed(error: RegistryError) -> Failure {
    let text = clean_lines(&error.to_string());
    match error {
        RegistryError::Unavailable { .. } | RegistryError::Slow { .. } => Failure::Unreachable(text),
        RegistryError::Unauthorized { .. } | RegistryError::Credentials(_) => Failure::NotLoggedIn(text),
        RegistryError::Authority { .. } | RegistryError::Key(_) => Failure::Usage(text),
        RegistryError::Missing(_) | RegistryError::Layout { .. } => Failure::No(text),
    }
}
