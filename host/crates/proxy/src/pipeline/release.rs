//! Releasing an answer: masked, then recorded, then given to the client (P3, P4). Small answers are recorded whole;
//! long ones are recorded piece by piece before each piece goes out.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Response, StatusCode, header};
use http_body_util::BodyExt;
use kube_request::{Cause, Refusal};
use ledger::{self as record, Bodies, Body};

use super::exchange::{self, Answer};
use super::{Admitted, refuse, stream};
use crate::body::Reply;
use crate::trail::Trail;
use crate::upstream::Exchange;

/// Answers up to this size are recorded and released whole.
const WHOLE_MAX: usize = 64 * 1024;
/// How long the API server may pause in the middle of a short answer.
const PAUSE_LIMIT: Duration = Duration::from_secs(60);

/// What of the API server's headers the client gets. Everything else stays: cookies, redirects, server names.
const PASSED: [HeaderName; 6] = [
    header::CONTENT_TYPE,
    header::CACHE_CONTROL,
    header::ETAG,
    header::LAST_MODIFIED,
    header::WARNING,
    header::RETRY_AFTER,
];

type Failure = (Trail, Refusal, Option<u16>);

/// Releases an answer, or gives the trail back with the refusal that takes its place.
pub async fn answer(admitted: Admitted, mut trail: Trail, answer: Answer) -> Result<Response<Reply>, Box<Failure>> {
    let status = answer.response.status();
    if exchange::is_tunnel(&answer) {
        return exchange::open_tunnel(admitted, trail, answer).await;
    }
    let mut screen = match exchange::screen(&admitted, &answer) {
        Ok(screen) => screen,
        Err(refusal) => return Err(Box::new((trail, refusal, Some(status.as_u16())))),
    };
    let (parts, mut body) = answer.response.into_parts();
    let mut headers = passed(&parts.headers);
    let described = Described { status, headers: &headers };
    if answer.exchange == Exchange::Long && status.is_success() {
        let response = described.response(record::Response::default());
        return Ok(stream::open(admitted, trail, body, screen, stream::Kept::Frames, Vec::new(), response));
    }

    let mut out = Vec::new();
    loop {
        let failed = match tokio::time::timeout(PAUSE_LIMIT, body.frame()).await {
            Err(_) => Some("it paused for 60 s".to_owned()),
            Ok(None) => break,
            Ok(Some(Err(error))) => Some(error.to_string()),
            Ok(Some(Ok(frame))) => match frame.data_ref() {
                Some(chunk) => screen.push(&admitted.generation, chunk, &mut out).await.err().map(|e| e.to_string()),
                // Trailers: the API server sends none, and nothing may pass unread.
                None => None,
            },
        };
        if let Some(why) = failed {
            return Err(Box::new((trail, cut_off(&why), Some(status.as_u16()))));
        }
        if out.len() > WHOLE_MAX {
            let response = described.response(record::Response::default());
            return Ok(stream::open(admitted, trail, body, screen, stream::Kept::Body, out, response));
        }
    }
    let masked = match screen.finish(&mut out) {
        Ok(masked) => masked,
        Err(error) => return Err(Box::new((trail, error.into(), Some(status.as_u16())))),
    };
    admitted.gateway.telemetry.masked.inc_by(masked);
    let out = Bytes::from(out);
    let ended = trail
        .end(
            Some(status.as_u16()),
            record::Response {
                status: Some(status.as_u16()),
                masked,
                content_type: text(&headers, &header::CONTENT_TYPE),
                ..Default::default()
            },
            Bodies { request: None, response: Some(Body::Bytes(&out)) },
        )
        .await;
    if let Err(refusal) = ended {
        return Err(Box::new((trail, refusal, Some(status.as_u16()))));
    }
    let mut response = Response::new(Reply::whole(out));
    *response.status_mut() = status;
    std::mem::swap(response.headers_mut(), &mut headers);
    refuse::count(&admitted.gateway, &trail, &response);
    Ok(response)
}

/// Head of an answer, for its record and for the client.
pub struct Described<'a> {
    status: StatusCode,
    headers: &'a HeaderMap,
}

impl Described<'_> {
    fn response(&self, blank: record::Response) -> (StatusCode, HeaderMap, record::Response) {
        let recorded = record::Response {
            status: Some(self.status.as_u16()),
            content_type: text(self.headers, &header::CONTENT_TYPE),
            ..blank
        };
        (self.status, self.headers.clone(), recorded)
    }
}

fn passed(all: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(PASSED.len());
    for name in PASSED {
        for value in all.get_all(&name) {
            headers.append(name.clone(), value.clone());
        }
    }
    headers
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned)
}

fn cut_off(why: &str) -> Refusal {
    Refusal::new(
        502,
        Cause::UpstreamUnavailable,
        "response",
        format!("the cluster's answer broke off: {why}; the request may have been carried out"),
    )
}
