mod crash;
mod disk;

use std::time::Instant;

use super::*;
use crate::read::bodies::Output;
use crate::read::query::Filter;
use crate::record::{Decision, Kind, Phase, Request, Response};
use crate::verify::{Verdict, verify};

/// Checkpoints only when a test asks, so that what is signed does not depend on the clock.
pub(crate) fn options() -> Options {
    Options { checkpoint_interval: Duration::from_secs(3600), ..Options::default() }
}

pub(crate) fn record(phase: Phase) -> Record {
    let mut record = Record::new(new_id(), Kind::Request, phase);
    record.session = Some("session-1".into());
    record.connection = Some("demo".into());
    record.decision = Some(Decision::Allow);
    record.request = Some(Request { verb: "get".into(), resource: "pods".into(), path: "/api/v1/pods".into(), ..Request::default() });
    if phase == Phase::Complete {
        record.response = Some(Response { status: Some(200), ..Response::default() });
    }
    record
}

fn outcome(id: &str) -> Record {
    let mut outcome = Record::new(id, Kind::Request, Phase::Outcome);
    outcome.response = Some(Response { status: Some(201), ..Response::default() });
    outcome
}

pub(crate) fn assert_whole(directory: &Path, key: &PublicKey) -> crate::verify::Summary {
    match verify(directory, key, &[]) {
        Verdict::Whole(summary) => summary,
        other => panic!("{other}"),
    }
}

fn entries(ledger: &Ledger) -> Vec<crate::Entry> {
    ledger.reader().query(Filter::default()).unwrap().collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn records_and_bodies_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), options()).unwrap();
    let large = "large ".repeat(20_000);
    for (body, durability) in [("{}", Durability::Written), (&large, Durability::Durable), ("{}", Durability::Durable)] {
        let bodies = Bodies { request: Some(Body::Bytes(b"asked")), response: Some(Body::Bytes(body.as_bytes())) };
        ledger.append(record(Phase::Complete), bodies, durability).await.unwrap();
    }
    let found = entries(&ledger);
    assert_eq!(found.len(), 3);
    let shown = ledger.reader().show(&found[1].id, 1 << 20).unwrap().unwrap();
    assert_eq!(shown.response_body.as_deref(), Some(large.as_bytes()));
    assert_eq!(shown.request_body.as_deref(), Some(&b"asked"[..]));
    assert!(!shown.cut);
    let cut = ledger.reader().show(&found[1].id, 5).unwrap().unwrap();
    assert_eq!((cut.response_body.as_deref(), cut.cut), (Some(&b"large"[..]), true));
    let exact = ledger.reader().show(&found[0].id, 5).unwrap().unwrap();
    assert_eq!((exact.response_body.as_deref(), exact.cut), (Some(&b"{}"[..]), false));
    assert_eq!(ledger.reader().show("nobody", 5).unwrap(), None);

    let key = ledger.public_key();
    ledger.close().await.unwrap();
    let summary = assert_whole(folder.path(), &key);
    // "asked", "{}" once each, and the large one.
    assert_eq!((summary.records, summary.bodies, summary.signed), (3, 3, summary.lines));
}

#[tokio::test]
async fn a_closed_ledger_takes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), options()).unwrap();
    let other = ledger.clone();
    ledger.close().await.unwrap();
    assert!(matches!(other.append_written(record(Phase::Complete), Bodies::NONE), Err(AppendError::Closed)));
}

#[tokio::test]
async fn only_one_process_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), options()).unwrap();
    assert!(matches!(Ledger::open(folder.path(), options()), Err(OpenError::Locked { .. })));
    drop(ledger);
    // A child that another test is starting at this moment holds a copy of the lock until it has become its program.
    let until = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while let Err(error) = Ledger::open(folder.path(), options()) {
        assert!(std::time::Instant::now() < until, "{error}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn fields_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), options()).unwrap();
    let mut long = record(Phase::Complete);
    long.request.as_mut().unwrap().namespace = Some("n".repeat(5000));
    assert!(matches!(
        ledger.append_written(long, Bodies::NONE),
        Err(AppendError::Field(FieldError::TooLong { field: "request.namespace", length: 5000, .. }))
    ));
    // A refusal is recorded whatever it is about.
    let mut refused = record(Phase::Complete);
    refused.decision = Some(Decision::Deny);
    refused.request.as_mut().unwrap().path = "/x".repeat(50_000);
    refused.identity = Some(Arc::new(crate::Identity { groups: vec!["g".repeat(2000); 600], ..Default::default() }));
    ledger.append_written(refused, Bodies::NONE).unwrap();
    let kept = entries(&ledger).remove(0);
    assert!(kept.request.unwrap().path.ends_with("(100000 bytes in all)"));
    assert_eq!(kept.identity.unwrap().groups.len(), 512);

    let mut path = record(Phase::Complete);
    path.id = "../../etc/passwd".into();
    assert!(matches!(ledger.append_written(path, Bodies::NONE), Err(AppendError::Field(FieldError::Id))));
    assert!(ledger.body_writer("../x", Side::Response).is_err());
    let mut told = record(Phase::Complete);
    told.message = Some("ü".repeat(5000));
    ledger.append_written(told, Bodies::NONE).unwrap();
    let message = entries(&ledger)[1].message.clone().unwrap();
    assert!(message.len() < 5000 && message.ends_with("(10000 bytes in all)"), "{message}");
}

#[tokio::test]
async fn segments_rotate_and_a_start_resumes_from_the_newest() {
    let folder = tempfile::tempdir().unwrap();
    let small = Options { segment_bytes: 10_000, ..options() };
    let ledger = Ledger::open(folder.path(), small.clone()).unwrap();
    let long_lived = record(Phase::Intent);
    ledger.append_written(long_lived.clone(), Bodies::NONE).unwrap();
    for number in 0..100 {
        let bodies = Bodies { response: Some(Body::Bytes(b"the same")), ..Bodies::NONE };
        ledger.append_written(record(Phase::Complete), bodies).unwrap();
        if number == 50 {
            ledger.checkpoint().await.unwrap();
        }
    }
    let before = entries(&ledger);
    assert_eq!(before.len(), 101);
    let key = ledger.public_key();
    drop(ledger);
    let summary = assert_whole(folder.path(), &key);
    assert!(summary.segments > 3);
    // Once in each segment, so that a segment can be read alone.
    assert_eq!(summary.bodies, summary.segments);
    assert!(folder.path().join("resume.json").exists());

    // What is in an earlier segment is not read by a start: that is what makes it quick, and verify's business.
    let ledger = Ledger::open(folder.path(), small.clone()).unwrap();
    let after = entries(&ledger);
    let ended = after.iter().find(|entry| entry.id == long_lived.id).unwrap();
    assert_eq!(ended.message.as_deref(), Some("unknown: gateway stopped"));
    assert_eq!(ended.session, long_lived.session);
    drop(ledger);
    // Without the shortcut everything is read, with the same result.
    std::fs::write(folder.path().join("resume.json"), "{}").unwrap();
    let ledger = Ledger::open(folder.path(), small).unwrap();
    assert_eq!(entries(&ledger), after);
    drop(ledger);
    assert_whole(folder.path(), &key);
}

#[tokio::test]
async fn phases_are_merged() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), options()).unwrap();
    let intent = record(Phase::Intent);
    ledger.append(intent.clone(), Bodies { request: Some(Body::Bytes(b"{\"a\":1}")), ..Bodies::NONE }, Durability::Durable).await.unwrap();
    let open = entries(&ledger).remove(0);
    assert_eq!((open.ended, open.response), (None, None));
    let bodies = Bodies { response: Some(Body::Bytes(b"done")), ..Bodies::NONE };
    ledger.append(outcome(&intent.id), bodies, Durability::Written).await.unwrap();
    let done = entries(&ledger).remove(0);
    assert_eq!(done.response.as_ref().unwrap().status, Some(201));
    assert_eq!(done.request.as_ref().unwrap().verb, "get");
    let shown = ledger.reader().show(&intent.id, 100).unwrap().unwrap();
    assert_eq!(shown.request_body.unwrap(), b"{\"a\":1}");
    assert_eq!(shown.response_body.unwrap(), b"done");
}

#[tokio::test]
async fn a_stream_is_replayed_as_it_passed() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), options()).unwrap();
    let mut intent = record(Phase::Intent);
    intent.kind = Kind::Stream;
    ledger.append_written(intent.clone(), Bodies::NONE).unwrap();
    let mut stream = ledger.stream(&intent);
    let binary: Vec<u8> = (0..40_000u32).map(|n| (n * n) as u8).collect();
    stream.push(crate::OUT, b"{\"type\":\"ADDED\"}\n").unwrap();
    stream.push(crate::STDIN, b"typed").unwrap();
    stream.push_durable(crate::OUT, &binary).await.unwrap();
    // Another stream's frames are not mixed in.
    ledger.stream(&record(Phase::Intent)).push(crate::OUT, b"other").unwrap();
    assert_eq!(stream.bytes(), 17 + 40_000);
    stream.finish(outcome(&intent.id), Durability::Written).await.unwrap();

    let steps: Vec<_> = ledger.reader().replay("session-1").unwrap().collect();
    assert_eq!(steps.len(), 1);
    // The last push is longer than a frame: three of them.
    assert_eq!(steps[0].entry.frames, 5);
    assert_eq!(steps[0].entry.response.as_ref().unwrap().bytes, 17 + 40_000);
    let Output::Frames(frames) = ledger.reader().output(&steps[0].entry).unwrap() else { panic!("no frames") };
    let chunks: Vec<_> = frames.collect::<Result<_, _>>().unwrap();
    let out: Vec<u8> = chunks.iter().filter(|chunk| chunk.channel == crate::OUT).flat_map(|chunk| chunk.bytes.clone()).collect();
    assert_eq!(out, [&b"{\"type\":\"ADDED\"}\n"[..], &binary].concat());
    assert!(chunks.is_sorted_by_key(|chunk| chunk.offset));
    let shown = ledger.reader().show(&intent.id, 1 << 20).unwrap().unwrap();
    assert_eq!(shown.response_body.unwrap(), out);
}

#[tokio::test]
async fn a_body_that_was_passing_is_given_to_the_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let intent = record(Phase::Intent);
    let released = "released ".repeat(10_000);
    {
        let ledger = Ledger::open(folder.path(), options()).unwrap();
        ledger.append(intent.clone(), Bodies::NONE, Durability::Durable).await.unwrap();
        let mut writer = ledger.body_writer(&intent.id, Side::Response).unwrap();
        writer.write(released.as_bytes()).unwrap();
        // As if the process were killed here: nothing ends the body.
    }
    let ledger = Ledger::open(folder.path(), options()).unwrap();
    let shown = ledger.reader().show(&intent.id, 1 << 20).unwrap().unwrap();
    assert_eq!(shown.entry.message.as_deref(), Some("unknown: gateway stopped"));
    assert_eq!(shown.response_body.unwrap(), released.as_bytes());
    assert_eq!(std::fs::read_dir(folder.path().join("spool")).unwrap().count(), 0);
    let key = ledger.public_key();
    drop(ledger);
    assert_whole(folder.path(), &key);
}

#[tokio::test]
async fn a_gigabyte_passes_in_bounded_memory() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), options()).unwrap();
    let chunk = vec![7u8; 1 << 20];
    let before = peak_memory();
    let mut writer = ledger.body_writer("big", Side::Response).unwrap();
    for _ in 0..1024 {
        writer.write(&chunk).unwrap();
    }
    let stored = writer.finish().await.unwrap();
    assert_eq!(stored.bytes(), 1 << 30);
    assert!(peak_memory() - before < 64 << 20, "{} bytes", peak_memory() - before);
}

/// `VmHWM`, in bytes.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[tokio::test]
async fn appending_many_at_once_shares_syncs() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), options()).unwrap();
    let began = Instant::now();
    let tasks: Vec<_> = (0..200)
        .map(|_| {
            let ledger = ledger.clone();
            tokio::spawn(async move { ledger.append(record(Phase::Complete), Bodies::NONE, Durability::Durable).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let positions = entries(&ledger).len();
    assert_eq!(positions, 200);
    eprintln!("200 durable appends in {:?}", began.elapsed());
}
