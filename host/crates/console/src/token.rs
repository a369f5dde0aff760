//! `/oauth/token`: an issuer's token in, a session token out (RFC 8693).

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use identity::exchange::{ExchangeAnswer, ExchangeRequest};

use crate::Shared;

/// Opens a session for whoever the subject token names.
pub async fn exchange(State(shared): State<Shared>, body: Bytes) -> Response {
    let asked = match ExchangeRequest::parse(&body) {
        Ok(asked) => asked,
        Err(error) => return answered(error.status(), error.answer()),
    };
    let refused = |code: &str, why: &str| {
        answered(400, serde_json::json!({ "error": code, "error_description": why }).to_string())
    };
    let identity = match shared.gateway.verifier.verify(asked.subject_token()).await {
        Ok(identity) => identity,
        Err(error) => return refused("invalid_request", &error.to_string()),
    };
    if shared.gateway.connections.get(&asked.connection).is_none() {
        return refused("invalid_target", "no connection has this name; `portcullis connection list` shows those there are");
    }
    let ttl = asked.ttl.map(|ttl| u32::try_from(ttl.as_secs()).unwrap_or(u32::MAX));
    let opened =
        proxy::pipeline::open_session(&shared.gateway, &identity, &asked.connection, asked.purpose.clone(), ttl).await;
    match opened {
        Ok((session, token)) => answered(200, ExchangeAnswer::new(&session, &token).body().to_string()),
        Err(refusal) => refused("access_denied", &refusal.message),
    }
}

fn answered(code: u16, body: String) -> Response {
    let code = StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = (code, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
