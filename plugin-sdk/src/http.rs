//! Outgoing HTTP, for sinks and notifiers. The bundle must ask for the capability and the operator must allow the origin.

pub use crate::bindings::common::portcullis::policy::http::{Incoming, Outgoing};

/// Send a request and wait for the answer. Redirects are not followed; at most 64 KiB of the answer's body are given.
/// In tests it goes to the function given to [`testing::serve_http`](crate::testing::serve_http).
///
/// # Errors
///
/// A sentence for the operator: the origin is not allowed, not reachable, or too slow.
pub fn send(request: &Outgoing) -> Result<Incoming, String> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::common::portcullis::policy::http::send(request);
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::answer_http(request)
}

/// A `POST` of JSON text.
pub fn post_json(url: &str, headers: &[(String, String)], body: String) -> Outgoing {
    let mut all = vec![("content-type".to_owned(), "application/json".to_owned())];
    all.extend_from_slice(headers);
    Outgoing { method: "POST".to_owned(), url: url.to_owned(), headers: all, body: body.into_bytes() }
}

/// Whether sending the same again may help after this status: the server is busy (408, 425, 429) or broken (5xx).
pub fn may_help_again(status: u16) -> bool {
    matches!(status, 408 | 425 | 429) || status >= 500
}
