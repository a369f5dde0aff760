use super::*;
use crate::api::resources::known;

#[test]
fn forms_are_negotiated() {
    let kubectl = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
    let metadata = "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
    for (accept, include, expected) in [
        (None, None, Some(Form::Plain)),
        (Some("*/*"), None, Some(Form::Plain)),
        (Some(kubectl), None, Some(Form::Table(Include::Metadata))),
        (
            Some(kubectl),
            Some("Object"),
            Some(Form::Table(Include::Object)),
        ),
        (Some(metadata), None, Some(Form::Metadata)),
        (
            Some("application/vnd.kubernetes.protobuf, application/json"),
            None,
            Some(Form::Plain),
        ),
        (Some("application/vnd.kubernetes.protobuf"), None, None),
        (
            Some("application/json;as=Table;v=v1beta1;g=meta.k8s.io"),
            None,
            None,
        ),
    ] {
        assert_eq!(Form::negotiate(accept, include), expected, "{accept:?}");
    }
}

fn row(group: &str, plural: &str, object: Value) -> String {
    let table = Form::Table(Include::Nothing).one(known(group, plural), &object, true);
    let wide = |at: &usize| table["columnDefinitions"][*at]["priority"] == 0;
    let cells = table["rows"][0]["cells"].as_array().unwrap();
    let shown: Vec<String> = (0..cells.len())
        .filter(wide)
        .map(|at| {
            cells[at]
                .as_str()
                .map_or(cells[at].to_string(), str::to_owned)
        })
        .collect();
    shown.join("|")
}

#[test]
fn rows_read_as_kubectl_prints_them() {
    let pod = json!({"metadata": {"name": "web"}, "spec": {"containers": [{"name": "a"}, {"name": "b"}]},
        "status": {"phase": "Running", "containerStatuses": [{"ready": true, "restartCount": 2}, {"ready": false}]}});
    assert_eq!(row("", "pods", pod), "web|1/2|Running|2|<unknown>");
    let deployment = json!({"metadata": {"name": "web"}, "spec": {"replicas": 3}, "status": {"readyReplicas": 2, "updatedReplicas": 3, "availableReplicas": 1}});
    assert_eq!(
        row("apps", "deployments", deployment),
        "web|2/3|3|1|<unknown>"
    );
    let service = json!({"metadata": {"name": "web"}, "spec": {"type": "NodePort", "clusterIP": "10.96.0.5", "ports": [{"port": 80, "nodePort": 30080}]}});
    assert_eq!(
        row("", "services", service),
        "web|NodePort|10.96.0.5|<none>|80:30080/TCP|<unknown>"
    );
    let secret = json!({"metadata": {"name": "db"}, "type": "Opaque", "data": {"a": "", "b": ""}});
    assert_eq!(row("", "secrets", secret), "db|Opaque|2|<unknown>");
    let event = json!({"type": "Normal", "reason": "Started", "involvedObject": {"kind": "Pod", "name": "web"}, "message": "hello"});
    assert_eq!(
        row("", "events", event),
        "<unknown>|Normal|Started|pod/web|hello"
    );
}

#[test]
fn every_resource_has_columns_and_no_cell_panics_on_an_empty_object() {
    for resource in crate::api::resources::RESOURCES {
        let table =
            Form::Table(Include::Metadata).one(resource, &json!({"metadata": {"name": "x"}}), true);
        let cells = table["rows"][0]["cells"].as_array().unwrap().len();
        assert_eq!(
            cells,
            table["columnDefinitions"].as_array().unwrap().len(),
            "{}",
            resource.plural
        );
        assert!(cells >= 2);
    }
}
