//! Opening a ledger, and what a killed process left behind.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use object_store::local::LocalFileSystem;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::body::{Side, Spool, StoredBody, spool_path};
use crate::checkpoint::{self, Checkpoint, Notes, NotesError};
use crate::error::OpenError;
use crate::ledger::{Options, Unfinished};
use crate::line::{self, Content, Cursor, LineError, may_be_torn};
use crate::log::{Boundary, Open, Start, Tail, follow};
use crate::merkle::CompactRange;
use crate::note::{PublicKey, SigningKey};
use crate::read::lines::Lines;
use crate::record::{Phase, Record, Response};
use crate::segment::{self, Segment};
use crate::shared::Shared;
use crate::sync::{Queue, Signer};
use crate::resume;

/// The checkpoints, from the ledger's folder.
pub(crate) const CHECKPOINTS: &str = "checkpoints";
/// How much of the end of the checkpoints file a start reads: dozens of notes.
const CHECKPOINTS_TAIL: u64 = 16 * 1024;
/// What becomes of a request whose end nobody saw.
const UNKNOWN: &str = "unknown: gateway stopped";

pub(crate) struct Opened {
    pub(crate) shared: Shared,
    pub(crate) lock: File,
    pub(crate) checkpoints: File,
    pub(crate) signed: Checkpoint,
    pub(crate) outcomes: Vec<Unfinished>,
}

pub(crate) fn open(directory: &Path, options: &Options) -> Result<Opened, OpenError> {
    for folder in [segment::FOLDER, "spool", "bodies"] {
        let path = directory.join(folder);
        fs::create_dir_all(&path).map_err(OpenError::file(&path))?;
    }
    let lock = lock(&directory.join("lock"))?;
    let segments = segment::list(directory).map_err(OpenError::file(directory.join(segment::FOLDER)))?;
    let key_file = options.key_file.clone().unwrap_or_else(|| directory.join("ledger.key"));
    let key = SigningKey::open(&key_file, &options.name, segments.is_empty())?;
    let public_file = options.public_key_file.clone().unwrap_or_else(|| directory.join("ledger.pub"));
    key.publish(&public_file)?;

    let (checkpoints, signed) = open_checkpoints(&directory.join(CHECKPOINTS), &key, segments.is_empty())?;
    let start = recover(directory, &segments, key.public(), &signed)?;
    let outcomes = unfinished(directory, &start.open)?;
    let store = LocalFileSystem::new_with_prefix(directory)
        .map_err(|error| OpenError::Resume { cause: error.to_string() })?
        // Off by default, and then neither content nor names would survive a power cut.
        .with_fsync(true);
    let tail = Tail::new(directory.to_owned(), options.disk.clone(), options.segment_bytes, start)
        .map_err(OpenError::file(directory.join(segment::FOLDER)))?;
    let shared = Shared {
        directory: directory.to_owned(),
        key,
        disk: options.disk.clone(),
        store: Arc::new(store),
        tail: Mutex::new(tail),
        queue: Queue::default(),
        signer: Signer::default(),
        appended: Notify::new(),
    };
    Ok(Opened { shared, lock, checkpoints, signed, outcomes })
}

fn lock(path: &Path) -> Result<File, OpenError> {
    let file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(path).map_err(OpenError::file(path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(OpenError::Locked { path: path.to_owned() }),
        Err(fs::TryLockError::Error(source)) => Err(OpenError::File { path: path.to_owned(), source }),
    }
}

/// Opens the checkpoints for appending; a new ledger begins with one for no lines, so that a ledger without any is
/// one from which they were removed.
fn open_checkpoints(path: &Path, key: &SigningKey, is_new: bool) -> Result<(File, Checkpoint), OpenError> {
    let file = |error| OpenError::File { path: path.to_owned(), source: error };
    let empty = Checkpoint { size: 0, root: CompactRange::default().root() };
    if !path.exists() {
        if !is_new {
            return Err(OpenError::NoCheckpoints { path: path.to_owned() });
        }
        crate::note::write_new(path, checkpoint::sign(key, &empty).as_bytes(), 0o644).map_err(file)?;
    }
    let mut checkpoints = fs::OpenOptions::new().read(true).append(true).open(path).map_err(file)?;
    let length = checkpoints.metadata().map_err(file)?.len();
    let from = length.saturating_sub(CHECKPOINTS_TAIL);
    checkpoints.seek(SeekFrom::Start(from)).map_err(file)?;
    let mut bytes = Vec::new();
    checkpoints.read_to_end(&mut bytes).map_err(file)?;
    // Begins at a note: what the file's beginning, or an earlier note's end, tells.
    let mark = format!("\n\n{}\n", key.public().name());
    let begin = if from == 0 { 0 } else { memchr::memmem::find(&bytes, mark.as_bytes()).map_or(0, |at| at + 2) };
    let mut notes = Notes::new(&bytes[begin..], key.public());
    loop {
        match notes.next() {
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(NotesError::Unread(error)) => return Err(file(error)),
            Err(NotesError::Wrong(source)) => return Err(OpenError::Checkpoint { path: path.to_owned(), source }),
        }
    }
    let whole = from + begin as u64 + notes.whole();
    if whole < length {
        tracing::warn!("cutting off a checkpoint that was being written when the gateway stopped");
        checkpoints.set_len(whole).map_err(file)?;
    }
    match notes.last() {
        Some(last) => Ok((checkpoints, last)),
        None => Err(OpenError::NoCheckpoints { path: path.to_owned() }),
    }
}

fn recover(directory: &Path, segments: &[u64], key: &PublicKey, signed: &Checkpoint) -> Result<Start, OpenError> {
    let beginning = Boundary { cursor: Cursor::start(), tree: CompactRange::default(), open: HashMap::new() };
    match resume::load(directory, key, segments) {
        // When the shortcut does not fit, the long way says exactly what is wrong, or that nothing is.
        Some(boundary) => scan(directory, segments, boundary, signed)
            .or_else(|_| scan(directory, segments, beginning, signed)),
        None => scan(directory, segments, beginning, signed),
    }
}

fn scan(directory: &Path, segments: &[u64], from: Boundary, signed: &Checkpoint) -> Result<Start, OpenError> {
    let Boundary { mut cursor, mut tree, mut open } = from;
    let mut found = Vec::new();
    for (number, &first) in segments.iter().enumerate() {
        let path = segment::path(directory, first);
        if first < tree.size() {
            found.push(look(&path, first)?);
            continue;
        }
        if first != cursor.next {
            return Err(OpenError::Gap { path, expected: cursor.next, found: first });
        }
        let is_last = number + 1 == segments.len();
        let segment = scan_segment(&path, first, is_last, &mut cursor, &mut tree, &mut open, signed)?;
        found.push(segment);
    }
    if tree.size() < signed.size {
        return Err(OpenError::Truncated { found: tree.size(), signed: signed.size });
    }
    let current = found.pop().unwrap_or(Segment { first: 0, length: 0, first_at: None });
    Ok(Start { closed: found, current, cursor, tree, open })
}

/// An earlier segment, of which the first line's time is wanted only.
fn look(path: &Path, first: u64) -> Result<Segment, OpenError> {
    let length = fs::metadata(path).map_err(OpenError::file(path))?.len();
    let mut lines = Lines::open(path, length).map_err(OpenError::file(path))?;
    let at = lines.next().map_err(OpenError::file(path))?.map(line::parse).transpose();
    let at = at.map_err(|source| OpenError::Line { path: path.to_owned(), line: 1, source })?.map(|line| line.at);
    Ok(Segment { first, length, first_at: at })
}

fn scan_segment(
    path: &Path,
    first: u64,
    is_last: bool,
    cursor: &mut Cursor,
    tree: &mut CompactRange,
    open: &mut HashMap<String, Open>,
    signed: &Checkpoint,
) -> Result<Segment, OpenError> {
    let length = fs::metadata(path).map_err(OpenError::file(path))?.len();
    let mut lines = Lines::open(path, length).map_err(OpenError::file(path))?;
    let mut segment = Segment { first, length: 0, first_at: None };
    let mut number = 0;
    let root = |tree: &CompactRange| {
        if tree.size() == signed.size && tree.root() != signed.root { Err(OpenError::Root { size: signed.size }) } else { Ok(()) }
    };
    root(tree)?;
    loop {
        number += 1;
        let wrong = |source| OpenError::Line { path: path.to_owned(), line: number, source };
        match lines.next().map_err(OpenError::file(path))? {
            Some(bytes) => {
                let line = line::parse(bytes).and_then(|line| cursor.accept(&line).map(|()| line)).map_err(wrong)?;
                tree.push(line.hash);
                root(tree)?;
                if line.content == Content::Record && opens_or_ends(line.payload) {
                    let record: Record = serde_json::from_slice(line.payload)
                        .map_err(|source| OpenError::Record { path: path.to_owned(), line: number, source })?;
                    follow(open, &record);
                }
                segment.first_at.get_or_insert(cursor.at);
                segment.length = lines.position();
            }
            None => break,
        }
    }
    let torn = lines.rest();
    if !torn.is_empty() {
        if !is_last || !may_be_torn(torn, cursor.next, &cursor.head) {
            return Err(OpenError::Line { path: path.to_owned(), line: number, source: LineError::Cut });
        }
        tracing::warn!(bytes = torn.len(), "cutting off a record that was being written when the gateway stopped");
        let file = fs::OpenOptions::new().write(true).open(path).map_err(OpenError::file(path))?;
        file.set_len(segment.length).and_then(|()| file.sync_all()).map_err(OpenError::file(path))?;
    }
    Ok(segment)
}

/// Whether a record has to be parsed to know what is unfinished. Most are whole or frames, and a start that parsed them
/// would take three times as long; `phase` comes right after the id, which needs no escaping.
fn opens_or_ends(payload: &[u8]) -> bool {
    let after_id = payload.strip_prefix(br#"{"id":""#).and_then(|rest| Some(&rest[memchr::memchr(b'"', rest)?..]));
    !after_id.is_some_and(|rest| rest.starts_with(br#"","phase":"complete""#) || rest.starts_with(br#"","phase":"frame""#))
}

fn unfinished(directory: &Path, open: &HashMap<String, Open>) -> Result<Vec<Unfinished>, OpenError> {
    let mut ids: Vec<_> = open.iter().collect();
    // By time, as ids are.
    ids.sort_by_key(|(id, _)| *id);
    ids.into_iter()
        .map(|(id, open)| {
            let mut record = Record::new(id.as_str(), open.kind, Phase::Outcome);
            record.session = open.session.clone();
            record.connection = open.connection.clone();
            record.message = Some(UNKNOWN.to_owned());
            let response = salvage(directory, id)?;
            record.response = Some(Response { interrupted: Some(UNKNOWN.to_owned()), ..Response::default() });
            Ok(Unfinished { record, response })
        })
        .collect()
}

/// What had been released of a response when the gateway stopped.
fn salvage(directory: &Path, id: &str) -> Result<Option<StoredBody>, OpenError> {
    let spooled = directory.join(spool_path(id, Side::Response));
    let Ok(file) = File::open(&spooled) else { return Ok(None) };
    let resume = |cause: String| OpenError::Resume { cause };
    let name = format!("spool/salvaged-{id}.zst");
    let _ = fs::remove_file(directory.join(&name));
    let mut spool = Spool::create(directory, name).map_err(OpenError::file(&spooled))?;
    copy_readable(file, &mut spool).map_err(OpenError::file(&spooled))?;
    let store = LocalFileSystem::new_with_prefix(directory).map_err(|error| resume(error.to_string()))?.with_fsync(true);
    // Opening is not async, and may itself run inside a runtime: the store gets one of its own.
    let stored = std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|error| error.to_string())?;
            runtime.block_on(spool.finish(&store)).map_err(|error| error.to_string())
        });
        worker.join().unwrap_or_else(|_| Err("the body's thread ended".to_owned()))
    });
    stored.map(Some).map_err(resume)
}

/// Copies as much as can be decompressed: the last block may be half written.
fn copy_readable(file: File, spool: &mut Spool) -> io::Result<()> {
    let mut decoder = zstd::stream::read::Decoder::new(file)?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match decoder.read(&mut buffer) {
            Ok(0) | Err(_) => return Ok(()),
            Ok(length) => spool.write(&buffer[..length])?,
        }
    }
}

/// Removes what the last run left behind, once the outcomes that needed it are on the disk.
pub(crate) fn clear_spool(directory: &Path) -> Result<(), OpenError> {
    let path = &directory.join("spool");
    for entry in fs::read_dir(path).map_err(OpenError::file(path))? {
        let entry = entry.map_err(OpenError::file(path))?;
        fs::remove_file(entry.path()).map_err(OpenError::file(entry.path()))?;
    }
    Ok(())
}
