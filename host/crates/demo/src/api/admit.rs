//! What the demo checks of an object before it takes it: shapes (so that nothing later has to doubt them), names, and
//! the rules that newcomers run into first. It does not know every field of every type.

use super::{problem::Problem, resources::Resource, select::Selector, store::meta};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

/// Paths that have to hold an object, wherever they are present.
const OBJECTS: &[&str] = &[
    "/metadata",
    "/metadata/labels",
    "/metadata/annotations",
    "/spec",
    "/spec/selector",
    "/spec/selector/matchLabels",
    "/spec/strategy",
    "/spec/strategy/rollingUpdate",
    "/spec/template",
    "/spec/template/metadata",
    "/spec/template/metadata/labels",
    "/spec/template/metadata/annotations",
    "/spec/template/spec",
    "/status",
    "/data",
    "/stringData",
];

/// Paths that have to hold a list of objects.
const LISTS: &[&str] = &[
    "/metadata/ownerReferences",
    "/metadata/managedFields",
    "/spec/containers",
    "/spec/initContainers",
    "/spec/template/spec/containers",
    "/spec/template/spec/initContainers",
];

/// Paths whose values have to be text.
const TEXTS: &[&str] = &[
    "/metadata/labels",
    "/metadata/annotations",
    "/spec/selector/matchLabels",
    "/spec/template/metadata/labels",
    "/data",
    "/stringData",
];

/// Refuses an object whose parts are not objects, lists and texts where Kubernetes has those.
pub(crate) fn shape(resource: &Resource, object: &Value) -> Result<(), Problem> {
    let wrong = |path: &str, what: &str| {
        let (kind, version) = (resource.kind, resource.version);
        let path = path.replace('/', ".");
        Err(Problem::bad_request(format!(
            "{kind} in version {version:?} cannot be handled as a {kind}: {path} has to be {what}"
        )))
    };
    // `data` is free-form in a ControllerRevision.
    let applies =
        |path: &&&str| resource.plural != "controllerrevisions" || !path.starts_with("/data");
    for path in OBJECTS.iter().filter(applies) {
        if object
            .pointer(path)
            .is_some_and(|it| !it.is_object() && !it.is_null())
        {
            return wrong(path, "an object");
        }
    }
    for path in LISTS {
        let fine = |list: &Value| {
            list.is_null()
                || list
                    .as_array()
                    .is_some_and(|it| it.iter().all(Value::is_object))
        };
        if object.pointer(path).is_some_and(|it| !fine(it)) {
            return wrong(path, "a list of objects");
        }
    }
    for path in TEXTS.iter().filter(applies) {
        let fine = |map: &Value| {
            map.as_object()
                .is_none_or(|it| it.values().all(Value::is_string))
        };
        if object.pointer(path).is_some_and(|it| !fine(it)) {
            return wrong(path, "a map from text to text");
        }
    }
    for field in [
        "name",
        "namespace",
        "generateName",
        "uid",
        "resourceVersion",
    ] {
        if !matches!(object["metadata"][field], Value::Null | Value::String(_)) {
            return wrong(&format!("/metadata/{field}"), "text");
        }
    }
    Ok(())
}

/// Refuses an object that breaks a rule. Its shape is right and its defaults are filled in.
pub(crate) fn rules(resource: &Resource, object: &Value) -> Result<(), Problem> {
    let name = meta(object, "name");
    let invalid = |field: &str, why: &str| Err(Problem::invalid(resource, name, field, why));
    if !valid_name(resource, name) {
        return invalid(
            "metadata.name",
            &format!(
                "Invalid value: {name:?}: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
            ),
        );
    }
    match resource.plural {
        "pods" => pod_spec(resource, object, "spec"),
        "deployments" | "replicasets" | "statefulsets" | "daemonsets" => workload(resource, object),
        "jobs" => {
            if !matches!(
                object["spec"]["template"]["spec"]["restartPolicy"].as_str(),
                Some("Never" | "OnFailure")
            ) {
                return invalid(
                    "spec.template.spec.restartPolicy",
                    "Required value: valid values: \"OnFailure\", \"Never\"",
                );
            }
            pod_spec(resource, object, "spec.template.spec")
        }
        "services" => {
            let kind = object["spec"]["type"].as_str().unwrap_or_default();
            if !matches!(
                kind,
                "ClusterIP" | "NodePort" | "LoadBalancer" | "ExternalName"
            ) {
                let why = format!(
                    "Unsupported value: {kind:?}: supported values: \"ClusterIP\", \"ExternalName\", \"LoadBalancer\", \"NodePort\""
                );
                return invalid("spec.type", &why);
            }
            let portless = kind == "ExternalName" || object["spec"]["clusterIP"] == "None";
            let ports = object["spec"]["ports"]
                .as_array()
                .map_or(&[][..], Vec::as_slice);
            if ports.is_empty() && !portless {
                return invalid("spec.ports", "Required value");
            }
            match ports.iter().position(|it| {
                !it["port"]
                    .as_i64()
                    .is_some_and(|port| (1..=65535).contains(&port))
            }) {
                Some(at) => invalid(
                    &format!("spec.ports[{at}].port"),
                    "Invalid value: must be between 1 and 65535, inclusive",
                ),
                None => Ok(()),
            }
        }
        "secrets" => {
            let decodes = |it: &Value| STANDARD.decode(it.as_str().unwrap_or_default()).is_ok();
            match object["data"]
                .as_object()
                .into_iter()
                .flatten()
                .find(|(_, value)| !decodes(value))
            {
                Some((key, _)) => Err(Problem::bad_request(format!(
                    "Secret in version \"v1\" cannot be handled as a Secret: data.{key} is not base64"
                ))),
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

fn workload(resource: &Resource, object: &Value) -> Result<(), Problem> {
    let name = meta(object, "name");
    let (selector, labels) = (
        &object["spec"]["selector"],
        &object["spec"]["template"]["metadata"]["labels"],
    );
    if Selector::of_object(selector).is_empty() {
        return Err(Problem::invalid(
            resource,
            name,
            "spec.selector",
            "Required value",
        ));
    }
    if !Selector::of_object(selector).matches(&object["spec"]["template"]) {
        let why = format!("Invalid value: {labels}: `selector` does not match template `labels`");
        return Err(Problem::invalid(
            resource,
            name,
            "spec.template.metadata.labels",
            &why,
        ));
    }
    if resource.plural != "daemonsets"
        && !object["spec"]["replicas"]
            .as_i64()
            .is_some_and(|it| (0..=MAX_REPLICAS).contains(&it))
    {
        let why = format!(
            "Invalid value: must be greater than or equal to 0 and, in the demo cluster, at most {MAX_REPLICAS}"
        );
        return Err(Problem::invalid(resource, name, "spec.replicas", &why));
    }
    pod_spec(resource, object, "spec.template.spec")
}

/// Of one workload: the demo makes an object for each, and a slip of the finger must not fill the memory.
const MAX_REPLICAS: i64 = 200;

fn pod_spec(resource: &Resource, object: &Value, path: &str) -> Result<(), Problem> {
    let name = meta(object, "name");
    let spec = path.split('.').fold(object, |at, part| &at[part]);
    let containers = spec["containers"].as_array().map_or(&[][..], Vec::as_slice);
    if containers.is_empty() {
        return Err(Problem::invalid(
            resource,
            name,
            &format!("{path}.containers"),
            "Required value",
        ));
    }
    for (at, container) in containers.iter().enumerate() {
        for field in ["name", "image"] {
            if container[field].as_str().is_none_or(str::is_empty) {
                return Err(Problem::invalid(
                    resource,
                    name,
                    &format!("{path}.containers[{at}].{field}"),
                    "Required value",
                ));
            }
        }
        if containers[..at]
            .iter()
            .any(|it| it["name"] == container["name"])
        {
            let why = format!("Duplicate value: {}", container["name"]);
            return Err(Problem::invalid(
                resource,
                name,
                &format!("{path}.containers[{at}].name"),
                &why,
            ));
        }
    }
    Ok(())
}

/// RFC 1123 subdomains; RBAC names may be any path segment (`system:node`).
fn valid_name(resource: &Resource, name: &str) -> bool {
    if resource.group == "rbac.authorization.k8s.io" {
        return !name.is_empty()
            && name.len() <= 253
            && name != "."
            && name != ".."
            && !name.contains(['/', '%']);
    }
    let label = |it: &str| {
        let inside = it
            .bytes()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-');
        !it.is_empty() && inside && !it.starts_with('-') && !it.ends_with('-')
    };
    let limit = if resource.plural == "namespaces" {
        63
    } else {
        253
    };
    name.len() <= limit && name.split('.').all(label)
}

#[cfg(test)]
mod tests;
