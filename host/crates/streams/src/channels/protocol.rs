//! The versions of the remote command protocol, and which of them is chosen.

/// A version of the protocol, with its encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `channel.k8s.io`. How the command ended is told as text, or not at all.
    V1,
    /// `base64.channel.k8s.io`: as [`Protocol::V1`], in text messages.
    V1Base64,
    /// `v2.channel.k8s.io`: SPDY only.
    V2,
    /// `v3.channel.k8s.io`: SPDY only. Adds the window's size.
    V3,
    /// `v4.channel.k8s.io`. Adds the exit status, as JSON.
    V4,
    /// `v4.base64.channel.k8s.io`: as [`Protocol::V4`], in text messages.
    V4Base64,
    /// `v5.channel.k8s.io`: WebSocket only. Adds the message that closes one channel.
    V5,
}

impl Protocol {
    /// What the kubelet takes over a WebSocket, and the API server's v5.
    pub const WEBSOCKET: [Self; 5] = [Self::V5, Self::V4, Self::V4Base64, Self::V1, Self::V1Base64];

    /// What is taken over SPDY. The kubelet takes v1 too, whose faults (issues 13394 and 13395 of Kubernetes)
    /// every client since 1.1 avoids.
    pub const SPDY: [Self; 3] = [Self::V4, Self::V3, Self::V2];

    /// Its name: a WebSocket subprotocol, or a value of `X-Stream-Protocol-Version`.
    pub fn name(self) -> &'static str {
        match self {
            Self::V1 => "channel.k8s.io",
            Self::V1Base64 => "base64.channel.k8s.io",
            Self::V2 => "v2.channel.k8s.io",
            Self::V3 => "v3.channel.k8s.io",
            Self::V4 => "v4.channel.k8s.io",
            Self::V4Base64 => "v4.base64.channel.k8s.io",
            Self::V5 => "v5.channel.k8s.io",
        }
    }

    /// The first of `offered` that is among `taken`: the client's order counts, as in Kubernetes
    /// (`httpstream.Handshake`, `wsstream.handshake`).
    pub fn choose<'a>(offered: impl IntoIterator<Item = &'a str>, taken: &[Self]) -> Option<Self> {
        offered.into_iter().find_map(|name| taken.iter().copied().find(|one| one.name() == name))
    }

    /// Whether messages are text, in base64 behind the channel's digit.
    pub fn is_base64(self) -> bool {
        matches!(self, Self::V1Base64 | Self::V4Base64)
    }

    /// Whether one channel can be closed by a WebSocket message.
    pub fn can_close(self) -> bool {
        self == Self::V5
    }

    /// Whether a window's size has a stream over SPDY. Over a WebSocket it always has its channel.
    pub fn can_resize(self) -> bool {
        !matches!(self, Self::V1 | Self::V1Base64 | Self::V2)
    }

    /// Whether the command's end is told as a `Status` in JSON, with the exit code.
    pub fn has_status(self) -> bool {
        matches!(self, Self::V4 | Self::V4Base64 | Self::V5)
    }
}

#[cfg(test)]
mod tests;
