use crate::{Head, KubeRequest, Refusal};

fn run(method: &str, target: &str, body: &str) -> Result<KubeRequest, Refusal> {
    let content_type: &[u8] = if method == "PATCH" { b"application/merge-patch+json" } else { b"application/json" };
    let headers: &[(&str, &[u8])] = &[("content-type", content_type)];
    KubeRequest::parse(&Head { method, target, headers })?.with_body(body.as_bytes())
}

const POD: &str = "/api/v1/namespaces/a/pods/b";

/// method, target, body, dry run, target as it is sent.
#[test]
fn what_the_api_server_would_do() {
    for (method, target, body, dry_run, sent) in [
        ("POST", "/api/v1/namespaces/a/pods?dryRun=All", "{}", true, "/api/v1/namespaces/a/pods?dryRun=All"),
        ("POST", "/api/v1/namespaces/a/pods?dryRun=All&dryRun=All", "{}", true, "/api/v1/namespaces/a/pods?dryRun=All"),
        ("PUT", "/api/v1/namespaces/a/pods/b/status?dryRun=All", "{}", true, "/api/v1/namespaces/a/pods/b/status?dryRun=All"),
        ("PATCH", "/apis/apps/v1/namespaces/a/deployments/b/scale?dryRun=All", "{}", true, "/apis/apps/v1/namespaces/a/deployments/b/scale?dryRun=All"),
        // A key in another case is another key.
        ("POST", "/api/v1/namespaces/a/pods?dryrun=All", "{}", false, "/api/v1/namespaces/a/pods?dryrun=All"),
        // A body's own dryRun means nothing on a create.
        ("POST", "/api/v1/namespaces/a/pods", r#"{"dryRun":["All"]}"#, false, "/api/v1/namespaces/a/pods"),
        ("DELETE", "/api/v1/namespaces/a/pods/b?dryRun=All", "", true, "/api/v1/namespaces/a/pods/b?dryRun=All"),
        ("DELETE", "/api/v1/namespaces/a/pods?dryRun=All", "", true, "/api/v1/namespaces/a/pods?dryRun=All"),
        ("DELETE", POD, r#"{"dryRun":["All"]}"#, true, POD),
        ("DELETE", POD, r#"{"dryRun":["All","All"]}"#, true, POD),
        ("DELETE", POD, r#"{"dryRun":[]}"#, false, POD),
        ("DELETE", POD, r#"{"dryRun":null}"#, false, POD),
        // With a body the query's options are not read: they are not sent.
        ("DELETE", "/api/v1/namespaces/a/pods/b?dryRun=All&propagationPolicy=Orphan&pretty=1", r#"{"dryRun":["All"]}"#, true, "/api/v1/namespaces/a/pods/b?pretty=1"),
        ("DELETE", "/api/v1/namespaces/a/pods/b?gracePeriodSeconds=0", "{}", false, POD),
        ("POST", "/api/v1/namespaces/a/pods/b/eviction?dryRun=All", "{}", true, "/api/v1/namespaces/a/pods/b/eviction?dryRun=All"),
        ("POST", "/api/v1/namespaces/a/pods/b/eviction", r#"{"deleteOptions":{"dryRun":["All"]}}"#, true, "/api/v1/namespaces/a/pods/b/eviction"),
        ("POST", "/api/v1/namespaces/a/pods/b/eviction", r#"{"deleteOptions":{}}"#, false, "/api/v1/namespaces/a/pods/b/eviction"),
        // A token is issued all the same (`TokenREST.Create`).
        ("POST", "/api/v1/namespaces/a/serviceaccounts/b/token?dryRun=All", "{}", false, "/api/v1/namespaces/a/serviceaccounts/b/token?dryRun=All"),
        ("POST", "/api/v1/namespaces/a/pods/b/proxy/x?dryRun=All", "{}", false, "/api/v1/namespaces/a/pods/b/proxy/x?dryRun=All"),
        // An aggregated API server may do what it likes.
        ("POST", "/apis/example.com/v1/things?dryRun=All", "{}", false, "/apis/example.com/v1/things?dryRun=All"),
        ("POST", "/anything?dryRun=All", "{}", false, "/anything?dryRun=All"),
        ("GET", "/api/v1/pods?dryRun=All", "", false, "/api/v1/pods?dryRun=All"),
    ] {
        let request = run(method, target, body).unwrap_or_else(|refusal| panic!("{method} {target} {body}: {refusal}"));
        assert_eq!(request.dry_run, dry_run, "{method} {target} {body}");
        assert_eq!(request.target(), sent, "{method} {target} {body}");
    }
}

#[test]
fn contradictions_are_refused() {
    for (method, target, body) in [
        // Measured on the 1.37 API server: the object is gone.
        ("DELETE", "/api/v1/namespaces/a/pods/b?dryRun=All", "{}"),
        ("DELETE", "/api/v1/namespaces/a/pods/b?dryRun=All", r#"{"kind":"DeleteOptions","apiVersion":"v1"}"#),
        ("DELETE", "/api/v1/namespaces/a/pods/b?dryRun=All;x=1", ""),
        ("DELETE", "/api/v1/namespaces/a/pods/b?dryRun=all", ""),
        ("DELETE", "/api/v1/namespaces/a/pods/b?dryRun=", ""),
        ("DELETE", "/api/v1/namespaces/a/pods/b?dryRun", ""),
        ("DELETE", "/api/v1/namespaces/a/pods/b?dryRun=All&dryRun=None", ""),
        ("DELETE", POD, r#"{"dryRun":"All"}"#),
        ("DELETE", POD, r#"{"dryRun":["None"]}"#),
        ("DELETE", POD, r#"{"dryRun":true}"#),
        ("POST", "/api/v1/namespaces/a/pods?dryRun=true", "{}"),
        ("POST", "/api/v1/namespaces/a/pods/b/eviction", r#"{"deleteOptions":{"dryRun":"All"}}"#),
    ] {
        let refused = run(method, target, body).expect_err(target);
        assert_eq!(refused.code, 400, "{method} {target} {body}: {refused}");
    }
}
