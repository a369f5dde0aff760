//! Bodies, lazily: a component gets only what it asks for, and never parses what the gateway has parsed already.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use kube_request::Json;

/// A parsed body that components may read.
pub trait Document: Send + Sync {
    /// The JSON text of the value at an RFC 6901 pointer, or nothing when there is no such value.
    fn get(&self, pointer: &str) -> Option<String>;

    /// The whole document as JSON text.
    fn text(&self) -> String;

    /// The object as it would be after this write, by a server-side dry run. May wait for the API server; an error is a sentence
    /// that says why there is no preview.
    fn preview(&self) -> BoxFuture<'_, Result<Arc<dyn Document>, String>>;
}

/// How a [`JsonDocument`] learns what its write would make; called at most once for each time that a component asks.
pub type Preview = Arc<dyn Fn() -> BoxFuture<'static, Result<Arc<Json>, String>> + Send + Sync>;

/// A document in memory.
#[derive(Clone)]
pub struct JsonDocument {
    json: Arc<Json>,
    preview: Option<Preview>,
}

impl JsonDocument {
    /// A document without a preview.
    pub fn new(json: Arc<Json>) -> JsonDocument {
        JsonDocument { json, preview: None }
    }

    /// A document that `preview` is asked about; the caller keeps the answer for the rest of the request.
    pub fn with_preview(json: Arc<Json>, preview: Preview) -> JsonDocument {
        JsonDocument { json, preview: Some(preview) }
    }
}

/// Bodies hold secrets, so nothing of them is printed.
impl fmt::Debug for JsonDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonDocument").finish_non_exhaustive()
    }
}

impl Document for JsonDocument {
    fn get(&self, pointer: &str) -> Option<String> {
        self.json.pointer(pointer).map(|value| value.to_string())
    }

    fn text(&self) -> String {
        self.json.to_string()
    }

    fn preview(&self) -> BoxFuture<'_, Result<Arc<dyn Document>, String>> {
        Box::pin(async move {
            match &self.preview {
                None => Err("there is no preview of this request: it is not a write that the API server can try".to_owned()),
                Some(preview) => {
                    let json = preview().await?;
                    Ok(Arc::new(JsonDocument::new(json)) as Arc<dyn Document>)
                }
            }
        })
    }
}
