//! Reading the cluster for policies: with the gateway's own credential, for whoever asks, from a cache that is some seconds old at most.

mod path;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::Full;
use kube_request::Json;
use policy::{Cluster, Question, Selection, Wanted};
use quick_cache::sync::Cache;
use quick_cache::{Weighter, sync::DefaultLifecycle};
use serde_json::json;

use crate::connection::Connection;
use crate::gateway::Caller;
use crate::pipeline::ask;

/// How old an answer may be: an agent's next command sees what its last one did, and a loop of reads does not load the API server.
const FRESH: Duration = Duration::from_secs(3);

/// Bytes of answers that are kept, as they came; parsed they take two to three times as much.
const KEPT_BYTES: u64 = 16 << 20;

/// Answers that are kept, about.
const KEPT: usize = 4096;

/// Bytes of one answer.
const MOST: usize = 8 << 20;

const OBJECT: HeaderValue = HeaderValue::from_static("application/json");
const METADATA: HeaderValue = HeaderValue::from_static("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json");
const METADATA_LIST: HeaderValue = HeaderValue::from_static("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json");

/// The answers that are kept, for all connections. Cheap to clone.
#[derive(Clone)]
pub struct Reads(Arc<Cache<Key, Kept, ByBytes>>);

impl Default for Reads {
    fn default() -> Self {
        Self(Arc::new(Cache::with(KEPT, KEPT_BYTES, ByBytes, Default::default(), DefaultLifecycle::default())))
    }
}

/// What was asked, by whom as far as the answer depends on that.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    /// The connection, and its address: one of the same name may lead elsewhere.
    connection: String,
    /// The headers that impersonate, in order; empty where the gateway asks as itself.
    asker: Vec<String>,
    /// Method, target and what is accepted; for a question its body.
    what: String,
}

#[derive(Clone)]
struct Kept {
    since: Instant,
    bytes: u64,
    found: Found,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<Key, Kept> for ByBytes {
    fn weight(&self, key: &Key, kept: &Kept) -> u64 {
        kept.bytes + key.what.len() as u64 + 256
    }
}

/// An answer that was understood; nothing when there is no such object.
type Found = Option<Arc<Json>>;

impl Reads {
    /// What one request's policies may read.
    pub fn of(&self, connection: &Arc<Connection>, caller: &Caller) -> Arc<dyn Cluster> {
        Arc::new(Reader { reads: self.clone(), connection: connection.clone(), caller: caller.clone() })
    }
}

#[derive(Clone)]
struct Reader {
    reads: Reads,
    connection: Arc<Connection>,
    caller: Caller,
}

impl Reader {
    /// Of several that ask the same at one time, one asks.
    async fn kept(&self, what: String, request: Request<Full<Bytes>>) -> Result<Found, String> {
        let key = Key { connection: format!("{} {}", self.connection.name, self.connection.upstream.address()), asker: self.asker()?, what };
        if let Some(kept) = self.reads.0.get(&key)
            && kept.since.elapsed() > FRESH
        {
            self.reads.0.remove_if(&key, |kept| kept.since.elapsed() > FRESH);
        }
        let kept = self
            .reads
            .0
            .get_or_insert_async(&key, async {
                // Not when it comes: what it shows is at least as old as the question.
                let since = Instant::now();
                let (bytes, found) = self.ask(request).await?;
                Ok::<_, String>(Kept { since, bytes, found })
            })
            .await?;
        Ok(kept.found)
    }

    fn asker(&self) -> Result<Vec<String>, String> {
        let Some(impersonation) = &self.connection.impersonation else { return Ok(Vec::new()) };
        let mut headers = http::HeaderMap::new();
        impersonation.apply(&self.caller.identity, &mut headers).map_err(|e| e.to_string())?;
        Ok(headers.iter().map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))).collect())
    }

    async fn ask(&self, request: Request<Full<Bytes>>) -> Result<(u64, Found), String> {
        let (status, body) = ask(&self.connection, &self.caller, request, MOST).await.map_err(|why| format!("the cluster could not be read: {why}"))?;
        let answer = Json::parse(&body).map_err(|_| format!("the cluster could not be read: it answered {status} with something that is not JSON"))?;
        let text = |pointer: &str| answer.pointer(pointer).and_then(Json::as_str);
        match status {
            StatusCode::OK | StatusCode::CREATED => Ok((body.len() as u64, Some(Arc::new(answer)))),
            // Of a resource that there is not the API server says it without a name.
            StatusCode::NOT_FOUND if text("/details/name").is_some() => Ok((0, None)),
            // Its message may quote an object.
            _ => Err(format!("the cluster could not be read: it answered {status} ({})", text("/reason").unwrap_or("no reason given"))),
        }
    }
}

fn get(target: &str, accept: HeaderValue) -> Result<Request<Full<Bytes>>, String> {
    Request::get(target).header(header::ACCEPT, accept).body(Full::default()).map_err(|e| e.to_string())
}

impl Cluster for Reader {
    fn get(&self, wanted: Wanted, metadata_only: bool) -> BoxFuture<'static, Result<Option<Arc<Json>>, String>> {
        let reader = self.clone();
        Box::pin(async move {
            let target = path::object(&wanted)?;
            let accept = if metadata_only { METADATA } else { OBJECT };
            reader.kept(format!("GET {target} {metadata_only}"), get(&target, accept)?).await
        })
    }

    fn list(&self, selection: Selection, metadata_only: bool) -> BoxFuture<'static, Result<Arc<Json>, String>> {
        let reader = self.clone();
        Box::pin(async move {
            let target = path::list(&selection)?;
            let accept = if metadata_only { METADATA_LIST } else { OBJECT };
            let found = reader.kept(format!("LIST {target} {metadata_only}"), get(&target, accept)?).await?;
            found.ok_or_else(|| "the cluster could not be read: it has no such list".to_owned())
        })
    }

    fn can_i(&self, question: Question) -> BoxFuture<'static, Result<bool, String>> {
        let reader = self.clone();
        Box::pin(async move {
            let body = review(&question);
            let request = Request::post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")
                .header(header::ACCEPT, OBJECT)
                .header(header::CONTENT_TYPE, OBJECT)
                .body(Full::from(body.clone()))
                .map_err(|e| e.to_string())?;
            let answer = reader.kept(format!("MAY {body}"), request).await?;
            let allowed = answer.as_ref().and_then(|answer| answer.pointer("/status/allowed")).and_then(Json::as_bool);
            allowed.ok_or_else(|| "the cluster could not be asked: its answer is no access review".to_owned())
        })
    }
}

/// As `kubectl auth can-i` asks.
fn review(question: &Question) -> String {
    let Question { verb, resource_type, subresource, namespace, name } = question;
    let attributes = json!({
        "verb": verb,
        "group": resource_type.group,
        "version": resource_type.version,
        "resource": resource_type.resource,
        "subresource": subresource.as_deref().unwrap_or_default(),
        "namespace": namespace.as_deref().unwrap_or_default(),
        "name": name.as_deref().unwrap_or_default(),
    });
    json!({ "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": { "resourceAttributes": attributes } }).to_string()
}
