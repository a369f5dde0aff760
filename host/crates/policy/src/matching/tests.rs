use super::*;
use crate::document::JsonDocument;
use crate::testing::facts;

#[test]
fn globs() {
    for (pattern, text, expected) in [
        ("*", "", true),
        ("", "", true),
        ("", "x", false),
        ("a*", "abc", true),
        ("*c", "abc", true),
        ("a*c", "ac", true),
        ("a*c", "abd", false),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("*a*b*", "xxaxxbxx", true),
        ("*a*b*", "xxbxxaxx", false),
        ("*aab", "aaaab", true),
        ("**", "x", true),
        ("?", "é", true),
    ] {
        assert_eq!(Glob::new(pattern).matches(text), expected, "{pattern} {text}");
    }
}

/// Backtracking matchers take exponential time on this; ours at most a product of the lengths.
#[test]
fn a_glob_of_many_stars_is_quick() {
    let glob = Glob::new(&format!("{}b", "a*".repeat(100)));
    assert!(!glob.matches(&"a".repeat(253)));
}

#[test]
fn every_key_given_must_hold() {
    let facts = facts();
    for (text, expected) in [
        ("{}", true),
        ("{ verbs: [get, delete] }", true),
        ("{ verbs: [get] }", false),
        ("{ verbs: [] }", false),
        ("{ verbs: ['*'], groups: [''] }", false),
        ("{ groups: ['', 'app*'] }", true),
        ("{ subresources: [''] }", true),
        ("{ subresources: [exec] }", false),
        ("{ namespaces: ['sh?p'] }", true),
        ("{ identities: ['dev*'], kinds: [agent] }", true),
        ("{ identities: ['dev*'], issuers: ['https://issuer.example'] }", true),
        ("{ identities: ['dev*'], issuers: ['https://*.elsewhere.example', 'http://*'] }", false),
        ("{ kinds: [human] }", false),
        ("{ members: ['team-*'] }", true),
        ("{ members: [team-b] }", false),
        ("{ connections: [prod] }", false),
    ] {
        let entry: MatchEntry = serde_saphyr::from_str(text).unwrap();
        assert_eq!(Matcher::new(&entry).request(&facts, None), expected, "{text}");
    }
}

fn asks(text: &str, request: &RequestFacts, body: Option<&str>) -> bool {
    let entry: MatchEntry = serde_saphyr::from_str(text).unwrap();
    let body = body.map(|body| Arc::new(JsonDocument::new(Arc::new(kube_request::Json::parse(body.as_bytes()).unwrap()))) as Arc<dyn Document>);
    Matcher::new(&entry).request(&Facts { request: request.clone(), ..facts() }, body.as_ref())
}

fn request(verb: &str, group: &str, resource: &str, subresource: Option<&str>) -> RequestFacts {
    let Facts { request, .. } = facts();
    RequestFacts { verb: verb.into(), group: group.into(), resource: resource.into(), subresource: subresource.map(str::to_owned), ..request }
}

/// `kubectl get secrets -A` shows those of `prod` too.
#[test]
fn a_collection_of_all_namespaces_is_spared_no_guard_of_one() {
    for (verb, asked) in [("list", true), ("watch", true), ("deletecollection", true), ("get", false), ("create", false)] {
        let all = RequestFacts { namespace: None, ..request(verb, "", "secrets", None) };
        assert_eq!(asks("{ namespaces: [prod] }", &all, None), asked, "{verb}");
    }
    assert!(!asks("{ namespaces: [prod] }", &request("list", "", "secrets", None), None), "one of another namespace is");
}

#[test]
fn an_eviction_is_a_deletion_and_an_apply_a_creation() {
    let evict = request("create", "", "pods", Some("eviction"));
    assert!(asks("{ verbs: [delete], resources: [pods] }", &evict, None));
    assert!(asks("{ verbs: [delete], subresources: [''] }", &evict, None));
    assert!(!asks("{ verbs: [delete], subresources: [log] }", &evict, None));
    assert!(!asks("{ verbs: [update] }", &evict, None));

    let mut patch = request("patch", "apps", "deployments", None);
    let object = r#"{"apiVersion":"apps/v1","kind":"Deployment"}"#;
    assert!(!asks("{ verbs: [create] }", &patch, Some(object)), "an apply names its manager");
    patch.query.push(("fieldManager".into(), "kubectl".into()));
    assert!(asks("{ verbs: [create] }", &patch, Some(object)));
    assert!(!asks("{ verbs: [create] }", &patch, Some(r#"{"spec":{"replicas":3}}"#)));

    assert!(asks("{ verbs: [get], subresources: [''] }", &request("get", "example.com", "vaults", Some("status")), None), "it shows the whole vault");
    assert!(!asks("{ verbs: [get], subresources: [''] }", &request("get", "apps", "deployments", Some("scale")), None));

    let group = "rbac.authorization.k8s.io";
    assert!(asks("{ verbs: [create] }", &request("update", group, "rolebindings", None), None));
    assert!(!asks("{ verbs: [create] }", &request("update", "", "pods", None), None));
}

/// A guest cannot link the gateway's crates, so the SDK has the table a second time.
#[test]
fn the_sdk_takes_the_same_updates_for_creations() {
    let sdk = include_str!("../../../../../plugin-sdk/src/matching.rs");
    let table = sdk.split_once("const MADE_BY_UPDATE").and_then(|(_, rest)| rest.split_once("[\n")).and_then(|(_, rest)| rest.split_once("];")).unwrap().0;
    let theirs: Vec<_> = table.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let ours: Vec<_> = MADE_BY_UPDATE.iter().map(|(group, resource)| format!("({group:?}, {resource:?}),")).collect();
    assert_eq!(theirs, ours);
}
