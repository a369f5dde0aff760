//! Releasing an answer: masked, then recorded, then given to the client (P3, P4). Small answers are recorded whole;
//! long ones are recorded piece by piece before each piece goes out.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use kube_request::{Cause, Refusal};
use ledger::{self as record, Bodies, Body, Durability};

use masking::{CompiledPlan, TextMasker, TokenKey};

use super::exchange::{self, Answer};
use super::gzip::{Gzip, PlainBody};
use super::screen::Screen;
use super::{Admitted, refuse, review, stream};
use crate::body::Reply;
use crate::trail::Trail;
use crate::upstream::Exchange;

/// Answers up to this size are recorded and released whole.
const WHOLE_MAX: usize = 64 * 1024;
/// The same for a client that takes gzip: what is larger is compressed, and below it would cost more time than it
/// saves. The API server's own threshold (`endpoints/handlers/responsewriters/writers.go`).
const PLAIN_MAX: usize = 128 * 1024;
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
    let mut screen = match exchange::screen(&admitted, &answer) {
        Ok(screen) => screen,
        Err(refusal) => return Err(Box::new((trail, refusal, Some(status.as_u16())))),
    };
    let (parts, body) = answer.response.into_parts();
    let mut body = match PlainBody::new(body, &parts.headers) {
        Ok(body) => body,
        Err(unreadable) => return Err(Box::new((trail, unreadable.into(), Some(status.as_u16())))),
    };
    let mut headers = passed(&parts.headers);
    mask_warnings(&mut headers, &answer.plan, &admitted.gateway.token_key);
    let described = Described { status, headers: &headers };
    if answer.exchange == Exchange::Long && status.is_success() {
        let response = described.response(record::Response::default());
        return Ok(stream::open(admitted, trail, body, screen, stream::Kept::Frames, Vec::new(), None, response));
    }

    let review = admitted.request.access_review().is_some();
    // Logs are not: the API server compresses none either, and they are read as they come.
    let compressed = admitted.request.headers.gzip && !matches!(screen, Screen::Text(_));
    let whole_max = if compressed { PLAIN_MAX } else { WHOLE_MAX };
    let mut out = Vec::with_capacity(expected(&body));
    loop {
        let failed = match tokio::time::timeout(PAUSE_LIMIT, body.next()).await {
            Err(_) => Some("it paused for 60 s".to_owned()),
            Ok(None) => break,
            Ok(Some(Err(error))) => Some(error.to_string()),
            Ok(Some(Ok(chunk))) => screen.push(&admitted.generation, &chunk, &mut out).await.err().map(|e| e.to_string()),
        };
        if let Some(why) = failed {
            return Err(Box::new((trail, cut_off(&why), Some(status.as_u16()))));
        }
        if review {
            // Its answer is written anew, so it has to be whole.
            if out.len() > review::MOST {
                return Err(Box::new((trail, review::unreadable(), Some(status.as_u16()))));
            }
        } else if out.len() > whole_max {
            // From here on bytes go out before the end is known, so the record begins now. A write's has begun before.
            if admitted.request.is_read()
                && let Err(refusal) = trail.intend(Durability::Written).await
            {
                return Err(Box::new((trail, refusal, Some(status.as_u16()))));
            }
            let response = described.response(record::Response::default());
            return Ok(stream::open(admitted, trail, body, screen, stream::Kept::Body, out, compressed.then(Gzip::new), response));
        }
    }
    let masked = match screen.finish(&mut out) {
        Ok(masked) => masked,
        Err(error) => return Err(Box::new((trail, error.into(), Some(status.as_u16())))),
    };
    admitted.gateway.telemetry.masked.inc_by(masked);
    if status.is_client_error() && !answer.plan.is_empty() {
        out = without_dumps(out);
    }
    if review {
        out = match review::answered(&admitted, &mut trail, status, out).await {
            Ok(out) => out,
            Err(refusal) => return Err(Box::new((trail, refusal, Some(status.as_u16())))),
        };
    }
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

/// How much to make room for: what the API server announced, and a little for what masking adds.
fn expected(body: &PlainBody) -> usize {
    let announced = body.announced().and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0);
    announced.min(WHOLE_MAX) + 256
}

#[cfg(test)]
mod tests;

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

/// Warnings are texts of webhooks and policies, which may quote what they warn of.
fn mask_warnings(headers: &mut HeaderMap, plan: &Arc<CompiledPlan>, key: &Arc<TokenKey>) {
    let warnings: Vec<HeaderValue> = headers.get_all(header::WARNING).iter().cloned().collect();
    headers.remove(header::WARNING);
    for warning in warnings {
        let mut shown = Vec::new();
        let mut masker = TextMasker::new(plan.clone(), key.clone());
        masker.push(warning.as_bytes(), &mut shown);
        masker.finish(&mut shown);
        if let Ok(value) = HeaderValue::from_bytes(&shown) {
            headers.append(header::WARNING, value);
        }
    }
}

/// A refused write's `Status` may quote the object as Go prints structures, where no path and no pattern reaches a
/// secret: what stands between `Invalid value: ` and the reason is left out when it is such a dump.
fn without_dumps(body: Vec<u8>) -> Vec<u8> {
    const MARK: &[u8] = b"Invalid value: ";
    if memchr::memmem::find(&body, MARK).is_none() {
        return body;
    }
    let Ok(mut status) = serde_json::from_slice::<serde_json::Value>(&body) else { return body };
    let cut = |text: &mut serde_json::Value| {
        if let Some(found) = text.as_str()
            && let Some(start) = found.find("Invalid value: ").map(|at| at + MARK.len())
            && found[start..].contains('{')
        {
            let reason = found.rfind(": ").filter(|end| *end > start).map_or("", |end| &found[end..]);
            *text = serde_json::Value::String(format!("{}(not shown){reason}", &found[..start]));
        }
    };
    if let Some(message) = status.get_mut("message") {
        cut(message);
    }
    for cause in status.pointer_mut("/details/causes").and_then(serde_json::Value::as_array_mut).into_iter().flatten() {
        if let Some(message) = cause.get_mut("message") {
            cut(message);
        }
    }
    serde_json::to_vec(&status).unwrap_or(body)
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
