//! Sets that were live, kept on disk so that one of them can be live again.
//!
//! Files are kept once by their digest; `sets.json` says which files make which set, and is replaced whole, so that a crash leaves
//! the one or the other. What lies here may hold what configurations hold, so the folder is its owner's alone.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::bundle::read::Files;
use crate::plugin::sha256;
use crate::status::microseconds;

/// Sets kept; the oldest go first.
const SETS: usize = 20;

/// Bytes kept. One set is kept whatever its size.
const BYTES: u64 = 1 << 30;

/// Generations remembered of one set.
const GENERATIONS: usize = 100;

/// Hexadecimal digits that a digest may be shortened to.
const SHORTEST: usize = 6;

/// Why a former set cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// Nothing is kept.
    #[error("this gateway keeps no former sets; there is nothing to roll back to")]
    Nowhere,
    /// No kept set has this digest.
    #[error("no kept set has the digest `{0}`; `portcullis policy history` lists those there are")]
    Unknown(String),
    /// Several have.
    #[error("several kept sets have a digest that begins with `{0}`; give more of it")]
    Ambiguous(String),
    /// The folder cannot be read or written.
    #[error("cannot use {path} for former policy sets: {source}; look at the disk and the folder's owner", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// What is kept is not what was put there.
    #[error("{path} is damaged: {why}; remove it, and the set that it belongs to is gone", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

/// A set that was live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Former {
    /// Its digest.
    pub digest: String,
    /// The generations that it was, the newest last.
    pub generations: Vec<u64>,
    /// When it went live, the last time.
    #[serde(with = "microseconds")]
    pub live_since: Timestamp,
    /// Its plugins' names, in the bundle's order.
    pub plugins: Vec<String>,
    /// `sha256:…` of each of its files.
    pub(crate) files: BTreeMap<String, String>,
    /// A keyed digest of the values of its secrets when it was live last. The values are what they are when it is live again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) secrets: Option<String>,
}

/// That an operator rolled back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pinned {
    /// The set that is live since.
    pub digest: String,
    /// When.
    #[serde(with = "microseconds")]
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What the folder said then: as long as it says the same, the set stays.
    pub folder: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Index {
    /// The number of the next generation.
    next: u64,
    /// The live set last.
    sets: Vec<Former>,
    pinned: Option<Pinned>,
}

/// The folder.
pub(crate) struct Kept {
    dir: PathBuf,
    index: Mutex<Index>,
}

impl Kept {
    /// Opens the folder, and makes it when missing. Blocks.
    pub(crate) fn open(dir: &Path) -> Result<Kept, KeptError> {
        let io = |source| KeptError::Io { path: dir.to_owned(), source };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir.join("files")).map_err(io)?;
        let file = dir.join("sets.json");
        let index = match fs::read(&file) {
            Ok(text) => serde_json::from_slice(&text).map_err(|e| KeptError::Damaged { path: file, why: e.to_string() })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Index { next: 1, ..Index::default() },
            Err(source) => return Err(KeptError::Io { path: file, source }),
        };
        Ok(Kept { dir: dir.to_owned(), index: Mutex::new(index) })
    }

    /// The sets, the live one last.
    pub(crate) fn sets(&self) -> Vec<Former> {
        self.index.lock().sets.clone()
    }

    pub(crate) fn pinned(&self) -> Option<Pinned> {
        self.index.lock().pinned.clone()
    }

    /// Keeps a set that goes live now, and gives its number. The set that is live already keeps its number, also over a restart. Blocks until it is on the disk.
    pub(crate) fn put(&self, files: &Files, digest: &str, secrets: Option<&str>, pinned: Option<Pinned>) -> Result<u64, KeptError> {
        for (name, digest) in &files.digests {
            self.put_file(digest, files.content(name))?;
        }
        let mut index = self.index.lock().clone();
        let number = match index.sets.last() {
            Some(last) if last.digest == digest && last.secrets.as_deref() == secrets => last.generations.last().copied().unwrap_or(index.next),
            _ => index.next,
        };
        let before = index.sets.iter().position(|set| set.digest == digest).map(|i| index.sets.remove(i));
        let mut set = before.unwrap_or_else(|| Former {
            digest: digest.to_owned(),
            generations: Vec::new(),
            live_since: Timestamp::now(),
            plugins: Vec::new(),
            files: BTreeMap::new(),
            secrets: None,
        });
        if set.generations.last() != Some(&number) {
            set.generations.push(number);
            set.live_since = Timestamp::now();
        }
        let forgotten = set.generations.len().saturating_sub(GENERATIONS);
        set.generations.drain(..forgotten);
        set.plugins = files.manifest.plugins.iter().map(|plugin| plugin.name.value.clone()).collect();
        set.files = files.digests.clone();
        set.secrets = secrets.map(str::to_owned);
        index.sets.push(set);
        index.next = index.next.max(number + 1);
        index.pinned = pinned;
        self.prune(&mut index);
        self.write(index)?;
        Ok(number)
    }

    /// Takes the pin away, or changes it. Blocks until that is on the disk.
    pub(crate) fn pin(&self, pinned: Option<Pinned>) -> Result<(), KeptError> {
        let index = Index { pinned, ..self.index.lock().clone() };
        self.write(index)
    }

    /// The one set whose digest begins so.
    pub(crate) fn find(&self, digest: &str) -> Result<Former, KeptError> {
        let wanted = digest.strip_prefix("sha256:").unwrap_or(digest);
        let index = self.index.lock();
        let mut found = index.sets.iter().filter(|set| wanted.len() >= SHORTEST && set.digest.strip_prefix("sha256:").is_some_and(|digest| digest.starts_with(wanted)));
        match (found.next(), found.next()) {
            (Some(set), None) => Ok(set.clone()),
            (None, _) => Err(KeptError::Unknown(digest.to_owned())),
            (Some(_), Some(_)) => Err(KeptError::Ambiguous(digest.to_owned())),
        }
    }

    /// The files of a set, each as it was. Blocks.
    pub(crate) fn files(&self, set: &Former) -> Result<Files, KeptError> {
        let mut contents = HashMap::new();
        for (name, digest) in &set.files {
            let path = self.file(digest);
            let bytes = fs::read(&path).map_err(|source| KeptError::Io { path: path.clone(), source })?;
            if sha256(&bytes) != *digest {
                return Err(KeptError::Damaged { path, why: "its digest is another one".to_owned() });
            }
            contents.insert(name.clone(), bytes);
        }
        Files::kept(contents).map_err(|error| KeptError::Damaged { path: self.dir.join("sets.json"), why: error.to_string() })
    }

    fn file(&self, digest: &str) -> PathBuf {
        self.dir.join("files").join(digest.strip_prefix("sha256:").unwrap_or(digest))
    }

    fn put_file(&self, digest: &str, bytes: &[u8]) -> Result<(), KeptError> {
        let path = self.file(digest);
        let whole = fs::metadata(&path).is_ok_and(|there| there.len() == bytes.len() as u64);
        if whole { Ok(()) } else { replace(&path, bytes).map_err(|source| KeptError::Io { path, source }) }
    }

    fn write(&self, index: Index) -> Result<(), KeptError> {
        let path = self.dir.join("sets.json");
        let text = serde_json::to_vec_pretty(&index).map_err(|e| KeptError::Damaged { path: path.clone(), why: e.to_string() })?;
        replace(&path, &text).map_err(|source| KeptError::Io { path, source })?;
        *self.index.lock() = index;
        self.sweep();
        Ok(())
    }

    fn prune(&self, index: &mut Index) {
        let size = |set: &Former| -> u64 { set.files.values().map(|digest| fs::metadata(self.file(digest)).map_or(0, |file| file.len())).sum() };
        let (mut kept, mut bytes) = (0, 0);
        // Sets share files, so this counts too much and never too little.
        for set in index.sets.iter().rev() {
            bytes += size(set);
            if kept > 0 && (kept == SETS || bytes > BYTES) {
                break;
            }
            kept += 1;
        }
        index.sets.drain(..index.sets.len() - kept);
    }

    /// Removes files that no set has. What cannot be removed costs room and nothing else.
    fn sweep(&self) {
        let index = self.index.lock();
        let used: HashSet<PathBuf> = index.sets.iter().flat_map(|set| set.files.values()).map(|digest| self.file(digest)).collect();
        drop(index);
        let entries = fs::read_dir(self.dir.join("files")).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| !used.contains(&entry.path())) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Writes a file whole, or not at all, and waits until it is on the disk.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let draft = path.with_extension("draft");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&draft, path)?;
    path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests;
