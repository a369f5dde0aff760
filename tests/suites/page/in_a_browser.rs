//! The approver's page, in a real browser.

use std::process::Command;
use std::time::Duration;

use portcullis_tests::{Gateway, Options, places, process};
use serde_json::Value;

/// Opens an approval's page as somebody and presses a button when it is there.
fn visit(url: &str, who: &str, button: &str) -> Value {
    let mut node = Command::new("node");
    node.arg(places::workspace().join("tests/browser/approve.mjs"));
    node.arg(places::workspace().join("target/tools/browser/node_modules/playwright-core"));
    node.args([url, who, button]);
    let output = process::run(&mut node, b"", Duration::from_secs(90)).expect_ok();
    serde_json::from_str(&output.stdout).expect("the browser's report is JSON")
}

#[test]
fn an_approver_logs_in_reads_the_command_and_approves_it_once() {
    let gateway = Gateway::start(Options::default());
    let devin = gateway.kubectl("1.37", "devin").within("shop");
    let held = devin.start(&["delete", "deployment", "web"]);
    let approval = gateway.api("alice").pending("delete deployment web");
    let url = approval["url"].as_str().expect("it has a page").to_owned();

    let sponsor = visit(&url, "Bob", "Approve once");
    assert_eq!(sponsor["buttons"], serde_json::json!([]), "the agent's sponsor has no button: {sponsor}");

    let seen = visit(&url, "Alice", "Approve once");
    assert!(!seen["before"].as_str().unwrap_or_default().contains("deployment"), "nothing is shown before the login");
    assert_eq!(seen["command"], "kubectl delete deployment web -n shop");
    assert_eq!(seen["buttons"], serde_json::json!(["Approve once", "Deny"]));
    let after = seen["after"].as_str().unwrap_or_default();
    assert!(after.contains("seen in the browser"), "{after}");
    let deleted = held.finish(Duration::from_secs(30));
    assert!(deleted.ok(), "{deleted:?}");
}

#[test]
fn a_no_by_the_page_reaches_the_agent_with_its_reason() {
    let gateway = Gateway::start(Options::default());
    let devin = gateway.kubectl("1.37", "devin").within("shop");
    let held = devin.start(&["delete", "service", "web"]);
    let approval = gateway.api("alice").pending("delete service web");
    visit(approval["url"].as_str().expect("it has a page"), "Alice", "Deny");
    let refused = held.finish(Duration::from_secs(30));
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("alice denied it: seen in the browser"), "{refused:?}");
}
