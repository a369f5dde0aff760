//! The patch types that change one object: JSON patch (RFC 6902), merge patch (RFC 7386) and Kubernetes' strategic
//! merge patch. Server-side apply builds on the last one, in [`super::apply`].

use super::problem::Problem;
use serde_json::{Map, Value};

/// Operations in one JSON patch; the API server's own limit is 10,000.
const MAX_OPERATIONS: usize = 10_000;

/// Which patch a body is, by its content type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PatchType {
    Json,
    Merge,
    Strategic,
    Apply,
}

impl PatchType {
    /// From `Content-Type`; `None` for anything that is no patch.
    pub(crate) fn of(content_type: &str) -> Option<Self> {
        match content_type.split(';').next().unwrap_or_default().trim() {
            "application/json-patch+json" => Some(Self::Json),
            "application/merge-patch+json" => Some(Self::Merge),
            "application/strategic-merge-patch+json" => Some(Self::Strategic),
            "application/apply-patch+yaml" => Some(Self::Apply),
            _ => None,
        }
    }
}

/// The object after a JSON, merge or strategic merge patch.
pub(crate) fn patched(object: &Value, kind: PatchType, patch: &Value) -> Result<Value, Problem> {
    let mut result = object.clone();
    match kind {
        PatchType::Json => {
            if patch.as_array().is_some_and(|it| it.len() > MAX_OPERATIONS) {
                return Err(Problem::new(
                    413,
                    "RequestEntityTooLarge",
                    "the patch has more than 10,000 operations; split it",
                ));
            }
            let patch: json_patch::Patch =
                serde_json::from_value(patch.clone()).map_err(|error| {
                    Problem::bad_request(format!("the body is no JSON patch: {error}"))
                })?;
            json_patch::patch(&mut result, &patch)
                .map_err(|error| Problem::new(422, "Invalid", error.to_string()))?;
        }
        PatchType::Merge => json_patch::merge(&mut result, patch),
        PatchType::Strategic | PatchType::Apply => strategic(&mut result, patch),
    }
    if result.is_object() {
        Ok(result)
    } else {
        Err(Problem::bad_request(
            "the patch leaves no object behind; patch fields of it",
        ))
    }
}

/// Strategic merge (`k8s.io/apimachinery/pkg/util/strategicpatch`): like a merge patch, but lists whose elements have a
/// key are merged element by element, and `$` directives delete, replace and order.
pub(crate) fn strategic(current: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *current = patch.clone();
        return;
    };
    if patch.get("$patch").and_then(Value::as_str) == Some("replace") {
        *current = Value::Object(without_directives(patch));
        return;
    }
    if !current.is_object() {
        *current = Value::Object(Map::new());
    }
    let Some(fields) = current.as_object_mut() else {
        return;
    };
    for (name, value) in patch {
        if let Some(field) = name.strip_prefix("$deleteFromPrimitiveList/") {
            if let (Some(list), Some(gone)) = (
                fields.get_mut(field).and_then(Value::as_array_mut),
                value.as_array(),
            ) {
                list.retain(|it| !gone.contains(it));
            }
        } else if name.starts_with('$') {
            continue;
        } else if value.is_null() || value["$patch"].as_str() == Some("delete") {
            fields.remove(name);
        } else if let Some(list) = value.as_array() {
            let order = patch.get(&format!("$setElementOrder/{name}"));
            let before = fields
                .get(name)
                .and_then(Value::as_array)
                .map_or(&[][..], Vec::as_slice);
            let merged = merge_list(name, before, list, order);
            fields.insert(name.clone(), Value::Array(merged));
        } else {
            strategic(fields.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
    if let Some(kept) = patch.get("$retainKeys").and_then(Value::as_array) {
        fields.retain(|name, _| kept.iter().any(|it| it.as_str() == Some(name)));
    }
}

fn merge_list(field: &str, before: &[Value], patch: &[Value], order: Option<&Value>) -> Vec<Value> {
    if field == "finalizers" {
        let mut union = before.to_vec();
        union.extend(patch.iter().filter(|it| !before.contains(it)).cloned());
        return union;
    }
    let Some(key) = merge_key(field, before.first().or(patch.first())) else {
        return patch.to_vec();
    };
    let replaces = patch
        .iter()
        .any(|it| it["$patch"].as_str() == Some("replace") && it.get(key).is_none());
    let mut merged = if replaces {
        Vec::new()
    } else {
        before.to_vec()
    };
    for element in patch {
        let at = merged.iter().position(|it| it.get(key) == element.get(key));
        match (element["$patch"].as_str(), at) {
            (Some("replace"), _) if element.get(key).is_none() => {}
            (Some("delete"), Some(at)) => {
                merged.remove(at);
            }
            (Some("delete"), None) => {}
            (_, Some(at)) => strategic(&mut merged[at], element),
            (_, None) => {
                let mut fresh = Value::Object(Map::new());
                strategic(&mut fresh, element);
                merged.push(fresh);
            }
        }
    }
    if let Some(order) = order.and_then(Value::as_array) {
        // What the order does not name was added by somebody else, and keeps its place behind.
        let rank = |it: &Value| {
            order
                .iter()
                .position(|other| other.get(key) == it.get(key))
                .unwrap_or(usize::MAX)
        };
        merged.sort_by_key(rank);
    }
    merged
}

/// The key by which a list of objects is merged; `None` for lists that are replaced whole. From the `patchMergeKey`
/// tags of `k8s.io/api`; a field's name decides, but for `ports`, which a container and a service key differently.
pub(crate) fn merge_key(field: &str, sample: Option<&Value>) -> Option<&'static str> {
    match field {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "env"
        | "volumes"
        | "imagePullSecrets"
        | "secrets"
        | "resourceClaims" => Some("name"),
        "ports" if sample.is_some_and(|it| it.get("containerPort").is_some()) => {
            Some("containerPort")
        }
        "ports" if sample.is_some_and(|it| it.get("port").is_some()) => Some("port"),
        "volumeMounts" => Some("mountPath"),
        "volumeDevices" => Some("devicePath"),
        "conditions" | "addresses" => Some("type"),
        "ownerReferences" => Some("uid"),
        "hostAliases" | "podIPs" | "hostIPs" => Some("ip"),
        "topologySpreadConstraints" => Some("topologyKey"),
        _ => None,
    }
}

fn without_directives(patch: &Map<String, Value>) -> Map<String, Value> {
    patch
        .iter()
        .filter(|(name, _)| !name.starts_with('$'))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests;
