//! A tag that is followed: pulled when it moves, kept on disk, and the last good one always at hand.
//!
//! Below one folder, one for each reference, are copies named by their digest and two symbolic links: `live`, which the policy engine
//! watches, and `good`, the last copy that went live. A start needs only `good`, so it needs no registry.

use std::fs;
use std::path::{Path, PathBuf};

use crate::folder::{self, FolderError};
use crate::{Origin, Reference, Registry, RegistryError, RegistryOptions, origin, sha256};

/// Copies that are kept besides the live one and the good one.
const KEPT: usize = 5;

/// Why a tag cannot be followed just now.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The disk.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

/// What a look at the registry came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The reference stands for what was staged last.
    Same(String),
    /// It stands for something else, which is staged now: `live` leads to it.
    Staged(String),
}

/// A reference and its copies on disk. One process follows a folder.
pub struct Follower {
    reference: Reference,
    options: RegistryOptions,
    folder: PathBuf,
}

impl Follower {
    /// Copies of `reference` are kept below `state`. Asks the registry nothing.
    pub fn new(reference: Reference, options: RegistryOptions, state: &Path) -> Follower {
        // A folder of its own for each reference: the last good one of another repository is not good here.
        let name = sha256(reference.to_string().as_bytes()).replace("sha256:", "")[..16].to_owned();
        Follower { reference, options, folder: state.join(name) }
    }

    /// The folder that leads to what is staged.
    pub fn live(&self) -> PathBuf {
        self.folder.join("live")
    }

    /// What is followed.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// A pinned reference never moves: one look is enough.
    pub fn is_pinned(&self) -> bool {
        self.reference.digest().is_some()
    }

    /// Stages the last good copy; false when there is none. Blocks for a moment.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn restore(&self) -> Result<bool, FolderError> {
        match fs::read_link(self.folder.join("good")) {
            Ok(copy) if self.folder.join(&copy).is_dir() => folder::point(&self.live(), &copy).map(|()| true),
            _ => Ok(false),
        }
    }

    /// The digest of what is staged.
    pub fn staged(&self) -> Option<String> {
        Origin::read(&self.origin()?).ok().map(|origin| origin.digest)
    }

    fn origin(&self) -> Option<Vec<u8>> {
        fs::read(self.live().join(origin::FILE)).ok()
    }

    /// Whether what is staged went live.
    fn is_good(&self) -> bool {
        fs::read_link(self.live()).is_ok_and(|live| fs::read_link(self.folder.join("good")).is_ok_and(|good| good == live))
    }

    /// What is staged is no good, whatever it is: the next look pulls it anew.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn discard(&self) -> Result<(), FolderError> {
        match fs::remove_file(self.live()) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(FolderError::Io { path: self.live(), source }),
            _ => Ok(()),
        }
    }

    /// Asks what the reference stands for, and pulls and stages it when that is not what is staged.
    ///
    /// # Errors
    /// When the registry or the disk refuses; what is staged stays.
    pub async fn look(&self) -> Result<Seen, FollowError> {
        let registry = Registry::open(&self.reference, &self.options).await?;
        let digest = registry.digest().await?;
        // By its digest: the tag may have moved in between, and then the next look finds it.
        let registry = Registry::open(&self.reference.pinned(&digest), &self.options).await?;
        if self.staged().as_ref() == Some(&digest) {
            // What was refused may have been signed since.
            if self.is_good() || self.origin() == Some(registry.origin().await?.asked_for(&self.reference).text()) {
                return Ok(Seen::Same(digest));
            }
        }
        let (mut files, origin) = registry.pull().await?;
        let origin = origin.asked_for(&self.reference);
        files.insert(origin::FILE.to_owned(), origin.text());
        let copy = PathBuf::from(digest.replace(':', "-"));
        let (to, link, target) = (self.folder.join(&copy), self.live(), copy.clone());
        let written = tokio::task::spawn_blocking(move || {
            // A copy that was kept is written anew: its signatures may be others by now.
            folder::write(&files, &to, true)?;
            folder::point(&link, &target)
        });
        let broken = |e: tokio::task::JoinError| FolderError::Io { path: self.folder.clone(), source: std::io::Error::other(e) };
        written.await.map_err(broken)??;
        Ok(Seen::Staged(digest))
    }

    /// What is staged went live: a start without the registry begins with it. Older copies go. Blocks for a moment.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn keep(&self) -> Result<(), FolderError> {
        let copy = fs::read_link(self.live()).map_err(|source| FolderError::Io { path: self.live(), source })?;
        folder::point(&self.folder.join("good"), &copy)?;
        folder::forget(&self.folder, KEPT, Some(&copy));
        Ok(())
    }
}
