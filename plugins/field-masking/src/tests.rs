use masking::{CompiledPlan, Masker, TextMasker, TokenKey};
use portcullis_sdk::testing::configuration;
use std::sync::Arc;

use super::*;

fn kind(group: &str, resource: &str, subresource: Option<&str>) -> ResponseKind {
    ResponseKind {
        connection: "test".into(),
        verb: "get".into(),
        is_resource: true,
        group: group.into(),
        version: "v1".into(),
        resource: resource.into(),
        subresource: subresource.map(Into::into),
    }
}

/// The plan as the gateway compiles it: what this crate's tests are for is that the two agree.
fn compiled(config: &Config, kind: &ResponseKind) -> Arc<CompiledPlan> {
    let plan = plan(config, kind);
    let rules = plan.rules.into_iter().map(|rule| masking::MaskRule {
        name: rule.name,
        paths: rule.paths,
        names: rule.names,
        patterns: rule.patterns,
        encoding: match rule.encoding {
            Encoding::Text => masking::Encoding::Text,
            Encoding::Base64 => masking::Encoding::Base64,
        },
        action: match rule.action {
            Action::Token => masking::Action::Token,
            Action::Redact => masking::Action::Redact,
            Action::Inspect => masking::Action::Inspect,
        },
    });
    let plan = masking::Plan { rules: rules.collect(), embedded: plan.embedded };
    Arc::new(CompiledPlan::compile(&plan).expect("the gateway takes the plan"))
}

fn key() -> Arc<TokenKey> {
    Arc::new(TokenKey::new([7; 32]))
}

fn mask(kind: &ResponseKind, json: &str) -> String {
    let mut masker = Masker::new(compiled(&Config::default(), kind), key());
    let mut out = Vec::new();
    masker.push(json.as_bytes(), &mut out).expect("JSON");
    masker.finish(&mut out).expect("JSON");
    String::from_utf8(out).expect("text")
}

/// `hunter2` must be gone, and everything in `stay` be there.
fn gone(kind: &ResponseKind, json: &str, stay: &[&str]) {
    let masked = mask(kind, json);
    assert!(!masked.contains("hunter2") && !masked.contains("aHVudGVyM"), "{masked}");
    for text in stay {
        assert!(masked.contains(text), "{text} is missing: {masked}");
    }
}

#[test]
fn secrets_everywhere_an_answer_can_hold_one() {
    let secrets = kind("", "secrets", None);
    let secret = r#"{"metadata":{"name":"db","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"data\":{\"password\":\"aHVudGVyMg==\"},\"stringData\":{\"p\":\"hunter2\"}}"}},"data":{"password":"aHVudGVyMg==","user":"aHVudGVyMg=="},"type":"Opaque"}"#;
    gone(&secrets, secret, &["Opaque", "\"name\":\"db\"", "password"]);
    gone(&secrets, &format!(r#"{{"kind":"SecretList","items":[{secret},{secret}]}}"#), &["SecretList"]);
    gone(&secrets, &format!(r#"{{"type":"ADDED","object":{secret}}}"#), &["ADDED"]);
    gone(&secrets, &format!(r#"{{"kind":"Table","rows":[{{"cells":["db","Opaque",2],"object":{secret}}}]}}"#), &["\"cells\":[\"db\""]);
}

#[test]
fn environment_variables_by_name_in_any_depth() {
    let env = |name: &str| format!(r#"{{"name":"c","env":[{{"name":"{name}","value":"hunter2"}},{{"name":"LOG_LEVEL","value":"debug"}}]}}"#);
    for name in ["DB_PASSWORD", "API_KEY", "apiKey", "SESSION_SECRET", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "MYSQL_PWD", "DATABASE_DSN"] {
        gone(&kind("", "pods", None), &format!(r#"{{"spec":{{"containers":[{}]}}}}"#, env(name)), &["debug", name]);
        let deployment = format!(r#"{{"spec":{{"template":{{"spec":{{"initContainers":[{}]}}}}}}}}"#, env(name));
        gone(&kind("apps", "deployments", None), &deployment, &["debug"]);
        let job = format!(r#"{{"spec":{{"jobTemplate":{{"spec":{{"template":{{"spec":{{"containers":[{}]}}}}}}}}}}}}"#, env(name));
        gone(&kind("batch", "cronjobs", None), &job, &["debug"]);
    }
    for name in ["LOG_LEVEL", "PATH", "HOME", "KEYBOARD", "PORT", "MONKEY"] {
        assert!(mask(&kind("", "pods", None), &format!(r#"{{"spec":{{"containers":[{}]}}}}"#, env(name))).contains("hunter2"), "{name}");
    }
}

#[test]
fn config_maps_by_key_and_by_line() {
    let maps = kind("", "configmaps", None);
    gone(&maps, r#"{"data":{"db-password":"hunter2","color":"blue"},"binaryData":{"tls.key":"aHVudGVyMg=="}}"#, &["blue"]);
    gone(&maps, r#"{"data":{"app.properties":"db.user=web\ndb.password=hunter2\ndb.host=db\n"}}"#, &["db.user=web", "db.host=db"]);
    gone(&maps, r#"{"data":{"app.yaml":"api:\n  token: 'hunter2'\n  port: 80\n"}}"#, &["port: 80"]);
    gone(&maps, r#"{"data":{"app.json":"{\"password\": \"hunter2 with spaces\", \"port\": 80}"}}"#, &["80"]);
    gone(&maps, r#"{"data":{"release":"hunter2"}}"#, &[]);
    gone(&maps, r#"{"data":{"url":"postgres://web:hunter2@db/shop"}}"#, &["postgres://web:", "@db/shop"]);
    assert!(mask(&maps, r#"{"data":{"secretName":"x","settings":"secretName: db\nport: 80"}}"#).contains("secretName: db"));
}

#[test]
fn arguments_annotations_messages() {
    let pods = kind("", "pods", None);
    gone(&pods, r#"{"spec":{"containers":[{"args":["--db-password=hunter2","--port=80"]}]}}"#, &["--port=80"]);
    gone(&pods, r#"{"spec":{"containers":[{"command":["sh","-c","mysql --password hunter2 -h db"]}]}}"#, &["-h db"]);
    gone(&pods, r#"{"metadata":{"annotations":{"example.com/db-password":"hunter2","note":"n"}}}"#, &["\"note\":\"n\""]);
    gone(&kind("", "events", None), r#"{"message":"cannot log in: password=hunter2 rejected"}"#, &["cannot log in", "rejected"]);
    gone(&kind("events.k8s.io", "events", None), r#"{"note":"cannot log in: password=hunter2 rejected"}"#, &["cannot log in", "rejected"]);
    let table = r#"{"kind":"Table","rows":[{"cells":["1m","Warning","cannot log in: password=hunter2 rejected"]}]}"#;
    gone(&kind("", "events", None), table, &["Warning", "cannot log in", "rejected"]);
    gone(&kind("example.com", "widgets", None), &format!(r#"{{"type":"MODIFIED","object":{table}}}"#), &["Warning", "rejected"]);
}

#[test]
fn recognisable_credentials_in_any_string() {
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJkZXZpbiJ9.c2lnbmF0dXJl";
    let masked = mask(&kind("example.com", "widgets", None), &format!(r#"{{"spec":{{"anything":"see {jwt} there"}}}}"#));
    assert!(!masked.contains(jwt) && masked.contains("see ") && masked.contains(" there"), "{masked}");
}

#[test]
fn every_detector_is_one_that_the_gateway_knows() {
    let known: Vec<String> = masking::detectors::names().map(|name| format!("detector:{name}")).collect();
    assert_eq!(Detector::ALL.map(Detector::pattern).to_vec(), known);
}

#[test]
fn logs_and_the_output_of_exec() {
    for subresource in ["log", "exec", "attach"] {
        let mut masker = TextMasker::new(compiled(&Config::default(), &kind("", "pods", Some(subresource))), key());
        let mut out = Vec::new();
        masker.push(b"DB_PASSWORD=hunter2\nport 80\nAuthorization: Bearer abcdefghijklmnopqrstuvwx\n", &mut out);
        masker.finish(&mut out);
        let text = String::from_utf8(out).expect("text");
        assert!(!text.contains("hunter2") && !text.contains("abcdefghijklmnop") && text.contains("port 80"), "{text}");
    }
}

#[test]
fn what_is_no_resource_is_not_masked() {
    let paths = ResponseKind { is_resource: false, ..kind("", "", None) };
    assert_eq!(plan(&Config::default(), &paths), Plan { rules: vec![], embedded: vec![] });
}

#[test]
fn options_and_rules_of_ones_own() {
    let json = r#"{"secrets": false, "environment": false, "config_maps": false, "arguments": false, "annotations": false, "messages": false,
        "detectors": ["jwt"], "show": "redact",
        "rules": [{"name": "vault", "groups": ["example.com"], "resources": ["vaults"], "paths": ["/spec/keys/*"], "base64": true}]}"#;
    let config: Config = configuration(json).expect("valid");
    validate(&config).expect("valid");
    let names = |kind: &ResponseKind| plan(&config, kind).rules.into_iter().map(|rule| rule.name).collect::<Vec<_>>();
    assert_eq!(names(&kind("example.com", "vaults", None)), ["vault", "credentials"]);
    assert_eq!(names(&kind("", "secrets", None)), ["credentials"]);
    let rule = &plan(&config, &kind("example.com", "vaults", None)).rules[0];
    assert_eq!((rule.encoding, rule.action), (Encoding::Base64, Action::Redact));
    let json = r#"{"show": "redact", "rules": [{"name": "note", "connections": ["prod*"], "resources": ["pods"], "paths": ["/note"], "show": "token"}]}"#;
    let config: Config = configuration(json).expect("valid");
    let note = |connection: &str| {
        let kind = ResponseKind { connection: connection.into(), ..kind("", "pods", None) };
        plan(&config, &kind).rules.into_iter().find(|rule| rule.name == "note").map(|rule| rule.action)
    };
    assert_eq!((note("prod-1"), note("test")), (Some(Action::Token), None));
}

/// `GET …/vaults/main/status` answers the whole vault.
#[test]
fn a_rule_about_an_object_holds_for_the_subresources_that_show_it() {
    let masks = |rule: &str, subresource: Option<&str>| {
        let config: Config = configuration(&format!(r#"{{"rules": [{{"name": "vault", "groups": ["example.com"], "paths": ["/spec/keys/*"]{rule}}}]}}"#)).expect("valid");
        plan(&config, &kind("example.com", "vaults", subresource)).rules.iter().any(|rule| rule.name == "vault")
    };
    for (rule, subresource, expected) in [
        (r#", "resources": ["vaults"]"#, None, true),
        (r#", "resources": ["vaults"]"#, Some("status"), true),
        (r#", "resources": ["vaults"]"#, Some("exec"), false),
        (r#", "resources": ["vaults/exec"]"#, Some("exec"), true),
        (r#", "resources": ["others"]"#, Some("status"), false),
        ("", Some("status"), true),
        ("", Some("log"), false),
    ] {
        assert_eq!(masks(rule, subresource), expected, "{rule} {subresource:?}");
    }
}

#[test]
fn mistakes_in_the_configuration() {
    for (json, message) in [
        (r#"{"names": ""}"#, "finds every name"),
        (r#"{"rules": [{"name": "", "paths": ["/a"]}]}"#, "has no name"),
        (r#"{"rules": [{"name": "a", "paths": ["spec"]}]}"#, "does not begin with a slash"),
        (r#"{"rules": [{"name": "a", "paths": []}]}"#, "every string"),
        (r#"{"detectors": ["passwords"]}"#, "unknown variant `passwords`"),
        (r#"{"secret": true}"#, "unknown field `secret`"),
    ] {
        let error = configuration::<Config>(json).and_then(|config| validate(&config)).expect_err(json);
        assert!(error.contains(message), "{json}: {error}");
    }
}
