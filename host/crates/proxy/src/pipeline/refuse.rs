//! Refusals: recorded, then answered with a Kubernetes `Status`.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use kube_request::{Cause, Refusal};

use crate::body::Reply;
use crate::gateway::Gateway;
use crate::telemetry::{Outcome, Refused};
use crate::trail::Trail;

/// Records the refusal and answers it. When it cannot be recorded the answer says only that.
pub async fn answer(gateway: &Gateway, mut trail: Trail, refusal: Refusal, upstream: Option<u16>) -> Response<Reply> {
    gateway.telemetry.refusals.get_or_create(&Refused { cause: refusal.cause.as_str() }).inc();
    let body = Bytes::from(refusal.status_json(trail.id()));
    let response = match trail.refuse(&refusal, &body, upstream).await {
        Ok(()) => status(&refusal, body),
        Err(unavailable) => {
            let body = Bytes::from(unavailable.status_json(trail.id()));
            status(&unavailable, body)
        }
    };
    count(gateway, &trail, &response);
    response
}

/// An answer for what has no trail any more.
pub fn unrecorded(code: u16, message: &str) -> Response<Reply> {
    let refusal = Refusal::new(code, Cause::UpstreamUnavailable, "gateway", message);
    let body = Bytes::from(refusal.status_json(""));
    status(&refusal, body)
}

/// Counts a request by what it came to.
pub fn count(gateway: &Gateway, trail: &Trail, response: &Response<Reply>) {
    let outcome = Outcome {
        connection: trail.connection_name().to_owned(),
        decision: trail.decision().map_or("deny", |d| d.as_str()),
        code: response.status().as_u16(),
    };
    gateway.telemetry.requests.get_or_create(&outcome).inc();
}

fn status(refusal: &Refusal, body: Bytes) -> Response<Reply> {
    let mut response = Response::new(Reply::whole(body));
    *response.status_mut() = StatusCode::from_u16(refusal.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if refusal.code == 401 {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = refusal.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
