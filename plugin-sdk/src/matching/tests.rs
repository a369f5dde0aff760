use super::*;
use crate::testing::configuration;

#[test]
fn globs() {
    for (pattern, text, fits) in [
        ("", "", true),
        ("", "a", false),
        ("*", "", true),
        ("prod", "prod", true),
        ("prod", "prod2", false),
        ("prod*", "prod2", true),
        ("*prod", "my-prod", true),
        ("a*b*c", "a-b-b-c", true),
        ("a*b*c", "a-c-b", false),
        ("p?d", "pod", true),
        ("p?d", "pd", false),
        ("**", "x", true),
        ("/openapi/*", "/openapi/v3/apis/apps/v1", true),
        ("a*a*a*a*a*a*a*a*b", &"a".repeat(200), false),
    ] {
        assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
    }
}

fn fits(rule: &str, request: &Request<'_>) -> (bool, bool) {
    let rule: Match = configuration(rule).expect(rule);
    (rule.fits(request), rule.may_fit(request))
}

#[test]
fn what_a_request_comes_to_besides_its_verb() {
    let create = r#"{"verbs": ["create"], "resources": ["deployments"]}"#;
    let patch = r#"{"verbs": ["patch"], "resources": ["deployments"]}"#;
    let both = r#"{"verbs": ["create", "patch"], "resources": ["deployments"]}"#;
    let deployment = "/apis/apps/v1/namespaces/shop/deployments/web";
    let apply = Request::patch(&format!("{deployment}?fieldManager=kubectl&force=true"), r#"{"apiVersion":"apps/v1","kind":"Deployment"}"#);
    // An apply makes the deployment where there is none.
    assert_eq!(fits(create, &apply), (false, true));
    assert_eq!(fits(patch, &apply), (false, true));
    assert_eq!(fits(both, &apply), (true, true));
    let merge = Request::patch(&format!("{deployment}?fieldManager=kubectl-patch"), r#"{"spec":{"replicas":3}}"#);
    assert_eq!(fits(create, &merge), (false, false));
    assert_eq!(fits(patch, &merge), (true, true));
    // An eviction deletes its pod.
    let evict = Request::post("/api/v1/namespaces/shop/pods/web/eviction", "{}");
    assert_eq!(fits(r#"{"verbs": ["delete"], "resources": ["pods"], "names": ["web"]}"#, &evict), (false, true));
    assert_eq!(fits(r#"{"verbs": ["delete"], "resources": ["deployments"]}"#, &evict), (false, false));
    assert_eq!(fits(r#"{"resources": ["pods/eviction"]}"#, &evict), (true, true));
    // `status` shows the whole object.
    let status = Request::get("/apis/example.com/v1/namespaces/shop/vaults/main/status");
    assert_eq!(fits(r#"{"verbs": ["get"], "resources": ["vaults"]}"#, &status), (false, true));
    assert_eq!(fits(r#"{"verbs": ["get"], "resources": ["*/status"]}"#, &status), (true, true));
    assert_eq!(fits(r#"{"resources": ["deployments"]}"#, &Request::get(&format!("{deployment}/scale"))), (false, false));
    // A PUT makes a role binding that is not there, and no pod.
    let rbac = Request::put("/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings/b", "{}");
    assert_eq!(fits(r#"{"verbs": ["create"], "groups": ["rbac.authorization.k8s.io"]}"#, &rbac), (false, true));
    assert_eq!(fits(r#"{"verbs": ["update"]}"#, &rbac), (true, true));
    assert_eq!(fits(r#"{"verbs": ["create"]}"#, &Request::put("/api/v1/namespaces/shop/pods/web", "{}")), (false, false));
}

#[test]
fn an_empty_name_is_the_servers_to_make() {
    let create = Request::post("/api/v1/namespaces/shop/pods", r#"{"metadata":{"name":"","generateName":"db-"}}"#);
    assert_eq!(fits(r#"{"names": ["db-*"]}"#, &create), (false, true));
}

#[test]
fn what_fits() {
    let exec = Request::post("/api/v1/namespaces/shop/pods/web/exec", "{}");
    let pod = Request::get("/api/v1/namespaces/shop/pods/web");
    let version = Request::get("/version");
    for (rule, request, expected) in [
        ("{}", &pod, true),
        ("{}", &version, false),
        (r#"{"paths": ["/version"]}"#, &version, true),
        (r#"{"paths": ["*"]}"#, &pod, false),
        (r#"{"paths": ["*"], "groups": [""]}"#, &version, false),
        (r#"{"verbs": ["get"], "groups": [""], "resources": ["pods"]}"#, &pod, true),
        (r#"{"groups": ["apps"]}"#, &pod, false),
        (r#"{"resources": ["pods"]}"#, &exec, false),
        (r#"{"resources": ["*"]}"#, &exec, false),
        (r#"{"resources": ["pods/exec"]}"#, &exec, true),
        (r#"{"resources": ["*/exec"]}"#, &exec, true),
        (r#"{"resources": ["*/*"]}"#, &pod, false),
        (r#"{"namespaces": ["kube-*"]}"#, &pod, false),
        (r#"{"names": ["web"]}"#, &pod, true),
        (r#"{"kinds": ["agent"]}"#, &pod, true),
        (r#"{"kinds": ["human", "workload"]}"#, &pod, false),
        (r#"{"members_of": ["admins"]}"#, &pod, false),
        (r#"{"dry_run": true}"#, &pod, false),
    ] {
        assert_eq!(fits(rule, request), (expected, expected), "{rule} {}", request.path());
    }
}

#[test]
fn what_a_request_does_not_say_counts_against_it_only() {
    let collection = Request::delete("/apis/apps/v1/namespaces/shop/deployments");
    assert_eq!(fits(r#"{"names": ["web"]}"#, &collection), (false, true));
    let everywhere = Request::get("/api/v1/secrets");
    assert_eq!(fits(r#"{"namespaces": ["prod"]}"#, &everywhere), (false, true));
    let create = |body| Request::post("/api/v1/namespaces/shop/configmaps", body);
    assert_eq!(fits(r#"{"names": ["web"]}"#, &create(r#"{"metadata":{"name":"web"}}"#)), (true, true));
    assert_eq!(fits(r#"{"names": ["web"]}"#, &create(r#"{"metadata":{"name":"db"}}"#)), (false, false));
    assert_eq!(fits(r#"{"names": ["web"]}"#, &create(r#"{"metadata":{"generateName":"w"}}"#)), (false, true));
    let node = Request::get("/api/v1/nodes/one");
    assert_eq!(fits(r#"{"namespaces": ["prod"]}"#, &node), (false, false));
}

#[test]
fn mistakes_are_refused() {
    for (rule, message) in [
        (r#"{"verbs": ["delet"]}"#, "unknown verb `delet`, expected one of get, list"),
        (r#"{"verbs": []}"#, "an empty list fits nothing"),
        (r#"{"resource": ["pods"]}"#, "unknown field `resource`"),
        (r#"{"kinds": ["robot"]}"#, "unknown variant `robot`"),
    ] {
        let error = configuration::<Match>(rule).expect_err(rule);
        assert!(error.contains(message), "{rule}: {error}");
    }
}
