//! What the gateway's functions give and take, for every version of the interface.

use std::fmt;

use wasmtime::component::{ComponentType, Lift, Lower};

/// How grave a line of the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "wasmtime makes the variants, from the guest's number")]
pub(crate) enum WitLevel {
    #[component(name = "debug")]
    Debug,
    #[component(name = "info")]
    Info,
    #[component(name = "warn")]
    Warn,
    #[component(name = "error")]
    Error,
}

/// An outgoing HTTP request of a sink or a notifier.
#[derive(Clone, ComponentType, Lift)]
#[component(record)]
pub struct HttpRequest {
    /// `POST`.
    pub method: String,
    /// An absolute `http` or `https` URL whose origin is allowed.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Headers may carry a credential and URLs of webhooks often are one, so neither is printed.
impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest").field("method", &self.method).field("body_bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// The answer to an [`HttpRequest`].
#[derive(Clone, ComponentType, Lower)]
#[component(record)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// At most 64 KiB.
    pub body: Vec<u8>,
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse").field("status", &self.status).field("body_bytes", &self.body.len()).finish_non_exhaustive()
    }
}
