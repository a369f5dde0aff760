//! A bundle's files, read as one consistent picture.
//!
//! Somebody may be saving while we read. All files are read into memory, then looked at again: when any of them changed in the
//! meantime (its inode, size or times, or where a symbolic link on the way leads, as a ConfigMap's do), everything is read again. A file that is
//! not there or still empty gets half a second to come: whoever replaces one by removing it first is in between.

use std::collections::{BTreeMap, HashMap};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::bundle::admission::PROOFS;
use crate::bundle::{FILE, Manifest, YamlError, yaml};
use crate::plugin::{canonical, sha256};

/// Bytes of one file: a Python component has 18 MB.
const FILE_BYTES: u64 = 128 << 20;

/// How often a changing bundle is read before it is called unstable.
pub(crate) const ATTEMPTS: u32 = 25;

/// Pause between two attempts.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);

/// Attempts at a bundle whose files do not change and are wrong: a half-written one is likely to be whole in a moment.
const SECOND_LOOK: u32 = 2;

/// The kernel notes the time of a change in steps of its own clock, of up to 10 ms: a file that changed within the last step could change
/// once more and look the same.
const CLOCK_STEP: Duration = Duration::from_millis(10);

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
    /// One that `bundle.yaml` names cannot be had.
    #[error("{FILE}:{line}: `{key}`: {source}")]
    Named {
        /// The line that names it.
        line: u64,
        /// The key there.
        key: &'static str,
        /// What is wrong with it.
        source: Box<ReadError>,
    },
    /// A file has nothing in it.
    #[error("{path} is empty; the bundle names it, so something must be in it", path = path.display())]
    Empty {
        /// The file.
        path: PathBuf,
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
    /// A component that is named by a reference cannot be had.
    #[error("{FILE}:{line}: plugin `{plugin}` (`component`): {why}")]
    Component {
        /// Line of the key.
        line: u64,
        /// The plugin's name.
        plugin: String,
        /// Why not, and what to do.
        why: String,
    },
    /// Somebody keeps writing.
    #[error("the files of {path} kept changing while they were read; save once more when the writing is done", path = path.display())]
    Unstable {
        /// The folder.
        path: PathBuf,
    },
}

impl ReadError {
    /// How often a bundle is read that has this error and does not change.
    fn attempts(&self) -> u32 {
        match self {
            ReadError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => ATTEMPTS,
            ReadError::Empty { .. } | ReadError::Unstable { .. } => ATTEMPTS,
            ReadError::Named { source, .. } => source.attempts(),
            _ => SECOND_LOOK,
        }
    }
}

/// What tells one state of a file from another without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Print(Vec<(PathBuf, Option<[i64; 7]>)>);

impl Print {
    /// Looks at the folder, `bundle.yaml` and `files`; what is not there is part of the picture.
    pub(crate) fn take(dir: &Path, files: &[String]) -> Print {
        let paths = [dir.to_owned(), dir.join(FILE)].into_iter().chain(files.iter().map(|f| dir.join(f))).chain(PROOFS.map(|f| dir.join(f)));
        Print::of(paths)
    }

    /// Looks at some files; what is not there is part of the picture.
    pub(crate) fn of(paths: impl Iterator<Item = PathBuf>) -> Print {
        Print(paths.map(|path| (path.canonicalize().unwrap_or_default(), stat(&path))).collect())
    }

    /// A change from now on will show: the last one is longer ago than a step of the clock that file times are taken from.
    pub(crate) fn distinct(&self) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let changed = |stat: &[i64; 7]| Duration::new(stat[5].try_into().unwrap_or(0), stat[6].try_into().unwrap_or(0));
        self.0.iter().filter_map(|(_, stat)| stat.as_ref()).all(|stat| now.abs_diff(changed(stat)) > CLOCK_STEP)
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
    /// `sha256:…` of each.
    pub digests: BTreeMap<String, String>,
    /// How the files looked while they were read.
    pub print: Print,
    /// [`FILE`] as plain data.
    pub entries: serde_json::Value,
}

impl Files {
    fn new(manifest: Manifest, contents: Contents, print: Print) -> Result<Files, YamlError> {
        let digests = contents.iter().map(|(name, bytes)| (name.clone(), sha256(bytes))).collect();
        let entries = yaml(FILE, contents.get(FILE).map(Vec::as_slice).unwrap_or_default())?;
        Ok(Files { manifest, contents, digests, print, entries })
    }

    /// A bundle that was kept elsewhere.
    pub(crate) fn kept(contents: Contents) -> Result<Files, YamlError> {
        let manifest = Manifest::parse(contents.get(FILE).map(Vec::as_slice).unwrap_or_default())?;
        Files::new(manifest, contents, Print(Vec::new()))
    }

    /// Adds what is no file of the folder.
    pub(crate) fn put(&mut self, name: String, bytes: Vec<u8>) {
        self.digests.insert(name.clone(), sha256(&bytes));
        self.contents.insert(name, bytes);
    }

    /// A file that the manifest names: [`read`] has put each there.
    pub(crate) fn content(&self, name: &str) -> &[u8] {
        self.contents.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Its digest.
    pub(crate) fn digest(&self, name: &str) -> &str {
        self.digests.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Tells one content of the folder from every other: cases and comments count too.
    pub(crate) fn identity(&self) -> String {
        let lines: Vec<String> = self.digests.iter().map(|(name, digest)| format!("{digest} {name}")).collect();
        sha256(lines.join("\n").as_bytes())
    }

    /// Each plugin's entry as one text, without its cases: equal entries give equal texts.
    pub(crate) fn terms(&self) -> Vec<String> {
        let plugins = self.entries["plugins"].as_array().map(Vec::as_slice).unwrap_or_default();
        let terms = |plugin: &serde_json::Value| {
            let mut plugin = plugin.clone();
            plugin.as_object_mut().map(|entry| entry.remove("cases"));
            canonical(&plugin)
        };
        plugins.iter().map(terms).collect()
    }
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
            Ok((manifest, contents, before)) if before == after && after.distinct() => {
                return Files::new(manifest, contents, after.clone()).map_err(|error| Unread { error: error.into(), print: after, files });
            }
            Ok(_) => last = None,
            Err(error) if bare == Print::take(dir, &[]) && attempt + 1 >= error.attempts() => return Err(Unread { error, print: after, files }),
            Err(error) => last = Some(error),
        }
    }
    let files = named(dir);
    Err(Unread { error: last.unwrap_or(ReadError::Unstable { path: dir.to_owned() }), print: Print::take(dir, &files), files })
}

/// A bundle's files in memory by their paths, the proofs that are there among them; and the paths that `bundle.yaml` names, in its order. Nothing
/// is compiled, and no component is got that is named by a reference. Blocks; for half a second when the folder keeps changing.
///
/// # Errors
/// When a file cannot be had, or `bundle.yaml` is wrong.
pub fn bundle_files(dir: &Path) -> Result<(HashMap<String, Vec<u8>>, Vec<String>), ReadError> {
    let files = read(dir).map_err(|unread| unread.error)?;
    let order = files.manifest.files();
    Ok((files.contents, order))
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
        let bytes = read_file(&dir.join(&file)).map_err(|source| named_by(&manifest, &file, source))?;
        contents.insert(file, bytes);
    }
    for proof in PROOFS {
        match read_file(&dir.join(proof)) {
            Ok(bytes) => drop(contents.insert(proof.to_owned(), bytes)),
            Err(ReadError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    // `bundle.yaml` was read before the picture was taken: read it again, so that the picture covers it.
    if contents.get(FILE) != Some(&read_file(&dir.join(FILE))?) {
        return Err(ReadError::Unstable { path: dir.to_owned() });
    }
    Ok((manifest, contents, print))
}

/// The same error with the place that names the file.
fn named_by(manifest: &Manifest, file: &str, source: ReadError) -> ReadError {
    match manifest.named().find(|(_, path)| path.value == file) {
        Some((key, path)) => ReadError::Named { line: path.referenced.line(), key, source: Box::new(source) },
        None => source,
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, ReadError> {
    let io = |source| ReadError::Io { path: path.to_owned(), source };
    let bytes = std::fs::metadata(path).map_err(io)?.len();
    if bytes == 0 {
        return Err(ReadError::Empty { path: path.to_owned() });
    }
    if bytes > FILE_BYTES {
        return Err(ReadError::Large { path: path.to_owned(), bytes });
    }
    std::fs::read(path).map_err(io)
}

#[cfg(test)]
mod tests;
