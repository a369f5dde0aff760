//! The request's body as policies read it, with a server-side dry run behind `preview()`.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::Full;
use kube_request::{BodyType, Json, KubeRequest};
use policy::{Document, JsonDocument};
use tokio::sync::OnceCell;

use super::ask::ask;
use crate::connection::Connection;
use crate::gateway::Caller;

/// An object is never larger than the API server takes.
const MOST: usize = 8 << 20;

/// The document of a request that has a body.
pub fn of(connection: &Arc<Connection>, caller: &Caller, request: &KubeRequest) -> Option<Arc<dyn Document>> {
    let body = request.body.as_ref()?;
    let json = Arc::new(body.json.clone());
    // No preview where a dry run might be the write itself.
    let Some(target) = request.dry_run_target() else {
        return Some(Arc::new(JsonDocument::new(json)));
    };
    let tried = Arc::new(Tried {
        connection: connection.clone(),
        caller: caller.clone(),
        method: request.method.as_str(),
        target,
        content_type: body.content_type,
        bytes: Bytes::copy_from_slice(&body.bytes),
        answer: OnceCell::new(),
    });
    Some(Arc::new(JsonDocument::with_preview(
        json,
        Arc::new(move || {
            let tried = tried.clone();
            Box::pin(async move { tried.answer.get_or_init(|| tried.ask()).await.clone() })
        }),
    )))
}

/// A write that is tried once for however many policies ask.
struct Tried {
    connection: Arc<Connection>,
    caller: Caller,
    method: &'static str,
    target: String,
    content_type: BodyType,
    bytes: Bytes,
    answer: OnceCell<Result<Arc<Json>, String>>,
}

impl Tried {
    async fn ask(&self) -> Result<Arc<Json>, String> {
        let request = Request::builder()
            .method(self.method)
            .uri(&self.target)
            .header(header::ACCEPT, HeaderValue::from_static("application/json"))
            .header(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type.media_type()))
            .body(Full::new(self.bytes.clone()))
            .map_err(|e| e.to_string())?;
        let asked = ask(&self.connection, &self.caller, request, MOST).await;
        let (status, body) = asked.map_err(|why| format!("the dry run failed: {why}"))?;
        let json = Json::parse(&body).map_err(|e| format!("the dry run's answer is not JSON: {e}"))?;
        if status == StatusCode::OK || status == StatusCode::CREATED {
            return Ok(Arc::new(json));
        }
        // Its message may quote the object, secrets included: only which fields it is about is told.
        let reason = json.pointer("/reason").and_then(Json::as_str).unwrap_or("no reason given");
        let fields: Vec<&str> = json
            .pointer("/details/causes")
            .and_then(Json::as_array)
            .unwrap_or_default()
            .iter()
            .filter_map(|cause| cause.get("field").and_then(Json::as_str))
            .take(8)
            .collect();
        let about = if fields.is_empty() { String::new() } else { format!(" ({})", fields.join(", ")) };
        Err(format!("the API server would refuse this write: {status}: {reason}{about}"))
    }
}
