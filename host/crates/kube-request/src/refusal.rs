//! Why a request is not passed on, and the Kubernetes `Status` object that says so.

use crate::json;
use std::fmt;

/// The stable reason of a refusal: what `details.causes[].reason` says. Scripts and agents match on
/// these words, so a variant is never renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// A policy said no.
    PolicyDenied,
    /// A person has to answer first.
    ApprovalPending,
    /// A person said no.
    ApprovalDenied,
    /// Nobody answered in time, or the answer is too old.
    ApprovalExpired,
    /// The session is over: time, idleness or revocation.
    SessionEnded,
    /// The session or identity has used what it was given.
    BudgetExceeded,
    /// The request has more than one reading, or none.
    MalformedRequest,
    /// The body is in a form that the gateway cannot read, so no policy can judge it.
    UnsupportedMediaType,
    /// A policy trapped, ran out of time or memory, or could not be asked.
    PolicyFailed,
    /// The record cannot be written, so nothing may pass.
    AuditUnavailable,
    /// The API server cannot be reached.
    UpstreamUnavailable,
    /// A masked value came back in a write where it cannot be restored.
    MaskedValueReturned,
    /// There is no token, or it is not good.
    Unauthenticated,
}

impl Cause {
    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::PolicyDenied => "PolicyDenied",
            Cause::ApprovalPending => "ApprovalPending",
            Cause::ApprovalDenied => "ApprovalDenied",
            Cause::ApprovalExpired => "ApprovalExpired",
            Cause::SessionEnded => "SessionEnded",
            Cause::BudgetExceeded => "BudgetExceeded",
            Cause::MalformedRequest => "MalformedRequest",
            Cause::UnsupportedMediaType => "UnsupportedMediaType",
            Cause::PolicyFailed => "PolicyFailed",
            Cause::AuditUnavailable => "AuditUnavailable",
            Cause::UpstreamUnavailable => "UpstreamUnavailable",
            Cause::MaskedValueReturned => "MaskedValueReturned",
            Cause::Unauthenticated => "Unauthenticated",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A refusal: one answer for people, one for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status, the one that the API server would use.
    pub code: u16,
    /// The Kubernetes reason that belongs to the code: `Forbidden`, `BadRequest`.
    pub reason: &'static str,
    /// The gateway's own reason.
    pub cause: Cause,
    /// The plugin and rule (`deny-list/no-namespace-deletion`), or the part of the request at fault
    /// (`path`, `query.dryRun`, `headers.connection`, `body`).
    pub field: String,
    /// For people: what is wrong, why, and what to do next.
    pub message: String,
    /// Seconds after which trying again makes sense: `details.retryAfterSeconds`. Note that kubectl
    /// repeats a 429 or 5xx by itself when the header `Retry-After` says the same.
    pub retry_after: Option<u32>,
}

impl Refusal {
    /// A refusal with the reason that Kubernetes pairs with `code`.
    pub fn new(code: u16, cause: Cause, field: impl Into<String>, message: impl Into<String>) -> Self {
        Refusal { code, reason: reason_for(code), cause, field: field.into(), message: message.into(), retry_after: None }
    }

    /// 400 `BadRequest`: the request has more than one reading, or none.
    pub fn malformed(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(400, Cause::MalformedRequest, field, message)
    }

    /// 403 `Forbidden`: a policy said no. `field` is `plugin/rule`.
    pub fn denied(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(403, Cause::PolicyDenied, field, message)
    }

    /// 415 `UnsupportedMediaType`: the body cannot be read, so it cannot be judged.
    pub fn unsupported_media_type(message: impl Into<String>) -> Self {
        Self::new(415, Cause::UnsupportedMediaType, "body", message)
    }

    /// 401 `Unauthorized`: no token, or not a good one.
    pub fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(401, Cause::Unauthenticated, "token", message)
    }

    /// 413 `RequestEntityTooLarge`.
    pub fn too_large(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(413, Cause::MalformedRequest, field, message)
    }

    /// The same refusal, with a time after which to try again.
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The Kubernetes `Status` object, as compact JSON. kubectl prints only `message`, so the id of
    /// the record is put there too; `details.causes` are for programs.
    pub fn status_json(&self, request_id: &str) -> String {
        let mut out = String::with_capacity(320 + 2 * self.message.len());
        out.push_str(r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"#);
        if request_id.is_empty() {
            json::write_string(&self.message, &mut out);
        } else {
            json::write_string(&format!("{} (request {request_id})", self.message), &mut out);
        }
        out.push_str(r#","reason":"#);
        json::write_string(self.reason, &mut out);
        out.push_str(r#","details":{"causes":[{"reason":"#);
        json::write_string(self.cause.as_str(), &mut out);
        out.push_str(r#","message":"#);
        json::write_string(&self.message, &mut out);
        if !self.field.is_empty() {
            out.push_str(r#","field":"#);
            json::write_string(&self.field, &mut out);
        }
        out.push_str("}]");
        if let Some(seconds) = self.retry_after {
            out.push_str(&format!(r#","retryAfterSeconds":{seconds}"#));
        }
        out.push_str(&format!(r#"}},"code":{}}}"#, self.code));
        out
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.code, self.cause, self.message)
    }
}

impl std::error::Error for Refusal {}

/// `metav1.StatusReason` by HTTP status (apimachinery `pkg/api/errors`).
fn reason_for(code: u16) -> &'static str {
    match code {
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        405 => "MethodNotAllowed",
        406 => "NotAcceptable",
        409 => "Conflict",
        410 => "Expired",
        413 => "RequestEntityTooLarge",
        415 => "UnsupportedMediaType",
        422 => "Invalid",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        408 | 504 => "Timeout",
        // 414 and 431, for which Kubernetes has no word.
        400..=499 => "BadRequest",
        _ => "InternalError",
    }
}

#[cfg(test)]
mod tests;
