//! Where a pulled bundle came from: kept in its folder, so that what it was signed as can be checked again without the registry.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::cosign::Signature;
use crate::layout::{self, Layout};
use crate::{Files, LayoutError, component, note, sha256};

/// The file's name.
pub(crate) const FILE: &str = "bundle.oci.json";

/// Signatures that are kept, at most.
pub(crate) const SIGNATURES: usize = 16;

/// Whether a file says something about the bundle and is no part of it.
pub(crate) fn is_proof(path: &str) -> bool {
    path == FILE || path == note::FILE || path.strip_suffix(FILE).is_some_and(|reference| reference.ends_with('#'))
}

/// Under which name the origin of a component stands beside it, which stands under its reference. No reference has a `#`.
pub(crate) fn of_component(reference: &str) -> String {
    format!("{reference}#{FILE}")
}

/// Why a pulled bundle's own note is not good.
#[derive(Debug, thiserror::Error)]
pub enum OriginError {
    /// It cannot be read.
    #[error("{FILE} cannot be read ({0}); pull the bundle again with `portcullis bundle pull`")]
    Malformed(String),
    /// The manifest in it has another digest.
    #[error("{FILE} has a manifest of {actual} under the digest {expected}; pull the bundle again with `portcullis bundle pull`")]
    Digest {
        /// What it says.
        expected: String,
        /// Of the manifest.
        actual: String,
    },
    /// The files are not those of the manifest.
    #[error("the artifact {digest} and what is here differ: {source}")]
    Layout {
        /// The artifact.
        digest: String,
        /// How.
        source: LayoutError,
    },
}

/// An artifact: which it is, what its manifest says, who signed it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Origin {
    /// As it was asked for: `oci://…`.
    pub reference: String,
    /// `sha256:…` of the manifest.
    pub digest: String,
    /// The manifest's own bytes, in base64.
    manifest: String,
    /// Whatever signatures the registry had. Nothing is said here about whether they are good.
    signatures: Vec<Signature>,
}

impl Origin {
    /// The name of the file that it is kept in.
    pub const FILE: &str = FILE;

    /// Whether the files are those of the artifact that they say they come from; false when they do not say.
    pub fn is_true_of(files: &Files) -> bool {
        files.get(FILE).and_then(|text| Origin::read(text).ok()).is_some_and(|origin| origin.holds(files).is_ok())
    }

    pub(crate) fn new(reference: String, manifest: &[u8], signatures: Vec<Signature>) -> Origin {
        Origin { reference, digest: sha256(manifest), manifest: STANDARD.encode(manifest), signatures }
    }

    /// The same, told as it was asked for by somebody who follows a tag.
    pub(crate) fn asked_for(self, reference: &crate::Reference) -> Origin {
        Origin { reference: reference.to_string(), ..self }
    }

    /// Reads the file, without judging what it says.
    ///
    /// # Errors
    /// When it has another form.
    pub fn read(text: &[u8]) -> Result<Origin, OriginError> {
        serde_json::from_slice(text).map_err(|e| OriginError::Malformed(e.to_string()))
    }

    /// The content of an [`Origin::FILE`].
    pub fn text(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }

    /// Whether these files are the artifact's.
    pub(crate) fn holds(&self, files: &Files) -> Result<(), OriginError> {
        self.layout()?.holds(files).map_err(|source| OriginError::Layout { digest: self.digest.clone(), source })
    }

    /// Whether this is the artifact's one component.
    pub(crate) fn holds_component(&self, wasm: &[u8]) -> Result<(), OriginError> {
        let layout = self.layout()?;
        let held = layout.component().and_then(|layer| layout::matches(component::COMPONENT_FILE, layer, wasm));
        held.map_err(|source| OriginError::Layout { digest: self.digest.clone(), source })
    }

    /// What the manifest says, when it is the manifest of this digest.
    fn layout(&self) -> Result<Layout, OriginError> {
        let manifest = STANDARD.decode(&self.manifest).map_err(|e| OriginError::Malformed(e.to_string()))?;
        let actual = sha256(&manifest);
        if actual != self.digest {
            return Err(OriginError::Digest { expected: self.digest.clone(), actual });
        }
        Layout::read(&manifest).map_err(|source| OriginError::Layout { digest: self.digest.clone(), source })
    }

    /// The names of the trusted keys that signed the artifact.
    pub(crate) fn signers(&self, keys: &[crate::PublicKey]) -> Vec<String> {
        let mut signers: Vec<String> = Vec::new();
        for signature in self.signatures.iter().take(SIGNATURES) {
            if let Some(key) = signature.signer(&self.digest, keys)
                && !signers.contains(&key.name)
            {
                signers.push(key.name.clone());
            }
        }
        signers
    }

    pub(crate) fn is_signed(&self) -> bool {
        !self.signatures.is_empty()
    }
}
