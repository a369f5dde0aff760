//! Deleting objects and collections.

use super::{
    problem::{Problem, deleted},
    resources::{Resource, known, of_kind},
    select::Selector,
    store::{Key, Store, meta},
    write::has_finalizers,
};
use crate::{clock, query::first};
use serde_json::{Value, json};

/// What becomes of the objects that a deleted one owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dependents {
    /// They go afterwards.
    Background,
    /// They go first.
    Foreground,
    /// They stay.
    Orphan,
}

/// `DeleteOptions`.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) dependents: Dependents,
    pub(crate) grace: Option<i64>,
    pub(crate) dry_run: bool,
    uid: Option<String>,
    version: Option<String>,
}

/// Holds up a foreground deletion until the dependents are gone.
pub(crate) const FOREGROUND: &str = "foregroundDeletion";

/// Namespaces that the API server itself protects.
const PROTECTED: [&str; 3] = ["default", "kube-system", "kube-public"];

impl Options {
    /// From the body when there is one, otherwise from the query: the body wins whole.
    pub(crate) fn read(body: &Value, query: &[(String, String)]) -> Result<Self, Problem> {
        if !body.is_null() && !body.is_object() {
            return Err(Problem::bad_request(
                "the body of a DELETE has to be DeleteOptions",
            ));
        }
        let text = |field: &str| match body.is_null() {
            true => first(query, field).map(str::to_owned),
            false => body[field].as_str().map(str::to_owned),
        };
        let dry_run = match body.is_null() {
            true => first(query, "dryRun") == Some("All"),
            false => body["dryRun"]
                .as_array()
                .is_some_and(|it| it.iter().any(|value| value == "All")),
        };
        let dependents = match text("propagationPolicy").as_deref() {
            None | Some("" | "Background") => Dependents::Background,
            Some("Foreground") => Dependents::Foreground,
            Some("Orphan") => Dependents::Orphan,
            Some(other) => {
                return Err(Problem::bad_request(format!(
                    "propagationPolicy {other:?} is none of Background, Foreground, Orphan"
                )));
            }
        };
        let grace = match body.is_null() {
            true => first(query, "gracePeriodSeconds").and_then(|it| it.parse().ok()),
            false => body["gracePeriodSeconds"].as_i64(),
        };
        let condition = |field: &str| body["preconditions"][field].as_str().map(str::to_owned);
        Ok(Self {
            dependents,
            grace,
            dry_run,
            uid: condition("uid"),
            version: condition("resourceVersion"),
        })
    }
}

/// Deletes an object; answers as the API server does, with the object while it lingers and a `Status` when it is gone.
pub(crate) fn delete(
    store: &mut Store,
    resource: &Resource,
    key: &Key,
    options: &Options,
) -> Result<Value, Problem> {
    let Some(object) = store.get(key).map(|it| it.value.clone()) else {
        return Err(Problem::not_found(resource, &key.name));
    };
    for (field, wanted) in [("uid", &options.uid), ("resourceVersion", &options.version)] {
        if let Some(wanted) = wanted.as_deref().filter(|it| *it != meta(&object, field)) {
            let label = if field == "uid" {
                "UID"
            } else {
                "ResourceVersion"
            };
            let why = format!(
                "Precondition failed: {label} in precondition: {wanted}, {label} in object meta: {}",
                meta(&object, field)
            );
            return Err(Problem::conflict(resource, &key.name, &why));
        }
    }
    if resource.plural == "namespaces" && PROTECTED.contains(&key.name.as_str()) {
        return Err(Problem::forbidden(
            resource,
            &key.name,
            "this namespace may not be deleted",
        ));
    }
    let uid = meta(&object, "uid").to_owned();
    let gone = deleted(resource, &key.name, &uid);
    if options.dry_run {
        return Ok(gone);
    }
    if options.dependents == Dependents::Orphan {
        orphan(store, &uid)?;
    }
    let mut lingering = object.clone();
    if options.dependents == Dependents::Foreground
        && resource.plural != "namespaces"
        && owns_any(store, &uid)
    {
        let mut finalizers = object["metadata"]["finalizers"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        if !finalizers.iter().any(|it| it == FOREGROUND) {
            finalizers.push(json!(FOREGROUND));
        }
        lingering["metadata"]["finalizers"] = json!(finalizers);
    }
    let grace = match resource.plural {
        // A pod that no node has taken needs no time to end.
        "pods" if object["spec"]["nodeName"].is_null() => 0,
        "pods" => options
            .grace
            .or(object["spec"]["terminationGracePeriodSeconds"].as_i64())
            .unwrap_or(30)
            .clamp(0, 3600),
        _ => 0,
    };
    if grace == 0 && !has_finalizers(&lingering) && resource.plural != "namespaces" {
        store.remove(key);
        return Ok(gone);
    }
    if resource.plural == "namespaces" {
        lingering["status"]["phase"] = json!("Terminating");
    }
    if lingering["metadata"]["deletionTimestamp"].is_null() {
        lingering["metadata"]["deletionTimestamp"] =
            json!(clock::format(clock::unix_now() + grace));
        lingering["metadata"]["deletionGracePeriodSeconds"] = json!(grace);
    }
    if lingering == object {
        return Ok(object);
    }
    store.put(key.clone(), lingering).map(|it| it.value.clone())
}

/// Deletes every object of a collection that is selected; answers with their list's items.
pub(crate) fn delete_collection(
    store: &mut Store,
    resource: &Resource,
    namespace: Option<&str>,
    selector: &Selector,
    options: &Options,
) -> Result<Vec<Value>, Problem> {
    let selected = store
        .list(resource, namespace, None)
        .filter(|(_, object)| selector.matches(&object.value));
    let doomed: Vec<(Key, Value)> = selected
        .map(|(key, object)| (key.clone(), object.value.clone()))
        .collect();
    for (key, _) in &doomed {
        match delete(store, resource, key, options) {
            Err(problem) if problem.code != 404 => return Err(problem),
            _ => {}
        }
    }
    Ok(doomed.into_iter().map(|(_, object)| object).collect())
}

/// Whether `object` names `uid` as an owner.
pub(crate) fn owned_by(object: &Value, uid: &str) -> bool {
    object["metadata"]["ownerReferences"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|it| it["uid"] == uid)
}

fn owns_any(store: &Store, uid: &str) -> bool {
    store.all().any(|(_, object)| owned_by(&object.value, uid))
}

fn orphan(store: &mut Store, uid: &str) -> Result<(), Problem> {
    let owned = store
        .all()
        .filter(|(_, object)| owned_by(&object.value, uid));
    let owned: Vec<(Key, Value)> = owned
        .map(|(key, object)| (key.clone(), object.value.clone()))
        .collect();
    for (key, mut object) in owned {
        if let Some(owners) = object["metadata"]["ownerReferences"].as_array_mut() {
            owners.retain(|it| it["uid"] != uid);
        }
        store.put(key, object)?;
    }
    Ok(())
}

/// The key of the owner that an owner reference names, in the namespace of the object that carries it.
pub(crate) fn owner_key(reference: &Value, namespace: &str) -> Option<Key> {
    let resource = of_kind(
        reference["apiVersion"].as_str()?,
        reference["kind"].as_str()?,
    )?;
    Some(Key::new(resource, namespace, reference["name"].as_str()?))
}

/// Evicts a pod: a deletion with its own route, the one that `kubectl drain` takes.
pub(crate) fn evict(store: &mut Store, key: &Key, eviction: &Value) -> Result<Value, Problem> {
    let options = Options::read(&eviction["deleteOptions"], &[])?;
    delete(store, known("", "pods"), key, &options)?;
    Ok(
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}),
    )
}
