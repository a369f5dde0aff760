//! `portcullis:policy/cluster`: objects of the cluster that a request goes to, as far as the bundle asks for them and the operator grants them. The
//! gateway gives the reader of a request, so this crate knows no Kubernetes client.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use kube_request::Json;
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker, Lower};

use crate::failure::{Misuse, MustWait};
use crate::grants::ClusterRead;
use crate::host::{CallState, Linking};

/// Calls of `get`, `list` and `can-i` together, in one call of a component. Each may be a request to the API server.
const CALLS: u32 = 32;

/// Pointers of one call, as the interface says.
const POINTERS: usize = 64;

/// Bytes of a name, a selector, a pointer: more than Kubernetes allows for any of them.
const TEXT_BYTES: usize = 1024;

/// Objects of one list, as the interface says.
pub const OBJECTS: usize = 500;

/// Bytes of values that one call gives.
const VALUE_BYTES: usize = 4 << 20;

/// One resource, as the API server serves it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, ComponentType, Lift)]
#[component(record)]
pub struct ResourceType {
    /// The API group; empty for the core group.
    pub group: String,
    /// Its version.
    pub version: String,
    /// The plural resource.
    pub resource: String,
}

/// Objects of one resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash, ComponentType, Lift)]
#[component(record)]
pub struct Selection {
    /// Of which resource.
    #[component(name = "type")]
    pub resource_type: ResourceType,
    /// Nothing: of all namespaces, or cluster-scoped ones.
    pub namespace: Option<String>,
    /// Empty for all.
    #[component(name = "label-selector")]
    pub label_selector: String,
}

/// One object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// Of which resource.
    pub resource_type: ResourceType,
    /// Nothing for a cluster-scoped one.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// A request that somebody could make.
#[derive(Clone, Debug, PartialEq, Eq, Hash, ComponentType, Lift)]
#[component(record)]
pub struct Question {
    /// The Kubernetes verb.
    pub verb: String,
    /// Of which resource.
    #[component(name = "type")]
    pub resource_type: ResourceType,
    /// Of which part of it.
    pub subresource: Option<String>,
    /// In which namespace.
    pub namespace: Option<String>,
    /// Of which object.
    pub name: Option<String>,
}

/// Reads the cluster of one request, for its caller. What may be read is checked before it is asked; an implementation may keep answers for some
/// seconds, and may take as long as it likes: the plugin's deadline cuts it off. An error is a sentence that says why there is no answer.
pub trait Cluster: Send + Sync {
    /// The object, or nothing when there is none of that name. With `metadata_only` nothing but its metadata is needed.
    fn get(&self, wanted: Wanted, metadata_only: bool) -> BoxFuture<'static, Result<Option<Arc<Json>>, String>>;

    /// A list as the API server gives it, of at most [`OBJECTS`] items; `/metadata/continue` says that there are more.
    fn list(&self, selection: Selection, metadata_only: bool) -> BoxFuture<'static, Result<Arc<Json>, String>>;

    /// Whether the cluster would let the caller do it.
    fn can_i(&self, question: Question) -> BoxFuture<'static, Result<bool, String>>;
}

#[derive(Clone, Debug, PartialEq, Eq, ComponentType, Lower)]
#[component(record)]
struct WitObject {
    namespace: Option<String>,
    name: String,
    fields: Vec<Option<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq, ComponentType, Lower)]
#[component(record)]
struct WitObjects {
    items: Vec<WitObject>,
    complete: bool,
}

/// What one call may read.
pub(crate) struct ClusterAccess {
    cluster: Option<Arc<dyn Cluster>>,
    /// What the bundle asked for and the operator granted.
    reads: Arc<[ClusterRead]>,
    calls: u32,
}

impl ClusterAccess {
    pub(super) fn new(cluster: Option<Arc<dyn Cluster>>, reads: Arc<[ClusterRead]>) -> ClusterAccess {
        ClusterAccess { cluster, reads, calls: 0 }
    }

    fn next(&mut self) -> wasmtime::Result<Result<Arc<dyn Cluster>, String>> {
        self.calls += 1;
        if self.calls > CALLS {
            return Err(misuse(format!("it asked the cluster more than {CALLS} times")));
        }
        Ok(self.cluster.clone().ok_or_else(|| "there is no cluster here to read; it is read while the gateway judges a request".to_owned()))
    }

    /// Every field that is asked for was granted, and the resource even when none is.
    fn allows(&self, resource: &ResourceType, pointers: &[String]) -> Result<(), String> {
        let covers = |pointer: Option<&str>| self.reads.iter().any(|read| read.covers(&resource.group, &resource.resource, pointer));
        if !covers(None) {
            let full = full_name(resource);
            return Err(format!("`{full}` is not among the resources that this plugin may read; name it under capabilities.cluster in bundle.yaml and have the operator grant it"));
        }
        match pointers.iter().find(|pointer| !covers(Some(pointer))) {
            None => Ok(()),
            Some(pointer) => Err(format!(
                "the field `{pointer}` of `{}` is not among those that this plugin may read; name it under capabilities.cluster in bundle.yaml and have the operator grant it",
                full_name(resource)
            )),
        }
    }
}

/// As grants name it: `deployments.apps`.
fn full_name(resource: &ResourceType) -> String {
    if resource.group.is_empty() { resource.resource.clone() } else { format!("{}.{}", resource.resource, resource.group) }
}

type Store<'a> = StoreContextMut<'a, CallState>;
type GetParams = (ResourceType, Option<String>, String, Vec<String>);
type Got = (Result<Option<WitObject>, String>,);
type Listed = (Result<WitObjects, String>,);
type Answered = (Result<bool, String>,);

/// `name` is the interface's, as the component imports it.
pub(super) fn link(linker: &mut Linker<CallState>, name: &str, linking: Linking) -> wasmtime::Result<()> {
    let mut instance = linker.instance(name)?;
    match linking {
        Linking::Immediate => {
            instance.func_wrap("get", |_: Store<'_>, _: GetParams| -> wasmtime::Result<Got> { Err(wasmtime::Error::new(MustWait)) })?;
            instance.func_wrap("list", |_: Store<'_>, _: (Selection, Vec<String>)| -> wasmtime::Result<Listed> { Err(wasmtime::Error::new(MustWait)) })?;
            instance.func_wrap("can-i", |_: Store<'_>, _: (Question,)| -> wasmtime::Result<Answered> { Err(wasmtime::Error::new(MustWait)) })
        }
        Linking::Waiting => {
            instance.func_wrap_async("get", |mut store: Store<'_>, (resource_type, namespace, name, pointers): GetParams| {
                Box::new(async move { Ok((get(&mut store, Wanted { resource_type, namespace, name }, &pointers).await?,)) })
            })?;
            instance.func_wrap_async("list", |mut store: Store<'_>, (selection, pointers): (Selection, Vec<String>)| {
                Box::new(async move { Ok((list(&mut store, selection, &pointers).await?,)) })
            })?;
            instance.func_wrap_async("can-i", |mut store: Store<'_>, (question,): (Question,)| {
                Box::new(async move { Ok((can_i(&mut store, question).await?,)) })
            })
        }
    }
}

async fn get(store: &mut Store<'_>, wanted: Wanted, pointers: &[String]) -> wasmtime::Result<Result<Option<WitObject>, String>> {
    check_texts([&wanted.name].into_iter().chain(&wanted.namespace).chain(texts_of(&wanted.resource_type)), pointers)?;
    let access = store.data_mut().cluster()?;
    let cluster = match access.next()?.and_then(|cluster| access.allows(&wanted.resource_type, pointers).map(|()| cluster)) {
        Ok(cluster) => cluster,
        Err(why) => return Ok(Err(why)),
    };
    match cluster.get(wanted, metadata_only(pointers)).await {
        Err(why) => Ok(Err(why)),
        Ok(None) => Ok(Ok(None)),
        Ok(Some(found)) => Ok(Ok(Some(object(&found, pointers, &mut 0)?))),
    }
}

async fn list(store: &mut Store<'_>, selection: Selection, pointers: &[String]) -> wasmtime::Result<Result<WitObjects, String>> {
    check_texts([&selection.label_selector].into_iter().chain(&selection.namespace).chain(texts_of(&selection.resource_type)), pointers)?;
    let access = store.data_mut().cluster()?;
    let cluster = match access.next()?.and_then(|cluster| access.allows(&selection.resource_type, pointers).map(|()| cluster)) {
        Ok(cluster) => cluster,
        Err(why) => return Ok(Err(why)),
    };
    let list = match cluster.list(selection, metadata_only(pointers)).await {
        Ok(list) => list,
        Err(why) => return Ok(Err(why)),
    };
    let items = list.pointer("/items").and_then(Json::as_array).unwrap_or_default();
    let more = list.pointer("/metadata/continue").and_then(Json::as_str).is_some_and(|token| !token.is_empty());
    let mut bytes = 0;
    let objects = items.iter().take(OBJECTS).map(|item| object(item, pointers, &mut bytes)).collect::<wasmtime::Result<Vec<_>>>()?;
    Ok(Ok(WitObjects { complete: !more && items.len() <= OBJECTS, items: objects }))
}

async fn can_i(store: &mut Store<'_>, question: Question) -> wasmtime::Result<Result<bool, String>> {
    let texts = [&question.verb].into_iter().chain(&question.subresource).chain(&question.namespace).chain(&question.name);
    check_texts(texts.chain(texts_of(&question.resource_type)), &[])?;
    match store.data_mut().cluster()?.next()? {
        Ok(cluster) => Ok(cluster.can_i(question).await),
        Err(why) => Ok(Err(why)),
    }
}

fn texts_of(resource: &ResourceType) -> [&String; 3] {
    [&resource.group, &resource.version, &resource.resource]
}

/// Metadata costs the API server and the wire a tenth of the objects.
fn metadata_only(pointers: &[String]) -> bool {
    pointers.iter().all(|pointer| pointer == "/metadata" || pointer.starts_with("/metadata/"))
}

fn object(found: &Json, pointers: &[String], bytes: &mut usize) -> wasmtime::Result<WitObject> {
    let text = |pointer: &str| found.pointer(pointer).and_then(Json::as_str).map(str::to_owned);
    let mut fields = Vec::with_capacity(pointers.len());
    for pointer in pointers {
        let value = found.pointer(pointer).map(ToString::to_string);
        *bytes += value.as_ref().map_or(0, String::len);
        if *bytes > VALUE_BYTES {
            return Err(misuse(format!("it asked for more than {VALUE_BYTES} bytes of the cluster's objects at once")));
        }
        fields.push(value);
    }
    Ok(WitObject { namespace: text("/metadata/namespace"), name: text("/metadata/name").unwrap_or_default(), fields })
}

fn check_texts<'a>(texts: impl Iterator<Item = &'a String>, pointers: &[String]) -> wasmtime::Result<()> {
    if pointers.len() > POINTERS {
        return Err(misuse(format!("it asked for {} fields at once; {POINTERS} are allowed", pointers.len())));
    }
    match texts.map(String::len).chain(pointers.iter().map(String::len)).find(|length| *length > TEXT_BYTES) {
        None => Ok(()),
        Some(length) => Err(misuse(format!("it asked the cluster with a text of {length} bytes; {TEXT_BYTES} are allowed"))),
    }
}

fn misuse(text: String) -> wasmtime::Error {
    wasmtime::Error::new(Misuse(text))
}
