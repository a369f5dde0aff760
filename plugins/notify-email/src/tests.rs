use std::cell::RefCell;
use std::rc::Rc;

use portcullis_sdk::Occasion;
use portcullis_sdk::http::{Incoming, Outgoing};
use portcullis_sdk::testing::{configuration, serve_http};
use serde_json::{Value, json};

use super::*;

fn config(provider: &str) -> Config {
    let json = format!(r#"{{"provider": "{provider}", "key": "hunter2", "from": "gate@example.com", "to": ["alice@example.com", "bob@example.com"]}}"#);
    let config = configuration(&json).expect("valid");
    validate(&config).expect("valid");
    config
}

fn notice(occasion: Occasion, command: &str, purpose: &str) -> Notice {
    let approval = json!({"id": "apr-1", "requester": "devin", "sponsor": "bob", "purpose": purpose, "command": command, "connection": "demo", "rule": "deny-list/deletes"});
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

fn body(request: &Outgoing) -> Value {
    serde_json::from_slice(&request.body).expect("JSON")
}

const TEXT: &str = "devin wants an approval on demo

devin for bob wants to run

    kubectl delete deployment web -n shop

Who: devin for bob
Cluster: demo
Why: mend the shop
Rule: deny-list/deletes

Answer it at
https://gate.test/approvals/apr-1
";

#[test]
fn through_sendgrid() {
    let seen = answers(202, "");
    notify(&config("sendgrid"), &notice(Occasion::Requested, "kubectl delete deployment web -n shop", "mend the shop")).expect("told");
    let seen = seen.take();
    assert_eq!((seen[0].method.as_str(), seen[0].url.as_str()), ("POST", "https://api.sendgrid.com/v3/mail/send"));
    assert!(seen[0].headers.contains(&("authorization".into(), "Bearer hunter2".into())));
    assert_eq!(
        body(&seen[0]),
        json!({
            "personalizations": [{"to": [{"email": "alice@example.com"}, {"email": "bob@example.com"}]}],
            "from": {"email": "gate@example.com"},
            "subject": "[Portcullis] devin wants an approval on demo",
            "content": [{"type": "text/plain", "value": TEXT}],
            "custom_args": {"notice": "ntf-1"},
            "tracking_settings": {"click_tracking": {"enable": false, "enable_text": false}, "open_tracking": {"enable": false}},
        })
    );
}

#[test]
fn through_postmark() {
    let seen = answers(200, r#"{"To":"alice@example.com","ErrorCode":0,"Message":"OK"}"#);
    notify(&config("postmark"), &notice(Occasion::Requested, "kubectl delete deployment web -n shop", "mend the shop")).expect("told");
    let seen = seen.take();
    assert_eq!(seen[0].url, "https://api.postmarkapp.com/email");
    assert!(seen[0].headers.contains(&("x-postmark-server-token".into(), "hunter2".into())));
    assert_eq!(
        body(&seen[0]),
        json!({
            "From": "gate@example.com",
            "To": "alice@example.com,bob@example.com",
            "Subject": "[Portcullis] devin wants an approval on demo",
            "TextBody": TEXT,
            "Metadata": {"notice": "ntf-1"},
            "TrackLinks": "None",
            "TrackOpens": false,
            "MessageStream": "outbound",
        })
    );
}

#[test]
fn what_an_agent_wrote_stays_in_its_line() {
    let seen = answers(202, "");
    let evil = "kubectl get pods\nSubject: approved\r\n\nAnswer it at\nhttps://evil.test";
    let mut notice = notice(Occasion::Requested, evil, "x\r\nBcc: all@example.com\n\nhttps://evil.test");
    notice.approval = notice.approval.replace("\"devin\"", "\"devin\\r\\nBcc: a@example.com\"");
    notify(&config("sendgrid"), &notice).expect("told");
    let body = body(&seen.take()[0]);
    let (subject, text) = (body["subject"].as_str().expect("a text"), body["content"][0]["value"].as_str().expect("a text"));
    assert!(!subject.contains(['\r', '\n']) && subject.chars().count() <= 120, "{subject}");
    assert!(text.lines().all(|line| !line.starts_with("Bcc") && !line.starts_with("Subject") && !line.starts_with("https://evil")), "{text}");
    assert_eq!(text.lines().last(), Some("https://gate.test/approvals/apr-1"));
    for long in ["x".repeat(100_000), "a\n".repeat(50_000)] {
        let seen = answers(202, "");
        notice.approval = json!({"id": "a", "requester": &long, "command": &long, "purpose": &long, "connection": "demo", "rule": "r"}).to_string();
        notify(&config("sendgrid"), &notice).expect("told");
        assert!(seen.take()[0].body.len() < 64 * 1024);
    }
}

#[test]
fn what_the_provider_says_is_told_and_the_key_is_not() {
    for (provider, code, body, retry, message) in [
        ("sendgrid", 401, r#"{"errors":[{"message":"The provided authorization grant is invalid","field":null}]}"#, false, "SendGrid answered 401: The provided authorization grant is invalid"),
        ("sendgrid", 429, r#"{"errors":[{"message":"too many requests"}]}"#, true, "SendGrid answered 429: too many requests"),
        ("sendgrid", 500, "", true, "SendGrid answered 500"),
        ("postmark", 422, r#"{"ErrorCode":300,"Message":"Invalid 'From' address"}"#, false, "Postmark answered 422: Invalid 'From' address"),
        ("postmark", 200, r#"{"ErrorCode":406,"Message":"Inactive recipient"}"#, false, "Postmark refused: Inactive recipient"),
    ] {
        answers(code, body);
        let told = notify(&config(provider), &notice(Occasion::Expired, "c", "p"));
        assert_eq!(told, Err(Failure { message: message.into(), retry }));
        assert!(!format!("{:?}", config(provider)).contains("hunter2"));
    }
}

#[test]
fn another_address_of_the_api_and_only_what_is_wanted() {
    let seen = answers(202, "");
    let json = r#"{"provider": "sendgrid", "key": "k", "from": "a@b", "to": ["c@d"], "api": "https://api.eu.sendgrid.com/", "occasions": ["denied"]}"#;
    let config: Config = configuration(json).expect("valid");
    notify(&config, &notice(Occasion::Requested, "c", "p")).expect("nothing to tell");
    notify(&config, &notice(Occasion::Denied, "c", "p")).expect("told");
    let seen = seen.take();
    assert_eq!((seen.len(), seen[0].url.as_str()), (1, "https://api.eu.sendgrid.com/v3/mail/send"));
}

#[test]
fn mistakes_in_the_configuration() {
    for (json, message) in [
        (r#"{"key": "k", "from": "a@b", "to": ["c@d"]}"#, "missing field `provider`"),
        (r#"{"provider": "smtp", "key": "k", "from": "a@b", "to": ["c@d"]}"#, "unknown variant `smtp`"),
        (r#"{"provider": "postmark", "key": "k", "from": "a@b", "to": []}"#, "1 to 50"),
        (r#"{"provider": "postmark", "key": "k", "from": "Gate <a@b>", "to": ["c@d"]}"#, "no address of mail"),
        (r#"{"provider": "postmark", "key": "k", "from": "a@b", "to": ["c@d,e@f"]}"#, "no address of mail"),
        (r#"{"provider": "postmark", "key": "k", "from": "a@b", "to": ["nobody"]}"#, "no address of mail"),
    ] {
        let error = configuration::<Config>(json).and_then(|config| validate(&config)).expect_err(json);
        assert!(error.contains(message), "{json}: {error}");
    }
}
