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
