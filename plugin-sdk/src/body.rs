//! The body of a request, read lazily.

use serde::de::DeserializeOwned;
#[cfg(not(target_arch = "wasm32"))]
use serde_json::Value;

use crate::bindings::common::portcullis::policy::documents::Document;

/// The body of a request. The gateway has parsed it already; only what you ask for crosses into the component,
/// so a policy that reads two fields of a 1 MB object costs two fields.
///
/// Pointers are RFC 6901: `/spec/template/spec/containers/0/image`, with `~1` for a slash and `~0` for a tilde in a key.
pub struct Body<'a>(Source<'a>);

enum Source<'a> {
    /// The request has no body.
    None,
    Borrowed(&'a Document),
    Owned(Document),
    /// In tests. Not in a component, which would carry what prints JSON for nothing.
    #[cfg(not(target_arch = "wasm32"))]
    Native { value: Value, preview: Result<Value, String> },
}

impl<'a> Body<'a> {
    #[doc(hidden)]
    pub fn of_host(document: Option<&'a Document>) -> Body<'a> {
        Body(document.map_or(Source::None, Source::Borrowed))
    }

    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn none() -> Body<'static> {
        Body(Source::None)
    }

    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn native(value: Value, preview: Result<Value, String>) -> Body<'static> {
        Body(Source::Native { value, preview })
    }

    fn document(&self) -> Option<&Document> {
        match &self.0 {
            Source::Borrowed(document) => Some(document),
            Source::Owned(document) => Some(document),
            _ => None,
        }
    }

    /// Whether the request has no body.
    pub fn is_none(&self) -> bool {
        matches!(self.0, Source::None)
    }

    /// The value at a pointer, or nothing when there is none or it is `null`.
    ///
    /// # Panics
    ///
    /// When there is a value of another type. That refuses the request, which is what a policy should do with a body that it does not
    /// understand. [`Body::try_get`] gives the error instead.
    #[track_caller]
    pub fn get<T: DeserializeOwned>(&self, pointer: &str) -> Option<T> {
        typed(pointer, self.raw(pointer))
    }

    /// Like [`Body::get`], with an error when the value is of another type: a sentence that names the pointer.
    pub fn try_get<T: DeserializeOwned>(&self, pointer: &str) -> Result<Option<T>, String> {
        try_typed(pointer, self.raw(pointer))
    }

    /// [`Body::get`] for many pointers in one crossing, in their order.
    ///
    /// # Panics
    ///
    /// As [`Body::get`] does.
    #[track_caller]
    pub fn get_all<T: DeserializeOwned>(&self, pointers: &[&str]) -> Vec<Option<T>> {
        let found = match self.document() {
            Some(document) => {
                let owned: Vec<String> = pointers.iter().map(|pointer| (*pointer).to_owned()).collect();
                document.get_all(&owned)
            }
            None => pointers.iter().map(|pointer| self.raw(pointer)).collect(),
        };
        let mut values = Vec::with_capacity(pointers.len());
        // Not in a closure, which would be the place that a panic names.
        for (pointer, raw) in pointers.iter().zip(found) {
            values.push(typed(pointer, raw));
        }
        values
    }

    /// Whether there is a value at a pointer. An explicit `null` counts: in a merge patch it deletes.
    pub fn has(&self, pointer: &str) -> bool {
        self.raw(pointer).is_some()
    }

    /// Whether there is an explicit `null` at a pointer: in a merge patch it deletes.
    pub fn is_null(&self, pointer: &str) -> bool {
        // The body itself never is, and all of it need not cross for that.
        !pointer.is_empty() && self.raw(pointer).is_some_and(|raw| raw == "null")
    }

    /// The whole body as JSON text; empty when there is none.
    pub fn text(&self) -> String {
        match &self.0 {
            Source::None => String::new(),
            #[cfg(not(target_arch = "wasm32"))]
            Source::Native { value, .. } => value.to_string(),
            Source::Borrowed(document) => document.text(),
            Source::Owned(document) => document.text(),
        }
    }

    /// The object as it would be after this write, by a server-side dry run with the API server; asked for once a request.
    ///
    /// # Errors
    ///
    /// A sentence that says why there is none: what the API server answered, or that the request is not a write.
    pub fn preview(&self) -> Result<Body<'static>, String> {
        match &self.0 {
            Source::None => Err("the request has no body".to_owned()),
            #[cfg(not(target_arch = "wasm32"))]
            Source::Native { preview, .. } => preview.clone().map(|value| Body::native(value.clone(), Ok(value))),
            Source::Borrowed(document) => document.preview().map(|document| Body(Source::Owned(document))),
            Source::Owned(document) => document.preview().map(|document| Body(Source::Owned(document))),
        }
    }

    /// The whole body as a type of yours, or of `k8s-openapi`. It all crosses into the component: prefer [`Body::get`] for a few fields.
    ///
    /// # Errors
    ///
    /// A sentence: there is no body, or it is of another type.
    pub fn to<T: DeserializeOwned>(&self) -> Result<T, String> {
        if self.is_none() {
            return Err("the request has no body".to_owned());
        }
        crate::json::from_str(&self.text()).map_err(|error| format!("the body is not what the policy expects: {error}"))
    }

    /// The JSON text at a pointer.
    fn raw(&self, pointer: &str) -> Option<String> {
        match &self.0 {
            Source::None => None,
            #[cfg(not(target_arch = "wasm32"))]
            Source::Native { value, .. } => value.pointer(pointer).map(Value::to_string),
            Source::Borrowed(document) => document.get(pointer),
            Source::Owned(document) => document.get(pointer),
        }
    }
}

#[track_caller]
fn typed<T: DeserializeOwned>(pointer: &str, raw: Option<String>) -> Option<T> {
    match try_typed(pointer, raw) {
        Ok(value) => value,
        Err(message) => panic!("{message}"),
    }
}

fn try_typed<T: DeserializeOwned>(pointer: &str, raw: Option<String>) -> Result<Option<T>, String> {
    match raw {
        None => Ok(None),
        Some(text) => {
            crate::json::from_str(&text).map_err(|error| format!("the body's value at {pointer} is not what the policy expects: {error}"))
        }
    }
}

#[cfg(test)]
mod tests;
