//! A cluster that is written down: what cases and an author's tests read.

use std::sync::Arc;

use futures_util::future::{BoxFuture, ready};
use kube_request::{Json, selects};

use crate::host::{Cluster, OBJECTS, Question, ResourceType, Selection, Wanted};

/// Objects, and one answer to every `can-i`. Each object stands under its resource, as grants name it: `pods`, `deployments.apps`.
#[derive(Clone, Debug, Default)]
pub struct FixedCluster {
    /// The resource of each object, and the object.
    pub objects: Vec<(String, Arc<Json>)>,
    /// What the cluster's RBAC says to everything.
    pub allowed: bool,
}

impl FixedCluster {
    fn of<'a>(&'a self, resource: &'a ResourceType, namespace: Option<&'a str>) -> impl Iterator<Item = &'a Arc<Json>> {
        let full = if resource.group.is_empty() { resource.resource.clone() } else { format!("{}.{}", resource.resource, resource.group) };
        self.objects.iter().filter(move |(name, _)| *name == full).map(|(_, object)| object).filter(move |object| namespace.is_none_or(|wanted| text(object, "/metadata/namespace") == Some(wanted)))
    }
}

fn text<'a>(object: &'a Json, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer).and_then(Json::as_str)
}

impl Cluster for FixedCluster {
    fn get(&self, wanted: Wanted, _metadata_only: bool) -> BoxFuture<'static, Result<Option<Arc<Json>>, String>> {
        let found = self.of(&wanted.resource_type, wanted.namespace.as_deref()).find(|object| text(object, "/metadata/name") == Some(&wanted.name));
        Box::pin(ready(Ok(found.cloned())))
    }

    fn list(&self, selection: Selection, _metadata_only: bool) -> BoxFuture<'static, Result<Arc<Json>, String>> {
        let mut items = Vec::new();
        for object in self.of(&selection.resource_type, selection.namespace.as_deref()) {
            let labels = object.pointer("/metadata/labels");
            match selects(&selection.label_selector, |key| labels.and_then(|labels| labels.get(key)).and_then(Json::as_str)) {
                None => return Box::pin(ready(Err(format!("`{}` is not a label selector", selection.label_selector)))),
                Some(false) => {}
                Some(true) => items.push(Json::clone(object)),
            }
        }
        let more = if items.len() > OBJECTS { "more" } else { "" };
        items.truncate(OBJECTS);
        let metadata = Json::Object(vec![("continue".to_owned(), Json::String(more.to_owned()))]);
        let list = Json::Object(vec![("metadata".to_owned(), metadata), ("items".to_owned(), Json::Array(items))]);
        Box::pin(ready(Ok(Arc::new(list))))
    }

    fn can_i(&self, _question: Question) -> BoxFuture<'static, Result<bool, String>> {
        Box::pin(ready(Ok(self.allowed)))
    }
}
