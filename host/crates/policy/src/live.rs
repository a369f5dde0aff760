//! The policy set that is live, and how it comes to be another one.
//!
//! A set is staged beside the live one and then swapped in one step. What cannot be staged changes nothing but [`Live::status`].

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::bundle::read::Print;
use crate::engine::Engine;
use crate::generation::Generation;
use crate::grants::Grants;
use crate::load::{LoadError, Stage, Staged};
use crate::metrics::{Reading, Register};
use crate::status::{PluginStatus, Rejected, Status};

mod watching;

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
    current: ArcSwap<Generation>,
    /// Only one set is staged at a time.
    staging: tokio::sync::Mutex<Looked>,
    told: Mutex<Told>,
    changes: watch::Sender<Change>,
    next: AtomicU64,
}

/// What the last look at the files saw.
struct Looked {
    print: Print,
    files: Vec<String>,
}

struct Told {
    live_since: Timestamp,
    rejected: Option<Rejected>,
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
    /// Loads the bundle in `dir` and watches it from then on. A bundle that cannot go live is an error: there is no last good one yet. Must
    /// be called within a tokio runtime; takes as long as compiling takes, and milliseconds with a warm cache.
    pub async fn open(engine: Engine, dir: impl AsRef<Path>, grants: Grants) -> Result<Live, LoadError> {
        let dir = dir.as_ref().to_owned();
        let (grants, register) = (Arc::new(grants), Arc::new(Register::default()));
        // Watched before it is read, so that no change falls in between.
        let events = watching::Events::of(&dir);
        let start = Instant::now();
        let staged = Stage { engine: &engine, dir: &dir, grants: &grants, register: &register }.run(1).await;
        let generation = staged.result?;
        register.last_reload_microseconds.store(start.elapsed().as_micros() as u64, Ordering::Relaxed);
        let shared = Arc::new(Shared {
            engine,
            dir,
            grants,
            register,
            current: ArcSwap::from_pointee(generation),
            staging: tokio::sync::Mutex::new(Looked { print: staged.print, files: staged.files }),
            told: Mutex::new(Told { live_since: Timestamp::now(), rejected: None }),
            changes: watch::Sender::new(Change { generation: 1, staged: 1, rejected: 0 }),
            next: AtomicU64::new(2),
        });
        let watcher = tokio::spawn(watching::run(shared.clone(), events)).abort_handle();
        Ok(Live { shared, watcher })
    }

    /// The set to judge a request by: take it once, keep it to the request's end.
    pub fn current(&self) -> Arc<Generation> {
        self.shared.current.load_full()
    }

    /// Looks at the folder now, and stages what is there.
    pub async fn reload(&self) -> Result<Reload, LoadError> {
        self.shared.reload().await
    }

    /// What is live, and what was rejected since.
    pub fn status(&self) -> Status {
        let generation = self.current();
        let told = self.shared.told.lock();
        let plugins = generation.plugins().map(PluginStatus::of).collect();
        Status { generation: generation.number, digest: generation.digest.clone(), live_since: told.live_since, plugins, rejected: told.rejected.clone() }
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
    async fn reload(&self) -> Result<Reload, LoadError> {
        let mut looked = self.staging.lock().await;
        let start = Instant::now();
        let number = self.next.load(Ordering::Relaxed);
        let stage = Stage { engine: &self.engine, dir: &self.dir, grants: &self.grants, register: &self.register };
        let Staged { result, print, files } = stage.run(number).await;
        *looked = Looked { print, files };
        match result {
            Ok(generation) if generation.digest == self.current.load().digest => {
                self.told.lock().rejected = None;
                let live = self.current.load().number;
                self.tell(|_| {});
                Ok(Reload::Unchanged(live))
            }
            Ok(generation) => {
                tracing::info!(generation = number, digest = %generation.digest, ms = start.elapsed().as_millis() as u64, "a policy set is live");
                {
                    // Swapped under the lock of the status, so that nobody reads a number with another one's time.
                    let mut told = self.told.lock();
                    self.current.store(Arc::new(generation));
                    *told = Told { live_since: Timestamp::now(), rejected: None };
                }
                self.next.store(number + 1, Ordering::Relaxed);
                self.register.reloads.fetch_add(1, Ordering::Relaxed);
                self.register.last_reload_microseconds.store(start.elapsed().as_micros() as u64, Ordering::Relaxed);
                self.tell(|change| change.generation = number);
                Ok(Reload::Swapped(number))
            }
            Err(error) => {
                tracing::error!(%error, "a policy set is rejected: the last good one stays live");
                self.told.lock().rejected = Some(Rejected { at: Timestamp::now(), message: error.to_string() });
                self.register.rejections.fetch_add(1, Ordering::Relaxed);
                self.tell(|change| change.rejected += 1);
                Err(error)
            }
        }
    }

    fn tell(&self, what: impl FnOnce(&mut Change)) {
        self.changes.send_modify(|change| {
            change.staged += 1;
            what(change);
        });
    }

    /// The files look different from when they were last read.
    async fn stale(&self) -> bool {
        let looked = self.staging.lock().await;
        Print::take(&self.dir, &looked.files) != looked.print
    }
}

#[cfg(test)]
mod tests;
