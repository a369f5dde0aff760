use crate::{BodyType, Head, KubeRequest, Refusal};

fn with_body(method: &str, target: &str, content_type: Option<&str>, body: &str) -> Result<KubeRequest, Refusal> {
    let mut headers: Vec<(&str, &[u8])> = Vec::new();
    if let Some(content_type) = content_type {
        headers.push(("content-type", content_type.as_bytes()));
    }
    KubeRequest::parse(&Head { method, target, headers: &headers }).unwrap().with_body(body.as_bytes())
}

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/shop/deployments";
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";
const WEB: &str = "/apis/apps/v1/namespaces/shop/deployments/web";

#[test]
fn content_types() {
    for (method, target, content_type, body, found) in [
        ("POST", DEPLOYMENTS, Some("application/json"), "{}", BodyType::Json),
        ("POST", DEPLOYMENTS, None, "{}", BodyType::Json),
        ("PUT", WEB, Some("Application/JSON; charset=utf-8"), "{}", BodyType::Json),
        ("PATCH", WEB, Some("application/json-patch+json"), "[]", BodyType::JsonPatch),
        ("PATCH", WEB, Some("application/merge-patch+json"), "{}", BodyType::MergePatch),
        ("PATCH", WEB, Some("application/strategic-merge-patch+json"), "{}", BodyType::StrategicMerge),
        ("PATCH", WEB, Some("application/apply-patch+yaml"), " {}", BodyType::Apply),
        ("DELETE", WEB, Some("application/json"), "{}", BodyType::Json),
    ] {
        let request = with_body(method, target, content_type, body).unwrap_or_else(|refusal| panic!("{method} {content_type:?}: {refusal}"));
        let body = request.body.unwrap();
        assert_eq!(body.content_type, found);
        assert_eq!(body.bytes, body.json.to_string().as_bytes());
    }
}

#[test]
fn what_cannot_be_read_is_415_and_says_what_to_do() {
    for (method, target, content_type, body, hint) in [
        // A kind that has no protobuf, and a field of another version.
        ("POST", "/apis/example.com/v1/namespaces/shop/widgets", PROTOBUF, "k8s\0\x0a\x18\x0a\x0eexample.com/v1\x12\x06Widget\x12\0", "Widget"),
        ("POST", "/api/v1/namespaces/shop/secrets", PROTOBUF, "k8s\0\x0a\x0c\x0a\x02v1\x12\x06Secret\x12\x02\x52\0", "number 10"),
        ("POST", DEPLOYMENTS, "application/x-yaml", "a: b", "application/yaml"),
        ("POST", DEPLOYMENTS, "text/yaml", "a: b", "application/yaml"),
        ("POST", DEPLOYMENTS, "application/cbor", "x", "CBOR"),
        ("POST", DEPLOYMENTS, "text/plain", "x", "application/json"),
        ("POST", DEPLOYMENTS, "application/x-www-form-urlencoded", "a=b", "application/json"),
        ("POST", DEPLOYMENTS, "application/json; charset=utf-16", "{}", "UTF-8"),
        ("POST", DEPLOYMENTS, "application/json;profile=x", "{}", "parameters"),
        ("POST", DEPLOYMENTS, "application/merge-patch+json", "{}", "PATCH only"),
        ("PATCH", WEB, "application/json", "{}", "no patch type"),
        ("PATCH", WEB, "application/apply-patch+cbor", "x", "CBOR"),
        ("PATCH", WEB, "application/yaml", "a: b", "no patch type"),
        ("PATCH", WEB, PROTOBUF, "k8s\0", "no patch type"),
    ] {
        let refused = with_body(method, target, Some(content_type), body).expect_err(content_type);
        assert_eq!(refused.code, 415, "{content_type}: {refused}");
        assert!(refused.message.contains(hint), "{content_type}: {}", refused.message);
    }
    assert_eq!(with_body("PATCH", WEB, None, "{}").unwrap_err().code, 415);
    let headers: &[(&str, &[u8])] = &[("content-encoding", b"gzip"), ("content-type", b"application/json")];
    let compressed = KubeRequest::parse(&Head { method: "POST", target: DEPLOYMENTS, headers }).unwrap();
    assert_eq!(compressed.with_body(b"{}").unwrap_err().code, 415);
}

#[test]
fn bodies_that_lie_are_400() {
    for (method, target, content_type, body) in [
        ("POST", DEPLOYMENTS, "application/json", "[]"),
        ("POST", DEPLOYMENTS, "application/json", "null"),
        ("POST", DEPLOYMENTS, "application/json", "{"),
        ("POST", DEPLOYMENTS, "application/json", "{}{}"),
        ("POST", DEPLOYMENTS, "application/json", "kind: Deployment"),
        ("POST", DEPLOYMENTS, "application/json", "k8s\0"),
        ("POST", DEPLOYMENTS, PROTOBUF, "k8s\0"),
        ("POST", DEPLOYMENTS, PROTOBUF, "{}"),
        ("POST", "/api/v1/namespaces/shop/secrets", PROTOBUF, "k8s\0\x0a\x0c\x0a\x02v1\x12\x06Secret"),
        ("POST", DEPLOYMENTS, "application/yaml", "a: yes"),
        ("POST", DEPLOYMENTS, "application/yaml", "a: 1\n---\nb: 2"),
        ("POST", DEPLOYMENTS, "application/yaml", "metadata: {namespace: prod}"),
        ("PATCH", WEB, "application/apply-patch+yaml", "metadata: {name: other}"),
        ("PATCH", WEB, "application/apply-patch+yaml", "%YAML 1.1\n---\n{}"),
        ("PATCH", WEB, "application/apply-patch+yaml", r#"{"a":1,"a":2}"#),
        // A number to readers of JSON, text to go-yaml.
        ("PATCH", WEB, "application/apply-patch+yaml", r#"{"a":1e400}"#),
        ("POST", DEPLOYMENTS, "application/json", r#"{"kind":"A","kind":"B"}"#),
        ("POST", DEPLOYMENTS, "application/json", r#"{"kind":1}"#),
        ("POST", DEPLOYMENTS, "application/json", r#"{"metadata":[]}"#),
        ("POST", DEPLOYMENTS, "application/json", r#"{"metadata":{"name":1}}"#),
        ("POST", DEPLOYMENTS, "application/json", r#"{"metadata":{"namespace":"prod"}}"#),
        ("POST", DEPLOYMENTS, "application/json", r#"{"apiVersion":"v1"}"#),
        ("POST", DEPLOYMENTS, "application/json", r#"{"apiVersion":"apps/v1beta1"}"#),
        ("PUT", WEB, "application/json", r#"{"metadata":{"name":"other"}}"#),
        ("PATCH", WEB, "application/apply-patch+yaml", r#"{"metadata":{"name":"other"}}"#),
        ("PATCH", WEB, "application/merge-patch+json", r#"{"metadata":{"namespace":"prod"}}"#),
        ("PATCH", WEB, "application/merge-patch+json", "[]"),
        ("PATCH", WEB, "application/json-patch+json", "{}"),
        ("PATCH", WEB, "application/json-patch+json", "[1]"),
        ("PATCH", WEB, "application/json-patch+json", r#"[{"op":"add","path":"/a"}]"#),
        ("PATCH", WEB, "application/json-patch+json", r#"[{"op":"Add","path":"/a","value":1}]"#),
        ("PATCH", WEB, "application/json-patch+json", r#"[{"op":"remove","path":"a"}]"#),
        ("PATCH", WEB, "application/json-patch+json", r#"[{"op":"copy","path":"/a"}]"#),
        ("PATCH", WEB, "application/json-patch+json", r#"[{"op":"merge","path":"/a","value":1}]"#),
        ("POST", "/api/v1/namespaces/a/pods/b/eviction", "application/json", r#"{"metadata":{"name":"c"}}"#),
        ("DELETE", WEB, "application/json", r#"{"kind":"Deployment"}"#),
        ("DELETE", WEB, "application/json", "[]"),
        ("DELETE", WEB, "application/json", "null"),
        ("GET", WEB, "application/json", "{}"),
        ("HEAD", WEB, "application/json", "{}"),
    ] {
        let refused = with_body(method, target, Some(content_type), body).expect_err(body);
        assert_eq!((refused.code, refused.field.as_str()), (400, "body"), "{method} {body}: {refused}");
    }
}

#[test]
fn bodies_that_agree_pass() {
    for (method, target, content_type, body) in [
        ("POST", DEPLOYMENTS, "application/json", r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"shop"}}"#),
        ("POST", DEPLOYMENTS, "application/json", r#"{"metadata":{"generateName":"web-","namespace":""}}"#),
        ("POST", DEPLOYMENTS, "application/json", r#"{"metadata":null,"apiVersion":""}"#),
        ("PUT", WEB, "application/json", r#"{"metadata":{"name":"web"}}"#),
        ("PUT", "/apis/apps/v1/namespaces/shop/deployments/web/scale", "application/json", r#"{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"web"}}"#),
        ("PUT", "/api/v1/namespaces/shop", "application/json", r#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"}}"#),
        ("POST", "/api/v1/namespaces/a/pods/b/eviction", "application/json", r#"{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"b","namespace":"a"}}"#),
        ("PATCH", WEB, "application/json-patch+json", r#"[{"op":"test","path":"/a","value":null},{"op":"move","path":"/a","from":"/b"},{"op":"remove","path":""}]"#),
        ("POST", "/anything", "application/json", "[1]"),
        ("POST", DEPLOYMENTS, "application/json", ""),
    ] {
        with_body(method, target, Some(content_type), body).unwrap_or_else(|refusal| panic!("{method} {body}: {refusal}"));
    }
}

/// The three formats of one secret, and what goes on.
#[test]
fn every_format_is_judged_and_sent_as_the_same_json() {
    let json = r#"{"kind":"Secret","apiVersion":"v1","metadata":{"name":"db"},"data":{"k":"djE="}}"#;
    let protobuf = "k8s\0\x0a\x0c\x0a\x02v1\x12\x06Secret\x12\x11\x0a\x04\x0a\x02db\x12\x09\x0a\x01k\x12\x04djE=";
    let yaml = "kind: Secret\napiVersion: v1\nmetadata:\n  name: db\ndata:\n  k: djE=\n";
    let secrets = "/api/v1/namespaces/shop/secrets";
    for (content_type, body, sent) in [
        ("application/json", json, json.to_owned()),
        ("application/yaml", yaml, json.to_owned()),
        // Of bytes, JSON says the base64.
        (PROTOBUF, protobuf, json.replace("djE=", "ZGpFPQ==")),
    ] {
        let body = with_body("POST", secrets, Some(content_type), body).unwrap_or_else(|refusal| panic!("{content_type}: {refusal}")).body.unwrap();
        assert_eq!((body.content_type.media_type(), String::from_utf8(body.bytes).unwrap()), ("application/json", sent));
        assert_eq!(body.json.pointer("/metadata/name").and_then(crate::Json::as_str), Some("db"));
    }
    let applied = with_body("PATCH", "/api/v1/namespaces/shop/secrets/db", Some("application/apply-patch+yaml"), yaml).unwrap().body.unwrap();
    assert_eq!((applied.content_type, String::from_utf8(applied.bytes).unwrap()), (BodyType::Apply, json.to_owned()));
    let flow = with_body("PATCH", WEB, Some("application/apply-patch+yaml"), "{kind: Deployment, spec: {replicas: 1.0}}").unwrap().body.unwrap();
    assert_eq!(String::from_utf8(flow.bytes).unwrap(), r#"{"kind":"Deployment","spec":{"replicas":1}}"#);
}

#[test]
fn options_of_a_delete_in_protobuf_say_whether_it_is_a_dry_run() {
    let options = |dry_run: &str| format!("k8s\0\x0a\x13\x0a\x02v1\x12\x0dDeleteOptions\x12{}{dry_run}", char::from(u8::try_from(dry_run.len()).unwrap()));
    let request = with_body("DELETE", WEB, Some(PROTOBUF), &options("\x2a\x03All")).unwrap();
    assert!(request.dry_run && request.body.unwrap().json.get("dryRun").is_some());
    assert!(!with_body("DELETE", WEB, Some(PROTOBUF), &options("\x08\x05")).unwrap().dry_run);
    assert_eq!(with_body("DELETE", WEB, Some(PROTOBUF), "k8s\0\x0a\x0c\x0a\x02v1\x12\x06Secret\x12\0").unwrap_err().code, 400);
}

#[test]
fn bodies_are_bounded() {
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(crate::MAX_BODY));
    for content_type in ["application/json", "application/yaml", PROTOBUF] {
        assert_eq!(with_body("POST", DEPLOYMENTS, Some(content_type), &large).unwrap_err().code, 413);
    }
    // Small enough as it is, and too large as the JSON that it is sent as.
    let escaped = format!("{{\"a\":\"{}\"}}", "\u{7f}".repeat(crate::MAX_BODY / 2));
    assert_eq!(with_body("POST", DEPLOYMENTS, None, &escaped).unwrap_err().code, 413);
    let aliases = format!("a: &a {}\nb: [{}]", "x".repeat(1_000_000), "*a,".repeat(4));
    assert_eq!(with_body("POST", DEPLOYMENTS, Some("application/yaml"), &aliases).unwrap_err().code, 413);
    let operations = vec![r#"{"op":"remove","path":"/a"}"#; 10_001].join(",");
    assert_eq!(with_body("PATCH", WEB, Some("application/json-patch+json"), &format!("[{operations}]")).unwrap_err().code, 413);
}
