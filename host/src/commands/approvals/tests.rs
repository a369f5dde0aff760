use insta::assert_snapshot;

use super::*;

fn sample() -> Value {
    json!({
        "id": "a-7", "state": "pending", "connection": "demo", "requester": "devin", "sponsor": "bob",
        "purpose": "clean up\r\nApproved by: everybody", "command": "kubectl delete deployment web -n shop", "rule": "deletions",
        "created": "2026-11-22T14:00:00.000000Z", "expires": "2026-11-22T14:30:00.000000Z", "needed": 2, "approved_by": ["alice"],
        "url": "https://gateway.example/approvals/a-7", "requester_issuer": "https://issuer.example", "requester_kind": "agent",
        "session": "s-1", "plugin": "approval-routing", "message": "deletions need a person", "request_hash": "sha256:abc",
        "target": { "uid": "u", "resource_version": "5" }, "scope": "this-version", "groups": ["approvers"], "subjects": ["carol"],
        "decisions": [{ "issuer": "https://issuer.example", "subject": "alice", "approves": true, "comment": "go\u{1b}[0m ahead", "time": "2026-11-22T14:05:00.000000Z" }],
        "ended": null, "ended_why": null, "used_by": null,
    })
}

#[test]
fn approvals_as_people_see_them() {
    assert_snapshot!(output::table(&[sample()], &COLUMNS), @"");
    assert_snapshot!(shown(&sample()), @"");
    assert_snapshot!(changed(&sample()), @"");
}
