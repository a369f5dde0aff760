//! A bundle's files as a folder: whole, or not at all.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::{Files, is_plain};

/// Why a folder cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Something is there already.
    #[error("{path} is there and not empty; give a new folder, or --force to replace it", path = path.display())]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// A path that would leave the folder.
    #[error("the path {0:?} is none inside a folder; push the bundle again with `portcullis bundle push`")]
    Path(String),
    /// The system refuses.
    #[error("cannot write {path}: {source}; make the folder above it writable", path = path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Writes the files below `to` by one rename, and to the disk. What is there is replaced when `replace` says so, an empty folder always. Blocks.
///
/// # Errors
/// When something is there, a path is not plain, or the system refuses; nothing has changed then.
pub fn write(files: &Files, to: &Path, replace: bool) -> Result<(), FolderError> {
    let wrong = |source| FolderError::Io { path: to.to_owned(), source };
    let occupied = fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some()) || to.is_file();
    if occupied && !replace {
        return Err(FolderError::Exists { path: to.to_owned() });
    }
    let parent = match to.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(wrong)?;
    let draft = tempfile::Builder::new().prefix(".bundle-").tempdir_in(parent).map_err(wrong)?;
    let whole = draft.path().join("whole");
    fs::create_dir(&whole).map_err(wrong)?;
    for (path, bytes) in files {
        if !is_plain(path) {
            return Err(FolderError::Path(path.clone()));
        }
        put(&whole.join(path), bytes).map_err(wrong)?;
    }
    if occupied {
        // Between these two renames there is nothing for an instant; what watches the folder looks twice.
        fs::rename(to, draft.path().join("former")).map_err(wrong)?;
    }
    fs::rename(&whole, to).map_err(wrong)?;
    sync(parent).map_err(wrong)
}

fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    sync(folder)
}

/// A name in a folder is on the disk when the folder is.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Points the symbolic link `link` at `target` by one rename.
pub(crate) fn point(link: &Path, target: &Path) -> Result<(), FolderError> {
    let wrong = |source| FolderError::Io { path: link.to_owned(), source };
    let mut draft = link.as_os_str().to_owned();
    draft.push(".draft");
    let draft = PathBuf::from(draft);
    fs::remove_file(&draft).or_else(|e| if e.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(e) }).map_err(wrong)?;
    std::os::unix::fs::symlink(target, &draft).and_then(|()| fs::rename(&draft, link)).map_err(wrong)?;
    sync(link.parent().unwrap_or(Path::new("."))).map_err(wrong)
}

/// Removes the copies below a folder but those `most` that were used last, by their times, and `besides`. What cannot be removed costs room and nothing else.
/// Blocks.
pub(crate) fn forget(folder: &Path, most: usize, besides: Option<&Path>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let copies = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("sha256-") && besides.is_none_or(|kept| entry.file_name() != *kept.as_os_str()));
    let mut found: Vec<_> = copies.filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path()))).collect();
    found.sort();
    for (_, path) in found.iter().rev().skip(most) {
        fs::remove_dir_all(path).ok();
    }
}

#[cfg(test)]
mod tests;
