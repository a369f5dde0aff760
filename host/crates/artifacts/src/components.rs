//! Components that bundles name by their reference: pulled once, checked each time, and kept on disk by their digest.
//!
//! A reference has a digest, so what is kept needs no registry: a gateway that starts while its registry is away has what it had.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::component::COMPONENT_FILE;
use crate::layout::FILE_BYTES;
use crate::{Files, FolderError, Origin, Reference, ReferenceError, Registry, RegistryError, RegistryOptions, Trust, folder, origin};

/// Components kept; those that were used last stay. A bundle has 64 at most, and the next one is staged beside the live one.
const KEPT: usize = 192;

/// Bytes of what is kept beside a component: its manifest and its signatures.
const ORIGIN_BYTES: u64 = 16 << 20;

/// Why a component cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ComponentsError {
    /// It is no reference.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// It is a tag, and may stand for something else tomorrow.
    #[error("`{reference}` has no digest, and a tag may move; write {pinned}, which it stands for now")]
    Tag {
        /// As it is written.
        reference: String,
        /// What to write.
        pinned: String,
    },
    /// It is a tag, and nobody can say what it stands for.
    #[error("`{reference}` has no digest, and a tag may move; write @sha256:… as `portcullis plugin push` printed it ({source})")]
    Unknown {
        /// As it is written.
        reference: String,
        /// Why the registry does not tell the digest.
        source: RegistryError,
    },
    /// The registry does not give it.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

/// A component, and what proves where it came from.
#[derive(Clone, Debug)]
pub struct Component {
    /// What its digest says.
    pub wasm: Vec<u8>,
    /// The content of an [`Origin::FILE`].
    pub proof: Vec<u8>,
}

/// Gets components from their registries, and keeps them.
#[derive(Clone, Debug)]
pub struct Components {
    folder: PathBuf,
    options: RegistryOptions,
    trust: Option<Trust>,
}

impl Components {
    /// Keeps them below `folder`. With `trust` a kept component without a good signature is asked for again, because it may have been signed since; whether
    /// it may be loaded is for [`Trust::check`] to say.
    pub fn new(folder: PathBuf, options: RegistryOptions, trust: Option<Trust>) -> Components {
        Components { folder, options, trust }
    }

    /// The component that a reference with a digest stands for. Waits for the registry, two minutes at most, unless it is kept.
    ///
    /// # Errors
    /// When the reference has no digest, or the registry gives no component, or another one.
    pub async fn get(&self, text: &str) -> Result<Component, ComponentsError> {
        let reference: Reference = text.parse()?;
        let Some(digest) = reference.digest().map(str::to_owned) else { return Err(self.unpinned(text, &reference).await) };
        let place = self.folder.join(digest.replace(':', "-"));
        let kept = {
            let place = place.clone();
            tokio::task::spawn_blocking(move || kept(&place, &digest)).await.ok().flatten()
        };
        if let Some((component, origin)) = &kept
            && self.trust.as_ref().is_none_or(|trust| trust.check_origin(origin).is_ok())
        {
            return Ok(component.clone());
        }
        match self.pull(&reference, place).await {
            Ok(component) => Ok(component),
            // What is kept is what its digest says, whatever the registry says today.
            Err(error) => kept.map(|(component, _)| component).ok_or(error.into()),
        }
    }

    async fn pull(&self, reference: &Reference, place: PathBuf) -> Result<Component, RegistryError> {
        let (wasm, origin) = Registry::open(reference, &self.options).await?.pull_component().await?;
        let proof = origin.text();
        let files = Files::from([(COMPONENT_FILE.to_owned(), wasm.clone()), (origin::FILE.to_owned(), proof.clone())]);
        let parent = self.folder.clone();
        let written = tokio::task::spawn_blocking(move || folder::write(&files, &place, true).inspect(|()| folder::forget(&parent, KEPT, None)));
        let written = written.await.map_err(|e| FolderError::Io { path: self.folder.clone(), source: std::io::Error::other(e) });
        if let Err(error) = written.flatten() {
            tracing::warn!(%error, %reference, "a component is not kept: the next start asks its registry again");
        }
        Ok(Component { wasm, proof })
    }

    async fn unpinned(&self, text: &str, reference: &Reference) -> ComponentsError {
        let digest = async { Registry::open(reference, &self.options).await?.digest().await };
        match digest.await {
            Ok(digest) => ComponentsError::Tag { reference: text.to_owned(), pinned: reference.pinned(&digest).to_string() },
            Err(source) => ComponentsError::Unknown { reference: text.to_owned(), source },
        }
    }
}

/// What is kept at a place, when it is still what the digest says. Blocks.
fn kept(place: &Path, digest: &str) -> Option<(Component, Origin)> {
    let wasm = read(&place.join(COMPONENT_FILE), FILE_BYTES)?;
    let proof = read(&place.join(origin::FILE), ORIGIN_BYTES)?;
    let origin = Origin::read(&proof).ok().filter(|origin| origin.digest == digest)?;
    origin.holds_component(&wasm).ok()?;
    // By this it is seen which were used last; an older time costs a pull one day.
    File::open(place).and_then(|folder| folder.set_modified(SystemTime::now())).ok();
    Some((Component { wasm, proof }, origin))
}

fn read(path: &Path, most: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes)).ok()?;
    (bytes.len() as u64 <= most).then_some(bytes)
}

#[cfg(test)]
mod tests;
