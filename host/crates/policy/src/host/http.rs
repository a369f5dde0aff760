//! `portcullis:policy/http`: outgoing requests of sinks and notifiers, to the origins that the operator granted and the bundle
//! asked for. The gateway gives the client, so this crate knows no HTTP library; redirects are the client's to refuse.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use crate::failure::Misuse;
use crate::host::CallState;
use crate::wit::{HttpRequest, HttpResponse};

/// Requests of one call.
const REQUESTS: u32 = 64;

/// Bytes of an outgoing body.
const BODY_BYTES: usize = 8 << 20;

/// Headers of an outgoing request, and of an answer.
const HEADERS: usize = 64;

/// Headers that say where a request goes and where it ends: the client's to write. With `Host` one granted origin would be a way to whatever
/// else answers at its address.
const CLIENTS_OWN: [&str; 11] = [
    "connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding",
    "upgrade",
];

/// Bytes of an answer's body that a component gets.
pub(crate) const ANSWER_BYTES: usize = 64 << 10;

/// Sends one request. The caller has checked the origin; the implementation follows no redirect, keeps at most 64 KiB of the
/// answer, and may take as long as it likes: the plugin's deadline cuts it off.
pub trait HttpClient: Send + Sync {
    /// An error is a sentence for the operator.
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, String>>;
}

/// What one plugin may do with the network.
pub(crate) struct HttpGrant {
    pub client: Arc<dyn HttpClient>,
    pub origins: Vec<Origin>,
    pub sent: std::sync::atomic::AtomicU32,
}

/// Scheme, host and port, as RFC 6454 compares them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    https: bool,
    host: String,
    port: u16,
}

/// Why a text is no origin, or an URL has none that can be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an http or https address: {reason}; write it as https://host:port")]
pub struct OriginError {
    text: String,
    reason: &'static str,
}

impl Origin {
    /// Reads an origin; a path, a query or a fragment behind it is an error.
    pub fn parse(text: &str) -> Result<Origin, OriginError> {
        match Origin::split(text) {
            Ok((origin, "" | "/")) => Ok(origin),
            Ok(_) => Err(OriginError { text: text.to_owned(), reason: "an origin has no path" }),
            Err(reason) => Err(OriginError { text: text.to_owned(), reason }),
        }
    }

    /// The origin of an absolute URL. Strict on purpose: whatever two parsers might read differently (user information, a backslash, a
    /// percent sign in the host, a control character) is refused, so that the client cannot reach another host than the one checked.
    ///
    /// # Errors
    /// With what is wrong, without the URL.
    pub fn of_url(url: &str) -> Result<Origin, OriginError> {
        // The error says what is wrong but not the address: a webhook's URL often is its credential.
        Origin::split(url).map(|(origin, _)| origin).map_err(|reason| OriginError { text: "the URL".to_owned(), reason })
    }

    /// It is reached by TLS.
    pub fn is_https(&self) -> bool {
        self.https
    }

    fn split(text: &str) -> Result<(Origin, &str), &'static str> {
        if text.bytes().any(|b| b <= b' ' || b == 0x7f || b == b'\\' || b >= 0x80) {
            return Err("it holds a character that must be percent-encoded");
        }
        let (https, rest) = match (strip_scheme(text, "https://"), strip_scheme(text, "http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err("it does not begin with https:// or http://"),
        };
        let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (host, port) = match authority.strip_prefix('[') {
            Some(inner) => {
                let (address, after) = inner.split_once(']').ok_or("its IPv6 address has no closing bracket")?;
                let address: std::net::Ipv6Addr = address.parse().map_err(|_| "its IPv6 address cannot be read")?;
                (format!("[{address}]"), after)
            }
            None => {
                let end = authority.find(':').unwrap_or(authority.len());
                let host = authority[..end].to_ascii_lowercase();
                if host.is_empty() || !host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')) {
                    return Err("its host may hold letters, digits, dots and hyphens only");
                }
                (host, &authority[end..])
            }
        };
        let port = match port.strip_prefix(':') {
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().map_err(|_| "its port cannot be read")?,
            Some(_) => return Err("its port cannot be read"),
            None if !port.is_empty() => return Err("its host cannot be read"),
            None if https => 443,
            None => 80,
        };
        Ok((Origin { https, host, port }, tail))
    }
}

fn strip_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let head = text.get(..scheme.len())?;
    head.eq_ignore_ascii_case(scheme).then(|| &text[scheme.len()..])
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", if self.https { "https" } else { "http" }, self.host, self.port)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

pub(super) fn link(linker: &mut Linker<CallState>, name: &str) -> wasmtime::Result<()> {
    linker.instance(name)?.func_wrap_async("send", |mut store: StoreContextMut<'_, CallState>, (request,): (HttpRequest,)| {
        let counted = store.data_mut().usage.host_call();
        let grant = store.data().http.clone();
        Box::new(async move {
            counted?;
            match grant {
                // `configure` and `describe` run without the network: what they learn there would be frozen into every instance.
                None => Err(wasmtime::Error::new(Misuse("it used the network while it was being configured".to_owned()))),
                Some(grant) => Ok((send(&grant, request).await,)),
            }
        })
    })
}

async fn send(grant: &HttpGrant, request: HttpRequest) -> Result<HttpResponse, String> {
    let origin = Origin::of_url(&request.url).map_err(|e| e.to_string())?;
    if !grant.origins.contains(&origin) {
        return Err(format!("{origin} is not among the origins that this plugin may reach; name it in the bundle and have the operator grant it"));
    }
    if request.body.len() > BODY_BYTES {
        return Err(format!("the body has {} bytes and may have {BODY_BYTES}; send it in parts", request.body.len()));
    }
    if request.headers.len() > HEADERS {
        return Err(format!("the request has {} headers and may have {HEADERS}; leave some out", request.headers.len()));
    }
    if let Some((name, _)) = request.headers.iter().find(|(name, _)| CLIENTS_OWN.contains(&name.trim().to_ascii_lowercase().as_str())) {
        return Err(format!("the header `{name}` is written by the gateway; leave it out"));
    }
    if grant.sent.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= REQUESTS {
        return Err(format!("this call has sent {REQUESTS} requests already; send fewer records at once"));
    }
    let mut response = grant.client.send(request).await?;
    response.body.truncate(ANSWER_BYTES);
    response.headers.truncate(HEADERS);
    Ok(response)
}

#[cfg(test)]
mod tests;
