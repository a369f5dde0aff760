//! Workloads that keep pods: what they share. Each kind has its file.

mod deployments;
mod jobs;
mod sets;

pub(super) use deployments::deployments;
pub(super) use jobs::jobs;
pub(super) use sets::{daemon_sets, replica_sets, stateful_sets};

use super::{
    super::{
        defaults::hash,
        delete::{Options, delete, owned_by},
        resources::{Resource, known},
        store::{Key, Store, meta},
        write::{create, letter},
    },
    events,
};
use crate::clock;
use serde_json::{Value, json};

/// The objects of a resource that are not being deleted.
fn living(store: &Store, resource: &Resource) -> Vec<Value> {
    let all = store
        .list(resource, None, None)
        .map(|(_, object)| &object.value);
    all.filter(|it| it["metadata"]["deletionTimestamp"].is_null())
        .cloned()
        .collect()
}

/// The objects of a resource that `owner` owns, those being deleted too.
fn owned(store: &Store, resource: &Resource, owner: &Value) -> Vec<Value> {
    let (namespace, uid) = (meta(owner, "namespace"), meta(owner, "uid"));
    store
        .list(resource, Some(namespace), None)
        .map(|(_, object)| &object.value)
        .filter(|it| owned_by(it, uid))
        .cloned()
        .collect()
}

/// The pods of `owner` that count: neither ending nor ended.
fn active_pods(store: &Store, owner: &Value) -> Vec<Value> {
    let mut pods = owned(store, known("", "pods"), owner);
    pods.retain(|it| {
        it["metadata"]["deletionTimestamp"].is_null()
            && !matches!(it["status"]["phase"].as_str(), Some("Succeeded" | "Failed"))
    });
    pods
}

fn owner_reference(owner: &Value) -> Value {
    json!([{"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": meta(owner, "name"), "uid": meta(owner, "uid"),
        "controller": true, "blockOwnerDeletion": true}])
}

/// Creates a pod of `owner` from its template, with `labels` on top.
fn spawn(store: &mut Store, owner: &Value, name: &str, labels: &[(&str, &str)], component: &str) {
    let template = &owner["spec"]["template"];
    let mut metadata = json!({"name": name, "labels": template["metadata"]["labels"], "annotations": template["metadata"]["annotations"],
        "ownerReferences": owner_reference(owner)});
    if metadata["labels"].is_null() {
        metadata["labels"] = json!({});
    }
    for (key, value) in labels {
        metadata["labels"][*key] = json!(value);
    }
    let pod = json!({"metadata": metadata, "spec": template["spec"]});
    if create(
        store,
        known("", "pods"),
        meta(owner, "namespace"),
        pod,
        false,
    )
    .is_ok()
    {
        events::note(
            store,
            owner,
            component,
            "SuccessfulCreate",
            &format!("Created pod: {name}"),
        );
    }
}

/// Deletes a pod of `owner`.
fn dismiss(store: &mut Store, owner: &Value, pod: &Value, component: &str) {
    let pods = known("", "pods");
    let Ok(options) = Options::read(&Value::Null, &[]) else {
        return;
    };
    if delete(store, pods, &Key::of(pods, pod), &options).is_ok() {
        events::note(
            store,
            owner,
            component,
            "SuccessfulDelete",
            &format!("Deleted pod: {}", meta(pod, "name")),
        );
    }
}

/// Writes the status of an object when it differs.
fn report(store: &mut Store, resource: &Resource, object: &Value, status: Value) {
    let key = Key::of(resource, object);
    let Some(mut live) = store.get(&key).map(|it| it.value.clone()) else {
        return;
    };
    if live["status"] != status {
        live["status"] = status;
        let _ = store.put(key, live);
    }
}

/// A condition; its times stay while it says the same.
fn condition(object: &Value, kind: &str, holds: bool, reason: &str, message: &str) -> Value {
    let status = if holds { "True" } else { "False" };
    let before = object["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|it| it["type"] == kind);
    if let Some(before) = before
        .filter(|it| it["status"] == status && it["reason"] == reason && it["message"] == message)
    {
        return before.clone();
    }
    let now = json!(clock::now());
    let since = before
        .filter(|it| it["status"] == status)
        .map_or(&now, |it| &it["lastTransitionTime"]);
    json!({"type": kind, "status": status, "reason": reason, "message": message, "lastUpdateTime": now, "lastTransitionTime": since})
}

/// A short name for a pod template, as `pod-template-hash` has it.
fn template_hash(template: &Value) -> String {
    let mut rest = hash(&template.to_string());
    (0..8)
        .map(|_| {
            let c = letter((rest % 27) as u8);
            rest /= 27;
            c
        })
        .collect()
}

/// A number of pods; what is no sensible one counts as none or as very many.
fn count(value: &Value) -> i64 {
    value.as_i64().unwrap_or(0).clamp(0, 1_000_000)
}
