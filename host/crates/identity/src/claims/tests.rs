use serde_json::json;

use super::*;

fn claims(value: Value) -> Claims {
    value.as_object().unwrap().clone()
}

fn config() -> IssuerConfig {
    IssuerConfig::new("https://issuer.example", "portcullis")
}

#[test]
fn kinds_follow_the_first_rule_that_fits() {
    let rule = |kind, claim: Option<&str>, value: Option<&str>, group: Option<&str>| KindRule {
        kind,
        claim: claim.map(str::to_owned),
        value: value.map(str::to_owned),
        group: group.map(str::to_owned),
    };
    let config = IssuerConfig {
        kinds: vec![
            rule(Kind::Workload, Some("/kubernetes.io/serviceaccount/name"), None, None),
            rule(Kind::Agent, Some("client_id"), Some("devin"), None),
            rule(Kind::Agent, Some("roles"), Some("robot"), None),
            rule(Kind::Human, Some("mfa"), Some("true"), Some("staff")),
            rule(Kind::Human, None, None, Some("on-call")),
        ],
        default_kind: Kind::Workload,
        ..config()
    };
    for (changes, expected) in [
        (json!({"kubernetes.io": {"serviceaccount": {"name": "ci"}}, "client_id": "devin"}), Kind::Workload),
        (json!({"client_id": "devin", "groups": ["on-call"]}), Kind::Agent),
        (json!({"client_id": "devin2", "roles": ["a", "robot"]}), Kind::Agent),
        (json!({"mfa": true, "groups": ["staff"]}), Kind::Human),
        (json!({"mfa": true}), Kind::Workload),
        (json!({"mfa": false, "groups": ["staff"]}), Kind::Workload),
        (json!({"groups": ["on-call"]}), Kind::Human),
        (json!({"groups": "on-call"}), Kind::Human),
        (json!({"groups": ["on-call2"]}), Kind::Workload),
        (json!({"roles": {"robot": "robot"}}), Kind::Workload),
        (json!({"client_id": null}), Kind::Workload),
    ] {
        let mut all = claims(changes.clone());
        all.insert("sub".into(), json!("x"));
        assert_eq!(identity(&config, &all, 0, 0).unwrap().kind, expected, "{changes}");
    }
}

#[test]
fn names_come_from_where_the_configuration_says() {
    let config = IssuerConfig {
        subject_claim: "email".into(),
        groups_claim: "/realm_access/roles".into(),
        sponsor_claim: Some("/act/sub".into()),
        ..config()
    };
    let all = claims(json!({
        "sub": "0af3", "email": "devin@example.com", "preferred_username": "devin",
        "realm_access": {"roles": ["b", "a", "b"]}, "act": {"sub": "bob@example.com"},
    }));
    let identity = identity(&config, &all, 1, 2).unwrap();
    assert_eq!(identity.subject, "devin@example.com");
    assert_eq!(identity.groups, ["a", "b"]);
    assert_eq!(identity.sponsor.as_deref(), Some("bob@example.com"));
    assert_eq!(identity.aliases, ["0af3", "devin", "devin@example.com"]);
    assert_eq!((identity.issued, identity.expires), (1, 2));
}

#[test]
fn an_unverified_address_is_no_name() {
    let all = claims(json!({"sub": "x", "email": "bob@example.com", "email_verified": false}));
    assert_eq!(identity(&config(), &all, 0, 0).unwrap().aliases, ["x"]);
}

#[test]
fn a_sponsor_in_a_shape_that_is_not_understood_is_no_missing_sponsor() {
    let config = IssuerConfig { sponsor_claim: Some("sponsor".into()), ..config() };
    for (sponsor, expected) in [
        (json!(null), Ok(None)),
        (json!("bob"), Ok(Some("bob".to_owned()))),
        (json!(""), Err(())),
        (json!(["bob"]), Err(())),
        (json!({"sub": "bob"}), Err(())),
    ] {
        let all = claims(json!({"sub": "x", "sponsor": sponsor}));
        assert_eq!(identity(&config, &all, 0, 0).map(|identity| identity.sponsor).map_err(|_| ()), expected, "{sponsor}");
    }
}

/// What a policy may decide by makes another identity; when the token was issued does not.
#[test]
fn identities_differ_by_what_counts() {
    let print = |value: Value| identity(&config(), &claims(value), 0, 0).unwrap().fingerprint;
    let base = print(json!({"sub": "x", "groups": ["a", "b"]}));
    assert_eq!(base, print(json!({"sub": "x", "groups": ["b", "a", "a"], "email": "x@example.com"})));
    assert_ne!(base, print(json!({"sub": "x", "groups": ["ab"]})));
    assert_ne!(base, print(json!({"sub": "x", "groups": ["a"]})));
    assert_ne!(base, print(json!({"sub": "y", "groups": ["a", "b"]})));
}
