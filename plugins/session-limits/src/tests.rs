use portcullis_sdk::Identity;
use portcullis_sdk::testing::configuration;

use super::*;

fn config() -> Config {
    let json = r#"{"default": {"ttl": "1h", "idle": "10m"}, "agent": {"ttl": "30m", "idle": "10m", "requests": 100, "most": 2, "purpose": true}}"#;
    let config = configuration(json).expect("valid");
    validate(&config).expect("valid");
    config
}

fn ask(kind: IdentityKind) -> Ask {
    let identity = Identity { issuer: "https://issuer.test".into(), subject: "devin".into(), kind, sponsor: None, groups: vec![] };
    Ask { identity, connection: "test".into(), purpose: Some("a fix".into()), ttl: None, open_sessions: 0 }
}

#[test]
fn terms_by_kind() {
    let agent = Terms { ttl: 1800, idle: 600, requests: Some(100) };
    assert_eq!(open(&config(), &ask(IdentityKind::Agent)), Answer::Open(agent));
    assert_eq!(open(&config(), &ask(IdentityKind::Human)), Answer::Open(Terms { ttl: 3600, idle: 600, requests: None }));
}

#[test]
fn asking_shortens_and_never_lengthens() {
    for (asked, ttl, idle) in [(Some(60), 60, 60), (Some(86_400), 1800, 600), (Some(0), 1800, 600), (None, 1800, 600)] {
        let ask = Ask { ttl: asked, ..ask(IdentityKind::Agent) };
        assert_eq!(open(&config(), &ask), Answer::Open(Terms { ttl, idle, requests: Some(100) }), "{asked:?}");
    }
}

#[test]
fn refusals() {
    let rule = |ask: &Ask| match open(&config(), ask) {
        Answer::Refuse(finding) => finding.rule,
        other => panic!("{other:?}"),
    };
    assert_eq!(rule(&Ask { open_sessions: 2, ..ask(IdentityKind::Agent) }), "too-many-sessions");
    assert_eq!(rule(&Ask { purpose: Some("  ".into()), ..ask(IdentityKind::Agent) }), "no-purpose");
}

#[test]
fn the_first_rule_that_is_about_an_identity_decides() {
    let json = r#"{
        "rules": [
            {"rule": "no-agents-on-prod", "kinds": ["agent"], "connections": ["prod-*"], "refuse": "agents work on staging"},
            {"rule": "on-call", "members_of": ["sre*"], "limits": {"ttl": "12h", "idle": "2h"}},
            {"rule": "one-bot", "subjects": ["bot-7"], "limits": {"ttl": "5m", "idle": "5m"}}
        ],
        "default": {"ttl": "1h", "idle": "10m"}
    }"#;
    let config: Config = configuration(json).expect("valid");
    validate(&config).expect("valid");
    let asks = |subject: &str, kind: IdentityKind, groups: &[&str], connection: &str| {
        let mut ask = Ask { connection: connection.into(), ..ask(kind) };
        ask.identity.subject = subject.into();
        ask.identity.groups = groups.iter().map(|group| (*group).to_owned()).collect();
        match open(&config, &ask) {
            Answer::Open(terms) => format!("{} s", terms.ttl),
            Answer::Refuse(finding) => finding.rule,
            Answer::NoOpinion => "nothing".into(),
        }
    };
    for (subject, kind, groups, connection, expected) in [
        ("devin", IdentityKind::Agent, &[][..], "prod-1", "no-agents-on-prod"),
        ("devin", IdentityKind::Agent, &["sre"], "prod-1", "no-agents-on-prod"),
        ("devin", IdentityKind::Agent, &["sre"], "staging", "43200 s"),
        ("alice", IdentityKind::Human, &["sre-eu"], "prod-1", "43200 s"),
        ("alice", IdentityKind::Human, &["dev"], "prod-1", "3600 s"),
        ("bot-7", IdentityKind::Workload, &[], "staging", "300 s"),
        ("bot-70", IdentityKind::Workload, &[], "staging", "3600 s"),
    ] {
        assert_eq!(asks(subject, kind, groups, connection), expected, "{subject} on {connection}");
    }
}

#[test]
fn a_sponsor_and_the_form_of_a_purpose() {
    let json = r#"{"default": {"ttl": "1h", "idle": "10m", "sponsor": true, "purpose_like": ["OPS-*", "INC-?*"]}}"#;
    let config: Config = configuration(json).expect("valid");
    let rule = |sponsor: Option<&str>, purpose: Option<&str>| {
        let mut ask = Ask { purpose: purpose.map(Into::into), ..ask(IdentityKind::Agent) };
        ask.identity.sponsor = sponsor.map(Into::into);
        match open(&config, &ask) {
            Answer::Refuse(finding) => Some(finding.rule),
            _ => None,
        }
    };
    assert_eq!(rule(None, Some("OPS-1")).as_deref(), Some("no-sponsor"));
    assert_eq!(rule(Some(""), Some("OPS-1")).as_deref(), Some("no-sponsor"));
    assert_eq!(rule(Some("bob"), None).as_deref(), Some("no-purpose"));
    assert_eq!(rule(Some("bob"), Some("a fix")).as_deref(), Some("purpose-of-another-form"));
    assert_eq!(rule(Some("bob"), Some(" OPS-1 mend the shop ")), None);
}

#[test]
fn mistakes_in_the_configuration() {
    for (json, message) in [
        ("{}", "missing field `default`"),
        (r#"{"default": {"ttl": "0s", "idle": "1m"}}"#, "default.ttl"),
        (r#"{"default": {"ttl": "forever", "idle": "1m"}}"#, "15m"),
        (r#"{"default": {"ttl": "1h", "idle": "1m", "most": 0}}"#, "at least 1"),
        (r#"{"default": {"ttl": "1h", "idle": "1m"}, "rules": [{"rule": "A b", "refuse": "no"}]}"#, "kebab case"),
        (r#"{"default": {"ttl": "1h", "idle": "1m"}, "rules": [{"rule": "a"}]}"#, "either `limits` or `refuse`"),
        (r#"{"default": {"ttl": "1h", "idle": "1m"}, "rules": [{"rule": "a", "refuse": "no", "limits": {"ttl": "1h", "idle": "1m"}}]}"#, "either"),
        (r#"{"default": {"ttl": "1h", "idle": "1m"}, "rules": [{"rule": "a", "limits": {"ttl": "0s", "idle": "1m"}}]}"#, "a.ttl"),
    ] {
        let error = configuration::<Config>(json).and_then(|config| validate(&config)).expect_err(json);
        assert!(error.contains(message), "{json}: {error}");
    }
}
