use std::cell::RefCell;
use std::rc::Rc;

use portcullis_sdk::http::Outgoing;
use portcullis_sdk::testing::{configuration, serve_http, status};

use super::*;

fn config(format: &str) -> Config {
    let json = format!(r#"{{"url": "https://siem.test/in", "format": "{format}", "headers": [{{"name": "authorization", "value": "hunter2"}}]}}"#);
    let config = configuration(&json).expect("valid");
    validate(&config).expect("valid");
    config
}

fn batch(records: &[&str]) -> Batch {
    Batch { first: 7, records: records.iter().map(|record| (*record).to_owned()).collect() }
}

#[test]
fn a_batch_is_one_post() {
    for (format, body) in [("jsonl", "{\"a\":1}\n{\"a\":2}\n"), ("json", "[{\"a\":1},{\"a\":2}]")] {
        let seen: Rc<RefCell<Option<Outgoing>>> = Rc::default();
        let kept = Rc::clone(&seen);
        serve_http(move |request| {
            kept.replace(Some(request.clone()));
            status(204)
        });
        assert_eq!(deliver(&config(format), &batch(&[r#"{"a":1}"#, r#"{"a":2}"#])), Ok(9));
        let request = seen.take().expect("a request");
        assert_eq!((request.method.as_str(), request.url.as_str()), ("POST", "https://siem.test/in"));
        assert_eq!(String::from_utf8(request.body).expect("text"), body);
        assert!(request.headers.contains(&("portcullis-position".into(), "7".into())));
        assert!(request.headers.contains(&("authorization".into(), "hunter2".into())));
    }
}

#[test]
fn a_large_batch_is_delivered_in_parts() {
    serve_http(|request| if request.body.len() <= MOST { status(200) } else { status(413) });
    let record = "x".repeat(400_000);
    assert_eq!(deliver(&config("jsonl"), &batch(&[&record, &record, &record])), Ok(9));
    serve_http(|_| status(200));
    assert_eq!(deliver(&config("jsonl"), &batch(&[&"x".repeat(2_000_000), "y"])), Ok(8), "one record that is too large goes alone");
    assert_eq!(deliver(&config("jsonl"), &batch(&[])), Ok(7));
}

#[test]
fn failures_that_may_pass_and_failures_that_do_not() {
    for (answer, retry) in [(500, true), (503, true), (429, true), (400, false), (401, false), (301, false)] {
        serve_http(move |_| status(answer));
        let failure = deliver(&config("json"), &batch(&["{}"])).expect_err("refused");
        assert_eq!(failure.retry, retry, "{answer}");
        assert_eq!(failure.message, format!("the endpoint answered {answer}"), "the address may be a credential");
    }
    serve_http(|_| Err("connection refused".into()));
    assert!(deliver(&config("json"), &batch(&["{}"])).expect_err("unreachable").retry);
}

#[test]
fn neither_a_credential_nor_the_address_is_printed() {
    let printed = format!("{:?}", config("json"));
    assert!(!printed.contains("hunter2") && !printed.contains("siem.test"), "{printed}");
}

#[test]
fn mistakes_in_the_configuration() {
    for (json, message) in [
        (r#"{}"#, "missing field `url`"),
        (r#"{"url": "siem.test"}"#, "whole address"),
        (r#"{"url": "https://a", "headers": [{"name": "Content-Type", "value": "x"}]}"#, "content-type is set by the plugin"),
        (r#"{"url": "https://a", "format": "xml"}"#, "unknown variant `xml`"),
    ] {
        let error = configuration::<Config>(json).and_then(|config| validate(&config)).expect_err(json);
        assert!(error.contains(message), "{json}: {error}");
    }
}
