use insta::assert_snapshot;
use serde_json::json;

use super::*;

fn step(verb: &str, subresource: Option<&str>) -> Value {
    json!({ "kind": "request", "decision": "allow", "connection": "demo", "identity": { "subject": "devin" },
        "request": { "verb": verb, "resource": "pods", "subresource": subresource }, "command": { "rendered": "kubectl get pods\u{1b}[2J -n shop" } })
}

fn shown(record: &Value, raw: bool, chunks: &[(&str, &str)]) -> String {
    let mut screen = Screen::new(record, raw);
    let mut text: String = chunks.iter().map(|(channel, text)| screen.push(channel, text)).collect();
    text.push_str(&screen.finish());
    text
}

fn table(rows: &Value) -> Value {
    json!({ "kind": "Table", "columnDefinitions": [{ "name": "Name", "priority": 0 }, { "name": "Ready", "priority": 0 }, { "name": "IP", "priority": 1 }], "rows": rows })
}

#[test]
fn the_prompt() {
    assert_eq!(prompt(&step("list", None)), "devin@demo$ kubectl get pods\\u{1b}[2J -n shop");
    assert_eq!(prompt(&json!({ "kind": "session", "message": "opened" })), "# opened");
}

#[test]
fn a_table_as_kubectl_draws_it() {
    let body = table(&json!([{ "cells": ["web-1", "1/1", "10.0.0.1"] }, { "cells": ["\u{1b}[31mred", "0/1", null] }])).to_string();
    assert_snapshot!(shown(&step("list", None), false, &[("out", &body)]), @r"
    NAME            READY
    web-1           1/1
    \u{1b}[31mred   0/1
    ");
    assert_eq!(shown(&step("list", None), false, &[("out", &table(&json!([])).to_string())]), "No resources found\n");
}

#[test]
fn a_refusal_as_kubectl_says_it() {
    let body = json!({ "kind": "Status", "status": "Failure", "reason": "Forbidden", "message": "no agent deletes a namespace" }).to_string();
    assert_eq!(shown(&step("delete", None), false, &[("out", &body)]), "Error from server (Forbidden): no agent deletes a namespace\n");
}

#[test]
fn a_watch_event_by_event_however_it_is_cut() {
    let first = json!({ "type": "ADDED", "object": table(&json!([{ "cells": ["web-1", "1/1", ""] }])) }).to_string() + "\n";
    let second = json!({ "type": "MODIFIED", "object": table(&json!([{ "cells": ["web-1", "0/1", ""] }])) }).to_string() + "\n";
    let third = json!({ "type": "DELETED", "object": { "kind": "Pod", "metadata": { "name": "web-1", "namespace": "shop" } } }).to_string() + "\n";
    let all = [first, second, third].concat();
    let (left, right) = all.split_at(all.len() / 3);
    assert_snapshot!(shown(&step("watch", None), false, &[("out", left), ("out", right)]), @"
    NAME    READY
    web-1   1/1
    web-1   0/1
    DELETED pod/web-1 -n shop
    ");
}

#[test]
fn what_programs_printed_is_escaped_unless_raw() {
    let log = step("get", Some("log"));
    assert_eq!(shown(&log, false, &[("out", "{\"a\":1}\r\n\u{1b}[31mred")]), "{\"a\":1}\n\\u{1b}[31mred\n");
    assert_eq!(shown(&log, true, &[("out", "\u{1b}[31mred\n")]), "\u{1b}[31mred\n");
    // What was typed is on the screen already.
    assert_eq!(shown(&step("create", Some("exec")), false, &[("stdin", "ls\n"), ("stdout", "a\n"), ("stderr", "b\n")]), "a\nb\n");
}

#[test]
fn pauses_are_short_and_never_go_back() {
    let mut clock = Clock { at: 0.0, speed: 2.0, waits: true };
    assert_eq!(clock.pause(1.0), Duration::from_millis(500));
    assert_eq!(clock.pause(0.5), Duration::ZERO);
    assert_eq!(clock.pause(3600.0), Duration::from_secs(2));
    assert_eq!(clock.pause(3601.0), Duration::from_millis(500));
    assert_eq!(Clock { at: 0.0, speed: 1.0, waits: false }.pause(9.0), Duration::ZERO);
}

#[test]
fn discovery_is_not_the_story() {
    let discovery = json!({ "kind": "request", "decision": "allow", "request": { "verb": "get", "resource": "" } });
    assert!(is_preparation(&discovery));
    let mut refused = discovery.clone();
    refused["decision"] = json!("deny");
    assert!(!is_preparation(&refused));
    assert!(!is_preparation(&step("get", None)));
}

#[test]
fn speeds() {
    assert_eq!(speed("2"), Ok(2.0));
    for wrong in ["0", "-1", "NaN", "inf", "fast"] {
        assert!(speed(wrong).is_err(), "{wrong}");
    }
}
