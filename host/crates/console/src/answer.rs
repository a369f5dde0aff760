//! Answers of the API: JSON, JSON Lines, and refusals as Kubernetes' `Status`.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use kube_request::{Cause, Refusal};
use tokio_stream::wrappers::ReceiverStream;

/// A refusal as an answer.
pub struct Refused(pub Refusal);

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let code = StatusCode::from_u16(self.0.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (code, self.0.status_json("")).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

/// What handlers return.
pub type Answer<T> = Result<T, Refused>;

/// 403: this is not for everyone.
pub fn forbidden(what: &str, group: &str) -> Refused {
    Refusal::denied("access", format!("only {group} may {what}; ask the gateway's operator to be one of them")).into()
}

/// 404.
pub fn missing(what: &str) -> Refused {
    Refusal::new(404, Cause::MalformedRequest, "path", format!("there is no such {what}; list those there are")).into()
}

/// 400 with a sentence.
pub fn malformed(field: &str, message: impl Into<String>) -> Refused {
    Refusal::malformed(field, message).into()
}

/// 503: what is kept cannot be read or written.
pub fn unavailable(error: &dyn std::error::Error) -> Refused {
    tracing::error!(%error, "the console could not answer");
    Refusal::new(503, Cause::AuditUnavailable, "state", "the gateway's state cannot be read or written now; try again").into()
}

/// Everything that has no handler.
pub async fn not_found() -> Refused {
    missing("address")
}

/// Lines of JSON as they come.
pub fn lines(receiver: tokio::sync::mpsc::Receiver<Result<String, std::io::Error>>) -> Response {
    let mut response = Response::new(Body::from_stream(ReceiverStream::new(receiver)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    response
}
