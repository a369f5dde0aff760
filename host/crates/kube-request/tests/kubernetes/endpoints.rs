//! Everything that a kube-apiserver serves, by its own discovery.

use std::collections::BTreeSet;
use std::fs;

use kube_request::Json;

use super::modules::module;

/// One verb on one resource or subresource.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub group: String,
    pub version: String,
    pub resource: String,
    pub subresource: Option<String>,
    pub verb: String,
    pub namespaced: bool,
}

impl Endpoint {
    /// Whether it takes the place of all objects rather than of one.
    pub fn is_collection(&self) -> bool {
        self.subresource.is_none() && matches!(self.verb.as_str(), "list" | "watch" | "create" | "deletecollection")
    }

    pub fn path(&self, namespace: Option<&str>, name: &str) -> String {
        let Endpoint { group, version, resource, subresource, .. } = self;
        let prefix = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
        let namespace = namespace.filter(|_| self.namespaced).map(|namespace| format!("/namespaces/{namespace}")).unwrap_or_default();
        let name = if self.is_collection() { String::new() } else { format!("/{name}") };
        let subresource = subresource.as_ref().map(|subresource| format!("/{subresource}")).unwrap_or_default();
        format!("{prefix}{namespace}/{resource}{name}{subresource}")
    }
}

/// Of every resource the version that is preferred.
pub fn endpoints() -> Vec<Endpoint> {
    let discovery = |file: &str| Json::parse(&fs::read(module("k8s.io/kubernetes").join("api/discovery").join(file)).expect("the module has it")).expect("JSON");
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut read = |group: &str, version: &str, list: &Json| {
        for resource in list.get("resources").and_then(Json::as_array).expect("resources") {
            let text = |key: &str| resource.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
            let (name, subresource) = match text("name").split_once('/') {
                Some((name, subresource)) => (name.to_owned(), Some(subresource.to_owned())),
                None => (text("name"), None),
            };
            if !seen.insert((group.to_owned(), name.clone(), subresource.clone())) {
                continue;
            }
            let verbs = resource.get("verbs").and_then(Json::as_array).expect("verbs").iter().filter_map(Json::as_str);
            found.extend(verbs.map(|verb| Endpoint {
                group: group.to_owned(),
                version: version.to_owned(),
                resource: name.clone(),
                subresource: subresource.clone(),
                verb: verb.to_owned(),
                namespaced: resource.get("namespaced") == Some(&Json::Bool(true)),
            }));
        }
    };
    read("", "v1", &discovery("api__v1.json"));
    for group in discovery("apis.json").get("groups").and_then(Json::as_array).expect("groups") {
        let name = group.get("name").and_then(Json::as_str).expect("a name");
        for version in group.get("versions").and_then(Json::as_array).expect("versions") {
            let version = version.get("version").and_then(Json::as_str).expect("a version");
            read(name, version, &discovery(&format!("apis__{name}__{version}.json")));
        }
    }
    found
}
