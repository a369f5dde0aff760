use portcullis_sdk::Builder;

use super::*;

const API: &str = "/apis/admissionregistration.k8s.io/v1";

#[test]
fn who_sees_every_request() {
    let hook = |client: &str| format!(r#"{{"webhooks":[{{"name":"h","clientConfig":{client}}}]}}"#);
    let url = hook(r#"{"url":"https://hook.test/in"}"#);
    let service = hook(r#"{"service":{"namespace":"tools","name":"hook"}}"#);
    let patched = Builder::of_path("patch", &format!("{API}/validatingwebhookconfigurations/w")).body("[{}]").preview(&service).build();
    for (request, finds) in [
        (Request::post(&format!("{API}/mutatingwebhookconfigurations"), &url), Some("`https://hook.test/in`")),
        (Request::put(&format!("{API}/validatingwebhookconfigurations/w"), &service), Some("`tools/hook`")),
        (patched, Some("`tools/hook`")),
        (Request::post(&format!("{API}/mutatingwebhookconfigurations"), "{}"), Some("decides who sees")),
        (Request::delete(&format!("{API}/validatingwebhookconfigurations/w")), Some("without the webhook")),
        (Request::delete(&format!("{API}/validatingadmissionpolicies")), Some("without the admission policy")),
        (Request::post(&format!("{API}/validatingadmissionpolicybindings"), "{}"), Some("decides about the requests")),
        (Request::post(&format!("{API}/mutatingadmissionpolicies"), "{}"), Some("decides about the requests")),
        (Request::get(&format!("{API}/mutatingwebhookconfigurations")), None),
        (Request::post("/api/v1/namespaces/shop/configmaps", "{}"), None),
    ] {
        let found = webhooks(&request).expect("what is asked for is there");
        match finds {
            Some(text) => assert!(found.as_ref().is_some_and(|found| found.contains(text)), "{}: {found:?}", request.path()),
            None => assert_eq!(found, None, "{}", request.path()),
        }
    }
}

#[test]
fn the_level_of_a_namespace() {
    let labels = |level: &str| format!(r#"{{"metadata":{{"name":"shop","labels":{{{level}}}}}}}"#);
    let baseline = labels(r#""pod-security.kubernetes.io/enforce":"baseline""#);
    let none = labels("");
    let path = "/api/v1/namespaces/shop";
    let patch = |body: &str, preview: &str| Builder::of_path("patch", path).body(body).preview(preview).build();
    for (request, found) in [
        (Request::post("/api/v1/namespaces", &none), false),
        (Request::post("/api/v1/namespaces", &labels(r#""pod-security.kubernetes.io/enforce":"privileged""#)), true),
        (patch(&labels(r#""pod-security.kubernetes.io/enforce":null"#), &none), true),
        (patch(r#"{"metadata":{"labels":null}}"#, &none), true),
        (patch(r#"[{"op":"remove","path":"/metadata/labels/pod-security.kubernetes.io~1enforce"}]"#, &none), true),
        (patch(r#"[{"op":"remove","path":"/metadata/labels"}]"#, &none), true),
        (patch(r#"[{"op":"replace","path":"","value":{}}]"#, &none), true),
        (patch(r#"[{"op":"move","from":"/metadata/labels","path":"/metadata/annotations"}]"#, &none), true),
        (patch(r#"[{"op":"add","path":"/metadata/labels/team","value":"pod-security.kubernetes.io"}]"#, &none), false),
        (patch(r#"{"metadata":{"$patch":"replace","name":"shop"}}"#, &none), true),
        (patch(r#"{"metadata":{"labels":{"$patch":"replace"}}}"#, &none), true),
        (patch(r#"{"metadata":{"$retainKeys":["name"]}}"#, &none), true),
        (Builder::of_path("patch", &format!("{path}?fieldManager=m")).body(r#"{"apiVersion":"v1","kind":"Namespace"}"#).preview(&none).build(), true),
        (patch(r#"{"metadata":{"labels":{"team":"shop"}}}"#, &none), false),
        (patch(r#"{"metadata":{"labels":{"team":"shop"}}}"#, &baseline), false),
        (patch(r#"{"metadata":{"annotations":{"a":"b"}}}"#, &none), false),
        (Request::put(path, &none), true),
        (Request::put(path, &baseline), false),
        (Request::get(path), false),
    ] {
        let judged = level_of_namespace(&request).expect("what is asked for is there");
        assert_eq!(judged.is_some(), found, "{} {}: {judged:?}", request.verb(), request.body().text());
    }
}
