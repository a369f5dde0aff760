//! Server-side apply: field ownership per applier, conflicts between appliers, removal of what an applier gave up.
//!
//! Simplified from structured-merge-diff: lists are keyed as in strategic merge, and only appliers own fields; other
//! writers (PUT, the other patches) are not tracked, so they neither cause conflicts nor lose fields.

use super::{
    patch::{merge_key, strategic},
    problem::Problem,
    resources::Resource,
};
use crate::clock;
use serde_json::{Map, Value, json};

/// What an apply asks for.
pub(crate) struct Apply<'a> {
    pub(crate) manager: &'a str,
    pub(crate) force: bool,
    /// The configuration, which names only the fields that the manager cares about.
    pub(crate) config: &'a Value,
}

/// The object after `apply`; `current` is null when there is none yet.
pub(crate) fn applied(
    resource: &Resource,
    name: &str,
    current: &Value,
    apply: &Apply<'_>,
) -> Result<Value, Problem> {
    let owned = fields_of(apply.config);
    let mut managers: Vec<Value> = current["metadata"]["managedFields"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let mine = |it: &Value| it["manager"] == apply.manager && it["operation"] == "Apply";
    let before = managers
        .iter()
        .find(|it| mine(it))
        .map(|it| it["fieldsV1"].clone());

    let mut conflicts = Vec::new();
    for other in managers.iter_mut().filter(|it| !mine(it)) {
        let mut shared = Vec::new();
        overlap(
            &owned,
            &other["fieldsV1"],
            apply.config,
            current,
            &mut Vec::new(),
            &mut shared,
        );
        if apply.force {
            for path in &shared {
                forget(&mut other["fieldsV1"], path);
            }
        } else {
            let manager = other["manager"].as_str().unwrap_or_default().to_owned();
            conflicts.extend(
                shared
                    .iter()
                    .map(|path| format!("conflict with {manager:?}: {}", dotted(path))),
            );
        }
    }
    if !conflicts.is_empty() {
        let count = conflicts.len();
        let message = format!(
            "Apply failed with {count} conflict{}: {}",
            if count == 1 { "" } else { "s" },
            conflicts.join(", ")
        );
        return Err(Problem::new(409, "Conflict", message));
    }

    let mut result = if current.is_null() {
        json!({})
    } else {
        current.clone()
    };
    if let Some(before) = before {
        let others: Vec<Value> = managers
            .iter()
            .filter(|it| !mine(it))
            .map(|it| it["fieldsV1"].clone())
            .collect();
        give_up(
            &mut result,
            &before,
            &owned,
            &others.iter().collect::<Vec<_>>(),
        );
    }
    strategic(&mut result, &without_nulls(apply.config));
    managers.retain(|it| !mine(it));
    managers.push(
        json!({"manager": apply.manager, "operation": "Apply", "apiVersion": resource.api_version(),
        "time": clock::now(), "fieldsType": "FieldsV1", "fieldsV1": owned}),
    );
    // The entry's time alone is no change.
    let unchanged = current["metadata"]["managedFields"]
        .as_array()
        .is_some_and(|before| same_but_time(before, &managers));
    if !unchanged {
        result["metadata"]["managedFields"] = json!(managers);
    }
    result["metadata"]["name"] = json!(name);
    Ok(result)
}

fn same_but_time(one: &[Value], other: &[Value]) -> bool {
    let timeless = |it: &Value| {
        (
            it["manager"].clone(),
            it["operation"].clone(),
            it["fieldsV1"].clone(),
        )
    };
    one.len() == other.len()
        && one
            .iter()
            .all(|it| other.iter().any(|that| timeless(it) == timeless(that)))
}

fn without_nulls(config: &Value) -> Value {
    match config {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(_, value)| !value.is_null());
            Value::Object(
                kept.map(|(name, value)| (name.clone(), without_nulls(value)))
                    .collect(),
            )
        }
        Value::Array(list) => Value::Array(list.iter().map(without_nulls).collect()),
        other => other.clone(),
    }
}

/// The `fieldsV1` of a configuration: `f:name` for fields, `k:{"key":value}` for the elements of keyed lists.
pub(crate) fn fields_of(config: &Value) -> Value {
    let mut tree = tree_of(config);
    if let Some(fields) = tree.as_object_mut() {
        // Identity is nobody's property.
        fields.retain(|name, _| !matches!(name.as_str(), "f:apiVersion" | "f:kind"));
        if let Some(metadata) = fields.get_mut("f:metadata").and_then(Value::as_object_mut) {
            metadata.retain(|name, _| {
                matches!(
                    name.as_str(),
                    "f:labels" | "f:annotations" | "f:finalizers" | "f:ownerReferences"
                )
            });
        }
        if fields
            .get("f:metadata")
            .and_then(Value::as_object)
            .is_some_and(Map::is_empty)
        {
            fields.remove("f:metadata");
        }
    }
    tree
}

fn tree_of(value: &Value) -> Value {
    let Some(fields) = value.as_object() else {
        return json!({});
    };
    let mut tree = Map::new();
    for (name, value) in fields {
        let branch = match value.as_array() {
            Some(list) => match merge_key(name, list.first()) {
                Some(key) => list_tree(list, key),
                None => json!({}),
            },
            None => tree_of(value),
        };
        tree.insert(format!("f:{name}"), branch);
    }
    Value::Object(tree)
}

fn list_tree(list: &[Value], key: &str) -> Value {
    let mut tree = Map::new();
    for element in list {
        let mut branch = tree_of(element);
        branch["."] = json!({});
        tree.insert(format!("k:{}", json!({key: element[key]})), branch);
    }
    Value::Object(tree)
}

/// The value that a step of a `fieldsV1` path leads to.
fn step<'a>(value: &'a Value, step: &str) -> &'a Value {
    if let Some(name) = step.strip_prefix("f:") {
        return &value[name];
    }
    element_at(value, step).map_or(&Value::Null, |at| &value[at])
}

/// The index of the element that a `k:` step names.
fn element_at(list: &Value, step: &str) -> Option<usize> {
    let key: Value = serde_json::from_str(step.strip_prefix("k:")?).ok()?;
    let (name, wanted) = key.as_object()?.iter().next()?;
    list.as_array()?
        .iter()
        .position(|it| it.get(name) == Some(wanted))
}

/// Collects the leaves of `mine` that are in `theirs` too and would change.
fn overlap(
    mine: &Value,
    theirs: &Value,
    config: &Value,
    current: &Value,
    path: &mut Vec<String>,
    found: &mut Vec<Vec<String>>,
) {
    for (name, branch) in mine.as_object().into_iter().flatten() {
        let Some(their_branch) = theirs.get(name).filter(|_| name != ".") else {
            continue;
        };
        let (config, current) = (step(config, name), step(current, name));
        path.push(name.clone());
        let leaf = branch.as_object().is_none_or(Map::is_empty)
            || their_branch.as_object().is_none_or(Map::is_empty);
        if !leaf {
            overlap(branch, their_branch, config, current, path, found);
        } else if config != current {
            found.push(path.clone());
        }
        path.pop();
    }
}

fn forget(tree: &mut Value, path: &[String]) {
    match path {
        [last] => {
            if let Some(fields) = tree.as_object_mut() {
                fields.remove(last);
            }
        }
        [first, rest @ ..] => {
            if let Some(branch) = tree.get_mut(first) {
                forget(branch, rest);
            }
        }
        [] => {}
    }
}

/// Removes from `value` what was owned `before`, is not owned now, and is nobody else's.
fn give_up(value: &mut Value, before: &Value, now: &Value, others: &[&Value]) {
    for (name, branch) in before
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| *name != ".")
    {
        let theirs: Vec<&Value> = others.iter().filter_map(|it| it.get(name)).collect();
        match now.get(name) {
            None if theirs.is_empty() => remove_step(value, name),
            kept => {
                let nothing = json!({});
                if let Some(inner) = step_mut(value, name) {
                    give_up(inner, branch, kept.unwrap_or(&nothing), &theirs);
                }
            }
        }
    }
}

fn step_mut<'a>(value: &'a mut Value, step: &str) -> Option<&'a mut Value> {
    match step.strip_prefix("f:") {
        Some(name) => value.get_mut(name),
        None => {
            let at = element_at(value, step)?;
            value.get_mut(at)
        }
    }
}

fn remove_step(value: &mut Value, step: &str) {
    if let Some(name) = step.strip_prefix("f:") {
        if let Some(fields) = value.as_object_mut() {
            fields.remove(name);
        }
    } else if let (Some(at), Some(list)) = (element_at(value, step), value.as_array_mut()) {
        list.remove(at);
    }
}

/// `.spec.template.spec.containers[name="web"].image`, as Kubernetes writes it.
fn dotted(path: &[String]) -> String {
    path.iter()
        .map(|step| match step.split_once(':') {
            Some(("f", name)) => format!(".{name}"),
            Some((_, key)) => {
                let key: Value = serde_json::from_str(key).unwrap_or_default();
                let pairs = key
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(name, value)| format!("{name}={value}"));
                format!("[{}]", pairs.collect::<Vec<_>>().join(","))
            }
            None => String::new(),
        })
        .collect()
}

#[cfg(test)]
mod tests;
