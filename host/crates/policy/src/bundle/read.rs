//! A bundle's files, read as one consistent picture.
//!
//! Somebody may be saving while we read. All files are read into memory, then looked at again: when any of them changed in the
//! meantime (its inode, size or times, or where a symbolic link on the way leads, as a ConfigMap's do), everything is read again.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::bundle::{FILE, Manifest, YamlError};

/// Bytes of one file: a Python component has 18 MB.
const FILE_BYTES: u64 = 128 << 20;

/// How often a changing bundle is read before it is called unstable.
const ATTEMPTS: u32 = 25;

/// Pause between two attempts.
const PAUSE: Duration = Duration::from_millis(20);

/// Why a bundle's files cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file is missing or cannot be read.
    #[error("cannot read {path}: {source}; the bundle names it, so it must be there", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A file is too large to be a component.
    #[error("{path} has {bytes} bytes and may have {FILE_BYTES}; build the component smaller", path = path.display())]
    Large {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// `bundle.yaml` is wrong.
    #[error(transparent)]
    Yaml(#[from] YamlError),
    /// Somebody keeps writing.
    #[error("the files of {path} kept changing while they were read; save once more when the writing is done", path = path.display())]
    Unstable {
        /// The folder.
        path: PathBuf,
    },
}

/// What tells one state of a file from another without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Print(Vec<(PathBuf, Option<[i64; 7]>)>);

impl Print {
    /// Looks at the folder, `bundle.yaml` and `files`; what is not there is part of the picture.
    pub(crate) fn take(dir: &Path, files: &[String]) -> Print {
        let paths = [dir.to_owned(), dir.join(FILE)].into_iter().chain(files.iter().map(|f| dir.join(f)));
        Print(paths.map(|path| (path.canonicalize().unwrap_or_default(), stat(&path))).collect())
    }
}

fn stat(path: &Path) -> Option<[i64; 7]> {
    let m = std::fs::metadata(path).ok()?;
    // A folder's own times change with every temporary file in it: only which folder it is counts.
    let times = if m.is_dir() { [0; 5] } else { [m.size() as i64, m.mtime(), m.mtime_nsec(), m.ctime(), m.ctime_nsec()] };
    Some([m.dev() as i64, m.ino() as i64, times[0], times[1], times[2], times[3], times[4]])
}

/// A bundle in memory.
pub(crate) struct Files {
    pub manifest: Manifest,
    /// Contents by path, as the manifest spells it; [`FILE`] among them.
    pub contents: HashMap<String, Vec<u8>>,
    /// How the files looked while they were read.
    pub print: Print,
}

/// What was seen of a bundle that could not be read, so that a caller knows when to look again.
pub(crate) struct Unread {
    pub error: ReadError,
    pub print: Print,
    /// The files that the bundle names, as far as that could be read: one that is missing may still come.
    pub files: Vec<String>,
}

/// Reads the bundle. Blocks; for half a second when it keeps changing.
pub(crate) fn read(dir: &Path) -> Result<Files, Unread> {
    let mut last = None;
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            std::thread::sleep(PAUSE);
        }
        let bare = Print::take(dir, &[]);
        let outcome = read_once(dir);
        let files = outcome.as_ref().map(|(manifest, _, _)| manifest.files()).unwrap_or_else(|_| named(dir));
        let after = Print::take(dir, &files);
        match outcome {
            Ok((manifest, contents, before)) if before == after => return Ok(Files { manifest, contents, print: after }),
            Ok(_) => last = None,
            // A file that is missing or half written is likely to be whole in a moment, so it gets a second look.
            Err(error) if bare == Print::take(dir, &[]) && attempt > 0 => return Err(Unread { error, print: after, files }),
            Err(error) => last = Some(error),
        }
    }
    let files = named(dir);
    Err(Unread { error: last.unwrap_or(ReadError::Unstable { path: dir.to_owned() }), print: Print::take(dir, &files), files })
}

/// The files that the bundle names, when at least its own file can be read.
fn named(dir: &Path) -> Vec<String> {
    let manifest = read_file(&dir.join(FILE)).ok().and_then(|text| Manifest::parse(&text).ok());
    manifest.map(|m| m.files()).unwrap_or_default()
}

type Contents = HashMap<String, Vec<u8>>;

fn read_once(dir: &Path) -> Result<(Manifest, Contents, Print), ReadError> {
    let mut contents = HashMap::new();
    let text = read_file(&dir.join(FILE))?;
    let manifest = Manifest::parse(&text)?;
    contents.insert(FILE.to_owned(), text);
    let files = manifest.files();
    let print = Print::take(dir, &files);
    for file in files {
        let bytes = read_file(&dir.join(&file))?;
        contents.insert(file, bytes);
    }
    // `bundle.yaml` was read before the picture was taken: read it again, so that the picture covers it.
    if contents.get(FILE) != Some(&read_file(&dir.join(FILE))?) {
        return Err(ReadError::Unstable { path: dir.to_owned() });
    }
    Ok((manifest, contents, print))
}

fn read_file(path: &Path) -> Result<Vec<u8>, ReadError> {
    let io = |source| ReadError::Io { path: path.to_owned(), source };
    let bytes = std::fs::metadata(path).map_err(io)?.len();
    if bytes > FILE_BYTES {
        return Err(ReadError::Large { path: path.to_owned(), bytes });
    }
    std::fs::read(path).map_err(io)
}

#[cfg(test)]
mod tests;
