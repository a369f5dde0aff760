//! Objects that are written down, in the place of the cluster's.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use serde_json::Value;

use crate::bindings::common::portcullis::policy::cluster::{Object, Objects, Selection};
use crate::cluster::{Question, ResourceType};

/// Objects of one list, as the gateway gives.
const OBJECTS: usize = 500;

thread_local! {
    static OBJECTS_OF: RefCell<BTreeMap<String, Vec<Value>>> = RefCell::default();
    static CAN_I: Cell<bool> = const { Cell::new(false) };
}

/// Set which objects of a resource [`cluster`](crate::cluster) finds on this thread: JSON texts, under the resource's name as grants have it: `pods`,
/// `deployments.apps`.
///
/// # Panics
///
/// When one of them is not JSON.
pub fn set_objects(resource: &str, objects: &[&str]) {
    let objects = objects.iter().map(|text| serde_json::from_str(text).unwrap_or_else(|error| panic!("{text} is not JSON: {error}"))).collect();
    OBJECTS_OF.with_borrow_mut(|all| all.insert(resource.to_owned(), objects));
}

/// Set what [`cluster::can_i`](crate::cluster::can_i) answers on this thread, to every question. It begins with no.
pub fn set_can_i(allowed: bool) {
    CAN_I.set(allowed);
}

pub(crate) fn can_i(_question: &Question) -> Result<bool, String> {
    Ok(CAN_I.get())
}

pub(crate) fn get_object(resource: &ResourceType, namespace: Option<&str>, name: &str, pointers: &[String]) -> Result<Option<Object>, String> {
    Ok(of(resource, namespace).into_iter().find(|object| object["metadata"]["name"] == name).map(|object| shown(&object, pointers)))
}

pub(crate) fn list_objects(selection: &Selection, pointers: &[String]) -> Result<Objects, String> {
    let all = of(&selection.type_, selection.namespace.as_deref());
    let selected = all.iter().filter(|object| selects(&selection.label_selector, &object["metadata"]["labels"])).collect::<Vec<_>>();
    let items = selected.iter().take(OBJECTS).map(|object| shown(object, pointers)).collect();
    Ok(Objects { items, complete: selected.len() <= OBJECTS })
}

fn of(resource: &ResourceType, namespace: Option<&str>) -> Vec<Value> {
    let name = if resource.group.is_empty() { resource.resource.clone() } else { format!("{}.{}", resource.resource, resource.group) };
    let all = OBJECTS_OF.with_borrow(|all| all.get(&name).cloned()).unwrap_or_default();
    all.into_iter().filter(|object| namespace.is_none_or(|namespace| object["metadata"]["namespace"] == namespace)).collect()
}

fn shown(object: &Value, pointers: &[String]) -> Object {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    Object {
        namespace: text("/metadata/namespace"),
        name: text("/metadata/name").unwrap_or_default(),
        fields: pointers.iter().map(|pointer| object.pointer(pointer).map(Value::to_string)).collect(),
    }
}

/// Terms `key=value`, `key!=value`, `key` and `!key`; the API server knows more, which cases against the gateway's engine can have.
fn selects(selector: &str, labels: &Value) -> bool {
    let label = |key: &str| labels.get(key.trim()).and_then(Value::as_str);
    selector.split(',').map(str::trim).filter(|term| !term.is_empty()).all(|term| {
        if let Some((key, value)) = term.split_once("!=") {
            return label(key) != Some(value.trim());
        }
        match (term.split_once('='), term.strip_prefix('!')) {
            (Some((key, value)), _) => label(key) == Some(value.trim_start_matches('=').trim()),
            (None, Some(key)) => label(key).is_none(),
            (None, None) => label(term).is_some(),
        }
    })
}
