//! Back to a set that was live before, and forward again.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use crate::background;
use crate::kept::{Former, KeptError, Pinned};
use crate::live::{Live, Looked, Reload, Shared};
use crate::load::LoadError;

/// Why a gateway is not rolled back.
#[derive(Debug, thiserror::Error)]
pub enum RollbackError {
    /// There is no such set, or it cannot be read, or that it is pinned cannot be written down.
    #[error(transparent)]
    Kept(#[from] KeptError),
    /// It could go live then, and cannot now.
    #[error("the former set {digest} cannot go live any more: {source}")]
    Load {
        /// The set.
        digest: String,
        /// Why not.
        source: LoadError,
    },
    /// Nothing is pinned.
    #[error("nothing is rolled back: the set that is live is the folder's own")]
    NotPinned,
}

impl Live {
    /// The sets that can be rolled back to, the live one last.
    pub fn history(&self) -> Vec<Former> {
        self.shared.kept.as_ref().map(|kept| kept.sets()).unwrap_or_default()
    }

    /// Makes a former set live again, by its digest or at least six digits of it: compiled, configured and tried as any other. It stays until the
    /// folder changes or [`Live::release`] is called, over restarts too. `by`: who wants it, for the status.
    pub async fn rollback(&self, digest: &str, by: &str) -> Result<Reload, RollbackError> {
        self.shared.rollback(digest, by).await
    }

    /// Ends a roll-back: what the folder says goes live.
    pub async fn release(&self) -> Result<Reload, RollbackError> {
        self.shared.release().await
    }
}

impl Shared {
    async fn rollback(&self, digest: &str, by: &str) -> Result<Reload, RollbackError> {
        let kept = self.kept.clone().ok_or(KeptError::Nowhere)?;
        let mut looked = self.staging.lock().await;
        let former = kept.find(digest)?;
        let pinned = Pinned { digest: former.digest, at: Timestamp::now(), by: by.to_owned(), folder: looked.identity.clone() };
        self.pin(&mut looked, pinned).await
    }

    /// The set that was rolled back to, with what its secrets are by now.
    pub(super) async fn renew(&self, looked: &mut Looked, pinned: Pinned) -> Result<Reload, LoadError> {
        self.pin(looked, pinned).await.map_err(|error| {
            let error = match error {
                RollbackError::Load { source, .. } => source,
                other => LoadError::Refused(other.to_string()),
            };
            self.reject(error, false)
        })
    }

    /// Stages a kept set and makes it live.
    async fn pin(&self, looked: &mut Looked, pinned: Pinned) -> Result<Reload, RollbackError> {
        let kept = self.kept.clone().ok_or(KeptError::Nowhere)?;
        let start = Instant::now();
        let former = kept.find(&pinned.digest)?;
        let digest = former.digest.clone();
        let read = background::run(move || kept.files(&former)).await;
        let files = Arc::new(read.map_err(|why| RollbackError::Load { digest: digest.clone(), source: LoadError::Panicked(why) })??);
        let staged = self.stage().build(&files, &looked.parts).await.map_err(|source| RollbackError::Load { digest, source })?;
        // Written down first: a gateway that goes down in between comes back as it was asked to be.
        let live = self.current.load_full();
        let number = self.keep(&files, &staged, Some(pinned.clone())).await?;
        if staged.generation.says_what(&live) {
            self.told.lock().pinned = Some(pinned);
            return Ok(self.unchanged());
        }
        self.swap(looked, staged, number, Some(pinned), start);
        Ok(Reload::Swapped(number))
    }

    async fn release(&self) -> Result<Reload, RollbackError> {
        let before = self.told.lock().pinned.take().ok_or(RollbackError::NotPinned)?;
        match self.reload().await {
            Ok(reload) => Ok(reload),
            Err(source) => {
                // The folder's set cannot go live: what is live stays, and stays pinned.
                let digest = before.digest.clone();
                self.told.lock().pinned = Some(before);
                Err(RollbackError::Load { digest: format!("of the folder, in place of {digest},"), source })
            }
        }
    }

    /// Nothing is rolled back any more.
    pub(super) async fn unpin(&self) {
        self.told.lock().pinned = None;
        let Some(kept) = self.kept.clone() else { return };
        let unpinned = background::run(move || if kept.pinned().is_some() { kept.pin(None) } else { Ok(()) });
        if let Ok(Err(error)) = unpinned.await {
            tracing::warn!(%error, "that nothing is rolled back any more is not written down: the next start may roll back again");
        }
    }
}

#[cfg(test)]
mod tests;
