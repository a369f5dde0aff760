//! Events: what `kubectl describe` shows below an object.

use super::super::{
    resources::known,
    store::{Key, Store, meta},
    write::random_suffix,
};
use crate::clock;
use serde_json::{Value, json};

/// Of all objects together.
const MAX_EVENTS: usize = 400;
/// A real API server keeps events for an hour as well.
const LIFETIME: i64 = 3600;

/// Notes that something happened to `object`.
pub(super) fn note(
    store: &mut Store,
    object: &Value,
    component: &str,
    reason: &str,
    message: &str,
) {
    let (namespace, name) = (meta(object, "namespace"), meta(object, "name"));
    let namespace = if namespace.is_empty() {
        "default"
    } else {
        namespace
    };
    let (now, event) = (clock::now(), format!("{name}.{}", random_suffix()));
    let involved = json!({"kind": object["kind"], "apiVersion": object["apiVersion"], "namespace": namespace, "name": name,
        "uid": object["metadata"]["uid"], "resourceVersion": object["metadata"]["resourceVersion"]});
    let key = Key::new(known("", "events"), namespace, &event);
    let value = json!({"kind": "Event", "apiVersion": "v1",
        "metadata": {"name": event, "namespace": namespace, "uid": uuid::Uuid::new_v4().to_string(), "creationTimestamp": now},
        "involvedObject": involved, "type": "Normal", "reason": reason, "message": message,
        "source": {"component": component}, "reportingComponent": component, "reportingInstance": "",
        "firstTimestamp": now, "lastTimestamp": now, "eventTime": null, "count": 1});
    // A full store has worse problems than a missing event.
    let _ = store.put(key, value);
}

/// Removes events that are old, and the oldest of too many.
pub(super) fn forget_old(store: &mut Store) {
    let events = store.list(known("", "events"), None, None);
    let mut all: Vec<(i64, u64, Key)> = events
        .map(|(key, object)| {
            let age = object.value["lastTimestamp"]
                .as_str()
                .and_then(clock::age_of)
                .unwrap_or(0);
            (
                age,
                meta(&object.value, "resourceVersion").parse().unwrap_or(0),
                key.clone(),
            )
        })
        .collect();
    all.sort_by_key(|(_, revision, _)| *revision);
    let too_many = all.len().saturating_sub(MAX_EVENTS);
    for (at, (age, _, key)) in all.into_iter().enumerate() {
        if at < too_many || age > LIFETIME {
            store.remove(&key);
        }
    }
}
