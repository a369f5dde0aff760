//! Reading a request into its canonical form: from here on nobody sees the client's own bytes (P2).

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use kube_request::headers::{Screened, screen};
use kube_request::{Cause, Head, KubeRequest, MAX_BODY, Refusal};

use tokio::sync::OwnedSemaphorePermit;

use crate::gateway::Bodies;
use crate::trail::Trail;

/// How long a client may take to send a body, whole.
const BODY_LIMIT: Duration = Duration::from_secs(30);
/// The largest head of a request, in bytes of names and values. A token alone may have 16 KiB.
const HEAD_MAX: usize = 64 * 1024;

/// Refuses a header block that is too large.
///
/// # Errors
/// 431 over 64 KiB.
pub fn head_is_small(headers: &HeaderMap, target: &str) -> Result<(), Refusal> {
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if size + target.len() > HEAD_MAX {
        return Err(Refusal::new(
            431,
            Cause::MalformedRequest,
            "headers",
            "the request's head is larger than 64 KiB; send fewer or shorter header fields",
        ));
    }
    Ok(())
}

/// Checks every header field.
///
/// # Errors
/// When a field claims an identity, is repeated, or smuggles.
pub fn screened(parts: &Parts) -> Result<Screened<'_>, Refusal> {
    let fields: Vec<(&str, &[u8])> = parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    screen(&fields)
}

/// Reads target and body. What is understood goes into the trail even when the body is then refused.
///
/// # Errors
/// When either has more than one reading, or none, or the client stops sending.
pub async fn canonical(
    bodies: &Bodies,
    trail: &mut Trail,
    parts: &Parts,
    target: &str,
    screened: Screened<'_>,
    body: Incoming,
) -> Result<(KubeRequest, Option<OwnedSemaphorePermit>), Refusal> {
    let target = if target.starts_with('/') { target } else { "/" };
    let head = Head { method: parts.method.as_str(), target, headers: &[] };
    let request = KubeRequest::parse_screened(&head, screened)?;
    trail.request(&request);
    if body.is_end_stream() {
        return Ok((request, None));
    }
    let most = body.size_hint().upper().unwrap_or(u64::MAX).min(MAX_BODY as u64);
    let place = bodies.place(most).await?;
    let bytes = whole(body).await?;
    if masking::contains_token(&bytes) {
        return Err(Refusal::new(
            422,
            Cause::MaskedValueReturned,
            "body",
            "the body contains a masked value (`masked:v1:…`), which would overwrite the real one; leave that field out, or use a patch that does not touch it",
        ));
    }
    let request = request.with_body(&bytes)?;
    trail.request(&request);
    Ok((request, Some(place)))
}

async fn whole(body: Incoming) -> Result<Bytes, Refusal> {
    let collected = tokio::time::timeout(BODY_LIMIT, Limited::new(body, MAX_BODY).collect()).await;
    match collected {
        Ok(Ok(collected)) if collected.trailers().is_some() => {
            Err(Refusal::malformed("headers", "the request has trailers; send all header fields before the body"))
        }
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Refusal::too_large("body", "the body is larger than 3 MiB, the API server's own limit; send less at a time"))
        }
        Ok(Err(_)) => Err(Refusal::malformed("body", "the body broke off before its end; send the request again")),
        Err(_) => Err(Refusal::new(
            408,
            Cause::MalformedRequest,
            "body",
            "the body did not arrive within 30 s; send the request again",
        )),
    }
}
