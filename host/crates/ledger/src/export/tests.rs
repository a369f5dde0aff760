use std::sync::Arc;

use super::*;
use crate::record::{Client, Command, Identity, Phase, Record, Refusal, Request, Response};

fn entry() -> Entry {
    let mut record = Record::new("0199a1b2-0000-7000-8000-000000000000", Kind::Request, Phase::Complete);
    record.time = "2026-11-22T10:00:00.000001Z".parse().unwrap();
    record.session = Some("s-1".into());
    record.identity = Some(Arc::new(Identity {
        issuer: "https://issuer".into(),
        subject: "devin".into(),
        kind: "agent".into(),
        sponsor: Some("bob".into()),
        groups: vec!["agents".into()],
    }));
    record.client = Some(Client { address: "[::1]:4000".into(), user_agent: Some("kubectl/v1.37".into()) });
    record.request = Some(Request {
        verb: "delete".into(),
        version: "v1".into(),
        resource: "namespaces".into(),
        name: Some("prod".into()),
        path: "/api/v1/namespaces/prod".into(),
        query: Some("propagationPolicy=Background".into()),
        ..Request::default()
    });
    record.command = Some(Command { rendered: "kubectl delete namespace prod".into(), claimed: None, claimed_session: None });
    record.decision = Some(Decision::Deny);
    record.refusal = Some(Refusal { cause: "PolicyDenied".into(), message: "no".into() });
    record.response = Some(Response { status: Some(403), ..Response::default() });
    Entry::new(record, 7)
}

#[test]
fn an_event_of_kubernetes() {
    let event = kubernetes(&entry());
    assert_eq!(event["apiVersion"], "audit.k8s.io/v1");
    assert_eq!(event["requestURI"], "/api/v1/namespaces/prod?propagationPolicy=Background");
    assert_eq!(event["user"]["username"], "devin");
    assert_eq!(event["sourceIPs"], json!(["::1"]));
    assert_eq!(event["objectRef"]["name"], "prod");
    assert_eq!(event["responseStatus"]["code"], 403);
    assert_eq!(event["stageTimestamp"], "2026-11-22T10:00:00.000001Z");
    assert_eq!(event["annotations"]["portcullis.dev/decision"], "deny");
    assert_eq!(event["annotations"]["portcullis.dev/sponsor"], "bob");
}

#[test]
fn an_api_activity_of_ocsf() {
    let event = ocsf(&entry());
    assert_eq!((&event["class_uid"], &event["activity_id"], &event["type_uid"]), (&json!(6003), &json!(4), &json!(600_304)));
    assert_eq!(event["status"], "Failure");
    assert_eq!(event["actor"]["user"]["name"], "devin");
    assert_eq!(event["resources"][0]["name"], "prod");
}

#[test]
fn hosts() {
    for (address, wanted) in [("127.0.0.1:80", "127.0.0.1"), ("[::1]:80", "::1"), ("somewhere", "somewhere")] {
        assert_eq!(host(address), wanted);
    }
}
