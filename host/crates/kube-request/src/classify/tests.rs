use crate::{Head, KubeRequest, Method, Verb};

fn parse(method: &str, target: &str) -> Result<KubeRequest, crate::Refusal> {
    KubeRequest::parse(&Head { method, target, headers: &[] })
}

/// `-` stands for none.
fn optional(text: &str) -> Option<String> {
    (text != "-").then(|| text.to_owned())
}

/// Kubernetes' own table (`requestinfo_test.go`), one case a line:
/// method, target, verb, group, version, namespace, resource, subresource, name.
#[test]
fn resources_as_request_info_has_them() {
    let table = "
        GET    /api/v1/namespaces                                  list              -          v1      -     namespaces -        -
        GET    /api/v1/namespaces/other                            get               -          v1      other namespaces -        other
        GET    /api/v1/namespaces/other/pods                       list              -          v1      other pods       -        -
        GET    /api/v1/namespaces/other/pods/foo                   get               -          v1      other pods       -        foo
        HEAD   /api/v1/namespaces/other/pods/foo                   get               -          v1      other pods       -        foo
        GET    /api/v1/pods                                        list              -          v1      -     pods       -        -
        HEAD   /api/v1/pods                                        list              -          v1      -     pods       -        -
        GET    /api/v1/watch/pods                                  watch             -          v1      -     pods       -        -
        GET    /api/v1/watch/pods/foo                              watch             -          v1      -     pods       -        foo
        GET    /api/v1/watch/namespaces                            watch             -          v1      -     namespaces -        -
        GET    /api/v1/watch/namespaces/other                      watch             -          v1      other namespaces -        other
        GET    /api/v1/watch/namespaces/other/pods                 watch             -          v1      other pods       -        -
        GET    /api/v1/watch/namespaces/other/pods/foo             watch             -          v1      other pods       -        foo
        GET    /apis/apps/v1/watch/namespaces/other/deployments    watch             apps       v1      other deployments -       -
        GET    /api/v1/pods?watch=true                             watch             -          v1      -     pods       -        -
        GET    /api/v1/pods?watch=false                            list              -          v1      -     pods       -        -
        GET    /api/v1/namespaces/other/pods?watch=1               watch             -          v1      other pods       -        -
        GET    /api/v1/namespaces/other/pods?watch=0               list              -          v1      other pods       -        -
        GET    /api/v1/namespaces/other/pods/foo/status            get               -          v1      other pods       status   foo
        GET    /api/v1/namespaces/other/pods/foo/proxy/subpath     get               -          v1      other pods       proxy    foo
        PUT    /api/v1/namespaces/other/finalize                   update            -          v1      other namespaces finalize other
        PUT    /api/v1/namespaces/other/status                     update            -          v1      other namespaces status   other
        PATCH  /api/v1/namespaces/other/pods/foo                   patch             -          v1      other pods       -        foo
        DELETE /api/v1/namespaces/other/pods/foo                   delete            -          v1      other pods       -        foo
        POST   /api/v1/namespaces/other/pods                       create            -          v1      other pods       -        -
        DELETE /api/v1/nodes                                       deletecollection  -          v1      -     nodes      -        -
        DELETE /api/v1/namespaces                                  deletecollection  -          v1      -     namespaces -        -
        DELETE /api/v1/namespaces/other/pods                       deletecollection  -          v1      other pods       -        -
        DELETE /apis/extensions/v1/namespaces/other/pods           deletecollection  extensions v1      other pods       -        -
        POST   /apis/extensions/v1/namespaces/other/pods           create            extensions v1      other pods       -        -
        POST   /apis/extensions/v1beta3/namespaces/other/pods      create            extensions v1beta3 other pods       -        -
        GET    /api/version/resource                               list              -          version -     resource   -        -
        GET    /apis/group/version/resource/name/subresource       get               group      version -     resource   subresource name
        GET    /apis/batch/v1/job                                  list              batch      v1      -     job        -        -
        GET    /apis/batch/v1/job/foo/scale                        get               batch      v1      -     job        scale    foo
        GET    /apis/group/v1/namespaces/a                         get               group      v1      a     namespaces -        a
        GET    /apis/group/v1/namespaces/a/finalize/x              get               group      v1      a     namespaces finalize a
        PUT    /api/v1/nodes/n/status                              update            -          v1      -     nodes      status   n
        POST   /api/v1/nodes/n/proxy/run                           create            -          v1      -     nodes      proxy    n
        GET    /api/v1/namespaces/a/services/https:web:443/proxy/  get               -          v1      a     services   proxy    https:web:443
        GET    /apis/rbac.authorization.k8s.io/v1/clusterroles/system:node get rbac.authorization.k8s.io v1 - clusterroles - system:node
        GET    /apis/watch/v1/things                               list              watch      v1      -     things     -        -
    ";
    for case in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let fields: Vec<&str> = case.split_whitespace().collect();
        let [method, target, verb, group, version, namespace, resource, subresource, name] = fields[..] else { panic!("{case}") };
        let got = parse(method, target).unwrap_or_else(|refusal| panic!("{case}: {refusal}"));
        assert!(got.is_resource, "{case}");
        assert_eq!(got.verb.as_str(), verb, "{case}");
        assert_eq!(got.group, optional(group).unwrap_or_default(), "{case}");
        assert_eq!(got.version, version, "{case}");
        assert_eq!(got.namespace, optional(namespace), "{case}");
        assert_eq!(got.resource, resource, "{case}");
        assert_eq!(got.subresource, optional(subresource), "{case}");
        assert_eq!(got.name, optional(name), "{case}");
    }
}

#[test]
fn paths_that_are_no_resource() {
    for target in [
        "/", "/api", "/api/", "/api/v1", "/api/v1/", "/apis", "/apis/", "/apis/apps", "/apis/apps/", "/apis/apps/v1", "/apis/apps/v1/", "/version", "/version/",
        "/badprefix/version/resource", "/healthz", "/livez/etcd", "/openapi/v3/apis/apps/v1", "/not-api/version/resource", "/apis/version/resource",
    ] {
        let got = parse("GET", target).unwrap_or_else(|refusal| panic!("{target}: {refusal}"));
        assert!(!got.is_resource, "{target}");
        assert_eq!(got.verb, Verb::Http(Method::Get), "{target}");
        assert_eq!(got.path, target);
        assert_eq!(got.target(), target);
        assert_eq!((got.group.as_str(), got.version.as_str(), got.resource.as_str()), ("", "", ""), "{target}");
    }
}

/// `TestSelectorParsing`: target, verb, name.
#[test]
fn names_from_field_selectors() {
    for (target, verb, name) in [
        ("/apis/group/version/resource", "list", "-"),
        ("/apis/group/version/resource?fieldSelector=metadata.name=name1", "list", "name1"),
        ("/apis/group/version/resource?fieldSelector=metadata.name%3D%3Dname1", "list", "name1"),
        ("/apis/group/version/resource?watch=true&fieldSelector=metadata.name=name1", "watch", "name1"),
        ("/apis/group/version/resource?fieldSelector=foo=bar&labelSelector=baz=qux", "list", "-"),
        ("/apis/group/version/resource?fieldSelector=metadata.name=foo&fieldSelector=metadata.name=bar", "list", "foo"),
        ("/apis/group/version/resource/name?fieldSelector=metadata.name=other", "get", "name"),
        ("/apis/group/version/watch/resource?fieldSelector=metadata.name=foo", "watch", "-"),
        ("/apis/group/version/watch/resource/name?fieldSelector=metadata.name=foo", "watch", "name"),
        // Terms are sorted before the search, so the lesser of two names counts.
        ("/api/v1/pods?fieldSelector=metadata.name=b,metadata.name=a", "list", "a"),
        ("/api/v1/pods?fieldSelector=spec.nodeName=n,metadata.name!=x,metadata.name=y", "list", "y"),
        ("/api/v1/pods?fieldSelector=metadata.name=a%5C,b", "list", "a,b"),
        // What could be no path segment is no name.
        ("/api/v1/pods?fieldSelector=metadata.name=..", "list", "-"),
        ("/api/v1/pods?fieldSelector=metadata.name=a%2Fb", "list", "-"),
        ("/api/v1/pods?fieldSelector=metadata.name=", "list", "-"),
        ("/api/v1/pods?fieldSelector=", "list", "-"),
        ("/api/v1/pods?fieldSelector=%20metadata.name=a", "list", "-"),
    ] {
        let got = parse("GET", target).unwrap_or_else(|refusal| panic!("{target}: {refusal}"));
        assert_eq!(got.verb.as_str(), verb, "{target}");
        assert_eq!(got.name, optional(name), "{target}");
    }
    // A DELETE on a collection has no name, whatever it selects.
    let got = parse("DELETE", "/api/v1/namespaces/a/pods?fieldSelector=metadata.name=b").unwrap();
    assert_eq!((got.verb, got.name), (Verb::DeleteCollection, None));
}

#[test]
fn every_spelling_of_watch() {
    for (query, watches) in [
        ("watch", true),
        ("watch=", true),
        ("watch=1", true),
        ("watch=true", true),
        ("watch=yes", true),
        ("watch=TRUE", true),
        ("watch=no", true),
        ("watch=00", true),
        ("watch=0", false),
        ("watch=false", false),
        ("watch=FALSE", false),
        ("watch=False", false),
        ("Watch=true", false),
        ("watch=false&watch=true", false),
        ("watch=true&watch=false", true),
        ("%77atch=true", true),
        ("watch=%66alse", false),
        ("limit=500&watch=1", true),
    ] {
        let got = parse("GET", &format!("/api/v1/pods?{query}")).unwrap();
        assert_eq!(got.verb == Verb::Watch, watches, "{query}");
    }
    // A watch by query on one object is a get: the server does not look there.
    assert_eq!(parse("GET", "/api/v1/namespaces/a/pods/b?watch=true").unwrap().verb, Verb::Get);
    // Go's EqualFold takes U+017F for an s.
    assert_eq!(parse("GET", "/api/v1/pods?watch=fal%C5%BFe").unwrap_err().field, "query.watch");
}

#[test]
fn streams_by_get_are_create() {
    let upgrade: &[(&str, &[u8])] = &[("connection", b"Upgrade"), ("upgrade", b"websocket")];
    for subresource in ["exec", "attach", "portforward"] {
        let target = format!("/api/v1/namespaces/a/pods/b/{subresource}");
        let got = KubeRequest::parse(&Head { method: "GET", target: &target, headers: upgrade }).unwrap();
        assert_eq!(got.verb, Verb::Create);
        assert_eq!(got.method, Method::Get);
        // In any other group this is somebody else's subresource, and does not upgrade.
        let target = format!("/apis/example.com/v1/namespaces/a/pods/b/{subresource}");
        let refused = KubeRequest::parse(&Head { method: "GET", target: &target, headers: upgrade }).unwrap_err();
        assert_eq!(refused.field, "headers.upgrade");
        assert_eq!(KubeRequest::parse(&Head { method: "GET", target: &target, headers: &[] }).unwrap().verb, Verb::Get);
    }
}

#[test]
fn what_has_no_one_reading_is_refused() {
    for (method, target, code) in [
        ("TRACE", "/api/v1/pods", 405),
        ("CONNECT", "/api/v1/pods", 405),
        ("get", "/api/v1/pods", 405),
        ("PURGE", "/api/v1/pods", 405),
        ("OPTIONS", "/api/v1/pods", 405),
        ("DELETE", "/api/v1/watch/pods", 405),
        ("POST", "/api/v1/watch/namespaces/a/pods", 405),
        ("HEAD", "/api/v1/watch/pods", 405),
        ("GET", "/api/v1/watch", 400),
        ("GET", "/api/v1/watch/namespaces/a/pods/b/log", 400),
        ("GET", "/api/v1/proxy/namespaces/other/pods/foo", 400),
        ("GET", "/api/v1/proxy", 400),
        ("GET", "/api/v1/pods/", 400),
        ("GET", "/api/v1/namespaces/a/pods/b/log/", 400),
        ("GET", "/api/v1/namespaces/a/pods/b/log/c", 400),
        ("POST", "/api/v1/namespaces/a/pods/b/exec/c", 400),
        ("GET", "/api/v1/pods?limit=many", 400),
        ("GET", "/api/v1/pods?timeoutSeconds=", 400),
        ("GET", "/api/v1/pods?fieldSelector=metadata.name", 400),
        ("GET", "/api/v1/pods?fieldSelector=metadata.name=a,foo", 400),
        ("GET", "/api/v1/pods?fieldSelector=metadata.name=a%5Cb", 400),
        // Kubernetes forgets the name when another option does not parse.
        ("GET", "/api/v1/pods?fieldSelector=metadata.name=a&labelSelector=(", 400),
    ] {
        let refused = parse(method, target).expect_err(target);
        assert_eq!(refused.code, code, "{method} {target}: {refused}");
    }
}
