//! A disk that fills up, that fails to sync, and that comes back.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;
use crate::segment::SegmentFile;

/// The file system with two switches.
#[derive(Default)]
struct Faults {
    /// Writes stop after this many more bytes, in the middle of a line.
    full: AtomicBool,
    room: AtomicU64,
    sync_fails: AtomicBool,
    rewritten: AtomicU64,
}

struct FaultyDisk(Arc<Faults>);
struct FaultyFile(Arc<Faults>, Arc<dyn SegmentFile>);

impl Disk for FaultyDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn SegmentFile>> {
        Ok(Arc::new(FaultyFile(self.0.clone(), RealDisk.open(path)?)))
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        RealDisk.sync_directory(path)
    }
}

impl SegmentFile for FaultyFile {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        if !self.0.full.load(Ordering::SeqCst) {
            return self.1.append(bytes);
        }
        let room = usize::try_from(self.0.room.swap(0, Ordering::SeqCst)).unwrap().min(bytes.len());
        self.1.append(&bytes[..room])?;
        Err(io::Error::from(io::ErrorKind::StorageFull))
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.1.truncate(length)
    }

    fn sync(&self) -> io::Result<()> {
        if self.0.sync_fails.load(Ordering::SeqCst) { Err(io::Error::other("input/output error")) } else { self.1.sync() }
    }

    fn rewrite(&self, from: u64, to: u64) -> io::Result<()> {
        self.0.rewritten.fetch_add(to - from, Ordering::SeqCst);
        self.1.rewrite(from, to)
    }
}

fn ledger(folder: &Path) -> (Arc<Faults>, Ledger) {
    let faults = Arc::new(Faults::default());
    let options = Options { disk: Arc::new(FaultyDisk(faults.clone())), ..options() };
    (faults, Ledger::open(folder, options).unwrap())
}

/// Appends until it works; the ledger tries its disk again by itself after a while.
async fn until_healed(ledger: &Ledger) {
    while let Err(error) = ledger.append(record(Phase::Complete), Bodies::NONE, Durability::Durable).await {
        assert!(matches!(error, AppendError::Unavailable { .. }), "{error}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_full_disk_refuses_and_heals() {
    let folder = tempfile::tempdir().unwrap();
    let (faults, ledger) = ledger(folder.path());
    for _ in 0..10 {
        ledger.append(record(Phase::Complete), Bodies::NONE, Durability::Durable).await.unwrap();
    }
    faults.room.store(100, Ordering::SeqCst);
    faults.full.store(true, Ordering::SeqCst);
    for _ in 0..5 {
        let refused = ledger.append(record(Phase::Complete), Bodies::NONE, Durability::Written).await;
        let Err(AppendError::Unavailable { cause }) = refused else { panic!("{refused:?}") };
        assert!(cause.contains("full") || cause.contains("space"), "{cause}");
    }
    assert!(matches!(ledger.health(), Health::Broken(_)));
    assert!(ledger.sync().await.is_err());
    // Readers see what was accepted, not the half line.
    assert_eq!(entries(&ledger).len(), 10);

    faults.full.store(false, Ordering::SeqCst);
    until_healed(&ledger).await;
    assert_eq!(ledger.health(), Health::Well);
    assert_eq!(entries(&ledger).len(), 11);
    let key = ledger.public_key();
    ledger.close().await.unwrap();
    assert_eq!(assert_whole(folder.path(), &key).records, 11);
}

#[tokio::test]
async fn a_process_that_dies_with_a_full_disk_leaves_a_line_that_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let (faults, ledger) = ledger(folder.path());
    ledger.append(record(Phase::Complete), Bodies::NONE, Durability::Durable).await.unwrap();
    faults.room.store(100, Ordering::SeqCst);
    faults.full.store(true, Ordering::SeqCst);
    ledger.append_written(record(Phase::Complete), Bodies::NONE).unwrap_err();
    let key = ledger.public_key();
    drop(ledger);
    assert_eq!(assert_whole(folder.path(), &key).torn, 100);
    let ledger = Ledger::open(folder.path(), options()).unwrap();
    assert_eq!(entries(&ledger).len(), 1);
    drop(ledger);
    assert_eq!(assert_whole(folder.path(), &key).torn, 0);
}

#[tokio::test]
async fn a_failed_sync_acknowledges_nothing_and_writes_again() {
    let folder = tempfile::tempdir().unwrap();
    let (faults, ledger) = ledger(folder.path());
    ledger.append(record(Phase::Complete), Bodies::NONE, Durability::Durable).await.unwrap();
    faults.sync_fails.store(true, Ordering::SeqCst);
    ledger.append(record(Phase::Complete), Bodies::NONE, Durability::Durable).await.unwrap_err();
    // A sync that "succeeds" right after a failed one proves nothing: the pages are written once more first.
    faults.sync_fails.store(false, Ordering::SeqCst);
    until_healed(&ledger).await;
    assert!(faults.rewritten.load(Ordering::SeqCst) > 0);
    let key = ledger.public_key();
    ledger.close().await.unwrap();
    // The record whose sync failed was written and stays: it is an intent of which nothing was released.
    assert_eq!(assert_whole(folder.path(), &key).records, 3);
}

#[tokio::test]
async fn no_checkpoint_is_signed_for_what_is_not_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let (faults, ledger) = ledger(folder.path());
    faults.sync_fails.store(true, Ordering::SeqCst);
    ledger.append_written(record(Phase::Complete), Bodies::NONE).unwrap();
    ledger.checkpoint().await.unwrap_err();
    let key = ledger.public_key();
    drop(ledger);
    assert_eq!(assert_whole(folder.path(), &key).signed, 0);
}
