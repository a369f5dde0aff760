use jiff::ToSpan as _;

use super::query::Filter;
use super::*;
use crate::body::Bodies;
use crate::ledger::tests::{options, record};
use crate::ledger::{Ledger, Options};
use crate::record::{Command, Decision, Identity, Kind, Phase, Record, Refusal, Request};

/// What one test entry is about.
struct Case {
    id: &'static str,
    verb: &'static str,
    namespace: &'static str,
    subject: &'static str,
    decision: Decision,
    minutes: i64,
}

const CASES: &[Case] = &[
    Case { id: "a", verb: "get", namespace: "shop", subject: "devin", decision: Decision::Allow, minutes: 0 },
    Case { id: "b", verb: "delete", namespace: "prod", subject: "devin", decision: Decision::Deny, minutes: 10 },
    Case { id: "c", verb: "delete", namespace: "shop", subject: "alice", decision: Decision::Hold, minutes: 20 },
    Case { id: "d", verb: "list", namespace: "prod", subject: "alice", decision: Decision::Allow, minutes: 30 },
];

fn start() -> jiff::Timestamp {
    // Lines are appended after what they tell.
    crate::record::now() - 40.minutes()
}

fn ledger(folder: &Path, begin: jiff::Timestamp) -> Ledger {
    // Every record in a segment of its own, so that what is left out of a query by time is left out here.
    let ledger = Ledger::open(folder, Options { segment_bytes: 1, ..options() }).unwrap();
    for case in CASES {
        let mut record = Record::new(case.id, Kind::Request, Phase::Complete);
        record.time = begin + case.minutes.minutes();
        record.session = Some(format!("s-{}", case.subject).into());
        record.identity = Some(Arc::new(Identity { subject: case.subject.into(), ..Identity::default() }));
        record.request = Some(Request {
            verb: case.verb.into(),
            resource: "pods".into(),
            namespace: Some(case.namespace.into()),
            path: format!("/api/v1/namespaces/{}/pods", case.namespace),
            ..Request::default()
        });
        record.command = Some(Command { rendered: format!("kubectl {} pods -n {}", case.verb, case.namespace), claimed: None, claimed_session: None });
        record.decision = Some(case.decision);
        if case.decision == Decision::Deny {
            record.refusal = Some(Refusal { cause: "PolicyDenied".into(), message: "No \"Deletions\" in prod".into() });
        }
        ledger.append_written(record, Bodies::NONE).unwrap();
    }
    ledger
}

#[test]
fn filters() {
    let folder = tempfile::tempdir().unwrap();
    let begin = start();
    let ledger = ledger(folder.path(), begin);
    let some = |text: &str| Some(text.to_owned());
    let none = Filter::default;
    let cases: Vec<(&str, Filter)> = vec![
        ("abcd", none()),
        ("b", Filter { id: some("b"), ..none() }),
        ("ab", Filter { session: some("s-devin"), ..none() }),
        ("cd", Filter { identity: some("alice"), ..none() }),
        ("bc", Filter { verb: some("delete"), ..none() }),
        ("abcd", Filter { resource: some("pods"), ..none() }),
        ("", Filter { resource: some("pod"), ..none() }),
        ("bd", Filter { namespace: some("prod"), ..none() }),
        ("c", Filter { decision: Some(Decision::Hold), ..none() }),
        ("", Filter { kind: Some(Kind::Stream), ..none() }),
        ("", Filter { connection: some("demo"), ..none() }),
        ("cd", Filter { since: Some(begin + 20.minutes()), ..none() }),
        ("ab", Filter { until: Some(begin + 20.minutes()), ..none() }),
        ("b", Filter { since: Some(begin + 1.minute()), until: Some(begin + 20.minutes()), ..none() }),
        ("b", Filter { text: some("\"deletions\""), ..none() }),
        ("d", Filter { text: some("LIST pods"), ..none() }),
        ("ab", Filter { limit: Some(2), ..none() }),
        ("d", Filter { namespace: some("prod"), verb: some("list"), ..none() }),
    ];
    for (wanted, filter) in cases {
        for reader in [ledger.reader(), Reader::open(folder.path())] {
            let found: String = reader.query(filter.clone()).unwrap().map(|entry| entry.unwrap().id).collect();
            assert_eq!(found, wanted, "{filter:?}");
            let mut newest: Vec<String> = reader.latest(&filter).unwrap().into_iter().map(|entry| entry.id).collect();
            if filter.limit.is_none() {
                newest.reverse();
                assert_eq!(newest.concat(), wanted, "latest {filter:?}");
            }
        }
    }
    let limit = Filter { limit: Some(2), ..none() };
    let newest: Vec<String> = ledger.reader().latest(&limit).unwrap().into_iter().map(|entry| entry.id).collect();
    assert_eq!(newest, ["d", "c"]);
}

#[test]
fn latest_merges_over_segments() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), Options { segment_bytes: 1, ..options() }).unwrap();
    let intents: Vec<Record> = (0..3).map(|_| record(Phase::Intent)).collect();
    for intent in &intents {
        ledger.append_written(intent.clone(), Bodies::NONE).unwrap();
    }
    ledger.stream(&intents[0]).push("out", b"frame").unwrap();
    let mut outcome = Record::new(intents[0].id.as_str(), Kind::Request, Phase::Outcome);
    outcome.message = Some("done".into());
    ledger.append_written(outcome, Bodies::NONE).unwrap();
    ledger.append_written(Record::new("nowhere", Kind::Request, Phase::Outcome), Bodies::NONE).unwrap();

    let latest = ledger.reader().latest(&Filter::default()).unwrap();
    let mut query: Vec<Entry> = ledger.reader().query(Filter::default()).unwrap().collect::<Result<_, _>>().unwrap();
    query.sort_by_key(|entry| std::cmp::Reverse(entry.position));
    let ids = |entries: &[Entry]| entries.iter().map(|entry| entry.id.clone()).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(ids(&latest), ids(&query));
    assert_eq!(latest.len(), 4);
    for entry in &latest {
        let same = query.iter().find(|other| other.id == entry.id).unwrap();
        assert_eq!((entry.ended, entry.frames, &entry.message), (same.ended, same.frames, &same.message), "{}", entry.id);
    }
}

#[test]
fn the_json_is_that_of_audit_query() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(folder.path(), "2026-11-22T10:00:00Z".parse().unwrap());
    let entry = ledger.reader().entry("b").unwrap();
    // The id is no UUID, so the whole ledger was searched.
    let json = serde_json::to_value(entry.unwrap()).unwrap();
    assert_eq!(json["time"], "2026-11-22T10:10:00.000000Z");
    assert_eq!(json["kind"], "request");
    assert_eq!(json["decision"], "deny");
    for key in ["id", "time", "kind", "connection", "session", "identity", "request", "command", "decision", "generation", "by", "approval", "upstream", "response"] {
        assert!(json.get(key).is_some(), "{key}");
    }
    for key in ["issuer", "subject", "kind", "sponsor", "groups"] {
        assert!(json["identity"].get(key).is_some(), "{key}");
    }
    for key in ["verb", "group", "version", "resource", "subresource", "namespace", "name", "path", "dry_run", "hash"] {
        assert!(json["request"].get(key).is_some(), "{key}");
    }
    let again: Entry = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(serde_json::to_value(again).unwrap(), json);
}

#[test]
fn a_changed_line_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let live = ledger(folder.path(), start()).reader();
    let path = segment::path(folder.path(), 2);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("alice", "devin")).unwrap();
    // The first line of a segment is read for its time, before the query begins.
    let error = Reader::open(folder.path()).query(Filter::default()).unwrap_err();
    assert!(matches!(error, ReadError::Line { line: 1, .. }), "{error:?}");
    let results: Vec<_> = live.query(Filter::default()).unwrap().collect();
    assert_eq!(results.len(), 3);
    assert!(matches!(results[2], Err(ReadError::Line { line: 1, .. })), "{:?}", results[2]);
    assert!(live.latest(&Filter::default()).is_err());
    assert!(Reader::open(folder.path()).latest(&Filter::default()).is_err());
}

#[test]
fn a_removed_segment_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    drop(ledger(folder.path(), start()));
    std::fs::remove_file(segment::path(folder.path(), 2)).unwrap();
    let last = Reader::open(folder.path()).query(Filter::default()).unwrap().last().unwrap();
    assert!(matches!(last, Err(ReadError::Line { .. })), "{last:?}");
}
