//! The `scale` subresource.

use super::{
    patch::{PatchType, patched},
    problem::Problem,
    resources::Resource,
    store::{Key, Store, meta},
    write::{Part, update},
};
use serde_json::{Value, json};

/// The `Scale` of a workload.
pub(crate) fn scale_of(object: &Value) -> Value {
    let labels = object["spec"]["selector"]["matchLabels"]
        .as_object()
        .into_iter()
        .flatten();
    let selector: Vec<String> = labels
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    let metadata = [
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "creationTimestamp",
    ];
    let metadata: serde_json::Map<String, Value> = metadata
        .iter()
        .map(|it| ((*it).to_owned(), object["metadata"][*it].clone()))
        .collect();
    json!({"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
        "spec": {"replicas": object["spec"]["replicas"]},
        "status": {"replicas": object["status"]["replicas"].as_i64().unwrap_or(0), "selector": selector.join(",")}})
}

/// What a write to `scale` carries.
pub(crate) enum Change<'a> {
    /// PUT: a whole `Scale`.
    Replace(&'a Value),
    /// PATCH.
    Patch(PatchType, &'a Value),
}

/// Scales a workload; answers with its new `Scale`.
pub(crate) fn rescale(
    store: &mut Store,
    resource: &Resource,
    key: &Key,
    change: &Change<'_>,
    dry_run: bool,
) -> Result<Value, Problem> {
    let mut object = store
        .get(key)
        .ok_or_else(|| Problem::not_found(resource, &key.name))?
        .value
        .clone();
    let scale = match change {
        Change::Replace(scale) => (*scale).clone(),
        Change::Patch(kind, patch) => patched(&scale_of(&object), *kind, patch)?,
    };
    let Some(replicas) = scale["spec"]["replicas"].as_i64() else {
        return Err(Problem::bad_request(
            "the Scale has no spec.replicas; send the number of replicas",
        ));
    };
    // An empty version means: whatever it is now.
    object["metadata"]["resourceVersion"] = json!(meta(&scale, "resourceVersion"));
    object["spec"]["replicas"] = json!(replicas);
    update(store, resource, key, object, Part::Whole, dry_run).map(|object| scale_of(&object))
}
