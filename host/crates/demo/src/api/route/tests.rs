use super::*;

#[test]
fn paths_are_read_as_the_api_server_reads_them() {
    for (path, expected) in [
        ("/api/v1/pods", "pods|||"),
        ("/api/v1/namespaces", "namespaces|||"),
        ("/api/v1/namespaces/shop", "namespaces||shop|"),
        (
            "/api/v1/namespaces/shop/finalize",
            "namespaces||shop|finalize",
        ),
        ("/api/v1/namespaces/shop/pods", "pods|shop||"),
        (
            "/api/v1/namespaces/shop/pods/web-1/log",
            "pods|shop|web-1|log",
        ),
        (
            "/apis/apps/v1/namespaces/shop/deployments/web/scale",
            "deployments|shop|web|scale",
        ),
        (
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode",
            "clusterroles||system:node|",
        ),
        ("/api/v1/pods/web", "-"),
        ("/api/v1/namespaces/shop/nodes", "-"),
        ("/api/v1/namespaces/shop/pods/a/b/c", "-"),
        ("/api/v1/namespaces//pods", "-"),
        ("/api/v1/watch/pods", "-"),
        ("/apis/apps/v1beta1/deployments", "-"),
        ("/", "-"),
    ] {
        let text = match route(path) {
            Some(Route::Resource(it)) => {
                let text = |it: Option<String>| it.unwrap_or_default();
                format!(
                    "{}|{}|{}|{}",
                    it.resource.plural,
                    text(it.namespace),
                    text(it.name),
                    text(it.subresource)
                )
            }
            Some(_) => "other".to_owned(),
            None => "-".to_owned(),
        };
        assert_eq!(text, expected, "{path}");
    }
    for path in [
        "/api",
        "/apis",
        "/apis/apps",
        "/apis/apps/v1",
        "/openapi/v3/api/v1",
        "/version",
        "/readyz/ping",
    ] {
        assert!(
            !matches!(route(path), None | Some(Route::Resource(_))),
            "{path}"
        );
    }
}
