use portcullis_sdk::testing::{configuration, set_now};
use portcullis_sdk::{GrantScope, Waiting};

use super::*;

fn config() -> Config {
    let json = r#"{"routes": [
        {"match": [{"namespaces": ["prod"]}], "groups": ["owners"], "needed": 2, "wait": "retry", "scope": "this-object"},
        {"rules": ["exec-*"], "subjects": ["alice"], "wait": 30, "expires": "5m"},
        {"match": [{"verbs": ["delete", "deletecollection"]}], "groups": ["approvers"], "wait": "2m"}
    ]}"#;
    let config = configuration(json).expect("valid");
    validate(&config).expect("valid");
    config
}

#[test]
fn the_first_route_that_fits_decides() {
    let route_of = |path: &str, rule: &str| route(&config(), &Request::delete(path), &[Finding::new(rule, "why")]);
    let prod = route_of("/api/v1/namespaces/prod/pods/web", "deletes").expect("a route");
    assert_eq!((prod.groups, prod.needed, prod.waiting, prod.scope), (vec!["owners".to_owned()], 2, Waiting::Retry, GrantScope::ThisObject));
    let exec = route_of("/api/v1/namespaces/shop/pods/web", "exec-in-pods").expect("a route");
    assert_eq!((exec.subjects, exec.waiting, exec.expires_after), (vec!["alice".to_owned()], Waiting::Hold(30), 300));
    let other = route_of("/api/v1/namespaces/shop/pods/web", "deletes").expect("a route");
    assert_eq!((other.groups, other.waiting, other.expires_after), (vec!["approvers".to_owned()], Waiting::Hold(120), 900));
    assert_eq!(other.scope, GrantScope::ThisVersion);
    assert_eq!(route(&config(), &Request::get("/api/v1/namespaces/shop/pods/web"), &[]), None);
}

#[test]
fn who_is_asked_may_depend_on_the_hour() {
    let json = r#"{"zone": {"offset": "+01:00", "summer": "eu"}, "routes": [
        {"during": [{"from": "18:00", "to": "08:00"}, {"days": ["sat", "sun"]}], "groups": ["on-call"]},
        {"groups": ["owners"]}
    ]}"#;
    let config: Config = configuration(json).expect("valid");
    validate(&config).expect("valid");
    // Monday, 6 July 2026, 07:00 UTC: nine in Berlin.
    let monday = 1_783_321_200_000;
    for (hours, groups) in [(0, "owners"), (8, "owners"), (9, "on-call"), (22, "on-call"), (23, "owners"), (5 * 24, "on-call")] {
        set_now(monday + hours * 3_600_000);
        let route = route(&config, &Request::delete("/api/v1/namespaces/shop/pods/web"), &[]).expect("a route");
        assert_eq!(route.groups, [groups], "{hours}");
    }
}

#[test]
fn mistakes_in_the_configuration() {
    for (route, message) in [
        (r#"{}"#, "nobody may approve"),
        (r#"{"subjects": ["alice"], "needed": 2}"#, "only 1 may approve"),
        (r#"{"groups": ["a"], "needed": 0}"#, "from 1 to 16"),
        (r#"{"groups": ["a"], "wait": "1h"}"#, "up to 10m"),
        (r#"{"groups": ["a"], "wait": "5m", "expires": "1m"}"#, "no longer than `expires`"),
        (r#"{"groups": ["a"], "wait": "soon"}"#, "or retry"),
        (r#"{"groups": ["a"], "match": []}"#, "fits nothing"),
        (r#"{"groups": ["a"], "during": []}"#, "no hour"),
        (r#"{"groups": ["a"], "during": [{"from": "8"}]}"#, "write it as 09:30"),
        (r#"{"group": ["a"]}"#, "unknown field `group`"),
    ] {
        let json = format!(r#"{{"routes": [{route}]}}"#);
        let error = configuration::<Config>(&json).and_then(|config| validate(&config)).expect_err(route);
        assert!(error.contains(message), "{route}: {error}");
    }
}
