//! The header fields: what is refused, what is taken, what is sent on.
//!
//! Nothing is forwarded because it was there: [`screen`] takes the few fields that have a meaning for
//! the Kubernetes API, and the rest ends here, hop-by-hop fields (also those that `Connection` names)
//! among them. Fields by which a client could claim to be somebody are refused, not dropped, so that
//! nobody believes they worked.

use crate::head::Upgrade;
use crate::{Cause, Refusal};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::borrow::Cow;
use std::fmt;

/// The longest bearer token, in bytes. A JWT with two hundred groups has some 8 KiB.
pub const MAX_TOKEN: usize = 16 * 1024;
/// The most header fields.
pub const MAX_FIELDS: usize = 100;
/// The longest `Accept`, in bytes; kubectl's has under 300.
pub const MAX_ACCEPT: usize = 2048;
/// The longest of the other values that are kept, in bytes.
pub const MAX_VALUE: usize = 512;

/// A bearer token as a WebSocket subprotocol
/// (`apiserver/pkg/authentication/request/websocket/protocol.go`), for browsers.
const BEARER_PROTOCOL: &str = "base64url.bearer.authorization.k8s.io.";

/// The header fields that have a meaning, checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers {
    /// `Accept`, several fields joined.
    pub accept: Option<String>,
    /// Whether `Accept-Encoding` takes gzip: for what the gateway sends, never for what it asks.
    pub gzip: bool,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Content-Encoding`, unless it is `identity`.
    pub content_encoding: Option<String>,
    /// `User-Agent`, printable ASCII only.
    pub user_agent: Option<String>,
    /// `If-None-Match`, sent on for the OpenAPI and discovery documents.
    pub if_none_match: Option<String>,
    /// `Sec-WebSocket-Key`.
    pub websocket_key: Option<String>,
    /// `Sec-WebSocket-Protocol`, in the client's order, credentials removed.
    pub websocket_protocols: Vec<String>,
    /// `X-Stream-Protocol-Version`, the same for SPDY.
    pub stream_protocols: Vec<String>,
}

/// What [`screen`] found.
#[derive(Clone, Default)]
pub struct Screened<'a> {
    /// The token, from `Authorization` or from the WebSocket subprotocol. Never sent on.
    pub bearer: Option<Cow<'a, str>>,
    /// The protocol to switch to.
    pub upgrade: Option<Upgrade>,
    /// `Kubectl-Command`: the client's word, for the record only.
    pub claimed_command: Option<String>,
    /// `Kubectl-Session`: the client's word, for the record only.
    pub claimed_session: Option<String>,
    /// The rest.
    pub headers: Headers,
}

/// Whether there is a token, not which.
impl fmt::Debug for Screened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Screened")
            .field("bearer", &self.bearer.as_ref().map(|_| "…"))
            .field("upgrade", &self.upgrade)
            .field("claimed_command", &self.claimed_command)
            .field("claimed_session", &self.claimed_session)
            .field("headers", &self.headers)
            .finish()
    }
}

/// Check every field, and take what has a meaning. Names may be in any case.
pub fn screen<'a>(fields: &[(&str, &'a [u8])]) -> Result<Screened<'a>, Refusal> {
    if fields.len() > MAX_FIELDS {
        return Err(Refusal::new(431, Cause::MalformedRequest, "headers", "the request has more than 100 header fields: send fewer"));
    }
    let mut screened = Screened::default();
    let mut wire = Wire::default();
    let mut protocol_token = None;
    for (name, value) in fields {
        // Lower case is what an HTTP library gives; anything else is folded here.
        let folded;
        let name: &str = if name.bytes().any(|b| b.is_ascii_uppercase()) {
            folded = name.to_ascii_lowercase();
            &folded
        } else {
            name
        };
        let value: &'a [u8] = value.trim_ascii();
        match name {
            #[expect(clippy::collapsible_match, reason = "a guard that changes something is no guard")]
            "authorization" => {
                if screened.bearer.replace(Cow::Borrowed(bearer(value)?)).is_some() {
                    return Err(bad("authorization", "the request has two Authorization fields: send one"));
                }
            }
            "accept" => join(&mut screened.headers.accept, name, value, MAX_ACCEPT)?,
            "accept-encoding" => screened.headers.gzip |= takes_gzip(value),
            "content-type" => once(&mut screened.headers.content_type, name, value)?,
            "content-encoding" if value.eq_ignore_ascii_case(b"identity") => {}
            "content-encoding" => once(&mut screened.headers.content_encoding, name, value)?,
            "user-agent" => screened.headers.user_agent = printable(value),
            "if-none-match" => once(&mut screened.headers.if_none_match, name, value)?,
            "kubectl-command" => screened.claimed_command = claimed(value),
            "kubectl-session" => screened.claimed_session = claimed(value),
            "connection" => wire.connection(value)?,
            "upgrade" => wire.upgrade(value)?,
            "content-length" => wire.length(value)?,
            "transfer-encoding" => wire.transfer(value)?,
            "trailer" => return Err(bad(name, "the request announces trailers: send all fields in the header")),
            "sec-websocket-key" => once(&mut screened.headers.websocket_key, name, value)?,
            "sec-websocket-protocol" => {
                for protocol in list(name, value)? {
                    match protocol.strip_prefix(BEARER_PROTOCOL) {
                        Some(_) if protocol_token.is_some() => return Err(bad(name, "the WebSocket subprotocols hold two bearer tokens: send one")),
                        Some(encoded) => protocol_token = Some(protocol_bearer(encoded)?),
                        None => screened.headers.websocket_protocols.push(protocol.to_owned()),
                    }
                }
            }
            "x-stream-protocol-version" => screened.headers.stream_protocols.extend(list(name, value)?.map(str::to_owned)),
            name if claims_identity(name) => {
                return Err(bad(name, &format!("the header field {} claims an identity: the gateway sets it, send only your own token", excerpt(name))));
            }
            _ => {}
        }
    }
    if screened.headers.websocket_protocols.len() + screened.headers.stream_protocols.len() > 16 {
        return Err(bad("sec-websocket-protocol", "the request offers more than 16 stream protocols: offer fewer"));
    }
    screened.upgrade = wire.finish()?;
    if let Some(token) = protocol_token {
        if screened.upgrade != Some(Upgrade::WebSocket) {
            return Err(bad("sec-websocket-protocol", "a bearer token as subprotocol belongs to a WebSocket handshake: use the Authorization field"));
        }
        if screened.headers.websocket_protocols.is_empty() {
            return Err(bad("sec-websocket-protocol", "beside the bearer token another subprotocol must be offered: add `v5.channel.k8s.io`"));
        }
        if screened.bearer.is_some() {
            return Err(bad("authorization", "the request has a token as Authorization and one as subprotocol: send one"));
        }
        screened.bearer = Some(Cow::Owned(token));
    }
    Ok(screened)
}

/// What concerns the connection and the framing, which has to make sense together.
#[derive(Default)]
struct Wire {
    connection_upgrade: bool,
    upgrade: Option<Upgrade>,
    length: bool,
    transfer: bool,
}

impl Wire {
    /// A name in `Connection` makes the next proxy drop that field: a way to lose the gateway's own.
    fn connection(&mut self, value: &[u8]) -> Result<(), Refusal> {
        for option in value.split(|b| *b == b',').map(<[u8]>::trim_ascii) {
            if option.eq_ignore_ascii_case(b"upgrade") {
                self.connection_upgrade = true;
            } else if !option.is_empty() && !option.eq_ignore_ascii_case(b"keep-alive") && !option.eq_ignore_ascii_case(b"close") {
                return Err(bad("connection", "the Connection field names another field: only keep-alive, close and upgrade may stand there"));
            }
        }
        Ok(())
    }

    fn upgrade(&mut self, value: &[u8]) -> Result<(), Refusal> {
        let upgrade = if value.eq_ignore_ascii_case(b"websocket") {
            Upgrade::WebSocket
        } else if value.eq_ignore_ascii_case(b"spdy/3.1") {
            Upgrade::Spdy
        } else {
            return Err(bad("upgrade", "the protocol in the Upgrade field is not served: use websocket or SPDY/3.1"));
        };
        match self.upgrade.replace(upgrade) {
            None => Ok(()),
            Some(_) => Err(bad("upgrade", "the request has two Upgrade fields: send one")),
        }
    }

    fn length(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if self.length || value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
            return Err(bad("content-length", "the Content-Length is repeated or no number: send one"));
        }
        self.length = true;
        Ok(())
    }

    fn transfer(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if self.transfer || !value.eq_ignore_ascii_case(b"chunked") {
            return Err(bad("transfer-encoding", "only one Transfer-Encoding, chunked, is served: send the body so, or with a Content-Length"));
        }
        self.transfer = true;
        Ok(())
    }

    fn finish(self) -> Result<Option<Upgrade>, Refusal> {
        if self.length && self.transfer {
            return Err(bad("transfer-encoding", "the request has both Content-Length and Transfer-Encoding: send one of them"));
        }
        if self.connection_upgrade != self.upgrade.is_some() {
            return Err(bad("upgrade", "Upgrade and `Connection: Upgrade` belong together: send both or neither"));
        }
        Ok(self.upgrade)
    }
}

/// Whether a field tells a server who asks. A proxy behind may read an underscore as a hyphen, as CGI does.
fn claims_identity(name: &str) -> bool {
    ["impersonate", "x-remote"].iter().any(|prefix| name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(['-', '_'])))
        || name.starts_with("x_remote")
}

/// Whether an `Accept-Encoding` has gzip in it, with a weight that is not zero (RFC 9110 section 12.5.3).
fn takes_gzip(value: &[u8]) -> bool {
    value.split(|b| *b == b',').any(|coding| {
        let mut parts = coding.split(|b| *b == b';').map(<[u8]>::trim_ascii);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(b"gzip"));
        named && !parts.any(|weight| weight.starts_with(b"q=0") && weight[3..].iter().all(|b| matches!(b, b'.' | b'0')))
    })
}

/// The token of an `Authorization` field; the scheme in any case, as in the API server.
fn bearer(value: &[u8]) -> Result<&str, Refusal> {
    let wrong = || Refusal::unauthenticated("the Authorization field holds no bearer token: send `Authorization: Bearer <token>`");
    let text = std::str::from_utf8(value).map_err(|_| wrong())?;
    let (scheme, token) = text.split_once(' ').ok_or_else(wrong)?;
    let token = token.trim_ascii();
    if !scheme.eq_ignore_ascii_case("bearer") || !is_token(token) {
        return Err(wrong());
    }
    check_token_length(token)?;
    Ok(token)
}

fn protocol_bearer(encoded: &str) -> Result<String, Refusal> {
    let wrong = || Refusal::unauthenticated("the bearer token in the WebSocket subprotocol is not base64url without padding: encode it so");
    check_token_length(encoded)?;
    let token = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| wrong())?;
    let token = String::from_utf8(token).map_err(|_| wrong())?;
    if is_token(&token) { Ok(token) } else { Err(wrong()) }
}

fn check_token_length(token: &str) -> Result<(), Refusal> {
    if token.len() > MAX_TOKEN {
        return Err(Refusal::unauthenticated("the bearer token is longer than 16 KiB: ask the issuer for one with fewer claims"));
    }
    Ok(())
}

/// `b64token` of RFC 6750, which every JWT and every session token is.
fn is_token(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'='))
}

/// Take a field that may occur once.
fn once(slot: &mut Option<String>, name: &str, value: &[u8]) -> Result<(), Refusal> {
    let value = visible(name, value, MAX_VALUE)?;
    match slot.replace(value.to_owned()) {
        None => Ok(()),
        Some(_) => Err(bad(name, &format!("the header field {name} occurs twice: send it once"))),
    }
}

/// Take a field whose lines are joined by commas (RFC 9110 section 5.3).
fn join(slot: &mut Option<String>, name: &str, value: &[u8], limit: usize) -> Result<(), Refusal> {
    let value = visible(name, value, limit)?;
    match slot {
        None => *slot = Some(value.to_owned()),
        Some(before) if before.len() + value.len() + 1 > limit => return Err(long(name)),
        Some(before) => {
            before.push(',');
            before.push_str(value);
        }
    }
    Ok(())
}

/// The items of a comma-separated list of tokens.
fn list<'v>(name: &str, value: &'v [u8]) -> Result<impl Iterator<Item = &'v str>, Refusal> {
    // A token may be among them.
    Ok(visible(name, value, 2 * MAX_TOKEN)?.split(',').map(str::trim_ascii).filter(|item| !item.is_empty()))
}

/// Printable ASCII within a limit.
fn visible<'v>(name: &str, value: &'v [u8], limit: usize) -> Result<&'v str, Refusal> {
    if value.len() > limit {
        return Err(long(name));
    }
    match std::str::from_utf8(value) {
        Ok(text) if text.bytes().all(|b| (0x20..0x7f).contains(&b) || b == b'\t') => Ok(text),
        _ => Err(bad(name, &format!("the header field {name} has characters that are not printable ASCII: remove them"))),
    }
}

fn long(name: &str) -> Refusal {
    Refusal::new(431, Cause::MalformedRequest, format!("headers.{name}"), format!("the header field {name} is too long: shorten it"))
}

/// For a field that only informs: what is not printable is left out, and the rest cut.
fn printable(value: &[u8]) -> Option<String> {
    let text: String = value.iter().filter(|b| (0x20..0x7f).contains(*b)).take(MAX_VALUE).map(|b| char::from(*b)).collect();
    (!text.is_empty()).then_some(text)
}

/// The same for what goes to terminals and pages beside the gateway's own rendering.
fn claimed(value: &[u8]) -> Option<String> {
    let mut text = printable(value)?;
    text.truncate(256);
    Some(text)
}

fn excerpt(name: &str) -> String {
    name.chars().take(64).filter(char::is_ascii_graphic).collect()
}

fn bad(name: &str, message: &str) -> Refusal {
    Refusal::malformed(format!("headers.{}", excerpt(name)), message)
}

#[cfg(test)]
mod tests;
