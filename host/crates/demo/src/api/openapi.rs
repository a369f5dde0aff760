//! OpenAPI, as little as kubectl needs.
//!
//! `kubectl apply` looks into `/openapi/v3` for whether the server validates fields (a `fieldValidation` parameter on
//! the PATCH operation) and whether it describes its types for strategic merge. The demo says yes and no: kubectl then
//! leaves validation to the server and merges with the types that are built into it. `kubectl explain` gets the
//! top-level fields.

use super::resources::{RESOURCES, Resource, groups};
use serde_json::{Map, Value, json};

/// `/openapi/v3`: where each group version is described.
pub(crate) fn root() -> Value {
    let paths: Map<String, Value> = groups()
        .into_iter()
        .map(|(group, version)| {
            let path = path_of(group, version);
            let url = json!({"serverRelativeURL": format!("/openapi/v3/{path}")});
            (path, url)
        })
        .collect();
    json!({"paths": paths})
}

/// `/openapi/v3/{path}`, where `path` is `api/v1` or `apis/{group}/{version}`.
pub(crate) fn document(path: &str) -> Option<Value> {
    let (group, version) = groups()
        .into_iter()
        .find(|(group, version)| path_of(group, version) == path)?;
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    for resource in RESOURCES
        .iter()
        .filter(|it| it.group == group && it.version == version)
    {
        let namespace = if resource.namespaced {
            "namespaces/{namespace}/"
        } else {
            ""
        };
        let collection = format!("/{path}/{namespace}{}", resource.plural);
        paths.insert(
            collection.clone(),
            json!({"post": operation(resource, "post", &["application/json"])}),
        );
        if !resource.transient {
            // Without application/strategic-merge-patch+json: it would promise a full schema to merge by.
            let patches = [
                "application/apply-patch+yaml",
                "application/json-patch+json",
                "application/merge-patch+json",
            ];
            let item = json!({"put": operation(resource, "put", &["application/json"]), "patch": operation(resource, "patch", &patches)});
            paths.insert(format!("{collection}/{{name}}"), item);
        }
        schemas.insert(schema_name(resource), schema(resource));
    }
    Some(
        json!({"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": super::VERSION}, "paths": paths,
        "components": {"schemas": schemas}}),
    )
}

/// `/openapi/v2` as protobuf (`openapi.v2.Document`): valid, and without a single path or type, so that kubectl goes on
/// with what is built into it. Fields: 1 swagger, 2 info {1 title, 2 version}, 8 paths.
pub(crate) fn v2_protobuf() -> Vec<u8> {
    let mut info = Vec::new();
    field(&mut info, 1, b"Kubernetes");
    field(&mut info, 2, super::VERSION.as_bytes());
    let mut document = Vec::new();
    field(&mut document, 1, b"2.0");
    field(&mut document, 2, &info);
    field(&mut document, 8, b"");
    document
}

/// `/openapi/v2` as JSON.
pub(crate) fn v2_json() -> Value {
    json!({"swagger": "2.0", "info": {"title": "Kubernetes", "version": super::VERSION}, "paths": {}})
}

/// A length-delimited protobuf field shorter than 128 bytes.
fn field(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    debug_assert!(bytes.len() < 128);
    out.push(number << 3 | 2);
    out.push(bytes.len() as u8);
    out.extend_from_slice(bytes);
}

fn path_of(group: &str, version: &str) -> String {
    if group.is_empty() {
        format!("api/{version}")
    } else {
        format!("apis/{group}/{version}")
    }
}

fn operation(resource: &Resource, action: &str, bodies: &[&str]) -> Value {
    let parameter = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}});
    let content: Map<String, Value> = bodies
        .iter()
        .map(|it| ((*it).to_owned(), json!({"schema": {"type": "object"}})))
        .collect();
    json!({
        "operationId": format!("{action}{}{}", resource.kind, resource.api_version()),
        "parameters": [parameter("dryRun"), parameter("fieldManager"), parameter("fieldValidation")],
        "requestBody": {"content": content},
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": kind_of(resource),
    })
}

fn schema_name(resource: &Resource) -> String {
    let group = resource
        .group
        .split('.')
        .next()
        .filter(|it| !it.is_empty())
        .unwrap_or("core");
    format!("io.k8s.api.{group}.{}.{}", resource.version, resource.kind)
}

fn schema(resource: &Resource) -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    let any = |description: &str| json!({"type": "object", "description": description});
    let mut properties = json!({
        "apiVersion": text("The versioned schema of this representation of an object."),
        "kind": text("The REST resource that this object represents."),
        "metadata": any("Standard object metadata."),
    });
    match resource.plural {
        "configmaps" | "secrets" => properties["data"] = any("The content, by key."),
        _ if resource.status => {
            properties["spec"] = any("The desired state.");
            properties["status"] = any("The observed state.");
        }
        _ => {}
    }
    json!({"type": "object", "description": format!("{}, as the demo cluster keeps it.", resource.kind),
        "properties": properties, "x-kubernetes-group-version-kind": [kind_of(resource)]})
}

fn kind_of(resource: &Resource) -> Value {
    json!({"group": resource.group, "version": resource.version, "kind": resource.kind})
}
