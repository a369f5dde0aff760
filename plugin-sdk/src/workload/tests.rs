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
