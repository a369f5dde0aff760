use std::cell::RefCell;
use std::rc::Rc;

use portcullis_sdk::http::Outgoing;
use portcullis_sdk::testing::{configuration, serve_http, status};

use super::*;

fn config(json: &str) -> Config {
    let config = configuration(json).expect(json);
    validate(&config).expect(json);
    config
}

fn notice(occasion: portcullis_sdk::Occasion) -> Notice {
    let approval = json!({"id": "apr-1", "requester": "devin", "purpose": "a fix", "command": "kubectl delete deployment web -n shop", "connection": "demo", "rule": "deletes"});
    Notice { id: "notice-1".into(), occasion, approval: approval.to_string(), url: "https://gate.test/approvals/apr-1".into() }
}

#[test]
fn a_request_is_told_in_a_sentence_and_in_full() {
    let seen: Rc<RefCell<Vec<Outgoing>>> = Rc::default();
    let kept = Rc::clone(&seen);
    serve_http(move |request| {
        kept.borrow_mut().push(request.clone());
        status(200)
    });
    let config = config(r#"{"url": "https://chat.test/hook", "headers": [{"name": "authorization", "value": "hunter2"}]}"#);
    notify(&config, &notice(portcullis_sdk::Occasion::Requested)).expect("told");
    notify(&config, &notice(portcullis_sdk::Occasion::Denied)).expect("told");
    let seen = seen.take();
    let body = |index: usize| serde_json::from_slice::<Value>(&seen[index].body).expect("JSON");
    assert_eq!(
        body(0)["text"],
        "devin wants to run `kubectl delete deployment web -n shop` on demo for \"a fix\" (rule deletes): https://gate.test/approvals/apr-1"
    );
    assert_eq!((&body(0)["occasion"], &body(0)["approval"]["id"]), (&json!("requested"), &json!("apr-1")));
    assert_eq!(body(1)["text"], "`kubectl delete deployment web -n shop` of devin on demo is denied: https://gate.test/approvals/apr-1");
    assert!(seen[0].headers.contains(&("idempotency-key".into(), "notice-1".into())));
    assert!(seen[0].headers.contains(&("authorization".into(), "hunter2".into())));
    assert!(!format!("{config:?}").contains("hunter2") && !format!("{config:?}").contains("chat.test"));
}

#[test]
fn only_what_is_wanted() {
    serve_http(|_| panic!("nothing is to be sent"));
    let config = config(r#"{"url": "https://chat.test/hook", "occasions": ["requested"]}"#);
    assert_eq!(notify(&config, &notice(portcullis_sdk::Occasion::Used)), Ok(()));
}

#[test]
fn failures_that_may_pass_and_failures_that_do_not() {
    let config = config(r#"{"url": "https://chat.test/hook"}"#);
    for (answer, retry) in [(500, true), (429, true), (404, false), (302, false)] {
        serve_http(move |_| status(answer));
        let failure = notify(&config, &notice(portcullis_sdk::Occasion::Requested)).expect_err("refused");
        assert_eq!(failure.retry, retry, "{answer}");
        assert!(!failure.message.contains("chat.test"), "the address is a credential: {}", failure.message);
    }
}

#[test]
fn mistakes_in_the_configuration() {
    for (json, message) in [
        (r#"{"url": "chat.test"}"#, "whole address"),
        (r#"{"url": "https://a", "occasions": []}"#, "tells of nothing"),
        (r#"{"url": "https://a", "occasions": ["asked"]}"#, "unknown occasion `asked`"),
    ] {
        let error = configuration::<Config>(json).and_then(|config| validate(&config)).expect_err(json);
        assert!(error.contains(message), "{json}: {error}");
    }
}
