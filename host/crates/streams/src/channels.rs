//! The channels of a remote command: what `exec` and `attach` carry, whatever carries it.
//!
//! Kubernetes has two carriers. Over a WebSocket each message begins with the number of its channel
//! (`k8s.io/streaming/pkg/httpstream/wsstream`), and [`websocket`] reads and writes such messages. Over SPDY
//! each channel is a stream with a header that names it (`cri-streaming/pkg/streaming/remotecommand`), and
//! [`spdy`] is such a connection. Both speak in [`Event`]s, so that a client on one can be served by an
//! upstream on the other.
//!
//! What is sent on a channel that was not asked for, or by the side that only listens there, is dropped and
//! counted: the API server drops it too, and clients exist that send a window's size to a command without one.

mod exit;
mod protocol;
mod resize;
pub mod spdy;
pub mod websocket;

use bytes::Bytes;

pub use exit::{ErrorChannel, Exit, MAX_STATUS};
pub use protocol::Protocol;
pub use resize::{MAX_RESIZE, Size};

use crate::Side;

/// One of the channels of a remote command (`apimachinery/pkg/util/remotecommand`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// What is typed.
    Stdin,
    /// What the command prints.
    Stdout,
    /// What it prints as errors; with a terminal that is printed too.
    Stderr,
    /// How it ended, at the end: see [`Exit`].
    Error,
    /// The sizes of the client's window.
    Resize,
}

impl Channel {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::Stdin, Self::Stdout, Self::Stderr, Self::Error, Self::Resize];

    /// Its number in a WebSocket message.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The channel with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Its name: the value of a SPDY stream's header `streamType`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stdin => "stdin",
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::Error => "error",
            Self::Resize => "resize",
        }
    }

    /// The channel with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// The side that sends on it.
    pub fn sender(self) -> Side {
        match self {
            Self::Stdin | Self::Resize => Side::Client,
            Self::Stdout | Self::Stderr | Self::Error => Side::Server,
        }
    }
}

/// What the request's query asked for: `stdin`, `stdout`, `stderr` and `tty`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Something is typed.
    pub stdin: bool,
    /// What is printed is shown.
    pub stdout: bool,
    /// Errors are shown. Without effect with `tty`, as in the kubelet.
    pub stderr: bool,
    /// There is a terminal.
    pub tty: bool,
}

impl Wanted {
    /// Whether it has this channel. The one for the command's end is always there.
    pub fn has(&self, channel: Channel) -> bool {
        match channel {
            Channel::Stdin => self.stdin,
            Channel::Stdout => self.stdout,
            Channel::Stderr => self.stderr && !self.tty,
            Channel::Error => true,
            Channel::Resize => self.tty,
        }
    }
}

/// Something that a side does, in either direction and over either carrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// All channels that were asked for are open: what is sent from now on arrives. Over SPDY only, and once;
    /// a WebSocket is ready from its start.
    Ready,
    /// Bytes. May be empty: the API server begins with nothing on the first channel that it sends on, so that
    /// the client knows that it is there.
    Data(Channel, Bytes),
    /// The client's window has this size.
    Resize(Size),
    /// The sender will send nothing more on this channel.
    Close(Channel),
    /// The sender gave this channel up, in both directions. Over SPDY only.
    Reset(Channel),
    /// The peer ends the connection. Over SPDY only; a WebSocket has its own message for that.
    GoAway,
}

/// The connection cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A message of v5 closes a channel, and names none or more than one.
    #[error("a message that closes a channel has {0} bytes instead of 2")]
    CloseLength(usize),
    /// A message closes a channel that does not exist.
    #[error("a message closes the channel {0}, which does not exist: they are numbered 0 to 4")]
    CloseChannel(u8),
    /// A message of a base64 protocol is no base64.
    #[error("a message is not encoded in base64, as the chosen subprotocol demands")]
    Base64,
    /// Not the JSON of a window's size, or a size that no window has.
    #[error("the resize channel carries no window size: send {{\"Width\":80,\"Height\":24}}, each up to 65535")]
    Size,
    /// The description of the command's end is longer than [`MAX_STATUS`].
    #[error("the error channel carries more than {MAX_STATUS} bytes")]
    StatusTooLong,
    /// The description of the command's end is no `Status`.
    #[error("the error channel carries no Status as the protocol demands")]
    Status,
    /// The framing is wrong.
    #[error(transparent)]
    Spdy(#[from] crate::spdy::Error),
}

#[cfg(test)]
mod tests;
