use insta::assert_snapshot;
use serde_json::json;

use super::*;

fn sample() -> Value {
    json!({
        "id": "s-1", "state": "live", "connection": "demo",
        "identity": { "issuer": "https://issuer.example", "subject": "devin", "kind": "agent", "sponsor": "bob", "groups": ["agents"] },
        "purpose": "mend\u{1b}[2J the shop", "opened": "2026-11-22T14:00:00.000001Z", "expires": "2026-11-22T15:00:00.000001Z",
        "last_used": "2026-11-22T14:10:00.000000Z", "requests": 12, "request_limit": 500, "ended": null, "ended_by": null,
    })
}

#[test]
fn sessions_as_people_see_them() {
    assert_snapshot!(output::table(&[sample()], &COLUMNS), @r"
    ID    STATE   CONNECTION   IDENTITY   OPENED                 EXPIRES                REQUESTS   PURPOSE
    s-1   live    demo         devin      2026-11-22T14:00:00Z   2026-11-22T15:00:00Z   12         mend\u{1b}[2J the shop
    ");
    assert_snapshot!(shown(&sample()), @r"
    ID:          s-1
    State:       live
    Connection:  demo
    Identity:    devin
    Kind:        agent
    Sponsor:     bob
    Purpose:     mend\u{1b}[2J the shop
    Opened:      2026-11-22T14:00:00Z
    Expires:     2026-11-22T15:00:00Z
    Last used:   2026-11-22T14:10:00Z
    Requests:    12 of 500
    ");
    let mut opened = sample();
    opened["token"] = json!("pcs_secret");
    opened["server"] = json!("https://gateway.example/clusters/demo");
    assert!(shown(&opened).lines().any(|line| line.starts_with("Token:") && line.ends_with(" pcs_secret")));
}
