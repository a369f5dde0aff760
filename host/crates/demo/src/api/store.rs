//! The objects, their revisions and the recent changes: what etcd is to a real API server.

use super::{problem::Problem, resources::Resource};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, VecDeque},
    ops::Bound,
    sync::Arc,
};
use tokio::sync::watch;

/// All objects together, as text. A newcomer's stage holds a few hundred KB; the bound keeps the process small.
const MAX_BYTES: usize = 48 * 1024 * 1024;
/// Changes remembered, for watches that resume.
const MAX_CHANGES: usize = 2048;
/// The text of the changes remembered.
const MAX_CHANGE_BYTES: usize = 8 * 1024 * 1024;

/// Where an object is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) group: &'static str,
    pub(crate) plural: &'static str,
    /// Empty for cluster-wide resources.
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(resource: &Resource, namespace: &str, name: &str) -> Self {
        let namespace = if resource.namespaced { namespace } else { "" };
        Self {
            group: resource.group,
            plural: resource.plural,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// The key of a stored object.
    pub(crate) fn of(resource: &Resource, object: &Value) -> Self {
        Self::new(resource, meta(object, "namespace"), meta(object, "name"))
    }
}

/// A stored object and its size as text.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) value: Value,
    size: usize,
}

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happened {
    Added,
    Modified,
    Deleted,
}

/// One change.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) happened: Happened,
    pub(crate) key: Key,
    /// The object after the change; of a deletion, as it was last, with the revision of the deletion.
    pub(crate) object: Arc<Object>,
    pub(crate) before: Option<Arc<Object>>,
}

/// The store.
pub(crate) struct Store {
    objects: BTreeMap<Key, Arc<Object>>,
    bytes: usize,
    revision: u64,
    changes: VecDeque<Change>,
    change_bytes: usize,
    /// Tells watches that something happened.
    news: watch::Sender<u64>,
}

impl Default for Store {
    fn default() -> Self {
        // A real cluster's revision is never 0, and 0 means "any" in requests.
        let (news, _) = watch::channel(1);
        Self {
            objects: BTreeMap::new(),
            bytes: 0,
            revision: 1,
            changes: VecDeque::new(),
            change_bytes: 0,
            news,
        }
    }
}

impl Store {
    /// The revision of the last change.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// Wakes at every change.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Arc<Object>> {
        self.objects.get(key)
    }

    /// The objects of a resource, of one namespace or of all, by namespace and name, those after `after` only.
    pub(crate) fn list<'a>(
        &'a self,
        resource: &Resource,
        namespace: Option<&'a str>,
        after: Option<&Key>,
    ) -> impl Iterator<Item = (&'a Key, &'a Arc<Object>)> + use<'a> {
        let (group, plural) = (resource.group, resource.plural);
        let from = match after {
            Some(key) => Bound::Excluded(key.clone()),
            None => Bound::Included(Key::new(resource, namespace.unwrap_or_default(), "")),
        };
        self.objects
            .range((from, Bound::Unbounded))
            .take_while(move |(key, _)| key.group == group && key.plural == plural)
            .take_while(move |(key, _)| namespace.is_none_or(|it| key.namespace == it))
    }

    /// Every object.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Key, &Arc<Object>)> {
        self.objects.iter()
    }

    /// Stores an object under the next revision.
    pub(crate) fn put(&mut self, key: Key, mut value: Value) -> Result<Arc<Object>, Problem> {
        value["metadata"]["resourceVersion"] = json!((self.revision + 1).to_string());
        let size = value.to_string().len();
        let before = self.objects.get(&key).cloned();
        let freed = before.as_ref().map_or(0, |it| it.size);
        if self.bytes - freed + size > MAX_BYTES {
            let message =
                "the demo cluster is full: it keeps at most 48 MiB of objects; delete some";
            return Err(Problem::new(507, "InsufficientStorage", message));
        }
        self.bytes = self.bytes - freed + size;
        let object = Arc::new(Object { value, size });
        self.objects.insert(key.clone(), object.clone());
        let happened = if before.is_some() {
            Happened::Modified
        } else {
            Happened::Added
        };
        self.record(happened, key, object.clone(), before);
        Ok(object)
    }

    /// Removes an object.
    pub(crate) fn remove(&mut self, key: &Key) -> Option<Arc<Object>> {
        let before = self.objects.remove(key)?;
        self.bytes -= before.size;
        let mut value = before.value.clone();
        value["metadata"]["resourceVersion"] = json!((self.revision + 1).to_string());
        let last = Arc::new(Object {
            value,
            size: before.size,
        });
        self.record(Happened::Deleted, key.clone(), last.clone(), Some(before));
        Some(last)
    }

    fn record(
        &mut self,
        happened: Happened,
        key: Key,
        object: Arc<Object>,
        before: Option<Arc<Object>>,
    ) {
        self.revision += 1;
        self.change_bytes += object.size;
        self.changes.push_back(Change {
            happened,
            key,
            object,
            before,
        });
        while self.changes.len() > MAX_CHANGES || self.change_bytes > MAX_CHANGE_BYTES {
            let Some(oldest) = self.changes.pop_front() else {
                break;
            };
            self.change_bytes -= oldest.object.size;
        }
        self.news.send_replace(self.revision);
    }

    /// The changes after `revision`, or `None` when some of them are forgotten.
    pub(crate) fn since(&self, revision: u64) -> Option<impl Iterator<Item = &Change>> {
        let remembered_from = self.revision - self.changes.len() as u64;
        let skip = usize::try_from(revision.checked_sub(remembered_from)?).ok()?;
        Some(self.changes.iter().skip(skip))
    }
}

/// A text field of an object's metadata; empty when absent.
pub(crate) fn meta<'a>(object: &'a Value, field: &str) -> &'a str {
    object["metadata"][field].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests;
