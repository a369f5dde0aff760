use portcullis_sdk::Builder;

use super::*;

#[test]
fn services_that_take_addresses() {
    let services = "/api/v1/namespaces/shop/services";
    let taking = r#"{"metadata":{"name":"s"},"spec":{"externalIPs":["192.0.2.1"]}}"#;
    assert!(external_addresses(&Request::post(services, taking)).expect("no preview needed").is_some_and(|found| found.contains("192.0.2.1")));
    for body in [r#"{"spec":{"ports":[{"port":80}]}}"#, r#"{"spec":{"externalIPs":[]}}"#] {
        assert_eq!(external_addresses(&Request::post(services, body)), Ok(None), "{body}");
    }
    let web = format!("{services}/web");
    assert_eq!(external_addresses(&Request::patch(&web, r#"{"metadata":{"labels":{"a":"b"}}}"#)), Ok(None), "needs no preview");
    let operations = Builder::of_path("patch", &web).body(r#"[{"op":"copy","from":"/a","path":"/spec/externalIPs"}]"#).preview(taking).build();
    assert!(external_addresses(&operations).expect("a preview").is_some());
}

#[test]
fn ingresses_that_configure_their_controller() {
    let ingresses = "/apis/networking.k8s.io/v1/namespaces/shop/ingresses";
    for (annotation, found) in [
        ("nginx.ingress.kubernetes.io/configuration-snippet", true),
        ("nginx.ingress.kubernetes.io/auth-snippet", true),
        ("nginx.org/location-snippets", true),
        ("nginx.ingress.kubernetes.io/rewrite-target", false),
        ("snippets.example.com/owner", false),
    ] {
        let body = format!(r#"{{"metadata":{{"annotations":{{"{annotation}":"x"}}}}}}"#);
        assert_eq!(snippets(&Request::post(ingresses, &body)).expect("no preview needed").is_some(), found, "{annotation}");
    }
    assert_eq!(snippets(&Request::get(ingresses)), Ok(None));
}

#[test]
fn requests_that_are_passed_on() {
    for (request, finds) in [
        (Request::get("/api/v1/nodes/one/proxy/run/shop/web/web"), Some("kubelet of `one`")),
        (Request::post("/api/v1/namespaces/shop/services/web/proxy/admin", "{}"), Some("`services/web`")),
        (Request::get("/api/v1/namespaces/shop/pods/web/proxy"), Some("`pods/web`")),
        (Request::get("/api/v1/namespaces/shop/pods/web/log"), None),
        (Request::get("/apis/example.com/v1/nodes/one/proxy"), None),
    ] {
        let found = api_proxy(&request);
        match finds {
            Some(text) => assert!(found.as_ref().is_some_and(|found| found.contains(text)), "{}: {found:?}", request.path()),
            None => assert_eq!(found, None, "{}", request.path()),
        }
    }
}
