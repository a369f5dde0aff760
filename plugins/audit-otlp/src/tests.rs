use std::cell::RefCell;
use std::rc::Rc;

use portcullis_sdk::http::Outgoing;
use portcullis_sdk::testing::{configuration, serve_http, set_now, status};

use super::*;

fn config() -> Config {
    let json = r#"{"endpoint": "https://otel.test:4318", "headers": [{"name": "authorization", "value": "hunter2"}], "resource": {"site": "here"}}"#;
    let config = configuration(json).expect("valid");
    validate(&config).expect("valid");
    config
}

fn batch(records: &[&str]) -> Batch {
    Batch { first: 7, records: records.iter().map(|record| (*record).to_owned()).collect() }
}

fn answers(code: u16, body: &'static str) {
    serve_http(move |_| Ok(Incoming { status: code, headers: vec![], body: body.as_bytes().to_vec() }));
}

const RECORD: &str = r#"{"id":"r1","phase":"complete","time":"2026-11-28T09:00:00.123456Z","kind":"request","connection":"demo","session":"s1","identity":{"subject":"devin","kind":"agent"},"request":{"verb":"delete","group":"apps","resource":"deployments","subresource":"scale","namespace":"shop","name":"web"},"decision":"deny"}"#;

#[test]
fn a_record_is_a_log_record() {
    set_now(1_795_856_401_000);
    let seen: Rc<RefCell<Option<Outgoing>>> = Rc::default();
    let kept = Rc::clone(&seen);
    serve_http(move |request| {
        kept.replace(Some(request.clone()));
        Ok(Incoming { status: 200, headers: vec![], body: b"{\"partialSuccess\":{}}".to_vec() })
    });
    assert_eq!(deliver(&config(), &batch(&[RECORD, "{}"])), Ok(9));
    let request = seen.take().expect("a request");
    assert_eq!((request.method.as_str(), request.url.as_str()), ("POST", "https://otel.test:4318/v1/logs"));
    assert!(request.headers.contains(&("authorization".into(), "hunter2".into())));
    let sent: Value = serde_json::from_slice(&request.body).expect("JSON");
    let resource = &sent["resourceLogs"][0];
    assert_eq!(
        resource["resource"]["attributes"],
        json!([{"key": "service.name", "value": {"stringValue": "portcullis"}}, {"key": "site", "value": {"stringValue": "here"}}])
    );
    let log = &resource["scopeLogs"][0]["logRecords"][0];
    assert_eq!(log["body"]["stringValue"], RECORD);
    assert_eq!((&log["timeUnixNano"], &log["observedTimeUnixNano"]), (&"1795856400123456000".into(), &"1795856401000000000".into()));
    assert_eq!((&log["severityNumber"], &log["severityText"], &log["eventName"]), (&13.into(), &"WARN".into(), &"portcullis.request".into()));
    let attributes: Vec<String> = log["attributes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| format!("{}={}", one["key"].as_str().expect("a key"), one["value"]["stringValue"].as_str().expect("a text")))
        .collect();
    assert_eq!(
        attributes,
        [
            "k8s.cluster.name=demo",
            "k8s.namespace.name=shop",
            "user.name=devin",
            "portcullis.record=r1",
            "portcullis.phase=complete",
            "portcullis.session=s1",
            "portcullis.identity.kind=agent",
            "portcullis.decision=deny",
            "portcullis.verb=delete",
            "portcullis.resource=apps/deployments/scale",
            "portcullis.object=web",
        ]
    );
    let bare = &resource["scopeLogs"][0]["logRecords"][1];
    assert_eq!((bare.get("timeUnixNano"), bare.get("eventName"), &bare["attributes"]), (None, None, &json!([])));
}

#[test]
fn what_the_specification_calls_retryable() {
    for (code, retry) in [(429, true), (502, true), (503, true), (504, true), (400, false), (401, false), (408, false), (500, false), (501, false)] {
        answers(code, r#"{"code": 3, "message": "no such tenant"}"#);
        let expected = Failure { message: format!("the collector answered {code}: no such tenant"), retry };
        assert_eq!(deliver(&config(), &batch(&[RECORD])), Err(expected));
    }
    serve_http(|_| Err("connection refused".into()));
    assert!(deliver(&config(), &batch(&[RECORD])).expect_err("unreachable").retry);
}

#[test]
fn a_batch_that_is_taken_in_part_stops_the_delivery() {
    for (body, rejected) in [
        (r#"{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"too old"}}"#, true),
        (r#"{"partialSuccess":{"rejectedLogRecords":1}}"#, true),
        (r#"{"partialSuccess":{"rejectedLogRecords":"0","errorMessage":"a warning"}}"#, false),
        ("{}", false),
        ("", false),
    ] {
        answers(200, body);
        let outcome = deliver(&config(), &batch(&[RECORD]));
        assert_eq!(outcome.as_ref().err().map(|failure| failure.retry), rejected.then_some(false), "{body}: {outcome:?}");
    }
}

#[test]
fn a_large_batch_is_delivered_in_parts() {
    serve_http(|request| if request.body.len() <= 4 << 20 { status(200) } else { status(413) });
    let record = format!("{{\"id\":\"{}\"}}", "\\\"".repeat(200_000));
    assert_eq!(deliver(&config(), &batch(&[&record, &record, &record])), Ok(9));
    assert_eq!(deliver(&config(), &batch(&[])), Ok(7));
}

#[test]
fn mistakes_in_the_configuration() {
    for (json, message) in [
        ("{}", "missing field `endpoint`"),
        (r#"{"endpoint": "otel.test:4318"}"#, "whole address"),
        (r#"{"endpoint": "https://a/v1/logs"}"#, "without /v1/logs"),
        (r#"{"endpoint": "https://a", "headers": [{"name": "Content-Type", "value": "x"}]}"#, "set by the plugin"),
    ] {
        let error = configuration::<Config>(json).and_then(|config| validate(&config)).expect_err(json);
        assert!(error.contains(message), "{json}: {error}");
    }
    assert!(!format!("{:?}", config()).contains("hunter2"));
}
