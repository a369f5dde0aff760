//! Sending a case, byte by byte as it says.

use std::io;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_tests::https::Response;
use portcullis_tests::{Gateway, frames};
use serde_json::Value;

use super::case::{Case, Http2, Piece};

/// How long the gateway may take: less than it holds a request for a person.
const LIMIT: Duration = Duration::from_secs(60);

/// What came back.
#[derive(Debug)]
pub enum Outcome {
    /// An answer.
    Answer(Response),
    /// The connection ended without one.
    Closed,
    /// Two answers to one request.
    Two(Response, Response),
}

/// Sends it, and waits for what comes back.
pub fn send(gateway: &Gateway, case: &Case) -> io::Result<Outcome> {
    // Nobody sends a token of their own accord, but may send one in the wrong place.
    let fill = Fill { gateway, who: if case.r#as == "nobody" { "devin" } else { &case.r#as } };
    if let Some(raw) = &case.raw {
        return send_raw(gateway, &bytes(&fill.text(raw)));
    }
    if let Some(http2) = &case.http2 {
        return send_http2(gateway, http2, &fill);
    }
    let request = fill.text(case.request.as_deref().unwrap_or_default());
    let (method, target) = request.split_once(' ').unwrap_or((&request, "/"));
    let body = body(case);
    let mut headers: Vec<String> = case.headers.iter().map(|header| fill.text(header)).collect();
    let has = |headers: &[String], name: &str| headers.iter().any(|header| header.to_ascii_lowercase().starts_with(&format!("{name}:")));
    if case.r#as != "nobody" {
        headers.insert(0, format!("Authorization: Bearer {}", gateway.token(&case.r#as)));
    }
    if let Some(content_type) = &case.content_type {
        headers.push(format!("Content-Type: {content_type}"));
    } else if (case.body.is_object() || case.body.is_array()) && !has(&headers, "content-type") {
        headers.push("Content-Type: application/json".to_owned());
    }
    if (!body.is_empty() || method != "GET") && !has(&headers, "content-length") && !has(&headers, "transfer-encoding") {
        headers.push(format!("Content-Length: {}", body.len()));
    }
    let path = gateway.path(target);
    let mut out = bytes(&format!("{method} {path} HTTP/1.1\r\nHost: gateway\r\n{}\r\n\r\n", headers.join("\r\n")));
    out.extend_from_slice(&body);
    let mut connection = gateway.client().connect()?;
    connection.patience(LIMIT)?;
    // A body that is too large may be refused before it is sent.
    connection.send(&out).ok();
    ended(connection.response_to(method).map(Outcome::Answer))
}

/// All that the connection brings: a second answer is one to a smuggled request.
fn send_raw(gateway: &Gateway, raw: &[u8]) -> io::Result<Outcome> {
    let mut connection = gateway.client().connect()?;
    connection.patience(LIMIT)?;
    connection.send(raw)?;
    let first = match connection.response() {
        Ok(response) => response,
        Err(error) => return ended(Err(error)),
    };
    connection.patience(Duration::from_millis(300))?;
    match connection.response() {
        Ok(second) => Ok(Outcome::Two(first, second)),
        Err(_) => Ok(Outcome::Answer(first)),
    }
}

fn send_http2(gateway: &Gateway, request: &Http2, fill: &Fill<'_>) -> io::Result<Outcome> {
    let fields = |all: &[String]| {
        // A pseudo-header field begins with a colon of its own.
        all.iter()
            .map(|field| {
                let field = fill.text(field);
                let at = field[1..].find(':').map_or(field.len(), |at| at + 1);
                let value = field.get(at + 1..).unwrap_or_default();
                (bytes(&field[..at]), bytes(value.strip_prefix(' ').unwrap_or(value)))
            })
            .collect()
    };
    let request = frames::Request { fields: fields(&request.fields), body: request.body.as_deref().map(bytes), trailers: fields(&request.trailers) };
    Ok(match frames::exchange(&gateway.client(), &request)? {
        frames::Answer::Response { status, body } => Outcome::Answer(Response { status, headers: Vec::new(), body }),
        frames::Answer::Ended { .. } => Outcome::Closed,
    })
}

fn ended(answer: io::Result<Outcome>) -> io::Result<Outcome> {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    match answer {
        Err(error) if matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof) => Ok(Outcome::Closed),
        other => other,
    }
}

/// Each character below U+0100 is a byte; what is above has no byte of its own and goes as UTF-8.
fn bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for character in text.chars() {
        match u8::try_from(u32::from(character)) {
            Ok(byte) => out.push(byte),
            Err(_) => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out
}

fn body(case: &Case) -> Vec<u8> {
    if !case.pieces.is_empty() {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => bytes(text),
            Piece::Repeated { repeat, times } => bytes(repeat).repeat(*times),
        };
        return case.pieces.iter().flat_map(piece).collect();
    }
    match &case.body {
        Value::Null => Vec::new(),
        Value::String(text) => bytes(text),
        json => json.to_string().into_bytes(),
    }
}

/// Fills in what only a running gateway has.
struct Fill<'g> {
    gateway: &'g Gateway,
    who: &'g str,
}

impl Fill<'_> {
    /// `{token}`, `{token64}` (base64url), `{alice}` (her token) and `{prefix}` (the connection's path).
    fn text(&self, text: &str) -> String {
        let token = |who: &str| self.gateway.token(who);
        let mut text = text.to_owned();
        let fills: [(&str, &dyn Fn() -> String); 4] = [
            ("{token}", &|| token(self.who)),
            ("{token64}", &|| URL_SAFE_NO_PAD.encode(token(self.who))),
            ("{alice}", &|| token("alice")),
            ("{prefix}", &|| self.gateway.path("")),
        ];
        for (mark, value) in fills {
            if text.contains(mark) {
                text = text.replace(mark, &value());
            }
        }
        text
    }
}
