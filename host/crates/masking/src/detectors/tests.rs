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
    let (google, gitlab, npm) = (format!("AIza{}", "a1B2-".repeat(7)), format!("glpat-{}", "a1B2".repeat(5)), format!("npm_{}", "a1B2".repeat(9)));
    let (azure, pypi) = (format!("{}==", "a1B+".repeat(21)), format!("pypi-AgEIcHlwaS5vcmc{}", "a1B2_".repeat(12)));
    let (model, stripe, vault) = (format!("sk-ant-api03-{}", "a1B2".repeat(8)), format!("sk_live_{}", "a1B2".repeat(6)), format!("hvs.{}", "a1B2".repeat(8)));
    let mail = format!("SG.{}.{}", "a1B2-".repeat(5).get(..22).unwrap_or_default(), "a1B2_".repeat(9).get(..43).unwrap_or_default());
    let cases: [(&str, String, &[&str]); 36] = [
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
        ("google-key", format!("key={google}&q=x"), &[google.as_str()]),
        ("google-key", "AIzaShort and ya29.short".into(), &[]),
        ("azure-key", format!("AccountName=shop;AccountKey={azure};EndpointSuffix=core.windows.net"), &[azure.as_str()]),
        ("azure-key", "SharedAccessKeyName=reader".into(), &[]),
        ("gitlab-token", format!("git clone https://x:{gitlab}@gitlab.test"), &[gitlab.as_str()]),
        ("package-token", format!("//npm.example/:_authToken={npm}"), &[npm.as_str()]),
        ("package-token", format!("password = {pypi}"), &[pypi.as_str()]),
        ("package-token", "npm_config_registry".into(), &[]),
        ("model-key", format!("x-api-key: {model}"), &[model.as_str()]),
        ("model-key", "sk-learn is scikit-learn".into(), &[]),
        ("payment-key", format!("key {stripe} and pk_live_isPublic0123456789"), &[stripe.as_str()]),
        ("vault-token", format!("VAULT_TOKEN={vault}"), &[vault.as_str()]),
        ("mail-key", format!("Bearer {mail}"), &[mail.as_str()]),
        ("mail-key", "MSG.SG. and SG.one.two".into(), &[]),
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
        ("google-key", format!("GOCSPX-{}", "x".repeat(28))),
        ("azure-key", format!("SharedAccessKey={}=", "x".repeat(43))),
        ("gitlab-token", format!("glsoat-{}", "x".repeat(20))),
        ("package-token", format!("rubygems_{}", "a".repeat(48))),
        ("package-token", format!("dckr_pat_{}", "x".repeat(27))),
        ("model-key", format!("sk-{}T3BlbkFJ{}", "x".repeat(20), "y".repeat(20))),
        ("payment-key", format!("rk_test_{}", "x".repeat(24))),
        ("payment-key", format!("whsec_{}", "x".repeat(32))),
        ("vault-token", format!("hvb.{}", "x".repeat(24))),
        ("mail-key", format!("SG.{}.{}", "x".repeat(22), "y".repeat(43))),
    ];
    for (name, text) in samples {
        assert!(!found(name, &text).is_empty(), "{name} in {text}");
        let detector = find(name).expect("a detector");
        assert!(detector.literals.iter().any(|literal| literal.len() >= 3 && !literal.contains('"') && text.contains(literal)), "{name}: {text}");
    }
    assert_eq!(names().count(), ALL.len());
}
