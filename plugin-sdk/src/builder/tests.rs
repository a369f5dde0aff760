use super::*;

#[test]
fn paths_are_read_as_the_api_server_reads_them() {
    // Method, path; verb, group, resource, subresource, namespace, name.
    let cases = [
        ("get", "/api/v1/namespaces/shop/pods/web", "get", "", "pods", "", "shop", "web"),
        ("get", "/api/v1/pods", "list", "", "pods", "", "", ""),
        ("get", "/api/v1/pods?watch=true", "watch", "", "pods", "", "", ""),
        ("get", "/api/v1/pods?watch=0", "list", "", "pods", "", "", ""),
        ("post", "/api/v1/namespaces/shop/pods/web/exec", "create", "", "pods", "exec", "shop", "web"),
        ("delete", "/api/v1/namespaces/prod", "delete", "", "namespaces", "", "prod", "prod"),
        ("put", "/api/v1/namespaces/prod/finalize", "update", "", "namespaces", "finalize", "prod", "prod"),
        ("delete", "/apis/apps/v1/namespaces/shop/deployments", "deletecollection", "apps", "deployments", "", "shop", ""),
        ("patch", "/apis/apps/v1/namespaces/shop/deployments/web/scale", "patch", "apps", "deployments", "scale", "shop", "web"),
    ];
    for (method, path, verb, group, resource, subresource, namespace, name) in cases {
        let request = Builder::of_path(method, path).build();
        let found = (
            request.verb(),
            request.group(),
            request.resource(),
            request.subresource().unwrap_or_default(),
            request.namespace().unwrap_or_default(),
            request.name().unwrap_or_default(),
        );
        assert_eq!(found, (verb, group, resource, subresource, namespace, name), "{method} {path}");
    }
    let version = Request::get("/version");
    assert!(!version.is_resource() && version.verb() == "get" && !version.is_write());
    assert!(!Request::get("/apis/apps/v1").is_resource());
}

#[test]
fn kubectl_names_of_resources() {
    let request = Request::builder().verb("update").resource("deployments.apps/scale").name("web").build();
    assert_eq!((request.group(), request.resource(), request.subresource()), ("apps", "deployments", Some("scale")));
    assert!(!request.is("apps", "deployments") && request.is_write());
    assert_eq!(request.command(), "kubectl update deployments web");
}

#[test]
fn a_patch_is_judged_by_its_result() {
    let patch = Builder::of_path("patch", "/api/v1/namespaces/shop/pods/web").body(r#"{"a":1}"#).preview(r#"{"a":2}"#).build();
    assert_eq!(patch.after_write(|after| after.get::<u8>("/a")), Ok(Some(2)));
    let put = Request::put("/api/v1/namespaces/shop/pods/web", r#"{"a":1}"#);
    assert_eq!(put.after_write(|after| after.get::<u8>("/a")), Ok(Some(1)));
}

#[test]
fn a_command_line_is_the_request_that_kubectl_sends() {
    let request = Request::kubectl("kubectl delete pods -l app=web -n shop").build();
    assert_eq!((request.verb(), request.resource(), request.namespace(), request.name()), ("deletecollection", "pods", Some("shop"), None));
    assert_eq!(request.query("labelSelector"), Some("app=web"));
    assert_eq!(request.command(), "kubectl delete pods -n shop -l app=web");
    assert_eq!(request.facts().request.claimed_command.as_deref(), Some("kubectl delete"));
    assert_eq!(request.facts().request.hash.len(), "sha256:".len() + 64);

    let scale = Request::kubectl("scale deploy web --replicas=3").dry_run().build();
    assert_eq!((scale.subresource(), scale.is_dry_run(), scale.body().get::<u32>("/spec/replicas")), (Some("scale"), true, Some(3)));
    let shell = Request::kubectl("exec -it web -- sh").as_human("alice", &["sre"]).connection("prod").build();
    assert_eq!((shell.verb(), shell.query("tty"), shell.connection()), ("create", Some("true"), "prod"));
    assert_eq!((shell.identity().kind, shell.identity().sponsor.as_deref()), (IdentityKind::Human, None));
}

#[test]
fn what_a_command_reads_is_the_body() {
    let pod = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"}}"#;
    let request = Request::kubectl("create -n shop -f pod.yaml").body(pod).build();
    assert_eq!(request.path(), "/api/v1/namespaces/shop/pods");
    assert_eq!(request.body().get::<String>("/metadata/namespace").as_deref(), Some("shop"));
}

#[test]
#[should_panic(expected = "this test's command line cannot be read: `kubectl drain` cordons the node and evicts each of its pods: write")]
fn a_line_that_is_no_request_says_what_to_write() {
    Request::kubectl("drain node-1").build();
}

#[test]
#[should_panic(expected = "`get pods` says the namespace itself: write it there")]
fn what_a_line_says_is_said_there() {
    Request::kubectl("get pods").namespace("shop");
}

#[test]
#[should_panic(expected = "the gateway refuses GET /api/v1/pods/../secrets: ")]
fn a_path_that_the_gateway_refuses_is_no_test() {
    Request::get("/api/v1/pods/../secrets");
}
