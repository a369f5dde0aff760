use portcullis_sdk::IdentityKind;
use portcullis_sdk::testing::{configuration, set_now};

use super::*;

/// Monday, 6 July 2026, 07:00 UTC: nine in Berlin.
const MONDAY_9: u64 = 1_783_321_200_000;
const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

fn config(more: &str) -> Config {
    let json = format!(
        r#"{{"zone": {{"offset": "+01:00", "summer": "eu"}}, "open": [{{"days": ["mon", "tue", "wed", "thu"], "from": "09:00", "to": "16:00"}}]{more}}}"#
    );
    let config = configuration(&json).expect("valid");
    validate(&config).expect("valid");
    config
}

fn delete() -> Request<'static> {
    Request::delete("/api/v1/namespaces/shop/pods/web")
}

#[test]
fn a_change_passes_in_its_hours_and_is_held_outside_of_them() {
    let config = config("");
    for (after, open) in [(0, true), (7 * HOUR - 1, true), (7 * HOUR, false), (4 * DAY, false), (7 * DAY, true)] {
        set_now(MONDAY_9 + after);
        assert_eq!(judge(&config, &delete()) == Verdict::NoOpinion, open, "{after}");
    }
    set_now(MONDAY_9 - 1);
    let Verdict::RequireApproval(finding) = judge(&config, &delete()) else { panic!("it is before nine") };
    assert_eq!((finding.rule.as_str(), finding.message.as_str()), ("outside-hours", "changes are made in their hours, and it is 08:59 on Monday"));
    assert_eq!(finding.remedy.as_deref(), Some("make the change on Monday, Tuesday, Wednesday, Thursday from 09:00 to 16:00"));
}

#[test]
fn what_changes_nothing_passes_at_any_time() {
    let config = config("");
    set_now(MONDAY_9 + 5 * DAY);
    for request in [
        Request::get("/api/v1/namespaces/shop/pods"),
        Request::get("/version"),
        Request::builder().verb("delete").name("web").dry_run().build(),
        Request::post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "{}"),
    ] {
        assert_eq!(judge(&config, &request), Verdict::NoOpinion, "{}", request.path());
    }
    let exec = Request::builder().verb("create").resource("pods/exec").name("web").build();
    assert!(judge(&config, &exec).is_require_approval(), "a command in a container may change anything");
    let kubelet = Request::get("/api/v1/nodes/one/proxy/run/shop/web/c");
    assert!(judge(&config, &kubelet).is_require_approval(), "so may one that goes through a kubelet, by GET");
}

#[test]
fn a_freeze_holds_whatever_the_hour_and_says_why() {
    let config = config(r#", "freezes": [{"from": "2026-07-06", "to": "2026-07-07", "reason": "the sale", "then": "deny"}], "remedy": "call the desk""#);
    set_now(MONDAY_9);
    let Verdict::Deny(finding) = judge(&config, &delete()) else { panic!("it is frozen") };
    assert_eq!((finding.rule.as_str(), finding.message.as_str()), ("freeze", "nothing is changed from 2026-07-06 to 2026-07-07: the sale"));
    assert_eq!(finding.remedy.as_deref(), Some("make the change afterwards, or call the desk"));
    // Midnight in Berlin ends it.
    set_now(MONDAY_9 + DAY + 15 * HOUR - 1);
    assert!(judge(&config, &delete()).is_deny());
    set_now(MONDAY_9 + 2 * DAY);
    assert_eq!(judge(&config, &delete()), Verdict::NoOpinion);
}

#[test]
fn an_emergency_group_passes_at_any_time() {
    let config = config(r#", "emergency": ["sre-*"], "then": "deny""#);
    set_now(MONDAY_9 + 5 * DAY);
    let of = |group: &str| Request::builder().verb("delete").name("web").identity("alice", IdentityKind::Human, &[group]).build();
    assert_eq!(judge(&config, &of("sre-oncall")), Verdict::NoOpinion);
    assert!(judge(&config, &of("developers")).is_deny());
}

#[test]
fn it_may_be_about_some_requests_only() {
    let config = config(r#", "match": [{"namespaces": ["prod"]}], "except": [{"resources": ["leases"]}]"#);
    set_now(MONDAY_9 + 5 * DAY);
    let of = |path: &str| judge(&config, &Request::delete(path)).is_require_approval();
    assert!(of("/api/v1/namespaces/prod/pods/web"));
    assert!(!of("/api/v1/namespaces/shop/pods/web"));
    assert!(!of("/apis/coordination.k8s.io/v1/namespaces/prod/leases/a"));
}

#[test]
fn mistakes_in_the_configuration() {
    for (json, message) in [
        (r#"{"open": [{"from": "9"}]}"#, "write it as 09:30"),
        (r#"{"open": [{"from": "10:00", "to": "10:00"}]}"#, "open[0]: from, to: these are no hours"),
        (r#"{"open": [], "freezes": [{"from": "2026-12-24", "to": "2026-12-01"}]}"#, "freezes[0]: it ends on 2026-12-01 before it begins"),
        (r#"{"open": [], "zone": {"offset": "Berlin"}}"#, "write it as +01:00"),
        (r#"{"open": [], "match": []}"#, "fits nothing"),
        (r#"{"opens": []}"#, "unknown field `opens`"),
    ] {
        let error = configuration::<Config>(json).and_then(|config| validate(&config)).expect_err(json);
        assert!(error.contains(message), "{json}: {error}");
    }
}
