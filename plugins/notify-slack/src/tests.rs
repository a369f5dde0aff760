use std::cell::RefCell;
use std::rc::Rc;

use portcullis_sdk::Occasion;
use portcullis_sdk::testing::{configuration, serve_http};
use serde_json::json;

use super::*;

fn config(json: &str) -> Config {
    let config = configuration(json).expect(json);
    validate(&config).expect(json);
    config
}

fn notice(occasion: Occasion) -> Notice {
    let approval = json!({"id": "apr-1", "requester": "devin", "command": "kubectl delete pod web", "connection": "demo", "rule": "deletes"});
    Notice { id: "ntf-1".into(), occasion, approval: approval.to_string(), url: "https://gate.test/approvals/apr-1".into() }
}

fn answers(code: u16, body: &'static str) -> Rc<RefCell<Vec<Outgoing>>> {
    let seen: Rc<RefCell<Vec<Outgoing>>> = Rc::default();
    let kept = Rc::clone(&seen);
    serve_http(move |request| {
        kept.borrow_mut().push(request.clone());
        Ok(Incoming { status: code, headers: vec![], body: body.as_bytes().to_vec() })
    });
    seen
}

const WEBHOOK: &str = r#"{"webhook": "https://hooks.slack.test/services/T/B/hunter2"}"#;
const BOT: &str = r#"{"token": "xoxb-hunter2", "channel": "C0123456789", "api": "https://slack.test/api/"}"#;

#[test]
fn by_an_incoming_webhook() {
    let seen = answers(200, "ok");
    notify(&config(WEBHOOK), &notice(Occasion::Requested)).expect("told");
    let seen = seen.take();
    assert_eq!((seen[0].method.as_str(), seen[0].url.as_str()), ("POST", "https://hooks.slack.test/services/T/B/hunter2"));
    let body: Value = serde_json::from_slice(&seen[0].body).expect("JSON");
    assert!(body.get("channel").is_none() && body["blocks"][1]["text"]["text"] == "```kubectl delete pod web```");
}

#[test]
fn by_a_bot() {
    let seen = answers(200, r#"{"ok": true, "ts": "1"}"#);
    notify(&config(BOT), &notice(Occasion::Denied)).expect("told");
    let seen = seen.take();
    assert_eq!(seen[0].url, "https://slack.test/api/chat.postMessage");
    assert!(seen[0].headers.contains(&("authorization".into(), "Bearer xoxb-hunter2".into())));
    assert!(seen[0].headers.contains(&("content-type".into(), "application/json; charset=utf-8".into())));
    let body: Value = serde_json::from_slice(&seen[0].body).expect("JSON");
    assert_eq!((&body["channel"], &body["blocks"][0]["text"]["text"]), (&"C0123456789".into(), &"devin on demo: denied".into()));
    assert!(!body.to_string().contains("hunter2"));
}

#[test]
fn what_slack_says_is_told_and_no_credential() {
    for (given, code, body, retry, message) in [
        (WEBHOOK, 404, "no_service", false, "Slack answered 404: no_service"),
        (WEBHOOK, 400, "<html>hooks.slack.test</html>", false, "Slack answered 400"),
        (WEBHOOK, 429, "rate_limited", true, "Slack answered 429: rate_limited"),
        (WEBHOOK, 500, "", true, "Slack answered 500"),
        (BOT, 200, r#"{"ok": false, "error": "channel_not_found"}"#, false, "Slack answered channel_not_found"),
        (BOT, 200, r#"{"ok": false, "error": "invalid_auth"}"#, false, "Slack answered invalid_auth"),
        (BOT, 200, r#"{"ok": false, "error": "internal_error"}"#, true, "Slack answered internal_error"),
        (BOT, 429, r#"{"ok": false, "error": "ratelimited"}"#, true, "Slack answered 429: ratelimited"),
        (BOT, 200, "<html>", false, "Slack answered something that is not JSON"),
    ] {
        answers(code, body);
        assert_eq!(notify(&config(given), &notice(Occasion::Requested)), Err(Failure { message: message.into(), retry }), "{body}");
        assert!(!format!("{:?}", config(given)).contains("hunter2"));
    }
}

#[test]
fn only_what_is_wanted() {
    serve_http(|_| panic!("nothing is to be sent"));
    let config = config(r#"{"webhook": "https://hooks.slack.test/x", "occasions": ["requested"]}"#);
    assert_eq!(notify(&config, &notice(Occasion::Used)), Ok(()));
}

#[test]
fn mistakes_in_the_configuration() {
    for (json, message) in [
        ("{}", "give a `webhook`, or a `token` and a `channel`"),
        (r#"{"token": "x"}"#, "name the channel"),
        (r#"{"webhook": "https://a", "channel": "C1"}"#, "says already where"),
        (r#"{"webhook": "hooks.slack.com"}"#, "whole address"),
        (r#"{"webhook": "https://a", "occasions": []}"#, "tells of nothing"),
    ] {
        let error = configuration::<Config>(json).and_then(|config| validate(&config)).expect_err(json);
        assert!(error.contains(message), "{json}: {error}");
    }
}
