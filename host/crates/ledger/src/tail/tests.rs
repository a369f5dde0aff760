use crate::body::{Bodies, Body};
use crate::ledger::tests::{options, record};
use crate::ledger::{Ledger, Options, Position};
use crate::record::Phase;

#[tokio::test]
async fn everything_is_followed_once_over_segments() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), Options { segment_bytes: 5_000, ..options() }).unwrap();
    let writer = ledger.clone();
    let writing = tokio::spawn(async move {
        for number in 0..300 {
            let body = format!("body {number}");
            let bodies = Bodies { response: Some(Body::Bytes(body.as_bytes())), ..Bodies::NONE };
            writer.append_written(record(Phase::Complete), bodies).unwrap();
            tokio::task::yield_now().await;
        }
    });
    let mut follow = ledger.tail(Position(0));
    let mut found = Vec::new();
    while found.len() < 300 {
        found.extend(follow.batch(7, usize::MAX).await.unwrap());
    }
    writing.await.unwrap();
    assert_eq!(found.len(), 300);
    assert!(found.is_sorted_by(|a, b| a.position < b.position));
    let expected: Vec<_> = ledger.reader().query(crate::Filter::default()).unwrap().map(|entry| entry.unwrap().id).collect();
    assert_eq!(found.iter().map(|tailed| tailed.record().unwrap().id).collect::<Vec<_>>(), expected);

    // From a kept position in the middle of an old segment.
    let half = found[150].position;
    let mut again = ledger.tail(Position(half.0 + 1));
    assert_eq!(again.next().await.unwrap(), found[151]);
    assert_eq!(again.batch(3, usize::MAX).await.unwrap(), found[152..155]);
    assert_eq!(again.position(), Position(found[154].position.0 + 1));
}

#[tokio::test]
async fn a_record_that_comes_later_wakes_the_follower() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), options()).unwrap();
    let mut follow = ledger.tail(ledger.end());
    let waiting = tokio::spawn(async move { follow.next().await.unwrap() });
    tokio::task::yield_now().await;
    let record = record(Phase::Complete);
    ledger.append_written(record.clone(), Bodies::NONE).unwrap();
    assert_eq!(waiting.await.unwrap().record().unwrap(), record);
}

#[tokio::test]
async fn a_position_that_does_not_exist_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), options()).unwrap();
    assert!(ledger.tail(Position(5)).next().await.is_err());
}

#[tokio::test]
async fn a_dropped_wait_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), options()).unwrap();
    let mut follow = ledger.tail(Position(0));
    tokio::select! {
        biased;
        _ = follow.next() => panic!("there is nothing"),
        () = tokio::task::yield_now() => {}
    }
    for _ in 0..3 {
        ledger.append_written(record(Phase::Complete), Bodies::NONE).unwrap();
    }
    tokio::select! {
        biased;
        _ = follow.next() => {}
        () = tokio::task::yield_now() => {}
    }
    let position = follow.position();
    assert_eq!(follow.next().await.unwrap().position, position);
}
