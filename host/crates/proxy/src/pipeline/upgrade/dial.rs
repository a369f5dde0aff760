//! The cluster's end of a stream: asked in the client's own way first, then in the other.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::upgrade::OnUpgrade;
use kube_request::{Cause, Refusal};
use masking::CompiledPlan;

use super::offer::{Offer, field};
use crate::pipeline::{Admitted, exchange};
use crate::trail::Trail;
use crate::upstream::{Exchange, PooledBody, Upstream};
use crate::wire::Carrier;

/// What the cluster said.
pub enum Dialed {
    /// It switched.
    Switched(Cluster),
    /// It answered otherwise, and that is the answer.
    Answered(Response<PooledBody>),
}

/// The cluster's end, about to switch.
pub struct Cluster {
    offer: Offer,
    connection: OnUpgrade,
    response: Response<PooledBody>,
}

impl Cluster {
    /// What was agreed, the connection, and what holds it open.
    pub fn parts(self) -> (Offer, OnUpgrade, Response<PooledBody>) {
        (self.offer, self.connection, self.response)
    }
}

/// Asks until the cluster switches, or says what is wrong with the request rather than with the way it was asked.
///
/// # Errors
/// When it cannot be reached, or switches to something else than it was asked for.
pub async fn dial(admitted: &Admitted, trail: &Trail, plan: &CompiledPlan, client: Offer) -> Result<Dialed, Refusal> {
    let mut first = None;
    for offer in client.to_cluster() {
        let (request, key) = handshake(admitted, offer)?;
        let mut response = exchange::ask(admitted, trail, plan, request, Exchange::Upgrade).await?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            if !is_as_asked(response.headers(), offer, key.as_deref()) {
                return Err(Refusal::new(502, Cause::UpstreamUnavailable, "response", format!("the cluster switched to something else than `{}`, so the stream was not opened", offer.protocol)));
            }
            let connection = Upstream::upgraded(&mut response);
            return Ok(Dialed::Switched(Cluster { offer, connection, response }));
        }
        let is_last = !is_about_the_way(response.status());
        // What the cluster says to the client's own way is what the client is used to.
        let response = first.get_or_insert(response);
        tracing::debug!(status = %response.status(), protocol = offer.protocol, "the cluster did not switch protocols");
        if is_last {
            break;
        }
    }
    first.map(Dialed::Answered).ok_or_else(|| Refusal::new(502, Cause::UpstreamUnavailable, "response", "there is no way to ask the cluster for this stream; use another client"))
}

/// Whether a status says that the cluster does not know this handshake, or does not let the gateway use its method (a
/// WebSocket's GET needs the RBAC verb `get` before Kubernetes 1.35), so that the other one is worth a try.
fn is_about_the_way(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_ACCEPTABLE | StatusCode::UPGRADE_REQUIRED
    )
}

/// The request to switch, and the key that the answer must prove to have read.
fn handshake(admitted: &Admitted, offer: Offer) -> Result<(Request<Full<Bytes>>, Option<String>), Refusal> {
    let (method, upgrade) = match offer.carrier {
        Carrier::WebSocket => ("GET", "websocket"),
        Carrier::Spdy => ("POST", "SPDY/3.1"),
    };
    let mut builder = Request::builder()
        .method(method)
        .uri(admitted.request.target())
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, upgrade)
        .header(field(offer.carrier), offer.protocol);
    let mut key = None;
    if offer.carrier == Carrier::WebSocket {
        let nonce = STANDARD.encode(uuid::Uuid::new_v4().as_bytes());
        builder = builder.header(header::SEC_WEBSOCKET_VERSION, "13").header(header::SEC_WEBSOCKET_KEY, &nonce);
        key = Some(nonce);
    }
    let request = builder.body(Full::default());
    request.map(|request| (request, key)).map_err(|_| Refusal::malformed("path", "the request cannot be sent on; check its path and query"))
}

/// Whether a 101 belongs to what was asked.
fn is_as_asked(answer: &HeaderMap, offer: Offer, key: Option<&str>) -> bool {
    let says = |name: &str, value: &str| answer.get(name).is_some_and(|said| said.as_bytes().eq_ignore_ascii_case(value.as_bytes()));
    let switched = match (offer.carrier, key) {
        (Carrier::WebSocket, Some(key)) => says("upgrade", "websocket") && answer.get(header::SEC_WEBSOCKET_ACCEPT).is_some_and(|said| *said == accept(key)),
        (Carrier::WebSocket, None) => false,
        (Carrier::Spdy, _) => says("upgrade", "SPDY/3.1"),
    };
    switched && says(field(offer.carrier), offer.protocol)
}

/// The answer to a client's own handshake.
pub fn switched(offer: Offer, key: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(field(offer.carrier), HeaderValue::from_static(offer.protocol));
    match offer.carrier {
        Carrier::WebSocket => {
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            if let Some(key) = key {
                headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept(key));
            }
        }
        Carrier::Spdy => {
            headers.insert(header::UPGRADE, HeaderValue::from_static("SPDY/3.1"));
        }
    }
    headers
}

/// RFC 6455 section 4.2.2: the digest of the key and a fixed text. SHA-1 protects nothing here.
fn accept(key: &str) -> HeaderValue {
    let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    context.update(key.as_bytes());
    context.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let text = STANDARD.encode(context.finish());
    HeaderValue::from_str(&text).unwrap_or_else(|_| unreachable!("base64 is printable"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 6455 section 1.3.
    #[test]
    fn a_key_is_answered_as_the_rfc_does() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_switch_to_something_else_is_none() {
        let offer = Offer { carrier: Carrier::WebSocket, protocol: super::super::offer::CHANNELS_V5, talk: super::super::offer::Talk::Command };
        let key = "dGhlIHNhbXBsZSBub25jZQ==";
        let good = switched(offer, Some(key));
        assert!(is_as_asked(&good, offer, Some(key)));
        for (name, value) in [("sec-websocket-accept", "AAAA"), ("sec-websocket-protocol", "v4.channel.k8s.io"), ("upgrade", "SPDY/3.1")] {
            let mut other = good.clone();
            other.insert(name, HeaderValue::from_static(value));
            assert!(!is_as_asked(&other, offer, Some(key)), "{name}");
        }
    }
}
