use insta::assert_snapshot;

use super::*;

#[test]
fn a_policy_set_as_people_see_it() {
    let status = json!({
        "generation": 3, "digest": "sha256:0123456789abcdef", "live_since": "2026-11-22T14:00:00.000000Z",
        "plugins": [{ "name": "deny-list", "world": "guard", "mode": "enforce", "component": "sha256:aaaaaaaaaaaaaaaaaaaa",
            "configuration": "sha256:bbbbbbbbbbbbbbbbbbbb", "state": "live", "message": "deny-list 0.1.0" }],
        "rejected": { "at": "2026-11-22T14:10:00.000000Z", "message": "bundle.yaml:7:3: unknown field `modee`" },
    });
    assert_snapshot!(shown(&status), @"
    Generation:  3
    Digest:      sha256:0123456789abcdef
    Live since:  2026-11-22T14:00:00Z

    PLUGIN      WORLD   MODE      STATE   COMPONENT             CONFIGURATION         MESSAGE
    deny-list   guard   enforce   live    sha256:aaaaaaaaaaaa   sha256:bbbbbbbbbbbb   deny-list 0.1.0

    Rejected at 2026-11-22T14:10:00Z, and the set above stays live:
    bundle.yaml:7:3: unknown field `modee`
    ");
}
