//! Forwarded connections: pairs of SPDY streams, one for the bytes and one for what went wrong.
//!
//! For each connection that somebody makes to kubectl's local port it opens two streams, with the headers
//! `streamType` (`error`, then `data`), `port` and `requestID`
//! (`cri-streaming/pkg/streaming/portforward/httpstream.go`). Over a WebSocket
//! ([`TUNNEL`]) the very same SPDY bytes travel in binary messages, cut anywhere: put their payloads in a row.
//!
//! [`Relay`] stands between the two sides and ends both connections: frames are read, understood and written
//! anew, never copied. So it knows each port that was reached, how much went either way, and how it ended; and
//! a port that is not allowed is reached by no stream, whatever the request said.

mod headers;
mod relay;

pub use headers::{Kind, MAX_REQUEST_ID, Refusal};
pub use relay::{Error, Event, Forwarded, MAX_MESSAGE, MAX_STREAMS, Relay};

/// The protocol's name over SPDY: the value of `X-Stream-Protocol-Version`.
pub const PROTOCOL: &str = "portforward.k8s.io";

/// The WebSocket subprotocol that carries it (`apimachinery/pkg/util/portforward`).
pub const TUNNEL: &str = "SPDY/3.1+portforward.k8s.io";
