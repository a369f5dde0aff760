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
    assert_snapshot!(output::table(&[sample()], &COLUMNS), @r"
    ID    STATE     REQUESTER   COMMAND                                 RULE                         APPROVED BY     EXPIRES                PURPOSE
    a-7   pending   devin       kubectl delete deployment web -n shop   approval-routing/deletions   1 of 2: alice   2026-11-22T14:30:00Z   clean up\r\nApproved by: everybody
    ");
    assert_snapshot!(shown(&sample()), @r"
    ID:           a-7
    State:        pending
    Command:      kubectl delete deployment web -n shop
    Connection:   demo
    Requester:    devin (agent)
    Sponsor:      bob
    Purpose:      clean up\r\nApproved by: everybody
    Session:      s-1
    Rule:         approval-routing/deletions
    Reason:       deletions need a person
    Approved by:  1 of 2: alice
    May decide:   group approvers, person carol
    Said:         yes, alice, 2026-11-22T14:05:00Z: go\u{1b}[0m ahead
    Created:      2026-11-22T14:00:00Z
    Expires:      2026-11-22T14:30:00Z
    Covers:       this-version
    Request:      sha256:abc
    Page:         https://gateway.example/approvals/a-7
    ");
    assert_snapshot!(changed(&sample()), @"a-7  pending    devin  kubectl delete deployment web -n shop (yes: alice)");
}
