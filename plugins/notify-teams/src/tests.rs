use std::cell::RefCell;
use std::rc::Rc;

use portcullis_sdk::http::Outgoing;
use portcullis_sdk::testing::{configuration, serve_http, status};

use super::*;

fn config() -> Config {
    configuration(r#"{"workflow": "https://flow.test/workflows/hunter2?sig=hunter2"}"#).expect("valid")
}

fn notice(command: &str, purpose: &str) -> Notice {
    let approval = json!({"id": "apr-1", "requester": "devin", "sponsor": "bob", "purpose": purpose, "command": command, "connection": "demo",
        "rule": "deny-list/deletes", "needed": 2, "approved_by": ["alice"], "expires": "2026-11-28T09:15:00.000000Z"});
    Notice { id: "ntf-1".into(), occasion: Occasion::Requested, approval: approval.to_string(), url: "https://gate.test/approvals/apr-1".into() }
}

fn sent(notice: &Notice) -> Value {
    let seen: Rc<RefCell<Option<Outgoing>>> = Rc::default();
    let kept = Rc::clone(&seen);
    serve_http(move |request| {
        kept.replace(Some(request.clone()));
        status(202)
    });
    notify(&config(), notice).expect("told");
    let request = seen.take().expect("a request");
    assert_eq!((request.method.as_str(), request.url.as_str()), ("POST", "https://flow.test/workflows/hunter2?sig=hunter2"));
    assert!(request.body.len() <= 28 * 1024, "{} bytes", request.body.len());
    serde_json::from_slice(&request.body).expect("JSON")
}

#[test]
fn a_card_has_the_command_who_why_and_a_link() {
    let message = sent(&notice("kubectl delete deployment web -n shop", "mend the shop"));
    assert_eq!((&message["type"], message["attachments"].as_array().map(Vec::len)), (&"message".into(), Some(1)));
    let attachment = &message["attachments"][0];
    assert_eq!((&attachment["contentType"], &attachment["contentUrl"]), (&"application/vnd.microsoft.card.adaptive".into(), &Value::Null));
    let card = &attachment["content"];
    assert_eq!((&card["type"], &card["version"]), (&"AdaptiveCard".into(), &"1.4".into()));
    let lines: Vec<String> = card["body"]
        .as_array()
        .expect("a body")
        .iter()
        .map(|block| {
            assert_eq!(block["type"], "RichTextBlock", "Teams reads Markdown in everything else");
            block["inlines"].as_array().expect("runs").iter().map(|run| run["text"].as_str().expect("a text")).collect()
        })
        .collect();
    assert_eq!(lines[..4], ["devin wants an approval on demo", "kubectl delete deployment web -n shop", "Who: devin for bob", "Cluster: demo"]);
    assert!(lines.contains(&"Why: mend the shop".to_owned()) && lines.contains(&"Needs: 2 people".to_owned()));
    assert_eq!(card["actions"], json!([{"type": "Action.OpenUrl", "title": "Answer it", "url": "https://gate.test/approvals/apr-1"}]));
    assert!(!message.to_string().contains("hunter2"));
}

#[test]
fn what_an_agent_wrote_is_text_and_fits() {
    let message = sent(&notice("echo {{DATE(2026-11-28,SHORT)}} ${requester} {{{{", "[Approve](https://evil.test) {{TIME(x)}}")).to_string();
    assert!(!message.contains("{{") && !message.contains("${"), "{message}");
    for long in ["x".repeat(20_000), "ü".repeat(20_000), "\u{1f600}".repeat(20_000), "\u{1}".repeat(20_000), "\"".repeat(20_000)] {
        sent(&notice(&long, &long));
    }
}

#[test]
fn what_the_workflow_says_is_told_by_its_code_alone() {
    for (code, body, retry, message) in [
        (401, r#"{"error": {"code": "DirectApiAuthorizationRequired", "message": "hunter2"}}"#, false, "the workflow answered 401: DirectApiAuthorizationRequired"),
        (404, r#"{"error": {"code": "WorkflowNotFound", "message": "hunter2"}}"#, false, "the workflow answered 404: WorkflowNotFound"),
        (429, "", true, "the workflow answered 429"),
        (503, "<html>", true, "the workflow answered 503"),
    ] {
        serve_http(move |_| Ok(Incoming { status: code, headers: vec![], body: body.as_bytes().to_vec() }));
        assert_eq!(notify(&config(), &notice("c", "p")), Err(Failure { message: message.into(), retry }));
    }
    assert!(!format!("{:?}", config()).contains("hunter2"));
}

#[test]
fn mistakes_in_the_configuration() {
    for (json, message) in [("{}", "missing field `workflow`"), (r#"{"workflow": "flow.test"}"#, "whole address"), (r#"{"workflow": "https://a", "occasions": ["asked"]}"#, "unknown occasion")] {
        assert!(configuration::<Config>(json).expect_err(json).contains(message), "{json}");
    }
    serve_http(|_| panic!("nothing is to be sent"));
    let config: Config = configuration(r#"{"workflow": "https://a", "occasions": ["denied"]}"#).expect("valid");
    assert_eq!(notify(&config, &notice("c", "p")), Ok(()));
}
