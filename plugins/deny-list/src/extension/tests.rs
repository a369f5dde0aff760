use portcullis_sdk::Builder;

use super::*;

#[test]
fn who_answers_for_a_group() {
    let services = "/apis/apiregistration.k8s.io/v1/apiservices";
    let service = r#"{"spec":{"group":"metrics.k8s.io","service":{"namespace":"tools","name":"metrics"},"insecureSkipTLSVerify":true}}"#;
    for (request, finds) in [
        (Request::post(services, service), Some("`metrics.k8s.io` would go to the service `tools/metrics`")),
        (Request::put(&format!("{services}/v1.apps"), r#"{"spec":{"group":"apps"}}"#), Some("who answers for the group `apps`")),
        (Request::delete(&format!("{services}/v1beta1.metrics.k8s.io")), Some("nobody can use")),
        (Request::get(services), None),
    ] {
        let found = api_services(&request).expect("no preview needed");
        match finds {
            Some(text) => assert!(found.as_ref().is_some_and(|found| found.contains(text)), "{}: {found:?}", request.path()),
            None => assert_eq!(found, None, "{}", request.path()),
        }
    }
}

#[test]
fn who_sees_custom_resources() {
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let converted = r#"{"spec":{"conversion":{"strategy":"Webhook","webhook":{"clientConfig":{"url":"https://convert.test"}}}}}"#;
    let widgets = format!("{definitions}/widgets.example.com");
    let patch = |body: &str| Builder::of_path("patch", &widgets).body(body).preview(converted).build();
    for (request, found) in [
        (Request::post(definitions, converted), true),
        (Request::post(definitions, r#"{"spec":{"conversion":{"strategy":"None"}}}"#), false),
        (Request::post(definitions, r#"{"spec":{}}"#), false),
        (patch(r#"{"spec":{"conversion":{"strategy":"Webhook"}}}"#), true),
        (patch(r#"[{"op":"copy"}]"#), true),
        (Request::patch(&widgets, r#"{"metadata":{"labels":{"a":"b"}}}"#), false),
        (Request::get(definitions), false),
    ] {
        let judged = conversion_webhooks(&request).expect("what is asked for is there");
        assert_eq!(judged.is_some(), found, "{} {}: {judged:?}", request.verb(), request.path());
        assert!(judged.is_none_or(|judged| judged.contains("`https://convert.test` would see")));
    }
}
