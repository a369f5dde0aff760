//! Cleaning up: namespaces that end, and objects whose owner is gone.

use super::{
    super::{
        delete::{Dependents, FOREGROUND, Options, delete, owned_by, owner_key},
        resources::known,
        store::{Key, Store, meta},
        write::create,
    },
    Controller,
};
use serde_json::{Value, json};
use std::time::Instant;

/// Gives each namespace its service account and root certificates, and empties those that end.
pub(super) fn namespaces(controller: &mut Controller, store: &mut Store, now: Instant) {
    let resource = known("", "namespaces");
    let all: Vec<Value> = store
        .list(resource, None, None)
        .map(|(_, object)| object.value.clone())
        .collect();
    for namespace in all {
        let name = meta(&namespace, "name");
        if namespace["metadata"]["deletionTimestamp"].is_null() {
            furnish(store, name);
        } else if controller.elapsed(meta(&namespace, "uid"), "ending", now) {
            let inside: Vec<Key> = store
                .all()
                .map(|(key, _)| key)
                .filter(|key| key.namespace == name)
                .cloned()
                .collect();
            for key in inside {
                store.remove(&key);
            }
            store.remove(&Key::new(resource, "", name));
        }
    }
}

fn furnish(store: &mut Store, namespace: &str) {
    let account = known("", "serviceaccounts");
    if store
        .get(&Key::new(account, namespace, "default"))
        .is_none()
    {
        let _ = create(
            store,
            account,
            namespace,
            json!({"metadata": {"name": "default"}}),
            false,
        );
    }
}

/// Deletes objects all of whose owners are gone, and finishes foreground deletions.
pub(super) fn orphans(store: &mut Store) {
    let owned: Vec<(Key, Value)> = store
        .all()
        .filter(|(_, object)| {
            object.value["metadata"]["ownerReferences"]
                .as_array()
                .is_some_and(|it| !it.is_empty())
        })
        .map(|(key, object)| {
            (
                key.clone(),
                object.value["metadata"]["ownerReferences"].clone(),
            )
        })
        .collect();
    for (key, owners) in owned {
        let alive = |reference: &Value| {
            // Of an owner of a kind that is not served nothing is known: its objects stay.
            let Some(owner) = owner_key(reference, &key.namespace) else {
                return true;
            };
            let owner = store.get(&owner);
            owner.is_some_and(|it| {
                it.value["metadata"]["uid"] == reference["uid"] && !is_foreground(&it.value)
            })
        };
        if !owners.as_array().is_some_and(|it| it.iter().any(alive)) {
            remove(store, &key);
        }
    }
    let waiting: Vec<(Key, Value)> = store
        .all()
        .filter(|(_, object)| is_foreground(&object.value))
        .map(|(key, object)| (key.clone(), object.value.clone()))
        .collect();
    for (key, mut object) in waiting {
        let uid = meta(&object, "uid").to_owned();
        if store.all().any(|(_, it)| owned_by(&it.value, &uid)) {
            continue;
        }
        let finalizers = object["metadata"]["finalizers"].as_array_mut();
        let left = finalizers.map_or(0, |it| {
            it.retain(|name| name != FOREGROUND);
            it.len()
        });
        if left == 0 {
            store.remove(&key);
        } else {
            let _ = store.put(key, object);
        }
    }
}

fn is_foreground(object: &Value) -> bool {
    let finalizers = object["metadata"]["finalizers"].as_array();
    finalizers.is_some_and(|it| it.iter().any(|name| name == FOREGROUND))
        && object["metadata"]["deletionTimestamp"].is_string()
}

/// Deletes as a user would: a pod takes its time, a finalizer holds.
fn remove(store: &mut Store, key: &Key) {
    let Some(resource) = super::super::resources::RESOURCES
        .iter()
        .find(|it| it.group == key.group && it.plural == key.plural)
    else {
        return;
    };
    if let Ok(options) = Options::read(&Value::Null, &[]) {
        debug_assert_eq!(options.dependents, Dependents::Background);
        let _ = delete(store, resource, key, &options);
    }
}
