use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use portcullis_sdk::testing::{configuration, serve_http, set_now};

use super::*;

fn config(more: &str) -> Config {
    let json = format!(
        r#"{{"endpoint": "https://s3.test:9000", "bucket": "records", "prefix": "audit/", "access_key_id": "AKID", "secret_access_key": "hunter2"{more}}}"#
    );
    let config = configuration(&json).expect("valid");
    validate(&config).expect("valid");
    config
}

fn batch(first: u64, records: &[&str]) -> Batch {
    Batch { first, records: records.iter().map(|record| (*record).to_owned()).collect() }
}

fn answers(code: u16, body: &'static str) {
    serve_http(move |_| Ok(Incoming { status: code, headers: vec![], body: body.as_bytes().to_vec() }));
}

const RECORD: &str = r#"{"id":"r1","time":"2026-11-28T09:00:00.123456Z","kind":"request"}"#;

#[test]
fn a_batch_is_one_object_of_lines() {
    set_now(1_795_910_400_000);
    let seen: Rc<RefCell<Vec<Outgoing>>> = Rc::default();
    let kept = Rc::clone(&seen);
    serve_http(move |request| {
        kept.borrow_mut().push(request.clone());
        Ok(Incoming { status: 200, headers: vec![], body: vec![] })
    });
    let config = config(r#", "session_token": "hunter3", "storage_class": "STANDARD_IA", "encryption": "aws:kms", "kms_key_id": "k-1""#);
    assert_eq!(deliver(&config, &batch(1234, &[RECORD, r#"{"id":"r2"}"#])), Ok(1236));
    // Sent again on another day, with more behind it: the same object.
    set_now(1_795_999_999_000);
    assert_eq!(deliver(&config, &batch(1234, &[RECORD, r#"{"id":"r2"}"#, "{}"])), Ok(1237));
    let seen = seen.take();
    assert_eq!((seen[0].method.as_str(), seen[0].url.as_str()), ("PUT", "https://s3.test:9000/records/audit/2026/11/28/00000000000000001234.jsonl"));
    assert_eq!(seen[0].url, seen[1].url);
    assert_eq!(String::from_utf8(seen[0].body.clone()).expect("text"), format!("{RECORD}\n{{\"id\":\"r2\"}}\n"));
    let headers: BTreeMap<&str, &str> = seen[0].headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let hash = digest(&seen[0].body);
    assert_eq!(headers["x-amz-content-sha256"], hex::encode(hash));
    assert_eq!(headers["x-amz-checksum-sha256"], STANDARD.encode(hash));
    assert_eq!((headers["x-amz-date"], headers["x-amz-storage-class"]), ("20261129T000000Z", "STANDARD_IA"));
    assert_eq!((headers["x-amz-security-token"], headers["x-amz-server-side-encryption-aws-kms-key-id"]), ("hunter3", "k-1"));
    assert!(headers["authorization"].contains("Credential=AKID/20261129/us-east-1/s3/aws4_request,SignedHeaders=content-type;host;x-amz-checksum-sha256;"));
    assert!(!seen[0].headers.iter().any(|(_, value)| value.contains("hunter2")), "the access key signs and is not sent");
}

#[test]
fn an_endpoint_that_names_the_bucket() {
    let json = r#"{"endpoint": "https://records.s3.test", "access_key_id": "AKID", "secret_access_key": "x"}"#;
    let config: Config = configuration(json).expect("valid");
    assert_eq!(put(&config, "k", vec![], 0).url, "https://records.s3.test/k");
}

#[test]
fn what_the_storage_says_is_told_by_its_code_alone() {
    for (code, body, retry, message) in [
        (403, "<Error><Code>SignatureDoesNotMatch</Code><Message>hunter</Message></Error>", false, "the storage answered 403: SignatureDoesNotMatch"),
        (404, "<Error><Code>NoSuchBucket</Code></Error>", false, "the storage answered 404: NoSuchBucket"),
        (400, "<Error><Code>RequestTimeout</Code></Error>", true, "the storage answered 400: RequestTimeout"),
        (409, "<Error><Code>OperationAborted</Code></Error>", true, "the storage answered 409: OperationAborted"),
        (403, "<Error><Code>RequestTimeTooSkewed</Code></Error>", true, "the storage answered 403: RequestTimeTooSkewed"),
        (503, "<Error><Code>SlowDown</Code></Error>", true, "the storage answered 503: SlowDown"),
        (500, "<html>", true, "the storage answered 500"),
        (301, "<Error><Code>a b</Code></Error>", false, "the storage answered 301"),
    ] {
        answers(code, body);
        assert_eq!(deliver(&config(""), &batch(7, &[RECORD])), Err(Failure { message: message.into(), retry }));
    }
    let printed = format!("{:?}", config(r#", "session_token": "hunter3""#));
    assert!(!printed.contains("hunter"), "{printed}");
}

#[test]
fn a_large_batch_is_delivered_in_parts() {
    answers(200, "");
    let record = "x".repeat(1_500_000);
    assert_eq!(deliver(&config(""), &batch(7, &[&record, &record, &record])), Ok(9));
    assert_eq!(deliver(&config(""), &batch(7, &[])), Ok(7));
}

#[test]
fn mistakes_in_the_configuration() {
    let with = |more: &str| {
        let mut all: serde_json::Value =
            serde_json::from_str(r#"{"endpoint": "https://s3.test", "access_key_id": "A", "secret_access_key": "x"}"#).expect("JSON");
        let more: serde_json::Value = serde_json::from_str(more).expect(more);
        all.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        all.to_string()
    };
    for (json, message) in [
        (with(r#"{"endpoint": "s3.test"}"#), "whole address"),
        (with(r#"{"endpoint": "https://s3.test/bucket"}"#), "scheme, host and port alone"),
        (with(r#"{"endpoint": "https://a@s3.test"}"#), "scheme, host and port alone"),
        (with(r#"{"bucket": "a/b"}"#), "3 to 63"),
        (with(r#"{"prefix": "/audit"}"#), "no slash in front"),
        (with(r#"{"prefix": "a/../b"}"#), "no slash in front"),
        (with(r#"{"prefix": "a b"}"#), "letters, digits"),
        (with(r#"{"region": ""}"#), "region: write letters"),
        (with(r#"{"encryption": "a b"}"#), "encryption: write it without spaces"),
        (with(r#"{"secret_access_key": ""}"#), "empty"),
    ] {
        let error = configuration::<Config>(&json).and_then(|config| validate(&config)).expect_err(&json);
        assert!(error.contains(message), "{json}: {error}");
    }
}
