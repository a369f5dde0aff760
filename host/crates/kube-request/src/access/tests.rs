use super::*;

fn questions(spec: &str) -> Result<Vec<Supposed>, Refusal> {
    asked(&Json::parse(spec.as_bytes()).unwrap())
}

/// Verb, group, resource with subresource, namespace, name, path with query.
fn said(supposed: &Supposed) -> String {
    let r = &supposed.request;
    let resource = r.subresource.as_ref().map_or(r.resource.clone(), |sub| format!("{}/{sub}", r.resource));
    let or = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let open = supposed.open.map(|open| format!(" [{open}]")).unwrap_or_default();
    format!("{} {}:{resource} {} {} {}{open}", r.verb, r.group, or(&r.namespace), or(&r.name), r.target())
}

#[test]
fn a_question_is_the_request_that_it_would_be() {
    for (attributes, request) in [
        (r#""namespace":"shop","verb":"delete","resource":"pods""#, "delete :pods shop - /api/v1/namespaces/shop/pods/*"),
        (r#""namespace":"shop","verb":"delete","resource":"pods","name":"web""#, "delete :pods shop web /api/v1/namespaces/shop/pods/web"),
        (r#""namespace":"shop","verb":"list","resource":"pods""#, "list :pods shop - /api/v1/namespaces/shop/pods"),
        (r#""namespace":"shop","verb":"list","resource":"pods","name":"web""#, "list :pods shop web /api/v1/namespaces/shop/pods?fieldSelector=metadata.name%3Dweb"),
        (r#""verb":"watch","resource":"pods""#, "watch :pods - - /api/v1/pods?watch=true"),
        (r#""namespace":"a","verb":"deletecollection","group":"apps","resource":"deployments""#, "deletecollection apps:deployments a - /apis/apps/v1/namespaces/a/deployments"),
        (r#""namespace":"a","verb":"create","group":"apps","version":"v1beta1","resource":"deployments""#, "create apps:deployments a - /apis/apps/v1beta1/namespaces/a/deployments"),
        (r#""namespace":"a","verb":"patch","group":"example.com","resource":"widgets""#, "patch example.com:widgets a - /apis/example.com/v1/namespaces/a/widgets/*"),
        // kubectl sends the namespace of its context whatever the resource is.
        (r#""namespace":"default","verb":"delete","resource":"nodes""#, "delete :nodes - - /api/v1/nodes/*"),
        (r#""namespace":"default","verb":"delete","resource":"namespaces""#, "delete :namespaces - - /api/v1/namespaces/*"),
        (r#""namespace":"default","verb":"delete","resource":"namespaces","name":"prod""#, "delete :namespaces prod prod /api/v1/namespaces/prod"),
        // By GET or POST, exec is one thing.
        (r#""namespace":"a","verb":"get","resource":"pods","subresource":"exec""#, "create :pods/exec a - /api/v1/namespaces/a/pods/*/exec"),
        (r#""namespace":"a","verb":"create","resource":"pods/exec""#, "create :pods/exec a - /api/v1/namespaces/a/pods/*/exec"),
        (r#""namespace":"a","verb":"get","resource":"pods","subresource":"log","name":"web""#, "get :pods/log a web /api/v1/namespaces/a/pods/web/log"),
        (r#""namespace":"a","verb":"list","resource":"pods","fieldSelector":{"rawSelector":"spec.nodeName=n"},"labelSelector":{"rawSelector":"app=x"}"#, "list :pods a - /api/v1/namespaces/a/pods?fieldSelector=spec.nodeName%3Dn&labelSelector=app%3Dx"),
    ] {
        let found = questions(&format!("{{\"resourceAttributes\":{{{attributes}}}}}")).unwrap();
        assert_eq!(found.iter().map(said).collect::<Vec<_>>(), [request], "{attributes}");
    }
}

#[test]
fn what_one_request_cannot_stand_for_is_said() {
    for (attributes, open) in [
        (r#""verb":"get","resource":"*","namespace":"a""#, "every resource"),
        (r#""verb":"get","group":"*","resource":"pods","namespace":"a""#, "every resource"),
        (r#""verb":"get","resource":"pods","subresource":"*","namespace":"a""#, "every subresource"),
        (r#""verb":"delete","resource":"pods""#, "every namespace"),
    ] {
        let found = questions(&format!("{{\"resourceAttributes\":{{{attributes}}}}}")).unwrap();
        assert_eq!(found[0].open, Some(open), "{attributes}");
    }
    let all = questions(r#"{"resourceAttributes":{"verb":"*","resource":"pods","namespace":"a"}}"#).unwrap();
    assert_eq!(all.iter().map(|one| one.request.verb.as_str()).collect::<Vec<_>>(), VERBS);
    assert!(all.iter().all(|one| one.open.is_none()));
}

#[test]
fn paths_are_questions_too() {
    let one = |verb: &str, path: &str| path_requests(verb, path).map(|found| found.iter().map(said).collect::<Vec<_>>());
    assert_eq!(one("get", "/readyz").unwrap(), ["get : - - /readyz"]);
    assert_eq!(one("get", "/apis/*").unwrap(), ["get : - - /apis/* [every path]"]);
    assert_eq!(one("*", "/x").unwrap().len(), METHODS.len());
    assert!(one("get", "/a//b").is_err(), "such a request is refused, so the answer is no");
    assert!(one("get", "logs").is_err());
}

#[test]
fn what_is_no_request_is_left_to_the_api_server() {
    for verb in ["bind", "escalate", "use", "approve", "Get", ""] {
        assert_eq!(questions(&format!(r#"{{"resourceAttributes":{{"verb":"{verb}","resource":"clusterroles"}}}}"#)).unwrap(), []);
    }
    assert_eq!(questions("{}").unwrap(), []);
}

#[test]
fn what_the_gateway_itself_refuses_is_an_error() {
    for attributes in [
        r#""verb":"impersonate","resource":"users""#,
        r#""verb":"get","resource":"pods","name":"a/b""#,
        r#""verb":"get","resource":"pods","name":"..""#,
        r#""verb":"get","resource":"pods","name":"a%2fb""#,
        r#""verb":"get","resource":"""#,
    ] {
        assert!(questions(&format!("{{\"resourceAttributes\":{{{attributes}}}}}")).is_err(), "{attributes}");
    }
}

/// A verdict is remembered by the facts; a question must share them only with a request that says the same.
#[test]
fn a_supposed_write_has_an_empty_object_as_its_body() {
    let found = questions(r#"{"resourceAttributes":{"verb":"patch","resource":"pods","namespace":"a","name":"b"}}"#).unwrap();
    let headers: &[(&str, &[u8])] = &[("content-type", b"application/merge-patch+json")];
    let real = KubeRequest::parse(&Head { method: "PATCH", target: "/api/v1/namespaces/a/pods/b", headers }).unwrap().with_body(b"{}").unwrap();
    assert_eq!(found[0].request.hash(), real.hash());
}

#[test]
fn reviews_about_oneself_are_known() {
    for (target, review) in [
        ("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", Some(AccessReview::Access)),
        ("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", Some(AccessReview::Rules)),
        ("/apis/authorization.k8s.io/v1/subjectaccessreviews", None),
        ("/apis/authorization.k8s.io/v1/namespaces/a/localsubjectaccessreviews", None),
        ("/apis/example.com/v1/selfsubjectaccessreviews", None),
    ] {
        assert_eq!(KubeRequest::parse(&Head { method: "POST", target, headers: &[] }).unwrap().access_review(), review, "{target}");
    }
}
