use serde_json::json;

use super::*;

/// A record as `audit query` prints it.
fn record(request: &Value, more: &Value) -> Value {
    let mut record = json!({
        "id": "r-1", "time": "2026-11-22T14:00:00.000000Z", "kind": "request", "connection": "demo", "session": "s-1",
        "identity": { "issuer": "https://issuer.example", "subject": "devin", "kind": "agent", "sponsor": "bob", "groups": ["agents"] },
        "decision": "allow", "generation": 3, "by": [],
    });
    record["request"] = request.clone();
    for (key, value) in more.as_object().into_iter().flatten() {
        record[key] = value.clone();
    }
    record
}

fn hash(method: &str, target: &str, body: Option<(&str, &str)>) -> String {
    let mut headers: Vec<(&str, &[u8])> = vec![("accept", b"application/json")];
    headers.extend(body.map(|(media_type, _)| ("content-type", media_type.as_bytes())));
    let request = KubeRequest::parse(&Head { method, target, headers: &headers }).ok().unwrap();
    let request = match body {
        Some((_, body)) => request.with_body(body.as_bytes()).ok().unwrap(),
        None => request,
    };
    request.hash()
}

#[test]
fn a_read_is_the_very_request_again() {
    let target = "/api/v1/namespaces/shop/pods?labelSelector=app%3Dweb";
    let request = json!({ "method": "GET", "path": "/api/v1/namespaces/shop/pods", "query": "labelSelector=app%3Dweb", "hash": hash("GET", target, None) });
    let session = json!({ "opened": "2026-11-22T13:00:00.000000Z", "expires": "2026-11-22T15:00:00.000000Z", "purpose": "a fix" });
    let again = again(record(&request, &json!({})), None, Some(&session)).unwrap();
    assert!(again.body.is_none());
    assert_eq!((again.decision, again.facts.request.verb.as_str(), again.facts.request.resource.as_str()), (Decision::Allow, "list", "pods"));
    assert_eq!((again.facts.identity.sponsor.as_deref(), again.facts.session.purpose.as_deref()), (Some("bob"), Some("a fix")));
    assert_eq!(again.facts.session.expires - again.facts.session.opened, 7_200_000);
}

#[test]
fn a_write_is_exact_as_long_as_nothing_of_it_is_masked() {
    let body = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"web"},"data":{"a":"b"}}"#;
    let request = json!({
        "method": "POST", "path": "/api/v1/namespaces/shop/configmaps", "content_type": "application/json",
        "hash": hash("POST", "/api/v1/namespaces/shop/configmaps", Some(("application/json", body))),
    });
    let record = record(&request, &json!({}));
    assert!(!again(record.clone(), Some(body), None).unwrap().body.unwrap().masked);
    let masked = again(record.clone(), Some(&body.replace("\"b\"", "\"masked:v1:00\"")), None).unwrap();
    assert!(masked.body.as_ref().unwrap().masked);
    assert_eq!(masked.facts.request.hash, record["request"]["hash"].as_str().unwrap(), "the hash that policies saw");
    assert_eq!((masked.kind.verb.as_str(), masked.kind.resource.as_str()), ("create", "configmaps"));
}

#[test]
fn a_body_that_is_not_there_is_not_made_up() {
    let request = json!({ "method": "POST", "path": "/api/v1/namespaces/shop/configmaps", "content_type": "application/json", "hash": "sha256:00" });
    let left = |why: Value| {
        let mut record = record(&request, &json!({}));
        record["request"]["body_not_kept"] = why;
        again(record, None, None).err()
    };
    assert_eq!(left(Value::Null), Some(Left::NoBody));
    assert_eq!(left("unplanned".into()), Some(Left::Unplanned));
    assert_eq!(left("unmasked".into()), Some(Left::Unmasked));
}

#[test]
fn a_stream_is_asked_for_as_one() {
    let request = json!({
        "method": "GET", "path": "/api/v1/namespaces/shop/pods/web/exec", "query": "command=ls&container=web&stdout=true",
        "group": "", "subresource": "exec", "hash": "sha256:00",
    });
    let again = again(record(&request, &json!({})), None, None).unwrap();
    assert_eq!((again.facts.request.verb.as_str(), again.facts.request.subresource.as_deref()), ("create", Some("exec")));
}

#[test]
fn what_was_decided_is_told_by_the_refusal() {
    let request = json!({ "method": "GET", "path": "/version", "hash": "" });
    let of = |more: Value| decision(&record(&request, &more));
    let refused = |cause: &str| of(json!({ "decision": "deny", "refusal": { "cause": cause, "message": "" } }));
    assert_eq!(of(json!({})), Ok(Decision::Allow));
    assert_eq!(of(json!({ "approval": "apr-1" })), Ok(Decision::RequireApproval), "used");
    for cause in ["PolicyDenied", "PolicyFailed", "BudgetExceeded"] {
        assert_eq!(refused(cause), Ok(Decision::Deny), "{cause}");
    }
    for cause in ["ApprovalPending", "ApprovalDenied", "ApprovalExpired"] {
        assert_eq!(refused(cause), Ok(Decision::RequireApproval), "{cause}");
    }
    for cause in ["UpstreamUnavailable", "SessionEnded", "MaskedValueReturned"] {
        assert_eq!(refused(cause), Err(Left::OtherReason), "{cause}");
    }
    assert_eq!(of(json!({ "generation": null })), Err(Left::NotJudged));
}

#[test]
fn a_path_is_encoded_as_it_came() {
    assert_eq!(encoded("/api/v1/namespaces/shop/services/https:web:443/proxy/a b/ü"), "/api/v1/namespaces/shop/services/https:web:443/proxy/a%20b/%C3%BC");
}
