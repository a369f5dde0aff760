use crate::{Head, KubeRequest};

fn accept(target: &str, wanted: Option<&str>) -> String {
    let mut headers: Vec<(&str, &[u8])> = Vec::new();
    if let Some(wanted) = wanted {
        headers.push(("accept", wanted.as_bytes()));
    }
    KubeRequest::parse(&Head { method: "GET", target, headers: &headers }).unwrap().accept().into_owned()
}

#[test]
fn resources_come_as_json() {
    let table = "application/json;as=Table;v=v1;g=meta.k8s.io";
    let old_table = "application/json;as=Table;v=v1beta1;g=meta.k8s.io";
    for (wanted, sent) in [
        ("application/json", "application/json".to_owned()),
        ("*/*", "application/json".to_owned()),
        ("application/json, */*", "application/json".to_owned()),
        ("application/*", "application/json".to_owned()),
        ("application/vnd.kubernetes.protobuf,application/json", "application/json".to_owned()),
        ("application/vnd.kubernetes.protobuf", "application/json".to_owned()),
        ("application/yaml", "application/json".to_owned()),
        ("application/cbor", "application/json".to_owned()),
        ("text/html;q=0.9, */*;q=0.1", "application/json".to_owned()),
        ("nonsense", "application/json".to_owned()),
        // kubectl get
        (&format!("{table},{old_table},application/json"), format!("{table},{old_table},application/json")),
        (table, format!("{table},application/json")),
        // The metadata informers of controllers.
        (
            "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json",
            "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json".to_owned(),
        ),
        (&format!("application/json;q=0.5,{table}"), format!("{table},application/json")),
        (&format!("{table};q=0,application/json"), "application/json".to_owned()),
        // After plain JSON nothing else can be chosen.
        (&format!("application/json,{table}"), "application/json".to_owned()),
        ("application/json;as=Secret;g=;v=v1", "application/json".to_owned()),
        ("application/json;as=Table;v=v2;g=meta.k8s.io", "application/json".to_owned()),
        ("application/json;as=Table;v=v1;g=meta.k8s.io\r", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json".to_owned()),
    ] {
        let wanted = wanted.trim_end_matches('\r');
        assert_eq!(accept("/api/v1/pods", Some(wanted)), sent, "{wanted}");
        assert_eq!(accept("/api/v1/pods?watch=1", Some(wanted)), sent, "{wanted}");
    }
    assert_eq!(accept("/api/v1/pods", None), "application/json");
}

#[test]
fn documents_for_everyone() {
    let v2 = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
    let v3 = "application/com.github.proto-openapi.spec.v3@v1.0+protobuf";
    let discovery = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    for (target, wanted, sent) in [
        ("/openapi/v2", v2, format!("{v2},application/json")),
        ("/openapi/v2", v3, "application/json".to_owned()),
        ("/openapi/v3", "application/json", "application/json".to_owned()),
        ("/openapi/v3/apis/apps/v1", v3, format!("{v3},application/json")),
        ("/apis", &format!("{discovery},application/json"), format!("{discovery},application/json")),
        ("/api", &format!("{discovery},application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"),
            format!("{discovery},application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json")),
        ("/apis", "application/vnd.kubernetes.protobuf", "application/json".to_owned()),
        ("/apis/apps/v1", "application/vnd.kubernetes.protobuf", "application/json".to_owned()),
        ("/version", "application/vnd.kubernetes.protobuf", "application/json, text/plain, */*;q=0.1".to_owned()),
        ("/api/v1/namespaces/a/pods/b/log", "application/vnd.kubernetes.protobuf", "application/json, */*".to_owned()),
    ] {
        assert_eq!(accept(target, Some(wanted)), sent, "{target} {wanted}");
    }
}

#[test]
fn tables_and_opaque_documents_are_told() {
    let parse = |target: &str, accept: &str| {
        let headers: &[(&str, &[u8])] = &[("accept", accept.as_bytes())];
        KubeRequest::parse(&Head { method: "GET", target, headers }).unwrap()
    };
    assert!(parse("/api/v1/pods", "application/json;as=Table;v=v1;g=meta.k8s.io").wants_table());
    assert!(!parse("/api/v1/pods", "application/json").wants_table());
    assert!(parse("/openapi/v3/api/v1", "*/*").is_opaque_document());
    assert!(!parse("/openapi/v30", "*/*").is_opaque_document());
    assert!(!parse("/version", "*/*").is_opaque_document());
}
