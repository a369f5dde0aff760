use super::*;
use crate::pattern::Pattern;

fn found(name: &str, text: &str) -> Vec<String> {
    let pattern = Pattern::compile("r", &format!("{PREFIX}{name}")).expect("a detector");
    let mut ranges = Vec::new();
    pattern.find(text.as_bytes(), &mut ranges);
    ranges.into_iter().map(|range| text[range].to_owned()).collect()
}

#[test]
fn detectors_find_what_they_are_for() {
    let github = format!("ghp_{}", "a1B2".repeat(9));
    let pat = format!("github_pat_{}", "a1B2_".repeat(9));
    let key = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY-----";
    let cut = "-----BEGIN PRIVATE KEY-----\nMIIE and no end";
    let cases: [(&str, String, &[&str]); 22] = [
        ("jwt", "token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln_-x, more".into(), &["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln_-x"]),
        ("jwt", "unsigned eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.".into(), &["eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."]),
        ("jwt", "eyJhbGciOiJIUzI1NiJ9 alone".into(), &[]),
        ("private-key", format!("a {key} b"), &[key]),
        ("private-key", format!("a {cut}"), &[cut]),
        ("private-key", "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----".into(), &[]),
        ("private-key", "key: LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpNSUlF= x".into(), &["LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpNSUlF="]),
        ("private-key", "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t".into(), &[]),
        ("aws-access-key-id", "id AKIAIOSFODNN7EXAMPLE.".into(), &["AKIAIOSFODNN7EXAMPLE"]),
        ("aws-access-key-id", "ASIAIOSFODNN7EXAMPLE".into(), &["ASIAIOSFODNN7EXAMPLE"]),
        ("aws-access-key-id", "XAKIAIOSFODNN7EXAMPLE AKIASHORT".into(), &[]),
        ("github-token", format!("x {github} y"), &[github.as_str()]),
        ("github-token", pat.clone(), &[pat.as_str()]),
        ("github-token", "ghp_short".into(), &[]),
        ("slack-token", "xoxb-123456789012-abcdefABCDEF".into(), &["xoxb-123456789012-abcdefABCDEF"]),
        ("slack-token", "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXX".into(), &["T00000000/B00000000/XXXXXXXXXXXX"]),
        ("basic-auth-in-url", "postgres://app:hun%40ter2@db:5432/shop".into(), &["hun%40ter2"]),
        ("basic-auth-in-url", "amqp://app:p@ss@mq/ and redis://:s3cret@r".into(), &["p@ss", "s3cret"]),
        ("basic-auth-in-url", "http://host:8080/path?mail=a@b https://user@host/".into(), &[]),
        ("bearer-token", "Authorization: Bearer abcdefghij0123456789".into(), &["abcdefghij0123456789"]),
        ("bearer-token", "authorization=bEaReR\tabcdefghij0123456789==".into(), &["abcdefghij0123456789=="]),
        ("bearer-token", "the bearer of bad news".into(), &[]),
    ];
    for (name, text, expected) in cases {
        assert_eq!(found(name, &text), expected, "{name} in {text}");
    }
}

#[test]
fn every_match_has_a_literal_of_its_detector() {
    // Otherwise the gate would let a match pass. The base64 alternatives and cases are the traps.
    let samples = [
        ("jwt", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.x".to_owned()),
        ("private-key", "-----BEGIN OPENSSH PRIVATE KEY-----x".to_owned()),
        ("private-key", "LS0tLS1CRUdJTiBFQyBQUklWQVRFIEtFWQ".to_owned()),
        ("aws-access-key-id", "AKIAIOSFODNN7EXAMPLE".to_owned()),
        ("github-token", format!("ghr_{}", "x".repeat(40))),
        ("github-token", format!("github_pat_{}", "x".repeat(40))),
        ("slack-token", "xapp-1-A0000000000".to_owned()),
        ("slack-token", "xoxe-1234567890".to_owned()),
        ("basic-auth-in-url", "a://b:c@d".to_owned()),
        ("bearer-token", "BEARER 0123456789abcdef".to_owned()),
        ("bearer-token", "bEaRer 0123456789abcdef".to_owned()),
    ];
    for (name, text) in samples {
        assert!(!found(name, &text).is_empty(), "{name} in {text}");
        let detector = find(name).expect("a detector");
        assert!(detector.literals.iter().any(|literal| literal.len() >= 3 && !literal.contains('"') && text.contains(literal)), "{name}: {text}");
    }
    assert_eq!(names().count(), ALL.len());
}
