//! Secrets that the operator keeps in files, for the configurations of sinks and notifiers that refer to them.
//!
//! A value is read when a set is loaded and given to the plugin's `configure`, in every instance anew: no compiled component on disk holds it. What
//! tells one set of values from another is a keyed digest. What a plugin logs or answers is searched for its values ([`Redactor`]).

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::bundle::read::Print;
use crate::bundle::reference::{is_name, references};

mod reading;
mod redactor;

pub(crate) use redactor::Redactor;

/// Grants of one gateway.
const GRANTS: usize = 256;

/// A secret that some plugins may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretGrant {
    /// What bundles call it.
    pub name: String,
    /// Its file, which holds nothing else; one newline at its end is not part of it.
    pub file: PathBuf,
    /// The names of the plugins that may have it.
    pub plugins: Vec<String>,
}

/// Why a plugin does not have a secret. No message holds a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It has no name that can be granted.
    #[error("`{0}` is no name of a secret; write letters, digits, `-`, `_` and `.`")]
    Name(String),
    /// It is granted twice.
    #[error("the secret `{0}` is granted twice; name all of its plugins in one entry")]
    Twice(String),
    /// It is granted to nobody.
    #[error("the secret `{0}` is granted to no plugin; name those that may have it under `plugins`")]
    Nobody(String),
    /// More are granted than anybody needs.
    #[error("{0} secrets are granted, and {GRANTS} may be; leave out what no plugin needs")]
    TooMany(usize),
    /// The operator does not grant it.
    #[error("it refers to the secret `{0}`, which the operator has not granted; have it granted under grants.secrets, or write another name")]
    NotGranted(String),
    /// The operator grants it, but not to this plugin.
    #[error("it refers to the secret `{name}`, which the operator has not granted to `{plugin}`; have it named under `plugins` of that grant")]
    NotToThis {
        /// The secret.
        name: String,
        /// The plugin.
        plugin: String,
    },
    /// There is no value for it beside a gateway.
    #[error("it refers to the secret `{0}`, which has no value here; give it one under `secrets` in the plugin's cases")]
    NoValue(String),
    /// Its file cannot be read.
    #[error("the secret `{name}` cannot be read from {file}: {why}; put its value there, readable by the gateway", file = file.display())]
    Unreadable {
        /// The secret.
        name: String,
        /// Where it should be.
        file: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// There is nothing in its file.
    #[error("the file {file} of the secret `{name}` is empty; put its value there", file = file.display())]
    Empty {
        /// The secret.
        name: String,
        /// Its file.
        file: PathBuf,
    },
    /// Others may read its file.
    #[error("the file {file} of the secret `{name}` is open to others (mode {mode:o}); run `chmod 600` on it, or mount it with that as its mode", file = file.display())]
    Open {
        /// The secret.
        name: String,
        /// Its file.
        file: PathBuf,
        /// Its permissions.
        mode: u32,
    },
}

/// The secrets of a gateway, and who may have them. Cheap to clone.
#[derive(Clone)]
pub struct Secrets(Arc<Inner>);

struct Inner {
    /// What digests of values are made with.
    key: [u8; 32],
    granted: Vec<SecretGrant>,
    /// Values that are written down, for any plugin: of cases.
    given: Option<HashMap<String, SecretString>>,
}

/// None.
impl Default for Secrets {
    fn default() -> Self {
        Secrets(Arc::new(Inner { key: [0; 32], granted: Vec::new(), given: None }))
    }
}

/// Without a value.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.granted.iter().map(|grant| &grant.name)).finish()
    }
}

impl Secrets {
    /// Takes the operator's word; no file is read yet. `key`: what digests of values are made with. Where it is the same, equal values are the
    /// same generation: over a restart, and on all replicas. Whoever has it can try out values.
    ///
    /// # Errors
    /// When a name is none or comes twice, or nobody may have a secret.
    pub fn new(key: [u8; 32], granted: Vec<SecretGrant>) -> Result<Secrets, SecretError> {
        if granted.len() > GRANTS {
            return Err(SecretError::TooMany(granted.len()));
        }
        let mut seen = BTreeSet::new();
        for SecretGrant { name, plugins, .. } in &granted {
            if !is_name(name) {
                return Err(SecretError::Name(name.clone()));
            }
            if !seen.insert(name) {
                return Err(SecretError::Twice(name.clone()));
            }
            if plugins.is_empty() {
                return Err(SecretError::Nobody(name.clone()));
            }
        }
        Ok(Secrets(Arc::new(Inner { key, granted, given: None })))
    }

    /// Values that are written down in cases.
    pub(crate) fn given(values: impl IntoIterator<Item = (String, String)>) -> Secrets {
        let given = values.into_iter().map(|(name, value)| (name, SecretString::from(value))).collect();
        Secrets(Arc::new(Inner { key: [0; 32], granted: Vec::new(), given: Some(given) }))
    }

    /// How the files look now.
    pub(crate) fn print(&self) -> Print {
        Print::of(self.files().map(Path::to_owned))
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        self.0.granted.iter().map(|grant| grant.file.as_path())
    }

    /// Reads the values of these names. Blocks; for half a second where a file is missing, empty or being written.
    pub(crate) fn read(&self, names: &BTreeSet<String>) -> Values {
        let granted: Vec<&SecretGrant> = self.0.granted.iter().filter(|grant| names.contains(&grant.name)).collect();
        let mut found = reading::read(&granted);
        Values {
            key: self.0.key,
            granted: granted.into_iter().map(|grant| (grant.name.clone(), (grant.plugins.clone(), found.remove(&grant.name)))).collect(),
            given: self.0.given.clone(),
        }
    }
}

/// Values, read at one time.
#[derive(Clone, Default)]
pub(crate) struct Values {
    key: [u8; 32],
    /// Who may have it, and what it is.
    granted: HashMap<String, (Vec<String>, Option<Result<SecretString, SecretError>>)>,
    given: Option<HashMap<String, SecretString>>,
}

/// A configuration with its secrets put in.
pub(crate) struct Filled {
    pub configuration: Value,
    /// Tells these values from others.
    pub digest: String,
    pub redactor: Redactor,
}

/// Where a configuration refers to a secret that its plugin does not have.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct ReferenceError {
    /// RFC 6901, in the configuration.
    pub pointer: String,
    /// Why not.
    pub source: SecretError,
}

impl Values {
    /// Puts the values in. Nothing when the configuration refers to none.
    pub(crate) fn fill(&self, plugin: &str, configuration: &Value) -> Result<Option<Filled>, ReferenceError> {
        let references = references(configuration);
        if references.is_empty() {
            return Ok(None);
        }
        let mut configuration = configuration.clone();
        let mut values = Vec::new();
        let mut digest = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &self.key));
        for reference in references {
            let value = self.value(plugin, &reference.name).map_err(|source| ReferenceError { pointer: reference.pointer.clone(), source })?;
            // Each with its length, so that no two lists of values run into one text.
            for part in [reference.pointer.as_str(), value.expose_secret()] {
                digest.update(&(part.len() as u64).to_be_bytes());
                digest.update(part.as_bytes());
            }
            if let Some(place) = configuration.pointer_mut(&reference.pointer) {
                *place = Value::from(value.expose_secret());
            }
            values.push((reference.name, value.clone()));
        }
        let digest = format!("hmac-sha256:{}", hex::encode(digest.sign()));
        Ok(Some(Filled { configuration, digest, redactor: Redactor::new(values) }))
    }

    fn value(&self, plugin: &str, name: &str) -> Result<&SecretString, SecretError> {
        if let Some(given) = &self.given {
            return given.get(name).ok_or_else(|| SecretError::NoValue(name.to_owned()));
        }
        match self.granted.get(name) {
            Some((plugins, _)) if !plugins.iter().any(|one| one == plugin) => {
                Err(SecretError::NotToThis { name: name.to_owned(), plugin: plugin.to_owned() })
            }
            Some((_, Some(value))) => value.as_ref().map_err(Clone::clone),
            Some((_, None)) | None => Err(SecretError::NotGranted(name.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests;
