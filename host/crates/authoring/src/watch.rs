//! The edit loop: a policy's folder is watched, and built after every save.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, SystemTime};

use notify::event::{EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};

/// Editors save in several steps; this long without another event and the save is over.
const QUIET: Duration = Duration::from_millis(30);

/// Folders that tools write into while they build.
const TOOLS: [&str; 8] = ["target", "node_modules", "dist", "build", "generated", "__pycache__", ".venv", ".git"];

/// Why a folder cannot be watched.
#[derive(Debug, thiserror::Error)]
#[error("cannot watch {}: {source}; raise fs.inotify.max_user_watches, or build without --watch", dir.display())]
pub struct WatchError {
    /// The folder.
    pub dir: PathBuf,
    /// Why.
    pub source: notify::Error,
}

/// Watches the sources of a policy until it is dropped.
pub struct Sources {
    saves: Receiver<()>,
    _watcher: RecommendedWatcher,
}

impl Sources {
    /// Watches a folder.
    ///
    /// # Errors
    /// When the system cannot.
    pub fn watch(dir: &Path) -> Result<Sources, WatchError> {
        let failed = |source| WatchError { dir: dir.to_owned(), source };
        let dir = std::fs::canonicalize(dir).map_err(|error| failed(error.into()))?;
        let (saved, saves) = channel();
        let root = dir.clone();
        let mut watcher = notify::recommended_watcher(move |event| told(&root, event, &saved)).map_err(failed)?;
        // Each folder by itself: what a tool's folder holds is never even looked at.
        for folder in folders(&dir) {
            watcher.watch(&folder, RecursiveMode::NonRecursive).map_err(failed)?;
        }
        Ok(Sources { saves, _watcher: watcher })
    }

    /// Waits for the next save, `limit` at most, and for it to be over. False when nothing was saved.
    pub fn saved(&self, limit: Duration) -> bool {
        match self.saves.recv_timeout(limit) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return false,
        }
        while self.saves.recv_timeout(QUIET).is_ok() {}
        true
    }
}

fn told(root: &Path, event: notify::Result<notify::Event>, saved: &Sender<()>) {
    let matters = match event {
        Ok(event) => is_change(&event.kind) && event.paths.iter().any(|path| is_source(root, path)),
        // Events were lost: build once too often rather than once too few.
        Err(_) => true,
    };
    if matters {
        // Nobody waits any more when this fails.
        let _ = saved.send(());
    }
}

fn is_change(kind: &EventKind) -> bool {
    match kind {
        EventKind::Create(_) | EventKind::Remove(_) => true,
        // A compiler that reads a file changes its time of access.
        EventKind::Modify(kind) => !matches!(kind, ModifyKind::Metadata(_)),
        EventKind::Any | EventKind::Access(_) | EventKind::Other => false,
    }
}

/// Whether a build may depend on it: neither what builds write, nor what editors keep beside.
fn is_source(root: &Path, path: &Path) -> bool {
    let Ok(inside) = path.strip_prefix(root) else { return false };
    let mut parts = inside.components().map(|part| part.as_os_str().to_string_lossy());
    let name = inside.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let written = ["wasm", "lock", "swp", "swx", "tmp"].iter().any(|ending| inside.extension().is_some_and(|extension| extension == *ending));
    !written && !name.starts_with('.') && !name.ends_with('~') && !parts.any(|part| TOOLS.contains(&&*part))
}

/// The folder and those in it, without the tools' own. At most 1,000, so that a mistaken folder does not use up the system's watches.
fn folders(dir: &Path) -> Vec<PathBuf> {
    let mut found = vec![dir.to_owned()];
    let mut next = 0;
    while next < found.len() && found.len() < 1000 {
        let entries = std::fs::read_dir(&found[next]).into_iter().flatten().flatten();
        let inner = entries.map(|entry| entry.path()).filter(|path| path.is_dir() && !path.is_symlink() && is_source(dir, path));
        found.extend(inner.collect::<Vec<_>>());
        next += 1;
    }
    found
}

/// When a source of the policy in this folder was last changed: what a component is built from, so neither its bundle nor its cases, nor
/// what is written about it. Nothing when there is none.
#[must_use]
pub fn newest(dir: &Path) -> Option<SystemTime> {
    let built_from = |path: &PathBuf| path.is_file() && is_source(dir, path) && !path.extension().is_some_and(|extension| extension == "yaml" || extension == "md");
    let entries = folders(dir).into_iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten().map(|entry| entry.path());
    entries.filter(built_from).filter_map(|path| path.metadata().and_then(|metadata| metadata.modified()).ok()).max()
}

#[cfg(test)]
mod tests;
