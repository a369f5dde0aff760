use insta::assert_snapshot;

use super::*;

#[test]
fn a_policy_set_as_people_see_it() {
    let status = json!({
        "generation": 3, "digest": "sha256:0123456789abcdef", "live_since": "2026-11-22T14:00:00.000000Z",
        "plugins": [
            { "name": "deny-list", "world": "guard", "mode": "enforce", "component": "sha256:aaaaaaaaaaaaaaaaaaaa", "configuration": "sha256:bbbbbbbbbbbbbbbbbbbb",
              "state": "live", "message": "deny-list 0.1.0", "interface": "0.1.0", "bytes": 211_672,
              "loaded": { "milliseconds": 120, "from_cache": false, "born_configured": true } },
            { "name": "house-rules", "world": "guard", "mode": "monitor", "component": "sha256:cccccccccccccccccccc", "configuration": "sha256:dddddddddddddddddddd",
              "state": "live", "message": "house-rules 1.0.0", "interface": "0.1.0", "bytes": 12_345_678,
              "loaded": { "milliseconds": 3, "from_cache": true, "born_configured": false } },
            { "name": "next", "world": "guard", "mode": "enforce", "canary": "10%", "replaces": "deny-list", "component": "sha256:eeeeeeeeeeeeeeeeeeee",
              "configuration": "sha256:ffffffffffffffffffff", "state": "live", "message": "deny-list 0.2.0", "interface": "0.1.0", "bytes": 211_672,
              "loaded": { "milliseconds": 3, "from_cache": true, "born_configured": true } },
        ],
        "pinned": { "digest": "sha256:0123456789abcdef", "at": "2026-11-22T13:59:00.000000Z", "by": "alice", "folder": "sha256:00" },
        "staging": { "since": "2026-11-22T14:11:00.000000Z", "doing": "compiling", "compiling": ["house-rules"] },
        "rejected": { "at": "2026-11-22T14:10:00.000000Z", "message": "bundle.yaml:7:3: unknown field `modee`" },
    });
    assert_snapshot!(shown(&status), @"
    Generation:  3
    Digest:      sha256:0123456789abcdef
    Live since:  2026-11-22T14:00:00Z
    Rolled back:  at 2026-11-22T13:59:00Z by alice, until the folder changes or `portcullis policy rollback --release`
    Staging:  since 2026-11-22T14:11:00Z, compiling house-rules

    PLUGIN        WORLD   MODE                            STATE   COMPONENT             CONFIGURATION         SIZE     INTERFACE   LOADED                                            MESSAGE
    deny-list     guard   enforce                         live    sha256:aaaaaaaaaaaa   sha256:bbbbbbbbbbbb   211 kB   0.1.0       in 120 ms                                         deny-list 0.1.0
    house-rules   guard   monitor                         live    sha256:cccccccccccc   sha256:dddddddddddd   12 MB    0.1.0       in 3 ms from the cache, configured in each call   house-rules 1.0.0
    next          guard   for 10%, instead of deny-list   live    sha256:eeeeeeeeeeee   sha256:ffffffffffff   211 kB   0.1.0       in 3 ms from the cache                            deny-list 0.2.0

    Rejected at 2026-11-22T14:10:00Z, and the set above stays live:
    bundle.yaml:7:3: unknown field `modee`
    ");
}

#[test]
fn former_sets_as_people_see_them() {
    let sets = [
        json!({ "digest": "sha256:0123456789abcdef", "generations": [2, 4], "live_since": "2026-11-22T14:00:00.000000Z", "plugins": ["deny-list", "field-masking"], "live": true }),
        json!({ "digest": "sha256:ba9876543210fedc", "generations": [3], "live_since": "2026-11-22T13:00:00.000000Z", "plugins": ["deny-list"], "live": false }),
    ];
    assert_snapshot!(output::table(&sets, &HISTORY), @"
    DIGEST                GENERATIONS   LIVE SINCE                   PLUGINS
    sha256:0123456789ab   2, 4          2026-11-22T14:00:00Z (now)   deny-list, field-masking
    sha256:ba9876543210   3             2026-11-22T13:00:00Z         deny-list
    ");
}
