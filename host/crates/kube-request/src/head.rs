//! The head of an HTTP request as it came in, borrowed from whatever parsed it.

use crate::Refusal;
use std::fmt;

/// The head as on the wire. The gateway's own prefix (`/clusters/{connection}`) is already gone.
#[derive(Clone, Copy)]
pub struct Head<'a> {
    /// The method, case as sent.
    pub method: &'a str,
    /// Path and query in origin form, undecoded: `/api/v1/pods?limit=500`.
    pub target: &'a str,
    /// Every header field line in order, names in any case, values as sent.
    pub headers: &'a [(&'a str, &'a [u8])],
}

/// Only the names of the headers: a value may be a credential.
impl fmt::Debug for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| *name).collect();
        f.debug_struct("Head").field("method", &self.method).field("target", &self.target).field("headers", &names).finish()
    }
}

/// The methods that the API server routes. Anything else is refused: it would be the verb `""` there,
/// which no RBAC rule and no policy speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// `GET`
    Get,
    /// `HEAD`; a `get` or `list` to RBAC.
    Head,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
    /// `OPTIONS`, on paths that are no resource only.
    Options,
}

impl Method {
    /// As on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
            Method::Options => "OPTIONS",
        }
    }

    /// As the verb of a path that is no resource.
    pub fn lower(self) -> &'static str {
        match self {
            Method::Get => "get",
            Method::Head => "head",
            Method::Post => "post",
            Method::Put => "put",
            Method::Patch => "patch",
            Method::Delete => "delete",
            Method::Options => "options",
        }
    }

    /// Methods are case-sensitive (RFC 9110 section 9.1), to Go as to this gateway.
    pub(crate) fn parse(text: &str) -> Result<Method, Refusal> {
        Ok(match text {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "PATCH" => Method::Patch,
            "DELETE" => Method::Delete,
            "OPTIONS" => Method::Options,
            "CONNECT" => return Err(method_refused("CONNECT is not served: send API requests to the gateway's own address")),
            _ => return Err(method_refused("this HTTP method is not served: use GET, POST, PUT, PATCH or DELETE")),
        })
    }
}

/// 405 `MethodNotAllowed`.
pub(crate) fn method_refused(message: &str) -> Refusal {
    Refusal::new(405, crate::Cause::MalformedRequest, "method", message)
}

/// The protocol that a streaming request switches to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Upgrade {
    /// RFC 6455, by GET.
    WebSocket,
    /// `SPDY/3.1`, by GET or POST.
    Spdy,
}
