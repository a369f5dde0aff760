//! Writing a body of any size in bounded memory.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use object_store::{ObjectStore, ObjectStoreExt as _};

use super::{INLINE_MAX, LEVEL, Place, StoredBody, blob_path};
use crate::error::AppendError;
use crate::merkle::Hash;

/// A window of 256 KiB keeps one writer's memory under a megabyte; the default for this level would allow more.
pub(crate) const WINDOW_LOG: u32 = 18;

/// Which body of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What the client sent.
    Request,
    /// What the client was given.
    Response,
}

impl Side {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Side::Request => "request",
            Side::Response => "response",
        }
    }
}

/// Where the bytes are while they pass: found by the record's id when the gateway starts again.
pub(crate) fn spool_path(id: &str, side: Side) -> String {
    format!("spool/{id}.{}.zst", side.as_str())
}

/// Counts and hashes what is written through it.
struct Hashed<W> {
    inner: W,
    hash: Context,
    bytes: u64,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn finish(context: Context) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// A body on its way into the ledger's folder. No I/O here waits for a disk: it writes to the page cache.
pub(crate) struct Spool {
    /// From the ledger's folder.
    name: String,
    encoder: zstd::stream::write::Encoder<'static, Hashed<File>>,
    hash: Context,
    bytes: u64,
    /// The content as long as it may still become an inline line.
    small: Option<Vec<u8>>,
}

impl Spool {
    pub(crate) fn create(directory: &Path, name: String) -> io::Result<Spool> {
        let path = directory.join(&name);
        let file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
        let mut encoder =
            zstd::stream::write::Encoder::new(Hashed { inner: file, hash: Context::new(&SHA256), bytes: 0 }, LEVEL)?;
        encoder.window_log(WINDOW_LOG)?;
        Ok(Spool { name, encoder, hash: Context::new(&SHA256), bytes: 0, small: Some(Vec::new()) })
    }

    pub(crate) fn write(&mut self, chunk: &[u8]) -> io::Result<()> {
        self.encoder.write_all(chunk)?;
        // Ends zstd's block, so that everything up to here can be read back although the frame is not whole.
        self.encoder.flush()?;
        self.hash.update(chunk);
        self.bytes += chunk.len() as u64;
        match &mut self.small {
            Some(small) if small.len() + chunk.len() <= INLINE_MAX => small.extend_from_slice(chunk),
            small => *small = None,
        }
        Ok(())
    }

    /// Puts the file where it belongs, on the disk, before anything refers to it.
    pub(crate) async fn finish(self, store: &dyn ObjectStore) -> Result<StoredBody, AppendError> {
        let (hash, bytes, name) = (finish(self.hash), self.bytes, object_store::path::Path::from(self.name));
        if let Some(content) = self.small {
            drop(self.encoder);
            store.delete(&name).await.map_err(AppendError::body)?;
            return Ok(StoredBody { hash, bytes, place: Place::Inline(content) });
        }
        let file = self.encoder.finish().map_err(AppendError::body)?;
        let (size, file_hash, file) = (file.bytes, finish(file.hash), file.inner);
        // The rename makes the name durable; the content has to be so before.
        tokio::task::spawn_blocking(move || file.sync_all())
            .await
            .map_err(AppendError::body)?
            .map_err(AppendError::body)?;
        let target = object_store::path::Path::from(blob_path(&hex::encode(file_hash)));
        store.rename(&name, &target).await.map_err(AppendError::body)?;
        Ok(StoredBody { hash, bytes, place: Place::Blob { file: file_hash, size } })
    }
}

/// Streams one body into the ledger: memory does not grow with it.
///
/// Dropped without [`finish`](BodyWriter::finish), what was written stays in the spool, and the next start
/// gives it to the record's outcome.
pub struct BodyWriter {
    spool: Option<Spool>,
    store: Arc<dyn ObjectStore>,
    path: PathBuf,
}

impl BodyWriter {
    pub(crate) fn create(
        directory: &Path,
        store: Arc<dyn ObjectStore>,
        id: &str,
        side: Side,
    ) -> Result<BodyWriter, AppendError> {
        let name = spool_path(id, side);
        let path = directory.join(&name);
        Ok(BodyWriter { spool: Some(Spool::create(directory, name).map_err(AppendError::body)?), store, path })
    }

    /// Writes a chunk; when it returns the bytes are in the file and may be released (not yet durable).
    /// Does not wait for the disk, so it may be called from async code.
    pub fn write(&mut self, chunk: &[u8]) -> Result<(), AppendError> {
        match &mut self.spool {
            Some(spool) => spool.write(chunk).map_err(|error| {
                // A block that was half written cannot be continued.
                self.spool = None;
                AppendError::body(error)
            }),
            None => Err(AppendError::body(io::Error::other("an earlier write failed"))),
        }
    }

    /// Bytes written so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.spool.as_ref().map_or(0, |spool| spool.bytes)
    }

    /// Ends the body; when it resolves the bytes are on the disk. Give the result to the record that refers to it.
    pub async fn finish(mut self) -> Result<StoredBody, AppendError> {
        match self.spool.take() {
            Some(spool) => spool.finish(&*self.store).await,
            None => Err(AppendError::body(io::Error::other("an earlier write failed"))),
        }
    }
}

impl Drop for BodyWriter {
    fn drop(&mut self) {
        if self.spool.as_ref().is_some_and(|spool| spool.bytes == 0) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl std::fmt::Debug for BodyWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BodyWriter").field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}
