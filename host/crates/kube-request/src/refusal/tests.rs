use super::*;

#[test]
fn a_status_that_kubectl_prints() {
    let refusal = Refusal::denied("deny-list/no-namespace-deletion", "deleting a namespace is not for agents: ask \"alice\"").retry_after(5);
    let status: serde_json::Value = serde_json::from_str(&refusal.status_json("0190")).unwrap();
    assert_eq!(
        status,
        serde_json::json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "Forbidden", "code": 403,
            "message": "deleting a namespace is not for agents: ask \"alice\" (request 0190)",
            "details": {
                "causes": [{
                    "reason": "PolicyDenied",
                    "message": "deleting a namespace is not for agents: ask \"alice\"",
                    "field": "deny-list/no-namespace-deletion"
                }],
                "retryAfterSeconds": 5
            }
        })
    );
}

#[test]
fn reasons_belong_to_codes() {
    for (refusal, code, reason, cause) in [
        (Refusal::malformed("path", "m"), 400, "BadRequest", "MalformedRequest"),
        (Refusal::unauthenticated("m"), 401, "Unauthorized", "Unauthenticated"),
        (Refusal::unsupported_media_type("m"), 415, "UnsupportedMediaType", "UnsupportedMediaType"),
        (Refusal::too_large("body", "m"), 413, "RequestEntityTooLarge", "MalformedRequest"),
        (Refusal::new(429, Cause::BudgetExceeded, "", "m"), 429, "TooManyRequests", "BudgetExceeded"),
        (Refusal::new(503, Cause::AuditUnavailable, "", "m"), 503, "ServiceUnavailable", "AuditUnavailable"),
        (Refusal::new(431, Cause::MalformedRequest, "", "m"), 431, "BadRequest", "MalformedRequest"),
        (Refusal::new(408, Cause::MalformedRequest, "", "m"), 408, "Timeout", "MalformedRequest"),
        (Refusal::new(500, Cause::PolicyFailed, "", "m"), 500, "InternalError", "PolicyFailed"),
    ] {
        assert_eq!((refusal.code, refusal.reason, refusal.cause.as_str()), (code, reason, cause));
        let status: serde_json::Value = serde_json::from_str(&refusal.status_json("")).unwrap();
        assert_eq!(status["message"], "m");
        assert_eq!(status["code"], code);
    }
}
