//! A record, made a request again: what policies were told then, as far as it was kept.

use std::sync::Arc;

use jiff::Timestamp;
use kube_request::{Head, KubeRequest};
use policy::{Decision, Facts, IdentityFacts, IdentityKind, KeptBody, RequestFacts, ResponseKind, SessionFacts};
use serde_json::Value;

/// A request that can be judged again.
pub struct Recorded {
    /// The record.
    pub record: Value,
    /// When the request came.
    pub time: Timestamp,
    /// What was decided then.
    pub decision: Decision,
    /// What policies are told.
    pub facts: Facts,
    /// Its body, as it was kept. It is the very one when the request's hash says so; otherwise values of it were masked before it was kept.
    pub body: Option<KeptBody>,
    /// The kind of its answer, which is what is masked by.
    pub kind: ResponseKind,
}

/// Why a record is not judged again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    /// It is no request to a cluster, or was refused before policies were asked.
    NotJudged,
    /// It was refused for a reason that no policy had a part in.
    OtherReason,
    /// It had a body, which was not kept because nobody said what to mask in it.
    Unplanned,
    /// It had a body, which was not kept because it could not be masked.
    Unmasked,
    /// It had a body, of which nothing is known.
    NoBody,
    /// It had a body, which is too long to be shown whole.
    Long,
    /// It cannot be made a request again.
    Unreadable,
}

impl Left {
    /// For people.
    pub fn why(self) -> &'static str {
        match self {
            Left::NotJudged => "no policy was asked about them",
            Left::OtherReason => "refused for a reason that is no policy's",
            Left::Unplanned => "had a body that was not kept, because a masker failed and nobody said what to mask in it",
            Left::Unmasked => "had a body that was not kept, because it could not be masked",
            Left::NoBody => "had a body that was not kept, because they were cut short, or by an older gateway",
            Left::Long => "had a body that is too long to be shown whole",
            Left::Unreadable => "cannot be read as requests any more",
        }
    }
}

/// Whether the record's body has to be asked for.
pub fn has_body(record: &Value) -> bool {
    record["request"]["content_type"].is_string()
}

/// What policies decided, as the record tells.
///
/// # Errors
/// When they did not.
pub fn decision(record: &Value) -> Result<Decision, Left> {
    if record["generation"].is_null() || record["request"].is_null() {
        return Err(Left::NotJudged);
    }
    match record["refusal"]["cause"].as_str() {
        Some("PolicyDenied" | "PolicyFailed" | "BudgetExceeded") => Ok(Decision::Deny),
        Some("ApprovalPending" | "ApprovalDenied" | "ApprovalExpired") => Ok(Decision::RequireApproval),
        Some(_) => Err(Left::OtherReason),
        None if record["approval"].is_string() || record["decision"] == "hold" => Ok(Decision::RequireApproval),
        None if record["decision"] == "allow" => Ok(Decision::Allow),
        None => Err(Left::OtherReason),
    }
}

/// Makes the request again. `body`: as `audit show` gives it. `session`: as `session show` does, where it could be had.
///
/// # Errors
/// When it cannot be.
pub fn again(record: Value, body: Option<&str>, session: Option<&Value>) -> Result<Recorded, Left> {
    let decision = decision(&record)?;
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
    let time: Timestamp = text("/time").and_then(|time| time.parse().ok()).ok_or(Left::Unreadable)?;
    if has_body(&record) && body.is_none() {
        return Err(match text("/request/body_not_kept") {
            Some("unplanned") => Left::Unplanned,
            Some(_) => Left::Unmasked,
            None => Left::NoBody,
        });
    }
    let request = request(&record, body).ok_or(Left::Unreadable)?;
    let masked = text("/request/hash") != Some(request.hash().as_str());
    let kept = request.body.as_ref().map(|body| KeptBody { json: Arc::new(body.json.clone()), masked });
    let connection = text("/connection").unwrap_or_default();
    let kind = ResponseKind::new(connection, &request);
    let mut asked = RequestFacts::new(connection, &request);
    asked.claimed_command = text("/command/claimed").map(str::to_owned);
    // Where the body is not the very one, the hash that policies saw was another.
    asked.hash = text("/request/hash").unwrap_or_default().to_owned();
    let facts = Facts { identity: identity(&record).ok_or(Left::Unreadable)?, session: within(&record, session, time), request: asked };
    Ok(Recorded { time, decision, facts, body: kept, kind, record })
}

fn request(record: &Value, body: Option<&str>) -> Option<KubeRequest> {
    let request = &record["request"];
    let text = |field: &str| request[field].as_str();
    let mut target = encoded(text("path")?);
    if let Some(query) = text("query") {
        target.push('?');
        target.push_str(query);
    }
    let content_type = text("content_type");
    let mut headers: Vec<(&str, &[u8])> = vec![("accept", b"application/json")];
    headers.extend(content_type.map(|media_type| ("content-type", media_type.as_bytes())));
    let stream = matches!(text("subresource"), Some("exec" | "attach" | "portforward")) && text("group") == Some("");
    if stream {
        headers.extend([("connection", &b"Upgrade"[..]), ("upgrade", if text("method") == Some("POST") { b"SPDY/3.1" } else { b"websocket" })]);
    }
    let parsed = KubeRequest::parse(&Head { method: text("method")?, target: &target, headers: &headers }).ok()?;
    match body.filter(|_| content_type.is_some()) {
        Some(body) => parsed.with_body(body.as_bytes()).ok(),
        None => Some(parsed),
    }
}

/// The path is kept decoded.
fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b':' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

fn identity(record: &Value) -> Option<IdentityFacts> {
    let identity = &record["identity"];
    Some(IdentityFacts {
        issuer: identity["issuer"].as_str()?.to_owned(),
        subject: identity["subject"].as_str()?.to_owned(),
        kind: match identity["kind"].as_str()? {
            "human" => IdentityKind::Human,
            "agent" => IdentityKind::Agent,
            "workload" => IdentityKind::Workload,
            _ => return None,
        },
        sponsor: identity["sponsor"].as_str().map(str::to_owned),
        groups: identity["groups"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
    })
}

/// A session that is not known any more began with the request and ends an hour later.
fn within(record: &Value, session: Option<&Value>, time: Timestamp) -> SessionFacts {
    let at = |field: &str| session.and_then(|session| session[field].as_str()?.parse::<Timestamp>().ok());
    let milliseconds = |time: Timestamp| u64::try_from(time.as_millisecond()).unwrap_or_default();
    SessionFacts {
        id: record["session"].as_str().unwrap_or_default().to_owned(),
        purpose: session.and_then(|session| session["purpose"].as_str()).map(str::to_owned),
        opened: milliseconds(at("opened").unwrap_or(time)),
        expires: at("expires").map_or_else(|| milliseconds(time) + 3_600_000, milliseconds),
    }
}

#[cfg(test)]
mod tests;
