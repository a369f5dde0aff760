//! What the headers of a stream ask for.

use std::num::NonZeroU16;

use crate::spdy::{Headers, StreamId};

/// The longest request number, in bytes. client-go counts from zero.
pub const MAX_REQUEST_ID: usize = 64;

const STREAM_TYPE: &str = "streamtype";
const PORT: &str = "port";
const REQUEST_ID: &str = "requestid";

/// Which stream of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The forwarded bytes.
    Data,
    /// What went wrong, as text from the kubelet.
    Error,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Error => "error",
        }
    }
}

/// Why a stream was not forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not `data` and not `error`, missing, or several.
    #[error("the stream's header streamType is neither data nor error")]
    StreamType,
    /// Missing, several, or no number from 1 to 65535.
    #[error("the stream's header port is no number from 1 to 65535")]
    Port,
    /// Empty, too long, or several.
    #[error("the stream's header requestID is empty or longer than {MAX_REQUEST_ID} bytes")]
    RequestId,
    /// A header that port forwarding does not have.
    #[error("the stream has a header other than streamType, port and requestID")]
    UnknownHeader,
    /// The connection already has a stream of this kind.
    #[error("the forwarded connection already has a stream of this kind")]
    Duplicate,
    /// The two streams of a connection name two ports.
    #[error("the two streams of a forwarded connection name different ports")]
    OtherPort,
    /// Not among the ports that this session may reach.
    #[error("this port was not asked for, or may not be reached")]
    NotAllowed,
}

/// What one stream asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) kind: Kind,
    pub(super) port: NonZeroU16,
    pub(super) request: String,
}

impl Asked {
    pub(super) fn decode(stream: StreamId, headers: &Headers) -> Result<Self, Refusal> {
        if headers.names().any(|name| ![STREAM_TYPE, PORT, REQUEST_ID].contains(&name)) {
            return Err(Refusal::UnknownHeader);
        }
        let kind = match headers.get(STREAM_TYPE) {
            Some("data") => Kind::Data,
            Some("error") => Kind::Error,
            _ => return Err(Refusal::StreamType),
        };
        let port = headers.get(PORT).and_then(decimal).ok_or(Refusal::Port)?;
        let request = match headers.get(REQUEST_ID) {
            Some(id) if !id.is_empty() && id.len() <= MAX_REQUEST_ID => id.to_owned(),
            // Clients from before the header, paired as the kubelet pairs them: the error stream comes first.
            None if headers.names().all(|name| name != REQUEST_ID) => {
                let first = if kind == Kind::Error { Some(stream.get()) } else { stream.get().checked_sub(2) };
                format!("stream {}", first.ok_or(Refusal::RequestId)?)
            }
            _ => return Err(Refusal::RequestId),
        };
        Ok(Self { kind, port, request })
    }

    /// Written anew, with a request number of the gateway's own.
    pub(super) fn encode(&self, forward: u32) -> Result<Headers, crate::spdy::Error> {
        Headers::new()
            .with(STREAM_TYPE, self.kind.name())?
            .with(PORT, &self.port.to_string())?
            .with(REQUEST_ID, &forward.to_string())
    }
}

/// Digits only: Go's `ParseUint` takes no sign, and Rust's takes a plus.
fn decimal(text: &str) -> Option<NonZeroU16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests;
