//! What one watch saw of each object.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::{Stream, StreamExt};
use kube::api::{Api, DynamicObject};
use kube::core::{ApiResource, DynamicResourceScope, PartialObjectMeta};
use kube::runtime::watcher;
use kube::{Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use watcher::Event;

use super::views::View;

/// An event: its kind, the object's version then, and the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    what: &'static str,
    version: u64,
    object: String,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Vec<Seen>>,
    lists: usize,
    newest: u64,
    trouble: Vec<String>,
}

/// A watch under way.
pub struct Recorder {
    told: String,
    /// It sees the marks, so it can be asked whether it has seen the last.
    marked: bool,
    state: Mutex<State>,
}

impl Recorder {
    /// Opens it; it ends with the runtime.
    pub fn start(client: Client, view: &View) -> Arc<Self> {
        let marked = view.resource.kind == "ConfigMap" && view.namespace.is_none();
        let recorder = Arc::new(Self { told: view.to_string(), marked, state: Mutex::default() });
        if view.metadata {
            recorder.open::<PartialObjectMeta<DynamicObject>>(client, view);
        } else {
            recorder.open::<DynamicObject>(client, view);
        }
        recorder
    }

    fn open<K>(self: &Arc<Self>, client: Client, view: &View)
    where
        K: Resource<DynamicType = ApiResource, Scope = DynamicResourceScope> + DeserializeOwned + Serialize + Clone + Debug + Send + 'static,
    {
        let api: Api<K> = match &view.namespace {
            Some(namespace) => Api::namespaced_with(client, namespace, &view.resource),
            None => Api::all_with(client, &view.resource),
        };
        tokio::spawn(Arc::clone(self).follow(watcher(api, view.config.clone())));
    }

    async fn follow<K: ResourceExt + Serialize>(self: Arc<Self>, events: impl Stream<Item = watcher::Result<Event<K>>>) {
        let mut events = std::pin::pin!(events);
        while let Some(event) = events.next().await {
            match event {
                Ok(Event::Init) => self.state().lists += 1,
                Ok(Event::InitDone) => self.state().lists += 1,
                Ok(Event::InitApply(object)) => self.see("listed", &object),
                Ok(Event::Apply(object)) => self.see("applied", &object),
                Ok(Event::Delete(object)) => self.see("deleted", &object),
                Err(error) => {
                    self.state().trouble.push(format!("{error:?}"));
                    // It would try again at once, and for ever.
                    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                }
            }
        }
    }

    fn see<K: ResourceExt + Serialize>(&self, what: &'static str, object: &K) {
        let version = object.resource_version().and_then(|version| version.parse().ok()).unwrap_or_default();
        let name = format!("{}/{} {}", object.namespace().unwrap_or_default(), object.name_any(), object.uid().unwrap_or_default());
        let object = serde_json::to_string(object).expect("an object is plain data");
        let mut state = self.state();
        state.newest = state.newest.max(version);
        state.objects.entry(name).or_default().push(Seen { what, version, object });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no recorder panics")
    }

    /// What it watches.
    pub fn told(&self) -> String {
        format!("{}, trouble {:?}", self.told, self.state().trouble)
    }

    /// Whether its list is whole.
    pub fn listed(&self) -> bool {
        self.state().lists >= 2
    }

    /// Whether it has come so far; a view that the mark is not in has no say.
    pub fn reached(&self, version: u64) -> bool {
        !self.marked || self.state().newest >= version || self.told.contains("by a label")
    }

    /// What each object went through after a version.
    pub fn sequences(&self, after: u64) -> BTreeMap<String, Vec<Seen>> {
        let late = |seen: &Vec<Seen>| seen.iter().filter(|seen| seen.version > after).cloned().collect::<Vec<_>>();
        let state = self.state();
        let objects = state.objects.iter().map(|(name, seen)| (name.clone(), late(seen)));
        objects.filter(|(_, seen)| !seen.is_empty()).collect()
    }

    /// An error, or a list that had to be made anew.
    pub fn disturbed(&self) -> Option<String> {
        let state = self.state();
        if let Some(trouble) = state.trouble.first() {
            return Some(trouble.clone());
        }
        (state.lists > 2).then(|| "it had to be begun anew".to_owned())
    }
}
