//! The ledger as the gateway holds it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::body::{Bodies, Body, BodyWriter, INLINE_MAX, Prepared, Side, Spool, StoredBody};
use crate::error::{AppendError, OpenError};
use crate::line::LINE_MAX;
use crate::merkle::Hash;
use crate::note::PublicKey;
use crate::open;
use crate::read::Reader;
use crate::record::{FieldError, Record, new_id};
use crate::segment::{Disk, RealDisk};
use crate::shared::Shared;
use crate::stream::StreamRecorder;
use crate::tail::Follow;

/// How a ledger is kept.
#[derive(Clone)]
pub struct Options {
    /// The key's name and the checkpoints' origin: a URL without scheme by custom, no spaces, no plus sign.
    /// Only used when the key is made.
    pub name: String,
    /// The private key's file; by default `ledger.key` in the ledger's folder. Made (0600) when missing.
    /// Keep it where those who may write the log cannot read it.
    pub key_file: Option<PathBuf>,
    /// The public key's file; by default `ledger.pub` in the ledger's folder.
    pub public_key_file: Option<PathBuf>,
    /// A segment is closed once it has this many bytes.
    pub segment_bytes: u64,
    /// How often a checkpoint is signed while records come in.
    pub checkpoint_interval: Duration,
    pub(crate) disk: Arc<dyn Disk>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            name: "portcullis/ledger".to_owned(),
            key_file: None,
            public_key_file: None,
            // A start reads one segment: 64 MiB take a tenth of a second.
            segment_bytes: 64 * 1024 * 1024,
            checkpoint_interval: Duration::from_secs(1),
            disk: Arc::new(RealDisk),
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("name", &self.name).field("key_file", &self.key_file).finish_non_exhaustive()
    }
}

/// When an append resolves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The record is in the file: it survives `kill -9` of the gateway, not a power cut.
    Written,
    /// The record is on the disk. Those who wait at the same time share one sync.
    Durable,
}

/// Where a record is: its line's sequence number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Position(pub u64);

/// Whether the ledger can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It can.
    Well,
    /// It cannot; every append is refused until it can. The text is what the operating system said.
    Broken(String),
}

/// An open ledger. Clones are handles to the same one; when the last goes, it signs a checkpoint and closes, which
/// blocks for as long as the disk takes.
#[derive(Clone)]
pub struct Ledger {
    handle: Arc<Handle>,
}

struct Handle {
    shared: Arc<Shared>,
    sync: Option<JoinHandle<()>>,
    signer: Option<JoinHandle<()>>,
    /// Held open: its lock says that this process has the ledger. Readers may outlive it.
    _lock: std::fs::File,
}

impl Ledger {
    /// Opens the ledger in a folder, which is made when missing. Cuts off a line that a killed process left half written,
    /// refuses anything else that is not as it was written, and gives every unfinished request its outcome.
    ///
    /// Blocks: it reads the newest segment (64 MiB at most by default).
    pub fn open(directory: impl AsRef<Path>, options: Options) -> Result<Ledger, OpenError> {
        let interval = options.checkpoint_interval;
        let opened = open::open(directory.as_ref(), &options)?;
        let shared = Arc::new(opened.shared);
        let resume = |error: std::io::Error| OpenError::Resume { cause: error.to_string() };
        let sync = crate::sync::spawn("ledger-sync", &shared, crate::sync::run_sync).map_err(resume)?;
        let mut handle = Handle { shared, sync: Some(sync), signer: None, _lock: opened.lock };
        let (file, signed) = (opened.checkpoints, opened.signed);
        let signer = crate::sync::spawn("ledger-sign", &handle.shared, move |shared| {
            crate::sync::run_signer(shared, interval, file, signed);
        });
        handle.signer = Some(signer.map_err(resume)?);
        let ledger = Ledger { handle: Arc::new(handle) };
        for outcome in opened.outcomes {
            let bodies = Bodies { response: outcome.response.as_ref().map(Body::Stored), request: None };
            ledger
                .append_written(outcome.record, bodies)
                .map_err(|error| OpenError::Resume { cause: error.to_string() })?;
        }
        wait(ledger.handle.shared.queue.wait()).map_err(|error| OpenError::Resume { cause: error.to_string() })?;
        open::clear_spool(directory.as_ref())?;
        Ok(ledger)
    }

    /// Appends a record with its bodies. When this fails nothing that the record covers may be released.
    ///
    /// With [`Durability::Written`] and bodies of at most [`INLINE_MAX`] bytes it never waits and changes no thread.
    pub async fn append(&self, record: Record, bodies: Bodies<'_>, durability: Durability) -> Result<Position, AppendError> {
        let request = self.store_large(bodies.request).await?;
        let response = self.store_large(bodies.response).await?;
        let bodies = Bodies {
            request: request.as_ref().map(Body::Stored).or(bodies.request),
            response: response.as_ref().map(Body::Stored).or(bodies.response),
        };
        let position = self.append_written(record, bodies)?;
        if durability == Durability::Durable {
            self.sync().await?;
        }
        Ok(position)
    }

    /// [`append`](Ledger::append) with [`Durability::Written`] for code that is not async. Bodies given as bytes may have
    /// [`INLINE_MAX`] bytes; give larger ones as [`Body::Stored`].
    pub fn append_written(&self, mut record: Record, bodies: Bodies<'_>) -> Result<Position, AppendError> {
        record.bound()?;
        let shared = &*self.handle.shared;
        let mut prepared = [prepare(bodies.request)?, prepare(bodies.response)?];
        if let (Some(body), Some(request)) = (&prepared[0], &mut record.request) {
            request.body = Some(crate::body::name(&body.hash));
        }
        if let Some(body) = &prepared[1] {
            let response = record.response.get_or_insert_default();
            response.body = Some(crate::body::name(&body.hash));
            response.bytes = body.bytes;
        }
        let json = serde_json::to_vec(&record).map_err(AppendError::unavailable)?;
        if json.len() > LINE_MAX - 1024 {
            return Err(FieldError::Record { length: json.len() }.into());
        }
        for body in prepared.iter_mut().flatten() {
            let known = shared.tail.lock().has(&body.hash);
            if !known {
                body.payload = Some(body.render().map_err(AppendError::body)?);
            }
        }
        let at = jiff::Timestamp::now().as_microsecond();
        let seq = match prepared {
            [None, None] => shared.tail.lock().append(at, &[], &record, &json),
            [Some(one), None] | [None, Some(one)] => shared.tail.lock().append(at, &[one], &record, &json),
            [Some(request), Some(response)] => shared.tail.lock().append(at, &[request, response], &record, &json),
        }?;
        shared.appended.notify_waiters();
        Ok(Position(seq))
    }

    async fn store_large(&self, body: Option<Body<'_>>) -> Result<Option<StoredBody>, AppendError> {
        match body {
            Some(Body::Bytes(bytes)) if bytes.len() > INLINE_MAX => {
                let shared = &*self.handle.shared;
                let name = format!("spool/put-{}.zst", new_id());
                let mut spool = Spool::create(&shared.directory, name).map_err(AppendError::body)?;
                spool.write(bytes).map_err(AppendError::body)?;
                Ok(Some(spool.finish(&*shared.store).await?))
            }
            _ => Ok(None),
        }
    }

    /// Resolves when everything appended so far is on the disk.
    pub async fn sync(&self) -> Result<(), AppendError> {
        self.handle.shared.queue.wait().await.map_err(|_| AppendError::Closed)?
    }

    /// Begins a body that is too large to be held, or not yet known: see [`BodyWriter`].
    pub fn body_writer(&self, id: &str, side: Side) -> Result<BodyWriter, AppendError> {
        crate::record::check_id(id)?;
        let shared = &self.handle.shared;
        BodyWriter::create(&shared.directory, shared.store.clone(), id, side)
    }

    /// Records what passes in a stream whose intent is `intent`: see [`StreamRecorder`].
    #[must_use]
    pub fn stream(&self, intent: &Record) -> StreamRecorder {
        StreamRecorder::new(self.clone(), intent)
    }

    /// Reads what is in the ledger at each call. Reading blocks on files: use it from a blocking thread.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::live(self.handle.shared.clone())
    }

    /// Follows the records from a position on (inclusive), for sinks and for `audit tail`.
    #[must_use]
    pub fn tail(&self, from: Position) -> Follow {
        Follow::new(self.handle.shared.clone(), from)
    }

    /// The position after the last line.
    #[must_use]
    pub fn end(&self) -> Position {
        Position(self.handle.shared.tail.lock().cursor.next)
    }

    /// Whether the last append could be written.
    #[must_use]
    pub fn health(&self) -> Health {
        match self.handle.shared.tail.lock().trouble() {
            None => Health::Well,
            Some(cause) => Health::Broken(cause.to_owned()),
        }
    }

    /// Signs everything appended so far, now, and gives the checkpoint's note. Kept elsewhere, it proves that the
    /// ledger was not rolled back behind it.
    pub async fn checkpoint(&self) -> Result<String, AppendError> {
        self.handle.shared.signer.ask().await.map_err(|_| AppendError::Closed)?
    }

    /// The key that verifies the ledger.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.handle.shared.key.public().clone()
    }

    /// The ledger's folder.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.handle.shared.directory
    }

    /// Signs a last checkpoint and refuses every later append, from this and all other handles.
    pub async fn close(self) -> Result<(), AppendError> {
        self.handle.shared.tail.lock().closed_for_good = true;
        self.checkpoint().await.map(drop)
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").field("directory", &self.directory()).field("end", &self.end()).finish_non_exhaustive()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // The signer needs the disk once more, so it ends first.
        self.shared.signer.stop();
        if let Some(thread) = self.signer.take() {
            let _ = thread.join();
        }
        self.shared.queue.stop();
        if let Some(thread) = self.sync.take() {
            let _ = thread.join();
        }
    }
}

/// Blocks until a sync is done; tokio's own way to do so refuses to run inside a runtime.
fn wait(receiver: tokio::sync::oneshot::Receiver<Result<(), AppendError>>) -> Result<(), AppendError> {
    std::thread::scope(|scope| scope.spawn(|| receiver.blocking_recv()).join())
        .map_or(Err(AppendError::Closed), |received| received.unwrap_or(Err(AppendError::Closed)))
}

fn prepare(body: Option<Body<'_>>) -> Result<Option<Prepared<'_>>, AppendError> {
    match body {
        None => Ok(None),
        Some(Body::Bytes(bytes)) if bytes.len() > INLINE_MAX => {
            Err(AppendError::body(format!("{} bytes are too many for a line", bytes.len())))
        }
        Some(Body::Bytes(bytes)) => Ok(Some(Prepared::inline(bytes))),
        Some(Body::Stored(stored)) => Ok(Some(Prepared::stored(stored))),
    }
}

/// The outcome of a request that the last run left unfinished.
pub(crate) struct Unfinished {
    pub(crate) record: Record,
    pub(crate) response: Option<StoredBody>,
}

/// Hash of a body line or none, for readers.
pub(crate) fn parse_name(name: &str) -> Option<Hash> {
    crate::line::lower_hex(name.strip_prefix("sha256:")?.as_bytes())
}

#[cfg(test)]
pub(crate) mod tests;
