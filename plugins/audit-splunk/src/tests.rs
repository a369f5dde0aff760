use std::cell::RefCell;
use std::rc::Rc;

use portcullis_sdk::http::Outgoing;
use portcullis_sdk::testing::{configuration, serve_http, status};

use super::*;

fn config(more: &str) -> Config {
    let config = configuration(&format!(r#"{{"url": "https://splunk.test:8088/", "token": "hunter2"{more}}}"#)).expect("valid");
    validate(&config).expect("valid");
    config
}

fn batch(records: &[&str]) -> Batch {
    Batch { first: 7, records: records.iter().map(|record| (*record).to_owned()).collect() }
}

const RECORD: &str = r#"{"id":"r1","time":"2026-11-28T09:00:00.123456Z","kind":"request"}"#;

#[test]
fn a_batch_is_one_post_of_events_with_the_times_of_their_records() {
    let seen: Rc<RefCell<Option<Outgoing>>> = Rc::default();
    let kept = Rc::clone(&seen);
    serve_http(move |request| {
        kept.replace(Some(request.clone()));
        Ok(Incoming { status: 200, headers: vec![], body: br#"{"text":"Success","code":0}"#.to_vec() })
    });
    let config = config(r#", "index": "audit", "host": "gate-\"1\"", "channel": "c-1""#);
    assert_eq!(deliver(&config, &batch(&[RECORD, r#"{"id":"r2"}"#])), Ok(9));
    let request = seen.take().expect("a request");
    assert_eq!((request.method.as_str(), request.url.as_str()), ("POST", "https://splunk.test:8088/services/collector/event"));
    assert!(request.headers.contains(&("authorization".into(), "Splunk hunter2".into())));
    assert!(request.headers.contains(&("x-splunk-request-channel".into(), "c-1".into())));
    let text = String::from_utf8(request.body).expect("text");
    let events: Vec<Value> = serde_json::Deserializer::from_str(&text).into_iter().collect::<Result<_, _>>().expect("JSON");
    assert!(text.contains(RECORD) && text.contains("\"time\":1795856400.123456,"), "{text}");
    assert_eq!(events[0]["host"], "gate-\"1\"");
    assert_eq!((&events[0]["sourcetype"], &events[0]["source"], &events[0]["index"]), (&"portcullis:audit".into(), &"portcullis".into(), &"audit".into()));
    assert_eq!((&events[1]["event"]["id"], events[1].get("time")), (&"r2".into(), None), "without a time Splunk takes its own");
}

#[test]
fn a_large_batch_is_delivered_in_parts() {
    serve_http(|request| if request.body.len() <= 1_000_000 { status(200) } else { status(413) });
    let record = format!("{{\"id\":\"{}\"}}", "x".repeat(400_000));
    assert_eq!(deliver(&config(""), &batch(&[&record, &record, &record])), Ok(9));
    assert_eq!(deliver(&config(""), &batch(&[])), Ok(7));
}

#[test]
fn what_splunk_says_is_told_and_the_token_is_not() {
    for (code, body, retry, message) in [
        (403, r#"{"text":"Invalid token","code":4}"#, false, "Splunk answered 403: Invalid token"),
        (400, r#"{"text":"Incorrect index","code":7,"invalid-event-number":1}"#, false, "Splunk answered 400: Incorrect index"),
        (503, r#"{"text":"Server is busy","code":9}"#, true, "Splunk answered 503: Server is busy"),
        (502, "<html>", true, "Splunk answered 502"),
    ] {
        serve_http(move |_| Ok(Incoming { status: code, headers: vec![], body: body.as_bytes().to_vec() }));
        assert_eq!(deliver(&config(""), &batch(&[RECORD])), Err(Failure { message: message.into(), retry }));
    }
    assert!(!format!("{:?}", config("")).contains("hunter2"));
}

#[test]
fn mistakes_in_the_configuration() {
    for (json, message) in [
        (r#"{"token": "x"}"#, "missing field `url`"),
        (r#"{"url": "https://a"}"#, "missing field `token`"),
        (r#"{"url": "splunk.test", "token": "x"}"#, "whole address"),
        (r#"{"url": "https://a/services/collector", "token": "x"}"#, "address alone"),
        (r#"{"url": "https://a", "token": ""}"#, "empty"),
    ] {
        let error = configuration::<Config>(json).and_then(|config| validate(&config)).expect_err(json);
        assert!(error.contains(message), "{json}: {error}");
    }
}
