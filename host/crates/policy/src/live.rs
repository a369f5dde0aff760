//! The policy set that is live, and how it comes to be another one.
//!
//! A set is staged beside the live one and then swapped in one step. What cannot be staged changes nothing but [`Live::status`].

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::background;
use crate::bundle::is_reference;
use crate::bundle::read::{Files, Print, ReadError, Unread};
use crate::engine::Engine;
use crate::generation::Generation;
use crate::grants::Grants;
use crate::kept::{Kept, KeptError, Pinned};
use crate::load::parts::Part;
use crate::load::progress::Progress;
use crate::load::{LoadError, Stage, Staged};
use crate::metrics::{Reading, Register};
use crate::status::{PluginStatus, Rejected, Status};

mod opening;
mod rollback;
mod sets;
mod settling;
mod source;
mod watching;

pub use opening::OpenError;
pub use rollback::RollbackError;
pub use source::Source;
pub use sets::{Deciders, described_folder};

/// Until a registry is asked again for a component that a set waits for. Twice as long each time.
const FIRST_WAIT: Duration = Duration::from_secs(5);

/// The longest such wait.
const LAST_WAIT: Duration = Duration::from_secs(600);

/// The live policy set of one folder. Cheap to share behind an `Arc`; the folder is watched until it is dropped.
pub struct Live {
    shared: Arc<Shared>,
    watcher: AbortHandle,
}

struct Shared {
    engine: Engine,
    dir: PathBuf,
    grants: Arc<Grants>,
    register: Arc<Register>,
    progress: Arc<Progress>,
    kept: Option<Arc<Kept>>,
    current: ArcSwap<Generation>,
    /// Only one set is staged at a time.
    staging: tokio::sync::Mutex<Looked>,
    told: Mutex<Told>,
    source: Mutex<Option<Source>>,
    changes: watch::Sender<Change>,
    next: AtomicU64,
}

/// What the last look at the files saw.
struct Looked {
    print: Print,
    files: Vec<String>,
    /// What the folder said, when it could be read.
    identity: Option<String>,
    /// How the files of secrets looked.
    secrets: Print,
    /// When to look again although no file changed.
    again: Option<Again>,
    /// The plugins of the live set.
    parts: Vec<Part>,
}

/// A set waits for what may come from a registry: a component that could not be had, or its signature.
#[derive(Clone, Copy)]
struct Again {
    at: Instant,
    wait: Duration,
}

impl Again {
    fn after(former: Option<Again>) -> Again {
        let wait = former.map_or(FIRST_WAIT, |again| (again.wait * 2).min(LAST_WAIT));
        Again { at: Instant::now() + wait, wait }
    }
}

struct Told {
    live_since: Timestamp,
    rejected: Option<Rejected>,
    pinned: Option<Pinned>,
}

/// Says that a look at the folder is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The generation that is live now.
    pub generation: u64,
    /// Sets that were staged so far, whatever became of them.
    pub staged: u64,
    /// Those of them that were rejected.
    pub rejected: u64,
}

/// What a reload came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reload {
    /// This generation is live now.
    Swapped(u64),
    /// The files say what is live already.
    Unchanged(u64),
}

impl Live {
    /// The set to judge a request by: take it once, keep it to the request's end.
    pub fn current(&self) -> Arc<Generation> {
        self.shared.current.load_full()
    }

    /// Looks at the folder now, and stages what is there. After a roll-back nothing changes as long as the folder says what it said then.
    pub async fn reload(&self) -> Result<Reload, LoadError> {
        self.shared.reload().await
    }

    /// The same for whoever just filled the folder: when the watcher was there before, what came of that is told and nothing is staged twice.
    pub async fn catch_up(&self) -> Result<Reload, LoadError> {
        self.shared.catch_up().await
    }

    /// What is live, and what was rejected since.
    pub fn status(&self) -> Status {
        let (generation, live_since, rejected, pinned) = {
            // Under one lock, so that nobody reads a number with another one's time.
            let told = self.shared.told.lock();
            (self.current(), told.live_since, told.rejected.clone(), told.pinned.clone())
        };
        let plugins = generation.plugins().map(PluginStatus::of).collect();
        let staging = self.shared.progress.read();
        let source = self.shared.source.lock().clone();
        Status { generation: generation.number, digest: generation.digest.clone(), secrets: generation.secrets.clone(), live_since, plugins, rejected, staging, pinned, source }
    }

    /// Changes with every look at the folder that staged something.
    pub fn changes(&self) -> watch::Receiver<Change> {
        self.shared.changes.subscribe()
    }

    /// Counts to export.
    pub fn metrics(&self) -> Reading {
        self.shared.register.read()
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.shared.dir
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.watcher.abort();
    }
}

impl Shared {
    fn stage(&self) -> Stage<'_> {
        Stage { engine: &self.engine, grants: &self.grants, register: &self.register, progress: &self.progress }
    }

    /// Stages what is in the folder, where a change was first told of at `first`.
    async fn look(&self, first: Option<Instant>) -> Result<Reload, LoadError> {
        let reloaded = self.catch_up().await;
        if let (Some(first), Ok(Reload::Swapped(generation))) = (first, &reloaded) {
            tracing::debug!(generation, ms = first.elapsed().as_millis() as u64, "from the first word of the change to the swap");
        }
        reloaded
    }

    async fn reload(&self) -> Result<Reload, LoadError> {
        let mut looked = self.staging.lock().await;
        self.restage(&mut looked).await
    }

    async fn catch_up(&self) -> Result<Reload, LoadError> {
        let mut looked = self.staging.lock().await;
        if self.is_stale(&looked) {
            return self.restage(&mut looked).await;
        }
        let rejected = self.told.lock().rejected.clone();
        match rejected {
            Some(rejected) => Err(LoadError::Refused(rejected.message)),
            None => Ok(Reload::Unchanged(self.current.load().number)),
        }
    }

    async fn restage(&self, looked: &mut Looked) -> Result<Reload, LoadError> {
        let start = Instant::now();
        // Before they are read: a change in between is looked at once more.
        let secrets = std::mem::replace(&mut looked.secrets, self.grants.secrets.print());
        // The very set that was rejected last, looked at once more: the same answer is no news.
        let waited = looked.again.take().filter(|_| Print::take(&self.dir, &looked.files) == looked.print);
        let files = match self.stage().read(&self.dir).await {
            Ok(files) => files,
            Err(Unread { error, print, files }) => {
                looked.again = matches!(error, ReadError::Component { .. }).then(|| Again::after(waited));
                (looked.print, looked.files, looked.identity) = (print, files, None);
                return Err(self.reject(error.into(), waited.is_some()));
            }
        };
        let identity = files.identity();
        (looked.print, looked.files, looked.identity) = (files.print.clone(), files.manifest.files(), Some(identity.clone()));
        let pinned = self.told.lock().pinned.clone().filter(|pinned| pinned.folder == Some(identity));
        if let Some(pinned) = pinned {
            let renewed = secrets != looked.secrets && self.current.load().secrets.is_some();
            return if renewed { self.renew(looked, pinned).await } else { Ok(self.unchanged()) };
        }
        let staged = match self.stage().build(&files, &looked.parts).await {
            Ok(staged) => staged,
            Err(error) => {
                // A component that nobody signed yet may be signed while no file changes.
                let unsigned = matches!(error, LoadError::Refused(_)) && files.manifest.plugins.iter().any(|plugin| is_reference(&plugin.component.value));
                looked.again = unsigned.then(|| Again::after(waited));
                return Err(self.reject(error, waited.is_some()));
            }
        };
        if staged.generation.says_what(&self.current.load()) {
            // The folder says again what an operator rolled back to: nothing is pinned any more.
            self.unpin().await;
            return Ok(self.unchanged());
        }
        let number = match self.keep(&files, &staged, None).await {
            Ok(number) => number,
            Err(error) => {
                tracing::warn!(%error, "the policy set is not kept, and cannot be rolled back to");
                self.next.load(Ordering::Relaxed)
            }
        };
        self.swap(looked, staged, number, None, start);
        Ok(Reload::Swapped(number))
    }

    /// Writes down the set that is about to be live, and gives its number.
    async fn keep(&self, files: &Arc<Files>, staged: &Staged, pinned: Option<Pinned>) -> Result<u64, KeptError> {
        let Some(kept) = self.kept.clone() else { return Ok(self.next.load(Ordering::Relaxed)) };
        let (files, digest, secrets) = (files.clone(), staged.generation.digest.clone(), staged.generation.secrets.clone());
        let put = background::run(move || kept.put(&files, &digest, secrets.as_deref(), pinned)).await;
        put.unwrap_or_else(|why| Err(KeptError::Io { path: self.dir.clone(), source: std::io::Error::other(why) }))
    }

    fn swap(&self, looked: &mut Looked, staged: Staged, number: u64, pinned: Option<Pinned>, start: Instant) {
        let Staged { mut generation, parts } = staged;
        generation.number = number;
        looked.parts = parts;
        tracing::info!(generation = number, digest = %generation.digest, ms = start.elapsed().as_millis() as u64, "a policy set is live");
        {
            // Swapped under the lock of the status, so that nobody reads a number with another one's time.
            let mut told = self.told.lock();
            self.current.store(Arc::new(generation));
            *told = Told { live_since: Timestamp::now(), rejected: None, pinned };
        }
        self.next.store(number + 1, Ordering::Relaxed);
        self.register.reloads.fetch_add(1, Ordering::Relaxed);
        self.register.last_reload_microseconds.store(start.elapsed().as_micros() as u64, Ordering::Relaxed);
        self.tell(|change| change.generation = number);
    }

    fn unchanged(&self) -> Reload {
        self.told.lock().rejected = None;
        self.tell(|_| {});
        Reload::Unchanged(self.current.load().number)
    }

    /// `waited`: the same set was rejected before, and counts anew only when something else is wrong with it now.
    fn reject(&self, error: LoadError, waited: bool) -> LoadError {
        let message = error.to_string();
        if waited && self.told.lock().rejected.as_ref().is_some_and(|rejected| rejected.message == message) {
            return error;
        }
        tracing::error!(%error, "a policy set is rejected: the last good one stays live");
        self.told.lock().rejected = Some(Rejected { at: Timestamp::now(), message });
        self.register.rejections.fetch_add(1, Ordering::Relaxed);
        self.tell(|change| change.rejected += 1);
        error
    }

    fn tell(&self, what: impl FnOnce(&mut Change)) {
        self.changes.send_modify(|change| {
            change.staged += 1;
            what(change);
        });
    }

    /// The files look different from when they were last read.
    async fn stale(&self) -> bool {
        self.is_stale(&*self.staging.lock().await)
    }

    fn is_stale(&self, looked: &Looked) -> bool {
        let again = looked.again.is_some_and(|again| again.at <= Instant::now());
        again || Print::take(&self.dir, &looked.files) != looked.print || self.grants.secrets.print() != looked.secrets
    }
}

#[cfg(test)]
mod tests;
