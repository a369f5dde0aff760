use super::*;
use proptest::prelude::*;

fn parse(method: &str, target: &str) -> Result<KubeRequest, Refusal> {
    KubeRequest::parse(&Head { method, target, headers: &[] })
}

fn hash(method: &str, target: &str, body: &str) -> String {
    parse(method, target).unwrap().with_body(body.as_bytes()).unwrap().hash()
}

#[test]
fn repeated_options_are_sent_once() {
    for (target, sent) in [
        ("/api/v1/pods?watch=0&watch=1&limit=5&limit=500", "/api/v1/pods?watch=0&limit=5"),
        ("/api/v1/%70ods?limit=5&&", "/api/v1/pods?limit=5"),
        ("/readyz?exclude=a&exclude=b", "/readyz?exclude=a&exclude=b"),
        ("/api/v1/nodes/n/proxy/x?a=1&a=2", "/api/v1/nodes/n/proxy/x?a=1&a=2"),
        ("/api/v1/pods?", "/api/v1/pods"),
    ] {
        assert_eq!(parse("GET", target).unwrap().target(), sent);
    }
    let many: String = (0..65).map(|i| format!("k{i}=1&")).collect();
    assert_eq!(parse("GET", &format!("/api/v1/pods?{many}")).unwrap_err().code, 400);
}

#[test]
fn targets_are_bounded() {
    let words = |n: usize| format!("/version?{}", vec!["k=%20%20%20%20%20%20%20%20"; n].join("&"));
    assert!(parse("GET", &words(1000)).is_ok());
    assert_eq!(parse("GET", &format!("/version?{}", "a".repeat(MAX_TARGET))).unwrap_err().code, 414);
    // Short as it comes, long as it would be sent.
    assert_eq!(parse("GET", &format!("/version?a={}", "{".repeat(30_000))).unwrap_err().code, 414);
}

#[test]
fn equal_requests_have_equal_hashes_and_others_do_not() {
    let base = hash("PUT", "/api/v1/namespaces/a/configmaps/b", r#"{"data":{"k":"v"}}"#);
    assert!(base.starts_with("sha256:") && base.len() == 71, "{base}");
    for (method, target, body) in [
        ("PUT", "/api/v1/namespaces/a/config%6daps/b", r#"{"data":{"k":"v"}}"#),
        ("PUT", "/api/v1/namespaces/a/configmaps/b?", r#" { "data" : { "k" : "\u0076" } } "#),
    ] {
        assert_eq!(hash(method, target, body), base, "{target} {body}");
    }
    for (method, target, body) in [
        ("PUT", "/api/v1/namespaces/a/configmaps/c", r#"{"data":{"k":"v"}}"#),
        ("PUT", "/api/v1/namespaces/a/configmaps/b", r#"{"data":{"k":"w"}}"#),
        ("PUT", "/api/v1/namespaces/a/configmaps/b?pretty=1", r#"{"data":{"k":"v"}}"#),
        ("PUT", "/api/v1/namespaces/a/configmaps/b", ""),
        ("DELETE", "/api/v1/namespaces/a/configmaps/b", ""),
    ] {
        assert_ne!(hash(method, target, body), base, "{method} {target} {body}");
    }
}

/// kubectl tries WebSocket by GET and then SPDY by POST: one approval must fit both.
#[test]
fn a_stream_is_one_request_by_either_protocol() {
    let target = "/api/v1/namespaces/a/pods/b/exec?command=sh&stdin=true";
    let websocket: &[(&str, &[u8])] = &[("connection", b"Upgrade"), ("upgrade", b"websocket"), ("sec-websocket-protocol", b"v5.channel.k8s.io")];
    let spdy: &[(&str, &[u8])] = &[("connection", b"Upgrade"), ("upgrade", b"SPDY/3.1"), ("x-stream-protocol-version", b"v4.channel.k8s.io")];
    let get = KubeRequest::parse(&Head { method: "GET", target, headers: websocket }).unwrap();
    let post = KubeRequest::parse(&Head { method: "POST", target, headers: spdy }).unwrap();
    assert_eq!((get.verb, get.hash(), get.command()), (post.verb, post.hash(), post.command()));
    // The handshake with the cluster is the gateway's own.
    assert_eq!(get.upstream_headers(), [("accept", "application/json".to_owned()), ("accept-encoding", "identity".to_owned())]);
    assert!(get.with_body(b"{}").is_err());
}

#[test]
fn streams_upgrade_and_nothing_else_does() {
    let none: &[(&str, &[u8])] = &[];
    let websocket: &[(&str, &[u8])] = &[("connection", b"upgrade"), ("upgrade", b"websocket")];
    let spdy: &[(&str, &[u8])] = &[("connection", b"upgrade"), ("upgrade", b"SPDY/3.1")];
    for (method, target, headers, fine) in [
        ("GET", "/api/v1/namespaces/a/pods/b/exec", websocket, true),
        ("POST", "/api/v1/namespaces/a/pods/b/exec", spdy, true),
        ("GET", "/api/v1/namespaces/a/pods/b/exec", spdy, true),
        ("POST", "/api/v1/namespaces/a/pods/b/exec", websocket, false),
        ("GET", "/api/v1/namespaces/a/pods/b/exec", none, false),
        ("POST", "/api/v1/namespaces/a/pods/b/portforward", none, false),
        ("HEAD", "/api/v1/namespaces/a/pods/b/exec", websocket, false),
        ("GET", "/api/v1/namespaces/a/pods/b/log", websocket, false),
        ("GET", "/api/v1/pods?watch=true", websocket, false),
        ("GET", "/api/v1/namespaces/a/services/b/proxy/", websocket, false),
        ("GET", "/version", websocket, false),
        ("PATCH", "/api/v1/namespaces/a/pods/b/ephemeralcontainers", spdy, false),
        ("GET", "/api/v1/nodes/n/exec", websocket, false),
    ] {
        assert_eq!(KubeRequest::parse(&Head { method, target, headers }).is_ok(), fine, "{method} {target}");
    }
}

#[test]
fn only_the_allow_list_goes_upstream() {
    let headers: &[(&str, &[u8])] = &[
        ("host", b"gateway"),
        ("authorization", b"Bearer secret"),
        ("accept", b"application/vnd.kubernetes.protobuf"),
        ("accept-encoding", b"gzip"),
        ("content-type", b"application/json;charset=utf-8"),
        ("user-agent", b"kubectl/v1.37.1"),
        ("kubectl-command", b"kubectl create"),
        ("x-forwarded-for", b"1.2.3.4"),
        ("audit-id", b"x"),
        ("cookie", b"a=b"),
        ("te", b"trailers"),
        ("x-http-method-override", b"DELETE"),
    ];
    let request = KubeRequest::parse(&Head { method: "POST", target: "/api/v1/namespaces/a/pods", headers }).unwrap().with_body(b"{}").unwrap();
    assert_eq!(
        request.upstream_headers(),
        [
            ("accept", "application/json".to_owned()),
            ("accept-encoding", "identity".to_owned()),
            ("user-agent", "kubectl/v1.37.1".to_owned()),
            ("content-type", "application/json".to_owned()),
        ]
    );
    assert!(!format!("{request:?} {:?}", Head { method: "GET", target: "/", headers }).contains("secret"));
}

fn any_target() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("api".to_owned()),
        Just("apis".to_owned()),
        Just("v1".to_owned()),
        Just("apps".to_owned()),
        Just("namespaces".to_owned()),
        Just("pods".to_owned()),
        Just("watch".to_owned()),
        Just("proxy".to_owned()),
        Just("status".to_owned()),
        Just("%70ods".to_owned()),
        Just("a%20b".to_owned()),
        Just("".to_owned()),
        Just("..".to_owned()),
        "[a-z:%;@.]{1,6}",
    ];
    let pair = prop_oneof![
        Just("watch=true".to_owned()),
        Just("watch=false".to_owned()),
        Just("watch".to_owned()),
        Just("limit=5".to_owned()),
        Just("dryRun=All".to_owned()),
        Just("fieldSelector=metadata.name%3Da".to_owned()),
        Just("fieldSelector=metadata.name=b,x!=y".to_owned()),
        "[a-z]{1,5}=[ -~]{0,6}",
    ];
    (prop::collection::vec(word, 0..9), prop::collection::vec(pair, 0..4), any::<bool>()).prop_map(|(words, pairs, core)| {
        let prefix = if core { "/api/v1" } else { "" };
        let query = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
        format!("{prefix}/{}{query}", words.join("/"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn the_canonical_form_is_a_fixed_point(method in prop_oneof![Just("GET"), Just("POST"), Just("PUT"), Just("PATCH"), Just("DELETE"), Just("HEAD"), Just("OPTIONS")], target in any_target()) {
        if let Ok(request) = parse(method, &target) {
            let sent = request.target();
            let again = parse(method, &sent).unwrap_or_else(|refusal| panic!("{target} -> {sent}: {refusal}"));
            prop_assert_eq!(&again, &request);
            prop_assert_eq!(again.target(), sent);
            prop_assert_eq!(again.hash(), request.hash());
        }
    }

    #[test]
    fn nothing_panics(method in ".{0,8}", target in ".{0,64}") {
        if let Ok(request) = parse(&method, &target) {
            let _ = (request.command(), request.accept(), request.upstream_headers());
        }
    }
}

#[test]
fn what_only_reads() {
    for (method, target, reads) in [
        ("GET", "/api/v1/pods", true),
        ("GET", "/api/v1/pods?watch=1", true),
        ("GET", "/version", true),
        ("HEAD", "/healthz", true),
        ("GET", "/api/v1/namespaces/a/pods/b/log", true),
        ("POST", "/api/v1/namespaces/a/pods", false),
        ("DELETE", "/api/v1/namespaces/a/pods?dryRun=All", false),
        ("POST", "/anything", false),
        // kubernetes/kubernetes 136550: a GET to a kubelet's exec endpoint runs the command.
        ("GET", "/api/v1/nodes/n/proxy/exec/a/b/c?command=id", false),
        ("GET", "/api/v1/namespaces/a/services/b/proxy/", false),
    ] {
        assert_eq!(parse(method, target).unwrap().is_read(), reads, "{method} {target}");
    }
}

proptest! {
    #[test]
    fn a_body_is_a_fixed_point(
        body in prop_oneof![
            any::<Vec<u8>>(),
            "\\{(\"(a|kind|metadata|dryRun)\": ?(1|null|\"[a-z]{0,3}\"|\\{\\}|\\[\\]),?){0,4}\\}".prop_map(String::into_bytes),
        ],
        method in prop_oneof![Just("POST"), Just("PUT"), Just("DELETE"), Just("PATCH")],
    ) {
        let headers: &[(&str, &[u8])] = &[("content-type", if method == "PATCH" { b"application/merge-patch+json" } else { b"application/json" })];
        let request = KubeRequest::parse(&Head { method, target: "/api/v1/namespaces/a/pods/b", headers }).unwrap();
        if let Ok(read) = request.clone().with_body(&body)
            && let Some(body) = &read.body
        {
            let again = request.with_body(&body.bytes).unwrap();
            prop_assert_eq!(again.hash(), read.hash());
            prop_assert_eq!(again, read);
        }
    }

    #[test]
    fn headers_never_panic(fields in prop::collection::vec(("[a-zA-Z-]{0,12}|connection|upgrade|authorization|sec-websocket-protocol", any::<Vec<u8>>()), 0..8)) {
        let fields: Vec<(&str, &[u8])> = fields.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        let _ = screen(&fields);
    }
}

#[test]
fn a_dry_run_says_so_whatever_the_client_put_into_query_and_names() {
    let target = |method, target| {
        let head = Head { method, target, headers: &[] };
        KubeRequest::parse(&head).unwrap().dry_run_target()
    };
    for (given, tried) in [
        ("/api/v1/namespaces/a/configmaps/b", "/api/v1/namespaces/a/configmaps/b?dryRun=All"),
        ("/api/v1/namespaces/a/configmaps/b?xdryRun=All", "/api/v1/namespaces/a/configmaps/b?xdryRun=All&dryRun=All"),
        ("/api/v1/namespaces/a/configmaps/b?dryRun=All", "/api/v1/namespaces/a/configmaps/b?dryRun=All"),
        ("/apis/rbac.authorization.k8s.io/v1/namespaces/a/roles/dryRun=x", "/apis/rbac.authorization.k8s.io/v1/namespaces/a/roles/dryRun=x?dryRun=All"),
    ] {
        assert_eq!(target("PATCH", given).as_deref(), Some(tried), "{given}");
    }
    // A custom resource's conversion or webhook may do what it likes with a dry run; a read has none.
    assert_eq!(target("PATCH", "/apis/example.com/v1/namespaces/a/things/b"), None);
    assert_eq!(target("GET", "/api/v1/namespaces/a/configmaps/b"), None);
}

#[test]
fn what_is_selected_by_is_known() {
    let by = |query: &str| parse("GET", &format!("/apis/example.com/v1/widgets?{query}")).unwrap().selects_by();
    let pair = |pointer: &str, value: &str| (pointer.to_owned(), value.to_owned());
    assert_eq!(by("fieldSelector=metadata.name%3Da%2Cspec.token%3D%3Dx%2Cspec.size!%3D2"), [pair("/spec/token", "x"), pair("/spec/size", "2")]);
    assert_eq!(by("labelSelector=app%3Dweb%2C!example.com%2Fx"), ["app", "web", "example.com~1x"].map(|key| pair(&format!("/metadata/labels/{key}"), "")));
    assert_eq!(by("limit=5&fieldSelector=metadata.namespace%3Da"), []);
    assert_eq!(parse("DELETE", "/api/v1/namespaces/a/pods?fieldSelector=spec.nodeName%3Dn").unwrap().selects_by(), [pair("/spec/nodeName", "n")]);
}
