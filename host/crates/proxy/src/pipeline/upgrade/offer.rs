//! What a client that wants to switch protocols offers, and what it is given: one version, of those that are understood.

use kube_request::{KubeRequest, Refusal, Upgrade};

use crate::wire::Carrier;

/// Exec and attach: the exit status is an object (v4), and an input can be closed by itself (v5).
pub const CHANNELS_V5: &str = "v5.channel.k8s.io";
/// As v5, without the closing of an input over a WebSocket.
pub const CHANNELS_V4: &str = "v4.channel.k8s.io";
/// SPDY/3.1 streams within a WebSocket's messages.
pub const FORWARD_TUNNEL: &str = "SPDY/3.1+portforward.k8s.io";
/// SPDY/3.1 streams.
pub const FORWARD_STREAMS: &str = "portforward.k8s.io";

/// What is said once the protocols have switched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Talk {
    /// Exec and attach.
    Command,
    /// Port-forward, two SPDY streams a connection.
    Streams,
    /// Port-forward in the form of the client libraries: a WebSocket with two channels a port, a connection each.
    Channels,
}

/// What a client offers, the best that is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// How it wants to be answered.
    pub carrier: Carrier,
    /// The version.
    pub protocol: &'static str,
    /// What it is about.
    pub talk: Talk,
}

impl Offer {
    /// The client's offer.
    ///
    /// # Errors
    /// When it offers nothing that is understood, or no proper handshake.
    pub fn of(request: &KubeRequest) -> Result<Offer, Refusal> {
        let forward = request.subresource.as_deref() == Some("portforward");
        let (carrier, offered) = match request.upgrade {
            Some(Upgrade::WebSocket) => (Carrier::WebSocket, &request.headers.websocket_protocols),
            Some(Upgrade::Spdy) => (Carrier::Spdy, &request.headers.stream_protocols),
            None => return Err(Refusal::malformed("headers.upgrade", "the request switches no protocol: send `Upgrade: websocket`")),
        };
        if carrier == Carrier::WebSocket && !request.headers.websocket_key.as_deref().is_some_and(is_key) {
            return Err(Refusal::malformed("headers.sec-websocket-key", "the WebSocket handshake has no key of 16 bytes in base64: send one (RFC 6455 section 4.1)"));
        }
        let known: &[(&'static str, Talk)] = match (carrier, forward) {
            (Carrier::WebSocket, false) => &[(CHANNELS_V5, Talk::Command), (CHANNELS_V4, Talk::Command)],
            (Carrier::Spdy, false) => &[(CHANNELS_V4, Talk::Command)],
            (Carrier::WebSocket, true) => &[(FORWARD_TUNNEL, Talk::Streams), (CHANNELS_V4, Talk::Channels)],
            (Carrier::Spdy, true) => &[(FORWARD_STREAMS, Talk::Streams)],
        };
        let found = known.iter().find(|(protocol, _)| offered.iter().any(|offer| offer == protocol));
        match found {
            Some(&(protocol, talk)) => Ok(Offer { carrier, protocol, talk }),
            None => {
                let (field, names) = (field(carrier), known.iter().map(|(protocol, _)| *protocol).collect::<Vec<_>>().join(" or "));
                Err(Refusal::malformed(format!("headers.{field}"), format!("none of the stream protocols offered is understood, so none could be recorded or masked: offer {names} in {field}")))
            }
        }
    }

    /// The offers to make to the cluster, in order. The client's own carrier first, so that what the cluster says of
    /// a pod that is not there reaches the client as it is used to; then the other.
    pub fn to_cluster(self) -> Vec<Offer> {
        let other = match (self.talk, self.carrier) {
            (Talk::Command, Carrier::WebSocket) => Some(Offer { carrier: Carrier::Spdy, protocol: CHANNELS_V4, ..self }),
            (Talk::Command, Carrier::Spdy) => Some(Offer { carrier: Carrier::WebSocket, protocol: CHANNELS_V5, ..self }),
            (Talk::Streams, Carrier::WebSocket) => Some(Offer { carrier: Carrier::Spdy, protocol: FORWARD_STREAMS, ..self }),
            (Talk::Streams, Carrier::Spdy) => Some(Offer { carrier: Carrier::WebSocket, protocol: FORWARD_TUNNEL, ..self }),
            (Talk::Channels, _) => None,
        };
        std::iter::once(self).chain(other).collect()
    }
}

/// The header field that names the version.
pub fn field(carrier: Carrier) -> &'static str {
    match carrier {
        Carrier::WebSocket => "sec-websocket-protocol",
        Carrier::Spdy => "x-stream-protocol-version",
    }
}

fn is_key(text: &str) -> bool {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).is_ok_and(|key| key.len() == 16)
}

#[cfg(test)]
mod tests;
