//! The request of a case: a kubectl command line or a raw request, with its body.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use kube_request::{Head, Json, KubeRequest, kubectl};
use serde_json::Value;

use super::file::Case;
use crate::document::{Document, JsonDocument, Preview};

/// A parsed request, and its body for the policies.
pub(super) type Asked = (KubeRequest, Option<Arc<dyn Document>>);

/// What a case asks for.
pub(super) fn request(case: &Case) -> Result<Asked, String> {
    let body = case.body.as_ref().map(text);
    let request = match (&case.request, &case.kubectl) {
        (Some(line), None) => raw(line, case.content_type.as_deref(), body.as_deref())?,
        (None, Some(line)) => command(line, body.as_deref())?,
        (Some(_), Some(_)) => return Err("it has both `request` and `kubectl`; leave one out".to_owned()),
        (None, None) => return Err("it has no request; give it `request: METHOD /path` or `kubectl: delete ns prod`".to_owned()),
    };
    let Some(parsed) = &request.body else { return Ok((request, None)) };
    let json = Arc::new(parsed.json.clone());
    let document = match &case.preview {
        None => JsonDocument::new(json),
        Some(preview) => JsonDocument::with_preview(json, fixed(preview)?),
    };
    Ok((request, Some(Arc::new(document))))
}

/// Text as it is; anything else as JSON.
pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn raw(line: &str, content_type: Option<&str>, body: Option<&str>) -> Result<KubeRequest, String> {
    let (method, target) = line.split_once(' ').ok_or_else(|| format!("`{line}` is not METHOD /path"))?;
    let mut headers: Vec<(&str, &[u8])> = vec![("accept", b"application/json")];
    if body.is_some() {
        headers.push(("content-type", content_type.unwrap_or("application/json").as_bytes()));
    }
    // What every client sends along with these three: a case should not have to say it.
    let path = target.trim().split('?').next().unwrap_or_default();
    if path.starts_with("/api/v1/") && path.rsplit('/').next().is_some_and(|last| matches!(last, "exec" | "attach" | "portforward")) {
        headers.extend([("connection", &b"Upgrade"[..]), ("upgrade", b"websocket")]);
    }
    let request = KubeRequest::parse(&Head { method, target: target.trim(), headers: &headers }).map_err(|e| format!("the request is refused: {}", e.message))?;
    match body {
        None => Ok(request),
        Some(body) => request.with_body(body.as_bytes()).map_err(|e| format!("the body is refused: {}", e.message)),
    }
}

fn command(line: &str, body: Option<&str>) -> Result<KubeRequest, String> {
    let line = kubectl::parse_with(line, body).map_err(|e| e.to_string())?;
    line.request().map_err(|e| format!("the request is refused: {}", e.message))
}

fn fixed(value: &Value) -> Result<Preview, String> {
    let json = Arc::new(Json::parse(value.to_string().as_bytes()).map_err(|e| format!("the preview is refused: {e}"))?);
    Ok(Arc::new(move || -> BoxFuture<'static, Result<Arc<Json>, String>> {
        let json = json.clone();
        Box::pin(async move { Ok(json) })
    }))
}
