use super::*;

const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/shop/deployments/web";

#[test]
fn which_writes_touch_the_pods() {
    let template = Some("/spec/template/spec");
    assert_eq!(touches_pod_spec(&Request::patch(DEPLOYMENT, r#"{"spec":{"replicas":3}}"#)), None);
    assert_eq!(touches_pod_spec(&Request::patch(DEPLOYMENT, r#"{"spec":{"template":{"metadata":{}}}}"#)), None);
    assert_eq!(touches_pod_spec(&Request::patch(DEPLOYMENT, r#"{"spec":{"template":{"spec":{}}}}"#)), template);
    assert_eq!(touches_pod_spec(&Request::patch(DEPLOYMENT, r#"[{"op":"remove","path":"/spec"}]"#)), template);
    assert_eq!(touches_pod_spec(&Request::put(DEPLOYMENT, "{}")), template);
    assert_eq!(touches_pod_spec(&Request::get(DEPLOYMENT)), None);
    assert_eq!(touches_pod_spec(&Request::patch("/api/v1/namespaces/shop/pods/web/status", "{}")), None);
}

#[test]
fn what_a_patch_takes_away_without_naming_it() {
    let template = Some("/spec/template/spec");
    let apply = format!("{DEPLOYMENT}?fieldManager=hardening");
    for (path, body) in [
        // An apply takes away what its manager had and it leaves out.
        (apply.as_str(), r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"}}"#),
        (DEPLOYMENT, r#"{"spec":null}"#),
        (DEPLOYMENT, r#"{"spec":{"template":null}}"#),
        (DEPLOYMENT, r#"{"spec":{"$patch":"replace","replicas":3}}"#),
        (DEPLOYMENT, r#"{"$retainKeys":["metadata"]}"#),
    ] {
        assert_eq!(touches_pod_spec(&Request::patch(path, body)), template, "{body}");
    }
    assert_eq!(touches_pod_spec(&Request::patch(&apply, r#"{"metadata":{"labels":{"a":"b"}}}"#)), None);
}
