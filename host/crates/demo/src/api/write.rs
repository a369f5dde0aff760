//! Creating and changing objects. The caller holds the store, so every write is a transaction.

use super::{
    admit,
    apply::{Apply, applied},
    defaults,
    patch::{PatchType, patched},
    problem::Problem,
    resources::{Resource, known},
    store::{Key, Store, meta},
};
use crate::clock;
use serde_json::{Value, json};
use uuid::Uuid;

/// Which part of an object a write is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Everything but the status, where that is a subresource.
    Whole,
    /// The status alone.
    Status,
}

/// A PATCH.
pub(crate) struct Patch<'a> {
    pub(crate) kind: PatchType,
    pub(crate) body: &'a Value,
    /// `fieldManager`; server-side apply needs one.
    pub(crate) manager: Option<&'a str>,
    pub(crate) force: bool,
    pub(crate) part: Part,
}

/// Creates an object in `namespace` (empty for cluster-wide resources).
pub(crate) fn create(
    store: &mut Store,
    resource: &Resource,
    namespace: &str,
    mut object: Value,
    dry_run: bool,
) -> Result<Value, Problem> {
    identify(resource, &mut object)?;
    admit::shape(resource, &object)?;
    if !meta(&object, "resourceVersion").is_empty() {
        return Err(Problem::bad_request(
            "resourceVersion should not be set on objects to be created",
        ));
    }
    settle_namespace(resource, namespace, &mut object)?;
    let prefix = meta(&object, "generateName").to_owned();
    if meta(&object, "name").is_empty() && !prefix.is_empty() {
        object["metadata"]["name"] = json!(format!("{prefix}{}", random_suffix()));
    }
    let key = Key::of(resource, &object);
    if key.name.is_empty() {
        return Err(Problem::invalid(
            resource,
            "",
            "metadata.name",
            "Required value: name or generateName is required",
        ));
    }
    if resource.namespaced {
        open_namespace(store, resource, &key)?;
    }
    if store.get(&key).is_some() {
        return Err(Problem::already_exists(resource, &key.name));
    }
    let metadata = &mut object["metadata"];
    metadata["uid"] = json!(Uuid::new_v4().to_string());
    metadata["creationTimestamp"] = json!(clock::now());
    if let Some(fields) = metadata.as_object_mut() {
        fields.retain(|name, value| {
            !value.is_null()
                && !matches!(
                    name.as_str(),
                    "deletionTimestamp" | "deletionGracePeriodSeconds" | "selfLink"
                )
        });
    }
    if resource.status {
        object["metadata"]["generation"] = json!(1);
        object["status"] = defaults::first_status(resource);
    }
    defaults::fill(resource, &mut object);
    admit::rules(resource, &object)?;
    if dry_run {
        return Ok(object);
    }
    store.put(key, object).map(|it| it.value.clone())
}

/// Replaces an object.
pub(crate) fn update(
    store: &mut Store,
    resource: &Resource,
    key: &Key,
    mut object: Value,
    part: Part,
    dry_run: bool,
) -> Result<Value, Problem> {
    identify(resource, &mut object)?;
    admit::shape(resource, &object)?;
    if meta(&object, "name") != key.name {
        let message = format!(
            "the name of the object ({}) does not match the name on the URL ({})",
            meta(&object, "name"),
            key.name
        );
        return Err(Problem::bad_request(message));
    }
    settle_namespace(resource, &key.namespace, &mut object)?;
    let old = store
        .get(key)
        .ok_or_else(|| Problem::not_found(resource, &key.name))?
        .value
        .clone();
    change(store, resource, key, &old, object, part, dry_run)
}

/// Patches an object; server-side apply may create it. True when it did.
pub(crate) fn patch(
    store: &mut Store,
    resource: &Resource,
    key: &Key,
    patch: &Patch<'_>,
    dry_run: bool,
) -> Result<(Value, bool), Problem> {
    let old = store.get(key).map(|it| it.value.clone());
    let new = match (patch.kind, &old) {
        (PatchType::Apply, old) => {
            let manager = patch.manager.filter(|it| !it.is_empty()).ok_or_else(|| {
                Problem::new(422, "Invalid", "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch")
            })?;
            admit::shape(resource, patch.body)?;
            let current = old.as_ref().unwrap_or(&Value::Null);
            applied(
                resource,
                &key.name,
                current,
                &Apply {
                    manager,
                    force: patch.force,
                    config: patch.body,
                },
            )?
        }
        (_, None) => return Err(Problem::not_found(resource, &key.name)),
        (kind, Some(old)) => patched(old, kind, patch.body)?,
    };
    match old {
        None => create(store, resource, &key.namespace, new, dry_run).map(|object| (object, true)),
        Some(old) => {
            let mut new = new;
            drop_nulls(&mut new);
            admit::shape(resource, &new)?;
            if Key::of(resource, &new) != *key {
                return Err(Problem::bad_request(
                    "the patch changes the object's name or namespace; create another object instead",
                ));
            }
            change(store, resource, key, &old, new, patch.part, dry_run)
                .map(|object| (object, false))
        }
    }
}

/// What replacing and patching have in common, once the new object is known.
fn change(
    store: &mut Store,
    resource: &Resource,
    key: &Key,
    old: &Value,
    mut new: Value,
    part: Part,
    dry_run: bool,
) -> Result<Value, Problem> {
    let version = meta(&new, "resourceVersion");
    if !version.is_empty() && version != meta(old, "resourceVersion") {
        return Err(Problem::modified(resource, &key.name));
    }
    if !meta(&new, "uid").is_empty() && meta(&new, "uid") != meta(old, "uid") {
        let why = format!(
            "Precondition failed: UID in precondition: {}, UID in object meta: {}",
            meta(&new, "uid"),
            meta(old, "uid")
        );
        return Err(Problem::conflict(resource, &key.name, &why));
    }
    if part == Part::Status {
        let status = new["status"].take();
        new = old.clone();
        new["status"] = status;
    } else if resource.status {
        new["status"] = old["status"].clone();
    }
    for field in [
        "uid",
        "creationTimestamp",
        "generation",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "resourceVersion",
    ] {
        new["metadata"][field] = old["metadata"][field].clone();
    }
    if new["metadata"]["managedFields"].is_null() {
        new["metadata"]["managedFields"] = old["metadata"]["managedFields"].clone();
    }
    if let Some(fields) = new["metadata"].as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    defaults::fill(resource, &mut new);
    admit::rules(resource, &new)?;
    immutable(resource, key, old, &new)?;
    if new == *old {
        return Ok(new);
    }
    if new["spec"] != old["spec"] && !old["metadata"]["generation"].is_null() {
        new["metadata"]["generation"] =
            json!(old["metadata"]["generation"].as_i64().unwrap_or(0) + 1);
    }
    if dry_run {
        return Ok(new);
    }
    // The last finalizer is gone: that was what the deletion waited for.
    let dying = new["metadata"]["deletionTimestamp"].is_string();
    if dying
        && !has_finalizers(&new)
        && has_finalizers(old)
        && !matches!(resource.plural, "pods" | "namespaces")
    {
        store.remove(key);
        return Ok(new);
    }
    store.put(key.clone(), new).map(|it| it.value.clone())
}

/// Whether anything holds up the deletion of an object.
pub(crate) fn has_finalizers(object: &Value) -> bool {
    object["metadata"]["finalizers"]
        .as_array()
        .is_some_and(|it| !it.is_empty())
}

fn immutable(resource: &Resource, key: &Key, old: &Value, new: &Value) -> Result<(), Problem> {
    let refuse = |field: &str, why: &str| Err(Problem::invalid(resource, &key.name, field, why));
    let workload = matches!(
        resource.plural,
        "deployments" | "replicasets" | "daemonsets" | "statefulsets" | "jobs"
    );
    if workload && old["spec"]["selector"] != new["spec"]["selector"] {
        return refuse(
            "spec.selector",
            &format!(
                "Invalid value: {}: field is immutable",
                new["spec"]["selector"]
            ),
        );
    }
    if old["immutable"] == true && (old["data"] != new["data"] || new["immutable"] != true) {
        return refuse(
            "data",
            "Forbidden: field is immutable when `immutable` is set",
        );
    }
    if resource.plural == "secrets" && old["type"] != new["type"] {
        return refuse(
            "type",
            &format!("Invalid value: {}: field is immutable", new["type"]),
        );
    }
    Ok(())
}

/// Checks `apiVersion` and `kind` and makes sure that both and the metadata are there.
fn identify(resource: &Resource, object: &mut Value) -> Result<(), Problem> {
    if !object.is_object() {
        return Err(Problem::bad_request("the body has to be a JSON object"));
    }
    let (version, kind) = (resource.api_version(), resource.kind);
    let fits = |field: &str, wanted: &str| {
        object[field].is_null() || object[field] == "" || object[field] == wanted
    };
    if !fits("apiVersion", &version) || !fits("kind", kind) {
        let message = format!(
            "the object provided is unrecognized (must be of type {kind} in {version}): it says {} in {}",
            object["kind"], object["apiVersion"]
        );
        return Err(Problem::bad_request(message));
    }
    drop_nulls(object);
    object["apiVersion"] = json!(version);
    object["kind"] = json!(kind);
    if object["metadata"].is_null() {
        object["metadata"] = json!({});
    }
    Ok(())
}

/// A null is an absent field, as after decoding into Kubernetes' types: `creationTimestamp: null` in a template must not
/// make it another template.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(list) => list.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

fn settle_namespace(
    resource: &Resource,
    namespace: &str,
    object: &mut Value,
) -> Result<(), Problem> {
    if !resource.namespaced {
        if let Some(fields) = object["metadata"].as_object_mut() {
            fields.remove("namespace");
        }
        return Ok(());
    }
    let own = meta(object, "namespace");
    if !own.is_empty() && own != namespace {
        return Err(Problem::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    object["metadata"]["namespace"] = json!(namespace);
    Ok(())
}

fn open_namespace(store: &Store, resource: &Resource, key: &Key) -> Result<(), Problem> {
    let namespaces = known("", "namespaces");
    let Some(namespace) = store.get(&Key::new(namespaces, "", &key.namespace)) else {
        return Err(Problem::not_found(namespaces, &key.namespace));
    };
    if namespace.value["metadata"]["deletionTimestamp"].is_string() {
        let why = format!(
            "unable to create new content in namespace {} because it is being terminated",
            key.namespace
        );
        return Err(Problem::forbidden(resource, &key.name, &why));
    }
    Ok(())
}

/// Five characters that spell nothing, as `k8s.io/apimachinery/pkg/util/rand` makes them.
pub(crate) fn random_suffix() -> String {
    let bits = Uuid::new_v4().as_u128();
    (0..5).map(|at| letter((bits >> (at * 8)) as u8)).collect()
}

/// A letter of Kubernetes' safe alphabet.
pub(crate) fn letter(byte: u8) -> char {
    const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    char::from(LETTERS[usize::from(byte) % LETTERS.len()])
}
