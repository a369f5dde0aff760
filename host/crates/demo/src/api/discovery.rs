//! Discovery: the aggregated document (`apidiscovery.k8s.io/v2`) that kubectl asks for first, and the older lists.

use super::resources::{RESOURCES, Resource, groups};
use serde_json::{Value, json};

/// The content type of the aggregated document; clients tell it from the older one by this alone.
pub(crate) const AGGREGATED: &str =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Whether `accept` asks for the aggregated document.
pub(crate) fn wants_aggregated(accept: Option<&str>) -> bool {
    accept.unwrap_or_default().split(',').any(|range| {
        let has = |text: &str| range.split(';').any(|part| part.trim() == text);
        has("application/json")
            && has("g=apidiscovery.k8s.io")
            && has("v=v2")
            && has("as=APIGroupDiscoveryList")
    })
}

/// `/api` (the core group) or `/apis` (the others), aggregated.
pub(crate) fn aggregated(core: bool) -> Value {
    let items: Vec<Value> = groups()
        .into_iter()
        .filter(|(group, _)| group.is_empty() == core)
        .map(|(group, version)| {
            let resources: Vec<Value> = of(group, version).map(aggregated_resource).collect();
            let metadata = if core { json!({"creationTimestamp": null}) } else { json!({"name": group, "creationTimestamp": null}) };
            json!({"metadata": metadata, "versions": [{"version": version, "resources": resources, "freshness": "Current"}]})
        })
        .collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
}

/// `/api`, not aggregated.
pub(crate) fn core_versions() -> Value {
    json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
}

/// `/apis`, not aggregated.
pub(crate) fn group_list() -> Value {
    let list: Vec<Value> = groups()
        .into_iter()
        .filter(|(group, _)| !group.is_empty())
        .map(|(group, version)| group_entry(group, version))
        .collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": list})
}

/// `/apis/{group}`.
pub(crate) fn group(name: &str) -> Option<Value> {
    let (group, version) = groups()
        .into_iter()
        .find(|(group, _)| *group == name && !name.is_empty())?;
    let mut entry = group_entry(group, version);
    entry["kind"] = json!("APIGroup");
    entry["apiVersion"] = json!("v1");
    Some(entry)
}

/// `/api/v1` or `/apis/{group}/{version}`.
pub(crate) fn resource_list(group: &str, version: &str) -> Option<Value> {
    let mut list = Vec::new();
    for resource in of(group, version) {
        list.push(json!({"name": resource.plural, "singularName": resource.singular, "namespaced": resource.namespaced,
            "kind": resource.kind, "verbs": resource.verbs(), "shortNames": resource.short, "categories": resource.categories}));
        for (name, kind, verbs) in resource.subresources() {
            let mut entry = json!({"name": format!("{}/{name}", resource.plural), "singularName": "",
                "namespaced": resource.namespaced, "kind": kind, "verbs": verbs});
            let (other_group, other_version) = response_of(resource, kind);
            if other_group != resource.group {
                entry["group"] = json!(other_group);
                entry["version"] = json!(other_version);
            }
            list.push(entry);
        }
    }
    let group_version = if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    };
    (!list.is_empty()).then(|| json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": list}))
}

fn of<'a>(group: &'a str, version: &'a str) -> impl Iterator<Item = &'static Resource> + use<'a> {
    RESOURCES
        .iter()
        .filter(move |it| it.group == group && it.version == version)
}

fn group_entry(group: &str, version: &str) -> Value {
    let entry = json!({"groupVersion": format!("{group}/{version}"), "version": version});
    json!({"name": group, "versions": [entry], "preferredVersion": entry})
}

fn aggregated_resource(resource: &'static Resource) -> Value {
    let scope = if resource.namespaced {
        "Namespaced"
    } else {
        "Cluster"
    };
    let kind = |group: &str, version: &str, kind: &str| json!({"group": group, "version": version, "kind": kind});
    let subresources: Vec<Value> = resource
        .subresources()
        .into_iter()
        .map(|(name, kind_name, verbs)| {
            let (group, version) = response_of(resource, kind_name);
            json!({"subresource": name, "responseKind": kind(group, version, kind_name), "verbs": verbs})
        })
        .collect();
    let mut entry = json!({"resource": resource.plural, "responseKind": kind(resource.group, resource.version, resource.kind),
        "scope": scope, "singularResource": resource.singular, "verbs": resource.verbs()});
    for (field, list) in [
        ("shortNames", resource.short),
        ("categories", resource.categories),
    ] {
        if !list.is_empty() {
            entry[field] = json!(list);
        }
    }
    if !subresources.is_empty() {
        entry["subresources"] = json!(subresources);
    }
    entry
}

/// The group and version of what a subresource answers with.
fn response_of(resource: &'static Resource, kind: &str) -> (&'static str, &'static str) {
    match kind {
        "Scale" => ("autoscaling", "v1"),
        "Eviction" => ("policy", "v1"),
        "TokenRequest" => ("authentication.k8s.io", "v1"),
        _ => (resource.group, resource.version),
    }
}

#[cfg(test)]
mod tests;
