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
fn mistakes_in_the_configuration() {
    for (json, message) in [
        ("{}", "missing field `default`"),
        (r#"{"default": {"ttl": "0s", "idle": "1m"}}"#, "default.ttl"),
        (r#"{"default": {"ttl": "forever", "idle": "1m"}}"#, "15m"),
        (r#"{"default": {"ttl": "1h", "idle": "1m", "most": 0}}"#, "at least 1"),
    ] {
        let error = configuration::<Config>(json).and_then(|config| validate(&config)).expect_err(json);
        assert!(error.contains(message), "{json}: {error}");
    }
}
