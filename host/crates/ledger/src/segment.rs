//! Segment files: their names, and what is done to them.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the segments are, from the ledger's folder.
pub(crate) const FOLDER: &str = "segments";

/// A segment's file is named after the sequence number of its first line.
pub(crate) fn path(directory: &Path, first: u64) -> PathBuf {
    directory.join(FOLDER).join(format!("{first:020}.jsonl"))
}

/// The first sequence numbers of the segments in a folder, in order. Other files are no business of the ledger's;
/// a name that only looks like a segment's is an error, so that none can hide.
pub(crate) fn list(directory: &Path) -> io::Result<Vec<u64>> {
    let mut firsts = Vec::new();
    for entry in fs::read_dir(directory.join(FOLDER))? {
        let name = entry?.file_name();
        let Some(stem) = name.to_str().and_then(|name| name.strip_suffix(".jsonl")) else { continue };
        match stem.parse() {
            Ok(first) if stem.len() == 20 => firsts.push(first),
            _ => return Err(io::Error::other(format!("{} is not the name of a segment", name.to_string_lossy()))),
        }
    }
    firsts.sort_unstable();
    Ok(firsts)
}

/// What readers know of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Sequence number of its first line.
    pub(crate) first: u64,
    /// Bytes that are lines.
    pub(crate) length: u64,
    /// The time of its first line, in microseconds; none while it is empty.
    pub(crate) first_at: Option<i64>,
}

/// One segment that is written to. Behind a trait so that tests can fill the disk.
pub(crate) trait SegmentFile: Send + Sync {
    /// Appends all of `bytes`, or fails after appending some of them.
    fn append(&self, bytes: &[u8]) -> io::Result<()>;
    /// Cuts the file.
    fn truncate(&self, length: u64) -> io::Result<()>;
    /// Brings everything written so far to the disk.
    fn sync(&self) -> io::Result<()>;
    /// Writes the bytes of a range once more, in place. After a failed sync the kernel holds the pages for clean,
    /// and a second sync would report a success that never was.
    fn rewrite(&self, from: u64, to: u64) -> io::Result<()>;
}

/// Where segments are made.
pub(crate) trait Disk: Send + Sync {
    /// Opens or makes the segment for appending.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn SegmentFile>>;
    /// Brings the names in a folder to the disk.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
}

/// The file system.
pub(crate) struct RealDisk;

struct RealFile {
    file: File,
    path: PathBuf,
}

impl Disk for RealDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn SegmentFile>> {
        let file = fs::OpenOptions::new().append(true).create(true).open(path)?;
        Ok(Arc::new(RealFile { file, path: path.to_owned() }))
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        crate::note::sync_directory(path)
    }
}

impl SegmentFile for RealFile {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        (&self.file).write_all(bytes)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn rewrite(&self, from: u64, to: u64) -> io::Result<()> {
        // A handle of its own: one that was opened for appending writes at the end whatever the offset (pwrite(2), BUGS).
        let file = fs::OpenOptions::new().read(true).write(true).open(&self.path)?;
        let mut buffer = vec![0; 64 * 1024];
        let mut at = from;
        while at < to {
            let length = usize::try_from(to - at).unwrap_or(usize::MAX).min(buffer.len());
            file.read_exact_at(&mut buffer[..length], at)?;
            file.write_all_at(&buffer[..length], at)?;
            at += length as u64;
        }
        Ok(())
    }
}
