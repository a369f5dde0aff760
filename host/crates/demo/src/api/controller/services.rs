//! Endpoint slices: which pods stand behind a service.

use super::{
    super::{
        resources::known,
        select::Selector,
        store::{Key, Store, meta},
    },
    pods::is_ready,
};
use crate::clock;
use serde_json::{Value, json};

/// Keeps one slice a service that selects pods.
pub(super) fn services(store: &mut Store) {
    let slices = known("discovery.k8s.io", "endpointslices");
    let all: Vec<Value> = store
        .list(known("", "services"), None, None)
        .map(|(_, object)| object.value.clone())
        .collect();
    for service in all.iter().filter(|it| {
        it["spec"]["selector"]
            .as_object()
            .is_some_and(|it| !it.is_empty())
    }) {
        let (namespace, name) = (meta(service, "namespace"), meta(service, "name"));
        let selector = Selector::of_object(&service["spec"]["selector"]);
        let pods = store
            .list(known("", "pods"), Some(namespace), None)
            .map(|(_, object)| &object.value);
        let endpoints: Vec<Value> = pods
            .filter(|pod| selector.matches(pod) && is_ready(pod))
            .map(|pod| {
                json!({"addresses": [pod["status"]["podIP"]], "conditions": {"ready": true, "serving": true, "terminating": false},
                    "nodeName": pod["spec"]["nodeName"],
                    "targetRef": {"kind": "Pod", "namespace": namespace, "name": meta(pod, "name"), "uid": meta(pod, "uid")}})
            })
            .collect();
        let ports = service["spec"]["ports"].as_array().into_iter().flatten();
        let ports: Vec<Value> = ports
            .map(|port| {
                let target = if port["targetPort"].is_number() { &port["targetPort"] } else { &port["port"] };
                json!({"name": port["name"].as_str().unwrap_or_default(), "port": target, "protocol": port["protocol"]})
            })
            .collect();
        let key = Key::new(slices, namespace, &format!("{name}-slice"));
        let old = store.get(&key).map(|it| it.value.clone());
        if old
            .as_ref()
            .is_some_and(|it| it["endpoints"] == json!(endpoints) && it["ports"] == json!(ports))
        {
            continue;
        }
        let metadata = old.map(|it| it["metadata"].clone()).unwrap_or_else(|| {
            json!({"name": key.name, "namespace": namespace, "uid": uuid::Uuid::new_v4().to_string(),
                "creationTimestamp": clock::now(), "generation": 1,
                "labels": {"kubernetes.io/service-name": name, "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"},
                "ownerReferences": [{"apiVersion": "v1", "kind": "Service", "name": name, "uid": meta(service, "uid"), "controller": true,
                    "blockOwnerDeletion": true}]})
        });
        let slice = json!({"kind": "EndpointSlice", "apiVersion": "discovery.k8s.io/v1", "metadata": metadata, "addressType": "IPv4",
            "endpoints": endpoints, "ports": ports});
        let _ = store.put(key, slice);
    }
}
