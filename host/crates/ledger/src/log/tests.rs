use super::*;
use crate::ledger::tests::record;
use crate::segment::RealDisk;

fn tail(folder: &std::path::Path, segment_bytes: u64) -> Tail {
    std::fs::create_dir_all(folder.join(segment::FOLDER)).unwrap();
    let start = Start {
        closed: Vec::new(),
        current: Segment { first: 0, length: 0, first_at: None },
        cursor: Cursor::start(),
        tree: CompactRange::default(),
        open: HashMap::new(),
    };
    Tail::new(folder.to_owned(), Arc::new(RealDisk), segment_bytes, start).unwrap()
}

fn append(tail: &mut Tail, at: i64) -> u64 {
    let record = record(Phase::Intent);
    tail.append(at, &[], &record, &serde_json::to_vec(&record).unwrap()).unwrap()
}

fn ranges(tail: &Tail) -> Vec<(u64, u64, u64)> {
    tail.dirty().iter().map(|dirty| (dirty.first, dirty.from, dirty.to)).collect()
}

#[test]
fn what_was_appended_during_a_sync_is_synced_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut tail = tail(folder.path(), 1_500);
    append(&mut tail, 1);
    let during = tail.dirty();
    let first = tail.current.length;
    // The segment grows and is closed while the sync runs.
    append(&mut tail, 2);
    while tail.current.first == 0 {
        append(&mut tail, 3);
    }
    let whole = tail.closed[0].length;
    assert!(whole > first);
    tail.clean(&during);
    assert_eq!(ranges(&tail), [(0, first, whole), (tail.current.first, 0, tail.current.length)]);
    let rest = tail.dirty();
    tail.clean(&rest);
    assert_eq!(ranges(&tail), []);
}

#[test]
fn time_never_runs_backwards() {
    let folder = tempfile::tempdir().unwrap();
    let mut tail = tail(folder.path(), 1 << 20);
    append(&mut tail, 100);
    append(&mut tail, 50);
    assert_eq!(tail.cursor.at, 100);
}

#[test]
fn unfinished_requests_are_followed() {
    let mut open = HashMap::new();
    let intent = record(Phase::Intent);
    follow(&mut open, &intent);
    follow(&mut open, &record(Phase::Complete));
    follow(&mut open, &Record { phase: Phase::Frame, ..intent.clone() });
    assert_eq!(open.keys().collect::<Vec<_>>(), [&intent.id]);
    follow(&mut open, &Record { phase: Phase::Outcome, ..intent.clone() });
    assert!(open.is_empty());
}
