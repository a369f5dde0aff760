//! What Kubernetes fills in where a client said nothing. Filling in twice changes nothing.

use super::resources::Resource;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// Fills in the defaults of a new or changed object.
pub(crate) fn fill(resource: &Resource, object: &mut Value) {
    match resource.plural {
        "pods" => pod_spec(&mut object["spec"]),
        "deployments" => deployment(object),
        "statefulsets" | "daemonsets" | "replicasets" => {
            if resource.plural != "daemonsets" {
                default(&mut object["spec"], "replicas", json!(1));
            }
            pod_spec(&mut object["spec"]["template"]["spec"]);
        }
        "jobs" => job(object),
        "services" => service(object),
        "secrets" => secret(object),
        "namespaces" => namespace(object),
        _ => {}
    }
}

/// The status that an object is born with, for resources with a status subresource.
pub(crate) fn first_status(resource: &Resource) -> Value {
    match resource.plural {
        "pods" => json!({"phase": "Pending", "qosClass": "BestEffort"}),
        "namespaces" => json!({"phase": "Active"}),
        "persistentvolumeclaims" => json!({"phase": "Pending"}),
        "persistentvolumes" => json!({"phase": "Available"}),
        "services" => json!({"loadBalancer": {}}),
        _ => json!({}),
    }
}

fn default(object: &mut Value, field: &str, value: Value) {
    if !object.is_object() {
        if !object.is_null() {
            return;
        }
        *object = json!({});
    }
    if object[field].is_null() {
        object[field] = value;
    }
}

/// The elements of a list, to be changed; none when there is no list.
fn each(list: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    list.and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
        .filter(|it| it.is_object())
}

fn pod_spec(spec: &mut Value) {
    for (field, value) in [
        ("restartPolicy", json!("Always")),
        ("dnsPolicy", json!("ClusterFirst")),
        ("schedulerName", json!("default-scheduler")),
        ("securityContext", json!({})),
        ("terminationGracePeriodSeconds", json!(30)),
    ] {
        default(spec, field, value);
    }
    for list in ["containers", "initContainers"] {
        for container in each(spec.get_mut(list)) {
            let image = container["image"].as_str().unwrap_or_default();
            // No tag, or `latest`, may move, so it is always pulled.
            let tag = image
                .rsplit('/')
                .next()
                .and_then(|it| it.split_once(':'))
                .map(|(_, tag)| tag);
            let policy = if tag.is_none_or(|it| it == "latest") {
                "Always"
            } else {
                "IfNotPresent"
            };
            default(container, "imagePullPolicy", json!(policy));
            default(container, "resources", json!({}));
            default(
                container,
                "terminationMessagePath",
                json!("/dev/termination-log"),
            );
            default(container, "terminationMessagePolicy", json!("File"));
            each(container.get_mut("ports"))
                .for_each(|port| default(port, "protocol", json!("TCP")));
        }
    }
}

fn deployment(object: &mut Value) {
    let spec = &mut object["spec"];
    default(spec, "replicas", json!(1));
    default(spec, "revisionHistoryLimit", json!(10));
    default(spec, "progressDeadlineSeconds", json!(600));
    default(spec, "strategy", json!({}));
    default(&mut spec["strategy"], "type", json!("RollingUpdate"));
    if spec["strategy"]["type"] == "RollingUpdate" {
        default(&mut spec["strategy"], "rollingUpdate", json!({}));
        default(
            &mut spec["strategy"]["rollingUpdate"],
            "maxSurge",
            json!("25%"),
        );
        default(
            &mut spec["strategy"]["rollingUpdate"],
            "maxUnavailable",
            json!("25%"),
        );
    }
    pod_spec(&mut spec["template"]["spec"]);
}

fn job(object: &mut Value) {
    let uid = object["metadata"]["uid"].clone();
    let spec = &mut object["spec"];
    for (field, value) in [
        ("completions", json!(1)),
        ("parallelism", json!(1)),
        ("backoffLimit", json!(6)),
        ("suspend", json!(false)),
    ] {
        default(spec, field, value);
    }
    if spec["manualSelector"] != true && !uid.is_null() {
        default(
            spec,
            "selector",
            json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}),
        );
        default(&mut spec["template"], "metadata", json!({}));
        default(&mut spec["template"]["metadata"], "labels", json!({}));
        spec["template"]["metadata"]["labels"]["batch.kubernetes.io/controller-uid"] = uid;
    }
    pod_spec(&mut spec["template"]["spec"]);
}

fn service(object: &mut Value) {
    let uid = object["metadata"]["uid"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let spec = &mut object["spec"];
    default(spec, "type", json!("ClusterIP"));
    default(spec, "sessionAffinity", json!("None"));
    if spec["type"] == "ExternalName" {
        return;
    }
    default(spec, "internalTrafficPolicy", json!("Cluster"));
    default(spec, "ipFamilies", json!(["IPv4"]));
    default(spec, "ipFamilyPolicy", json!("SingleStack"));
    default(spec, "clusterIP", json!(address(&uid)));
    let address = spec["clusterIP"].clone();
    default(spec, "clusterIPs", json!([address]));
    let exposed = matches!(spec["type"].as_str(), Some("NodePort" | "LoadBalancer"));
    for (index, port) in each(spec.get_mut("ports")).enumerate() {
        default(port, "protocol", json!("TCP"));
        let target = port["port"].clone();
        default(port, "targetPort", target);
        if exposed {
            default(
                port,
                "nodePort",
                json!(30_000 + (hash(&uid) as usize + index) % 2768),
            );
        }
    }
}

/// An address in 10.96.0.0/16 that stays with the service: nothing listens there.
fn address(uid: &str) -> String {
    let hash = hash(uid);
    format!("10.96.{}.{}", 1 + (hash >> 8) % 250, 1 + hash % 250)
}

/// FNV-1a, 32 bits: for made-up addresses, ports and names.
pub(crate) fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

fn secret(object: &mut Value) {
    default(object, "type", json!("Opaque"));
    let Some(fields) = object.as_object_mut() else {
        return;
    };
    let Some(Value::Object(texts)) = fields.remove("stringData") else {
        return;
    };
    for (key, text) in texts {
        let encoded = STANDARD.encode(text.as_str().unwrap_or_default());
        default(object, "data", json!({}));
        object["data"][key] = json!(encoded);
    }
}

fn namespace(object: &mut Value) {
    let name = object["metadata"]["name"].clone();
    default(&mut object["metadata"], "labels", json!({}));
    object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
    default(object, "spec", json!({}));
    default(&mut object["spec"], "finalizers", json!(["kubernetes"]));
}

#[cfg(test)]
mod tests;
