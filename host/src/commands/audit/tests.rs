use std::path::Path;

use insta::assert_snapshot;
use ledger::{Bodies, Body, Durability, Kind, Ledger, Options, Phase, Record, Request, Response};
use serde_json::json;

use super::*;

fn sample() -> Value {
    json!({
        "id": "0190", "time": "2026-11-22T14:00:00.000000Z", "kind": "request", "connection": "demo", "session": "s-1",
        "identity": { "issuer": "https://issuer.example", "subject": "devin", "kind": "agent", "sponsor": "bob", "groups": ["agents"] },
        "request": { "verb": "delete", "group": "", "version": "v1", "resource": "namespaces", "subresource": null, "namespace": null,
            "name": "prod", "path": "/api/v1/namespaces/prod", "query": "dryRun=All", "dry_run": true, "hash": "sha256:abc", "method": "DELETE" },
        "command": { "rendered": "kubectl delete namespace prod --dry-run=server", "claimed": "kubectl get\u{1b}[2K pods" },
        "decision": "deny", "generation": 3,
        "by": [
            { "plugin": "approval-routing", "component": "sha256:cccccccccccccccccccc", "configuration": "sha256:dd", "verdict": "no-opinion", "rule": null, "microseconds": 7, "remembered": true },
            { "plugin": "deny-list", "component": "sha256:0123456789abcdef0123", "configuration": "sha256:ee", "verdict": "deny", "rule": "no-namespace-deletion", "microseconds": 11, "remembered": false },
        ],
        "approval": null, "upstream": null, "response": { "status": 403, "body": "sha256:fff", "bytes": 312, "masked": 0 },
        "refusal": { "cause": "PolicyDenied", "message": "no agent deletes a namespace" }, "microseconds": 1234,
        "client": { "address": "127.0.0.1:5000", "user_agent": "kubectl/v1.37" }, "position": 4,
    })
}

#[test]
fn records_as_people_see_them() {
    let masked = json!({ "time": "2026-11-22T14:00:01.000000Z", "kind": "request", "identity": { "subject": "devin" }, "decision": "allow",
        "command": { "rendered": "kubectl get secrets -n shop", "claimed": null }, "response": { "status": 200, "bytes": 23_456, "masked": 2 }, "id": "0191" });
    let session = json!({ "time": "2026-11-22T14:00:02.000000Z", "kind": "session", "identity": { "subject": "devin" }, "decision": "allow", "message": "opened", "id": "0192" });
    assert_snapshot!(output::table(&[sample(), masked, session], &COLUMNS), @r"
    TIME                   IDENTITY   DECISION   COMMAND                                          CLAIMED                     BY                                                    RESPONSE               ID
    2026-11-22T14:00:00Z   devin      deny       kubectl delete namespace prod --dry-run=server   kubectl get\u{1b}[2K pods   deny-list/no-namespace-deletion@sha256:0123456789ab   403, 312 B             0190
    2026-11-22T14:00:01Z   devin      allow      kubectl get secrets -n shop                                                                                                        200, 23 kB, 2 masked   0191
    2026-11-22T14:00:02Z   devin      allow      session: opened                                                                                                                                           0192
    ");
}

#[test]
fn a_record_whole() {
    let mut record = sample();
    record["response_body"] = json!("{\"kind\":\"Status\",\"message\":\"\\u001b[31mno\"}");
    record["request_body"] = json!("not json\u{7}");
    assert_snapshot!(show::record(&record), @r#"
    ID:             0190
    Time:           2026-11-22T14:00:00Z
    Kind:           request
    Connection:     demo
    Session:        s-1
    Identity:       devin, agent
    Groups:         agents
    Sponsor:        bob
    Issuer:         https://issuer.example
    Client:         127.0.0.1:5000
    User agent:     kubectl/v1.37
    Command:        kubectl delete namespace prod --dry-run=server
    Claimed:        kubectl get\u{1b}[2K pods
    Request:        DELETE /api/v1/namespaces/prod?dryRun=All (dry run)
    Request hash:   sha256:abc
    Decision:       deny
    Generation:     3
    Refusal:        no agent deletes a namespace
    Response:       403, 312 B
    Response body:  sha256:fff
    Took:           1234 µs

    Decided by:
      PLUGIN             VERDICT      RULE                    MICROSECONDS   COMPONENT                     CONFIGURATION
      approval-routing   no-opinion                           remembered     sha256:cccccccccccccccccccc   sha256:dd
      deny-list          deny         no-namespace-deletion   11             sha256:0123456789abcdef0123   sha256:ee

    Request body (9 B):
    not json\u{7}

    Response body (42 B):
    {
      "kind": "Status",
      "message": "\u001b[31mno"
    }
    "#);
}

#[test]
fn the_log_as_it_grows() {
    let mut begun = tail::Begun::default();
    let mut intent = sample();
    intent["phase"] = json!("intent");
    intent["decision"] = json!("allow");
    intent["response"] = Value::Null;
    let frame = json!({ "id": "0190", "phase": "frame", "time": "2026-11-22T14:00:01Z" });
    let outcome = json!({ "id": "0190", "phase": "outcome", "time": "2026-11-22T14:00:02Z", "kind": "request", "response": { "status": 200, "bytes": 5, "masked": 0 } });
    let lines: Vec<String> = [intent, frame, outcome].iter().filter_map(|record| begun.line(record)).collect();
    assert_snapshot!(lines.join("\n"), @"
    2026-11-22T14:00:00Z  allow  begins  devin  kubectl delete namespace prod --dry-run=server
    2026-11-22T14:00:02Z         ended   devin  kubectl delete namespace prod --dry-run=server  200, 5 B
    ");
}

#[test]
fn filters_for_the_gateway_and_for_a_copy() {
    let filter = FilterArgs {
        session: Some("s-1".to_owned()),
        decision: Some(Decision::Hold),
        since: Some("2026-11-22T14:00:00Z".parse().unwrap()),
        ..Default::default()
    };
    assert_eq!(
        filter.query(),
        [("session", "s-1".to_owned()), ("decision", "hold".to_owned()), ("since", "2026-11-22T14:00:00Z".to_owned())]
    );
    assert_eq!(filter.filter().decision, Some(ledger::Decision::Hold));
    assert_eq!(filter.filter().session.as_deref(), Some("s-1"));
}

/// A ledger with one refused request.
async fn written(folder: &Path) {
    let ledger = Ledger::open(folder, Options::default()).unwrap();
    let mut record = Record::new("0190", Kind::Request, Phase::Complete);
    record.request = Some(Request { verb: "get".into(), resource: "pods".into(), path: "/api/v1/pods".into(), ..Default::default() });
    record.response = Some(Response { status: Some(200), ..Default::default() });
    let bodies = Bodies { response: Some(Body::Bytes(b"{\"kind\":\"PodList\"}")), ..Bodies::NONE };
    ledger.append(record, bodies, Durability::Durable).await.unwrap();
    ledger.close().await.unwrap();
}

fn verify_args(copy: &Path) -> verify::Args {
    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: verify::Args,
    }
    let copy = copy.to_str().unwrap();
    <Line as clap::Parser>::try_parse_from(["verify", "--copy", copy]).unwrap().args
}

#[tokio::test]
async fn a_copy_is_proved_whole_or_tampered() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path()).await;
    assert_eq!(verify::run(verify_args(folder.path()), Output::Json).unwrap(), 0);

    let segment = std::fs::read_dir(folder.path().join("segments")).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(&segment).unwrap();
    std::fs::write(&segment, text.replace("PodList", "PodLost")).unwrap();
    assert_eq!(verify::run(verify_args(folder.path()), Output::Table).unwrap(), 1);

    assert_eq!(verify::run(verify_args(&folder.path().join("elsewhere")), Output::Table).unwrap(), 2);
}

#[tokio::test]
async fn a_copy_is_exported_without_a_gateway() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path()).await;
    for format in [export::Format::Jsonl, export::Format::Kubernetes, export::Format::Ocsf] {
        export::from_copy(folder.path(), ledger::Filter::default(), format).unwrap();
    }
    assert!(export::from_copy(&folder.path().join("elsewhere"), ledger::Filter::default(), export::Format::Jsonl).is_err());
}
