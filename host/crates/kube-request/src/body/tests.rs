use crate::{BodyType, Head, KubeRequest, Refusal};

fn with_body(method: &str, target: &str, content_type: Option<&str>, body: &str) -> Result<KubeRequest, Refusal> {
    let mut headers: Vec<(&str, &[u8])> = Vec::new();
    if let Some(content_type) = content_type {
        headers.push(("content-type", content_type.as_bytes()));
    }
    KubeRequest::parse(&Head { method, target, headers: &headers }).unwrap().with_body(body.as_bytes())
}

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/shop/deployments";
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
        ("POST", DEPLOYMENTS, "application/vnd.kubernetes.protobuf", "k8s\0", "kubectl apply -f"),
        ("POST", "/api/v1/namespaces/a/pods/b/eviction", "application/vnd.kubernetes.protobuf", "k8s\0", "kubectl delete pod"),
        ("POST", "/api/v1/namespaces/a/serviceaccounts/b/token", "application/vnd.kubernetes.protobuf", "k8s\0", "create --raw"),
        ("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", "application/vnd.kubernetes.protobuf", "k8s\0", "SubjectAccessReview"),
        ("POST", DEPLOYMENTS, "application/yaml", "a: b", "YAML"),
        ("POST", DEPLOYMENTS, "application/cbor", "x", "CBOR"),
        ("POST", DEPLOYMENTS, "text/plain", "x", "application/json"),
        ("POST", DEPLOYMENTS, "application/x-www-form-urlencoded", "a=b", "application/json"),
        ("POST", DEPLOYMENTS, "application/json; charset=utf-16", "{}", "UTF-8"),
        ("POST", DEPLOYMENTS, "application/json;profile=x", "{}", "parameters"),
        ("POST", DEPLOYMENTS, "application/merge-patch+json", "{}", "PATCH only"),
        ("PATCH", WEB, "application/json", "{}", "no patch type"),
        ("PATCH", WEB, "application/apply-patch+cbor", "x", "CBOR"),
        ("PATCH", WEB, "application/apply-patch+yaml", "kind: Deployment", "YAML"),
        ("PATCH", WEB, "application/apply-patch+yaml", "%YAML 1.1\n---\n{}", "YAML"),
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

#[test]
fn bodies_are_bounded() {
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(crate::MAX_BODY));
    assert_eq!(with_body("POST", DEPLOYMENTS, None, &large).unwrap_err().code, 413);
    let operations = vec![r#"{"op":"remove","path":"/a"}"#; 10_001].join(",");
    assert_eq!(with_body("PATCH", WEB, Some("application/json-patch+json"), &format!("[{operations}]")).unwrap_err().code, 413);
}
