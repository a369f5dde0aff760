//! Noticing that the folder changed: by the kernel's word where it can be had, and by looking every two seconds, since a network file
//! system, a replaced folder or a full event queue gives no word.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind, RenameMode};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::background;
use crate::live::Shared;
use crate::secrets::Secrets;
use crate::live::settling::{Settling, Word};

/// Between two looks without word.
const LOOK: Duration = Duration::from_secs(2);

/// Folders above the bundle's in which git may be at work.
const ABOVE: usize = 8;

/// Word from the kernel.
pub(super) struct Events {
    heard: Arc<Heard>,
    /// Which folder it is about, by device and inode: at its path there may be another one by now.
    folder: Option<(u64, u64)>,
    /// The files by which git says that it is changing what is checked out.
    locks: Vec<PathBuf>,
    /// Gives word for as long as it lives. Nothing when the kernel has no watches left: looking is enough.
    _watcher: Option<RecommendedWatcher>,
}

struct Heard {
    dir: PathBuf,
    /// Files of secrets.
    secrets: Vec<PathBuf>,
    settling: Mutex<Settling>,
    notify: Notify,
}

impl Events {
    pub(super) fn of(dir: &Path, secrets: &Secrets) -> Events {
        let folder = which(dir);
        let files: Vec<PathBuf> = secrets.files().map(Path::to_owned).collect();
        let heard = Arc::new(Heard { dir: dir.to_owned(), secrets: files.clone(), settling: Mutex::default(), notify: Notify::new() });
        let sender = heard.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if sender.hears(&event) {
                sender.notify.notify_one();
            }
        });
        let watcher = watcher.and_then(|mut watcher| watcher.watch(dir, RecursiveMode::Recursive).map(|()| watcher));
        let mut watcher = watcher
            .inspect_err(|error| tracing::warn!(%error, dir = %dir.display(), "the policy folder cannot be watched: it is looked at every {LOOK:?}"))
            .ok();
        for above in files.iter().filter_map(|file| file.parent()).filter(|above| !above.starts_with(dir)) {
            // What is not there, or cannot be watched, is looked at.
            let _ = watcher.as_mut().map(|watcher| watcher.watch(above, RecursiveMode::NonRecursive));
        }
        let real = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
        let locks = real.ancestors().take(ABOVE).map(|above| above.join(".git/index.lock")).collect();
        Events { heard, folder, locks, _watcher: watcher }
    }

    /// Waits until something changed and whoever did it is done; false when nothing was told, and it is time to look all the same.
    async fn settled(&self) -> bool {
        if tokio::time::timeout(LOOK, self.heard.notify.notified()).await.is_err() {
            return false;
        }
        loop {
            let locked = self.locks.iter().any(|lock| lock.exists());
            let Some(wait) = self.heard.settling.lock().wait(locked, Instant::now()) else { return true };
            // More words, or none: both are a reason to think again.
            let _ = tokio::time::timeout(wait, self.heard.notify.notified()).await;
        }
    }
}

impl Heard {
    /// Takes in what the kernel tells. False for what changes nothing: reading is an event too, and we read.
    fn hears(&self, event: &notify::Result<notify::Event>) -> bool {
        if event.as_ref().is_ok_and(|event| self.is_foreign(event)) {
            return false;
        }
        let now = Instant::now();
        let mut settling = self.settling.lock();
        let Ok(event) = event else {
            settling.heard(Word::Changed, now);
            return true;
        };
        // Only Linux tells when a file is closed; elsewhere nobody may wait for that.
        let follows = cfg!(target_os = "linux");
        for path in event.paths.iter().map(PathBuf::as_path).take(1) {
            match event.kind {
                EventKind::Access(AccessKind::Close(AccessMode::Write)) => settling.heard(Word::Closed(path), now),
                EventKind::Access(_) => return false,
                EventKind::Modify(ModifyKind::Data(_)) if follows => settling.heard(Word::Written(path), now),
                EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(RenameMode::From | RenameMode::Both)) => settling.heard(Word::Gone(path), now),
                _ => settling.heard(Word::Changed, now),
            }
        }
        if event.paths.is_empty() {
            settling.heard(Word::Changed, now);
        }
        true
    }
}

impl Heard {
    /// It is about something else beside the file of a secret. Only that something comes or goes there counts: a link may be swapped, as a Kubernetes
    /// Secret's mount does, and what others write is theirs.
    fn is_foreign(&self, event: &notify::Event) -> bool {
        let comes_or_goes = matches!(event.kind, EventKind::Create(_) | EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)));
        !comes_or_goes && !event.paths.is_empty() && event.paths.iter().all(|path| !path.starts_with(&self.dir) && !self.secrets.contains(path))
    }
}

fn which(dir: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(dir).ok().map(|folder| (folder.dev(), folder.ino()))
}

/// Reloads when the files have changed, forever.
pub(super) async fn run(shared: Arc<Shared>, mut events: Events) {
    loop {
        let told = events.settled().await;
        let first = events.heard.settling.lock().looked().filter(|_| told);
        if !shared.stale().await {
            continue;
        }
        // The folder itself may be another one by now, and what changed without word is not watched. Watched before it is read, so that no
        // change falls in between.
        if !told || events.folder != which(&shared.dir) {
            events = Events::of(&shared.dir, &shared.grants.secrets);
        }
        let (shared, runtime) = (shared.clone(), Handle::current());
        // What became of it is told by `status` and the log.
        let _ = background::run(move || runtime.block_on(shared.look(first))).await;
    }
}
