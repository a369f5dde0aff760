//! What one frame says (the draft, section 2.6).

use std::fmt;

use bytes::Bytes;

use super::{Error, Headers};

/// A stream's number: 31 bits and not zero. Odd if the client opened it, even if the server did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(u32);

impl StreamId {
    /// The largest number.
    pub const MAX: u32 = 0x7fff_ffff;

    /// `number`, if it can be a stream's.
    pub fn new(number: u32) -> Result<Self, Error> {
        if (1..=Self::MAX).contains(&number) { Ok(Self(number)) } else { Err(Error::StreamId(number)) }
    }

    /// The number as it is written.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The kinds of control frame, and data frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameType {
    /// Opens a stream.
    SynStream,
    /// Accepts a stream.
    SynReply,
    /// Ends a stream at once, in both directions.
    RstStream,
    /// Parameters of the connection.
    Settings,
    /// Is anybody there?
    Ping,
    /// No further streams.
    GoAway,
    /// More headers for a stream.
    Headers,
    /// Flow control.
    WindowUpdate,
    /// A stream's bytes.
    Data,
}

impl FrameType {
    /// The control frame with this number. 5 (NOOP) is gone since SPDY/3 and 10 (CREDENTIAL) is of no use
    /// here; `spdystream` ends the connection at both, and so does this.
    pub(super) fn from_number(number: u16) -> Result<Self, Error> {
        Ok(match number {
            1 => Self::SynStream,
            2 => Self::SynReply,
            3 => Self::RstStream,
            4 => Self::Settings,
            6 => Self::Ping,
            7 => Self::GoAway,
            8 => Self::Headers,
            9 => Self::WindowUpdate,
            _ => return Err(Error::UnknownFrame(number)),
        })
    }

    /// The number of a control frame. Data frames have none.
    pub(super) fn number(self) -> u16 {
        match self {
            Self::SynStream => 1,
            Self::SynReply => 2,
            Self::RstStream => 3,
            Self::Settings => 4,
            Self::Ping => 6,
            Self::GoAway => 7,
            Self::Headers => 8,
            Self::WindowUpdate => 9,
            Self::Data => 0,
        }
    }

    /// The flags that the draft gives a meaning.
    pub(super) fn flags(self) -> u8 {
        match self {
            Self::SynStream => FLAG_FIN | FLAG_UNIDIRECTIONAL,
            Self::SynReply | Self::Headers | Self::Data => FLAG_FIN,
            Self::Settings => FLAG_CLEAR,
            Self::RstStream | Self::Ping | Self::GoAway | Self::WindowUpdate => 0,
        }
    }
}

impl fmt::Display for FrameType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SynStream => "SYN_STREAM",
            Self::SynReply => "SYN_REPLY",
            Self::RstStream => "RST_STREAM",
            Self::Settings => "SETTINGS",
            Self::Ping => "PING",
            Self::GoAway => "GOAWAY",
            Self::Headers => "HEADERS",
            Self::WindowUpdate => "WINDOW_UPDATE",
            Self::Data => "DATA",
        })
    }
}

pub(super) const FLAG_FIN: u8 = 0x01;
pub(super) const FLAG_UNIDIRECTIONAL: u8 = 0x02;
pub(super) const FLAG_CLEAR: u8 = 0x01;

/// Why a stream was reset (the draft, section 2.6.3). Never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RstStatus(u32);

impl RstStatus {
    /// The peer broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1);
    /// A frame for a stream that is not open.
    pub const INVALID_STREAM: Self = Self(2);
    /// The stream was refused before anything was done for it.
    pub const REFUSED_STREAM: Self = Self(3);
    /// The side that opened it no longer wants it. What `spdystream` sends for every reset.
    pub const CANCEL: Self = Self(5);
    /// It failed for no fault of the peer's.
    pub const INTERNAL_ERROR: Self = Self(6);

    /// The status with this number, if there can be one.
    pub fn new(number: u32) -> Option<Self> {
        (number != 0).then_some(Self(number))
    }

    /// The number as it is written.
    pub fn get(self) -> u32 {
        self.0
    }
}

/// Why a connection ends (the draft, section 2.6.6): 0 for no fault, 1 for the peer's, 2 for one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoAwayStatus(pub u32);

impl GoAwayStatus {
    /// An orderly end.
    pub const OK: Self = Self(0);
    /// The peer broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1);
    /// It failed for no fault of the peer's.
    pub const INTERNAL_ERROR: Self = Self(2);
}

/// One parameter of a SETTINGS frame. All are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Whether it is to be kept, or was.
    pub flags: u8,
    /// Which one: 24 bits.
    pub id: u32,
    /// Its value.
    pub value: u32,
}

/// The parameters of one SETTINGS frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(Vec<Setting>);

impl Settings {
    /// How many one frame may hold. The draft defines eight.
    pub const MAX: usize = 64;

    /// These, if they are not more than [`Settings::MAX`] and their numbers have 24 bits.
    pub fn new(settings: Vec<Setting>) -> Result<Self, Error> {
        if settings.len() > Self::MAX {
            return Err(Error::TooManySettings(settings.len()));
        }
        match settings.iter().find(|one| one.id >> 24 != 0) {
            Some(one) => Err(Error::SettingId(one.id)),
            None => Ok(Self(settings)),
        }
    }

    /// One after the other.
    pub fn as_slice(&self) -> &[Setting] {
        &self.0
    }
}

/// One frame. `fin` says that its sender will send nothing more on that stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Opens a stream.
    SynStream {
        /// The new stream.
        stream: StreamId,
        /// The stream it belongs to, or zero: used for server push only.
        associated: u32,
        /// 0 is the most urgent, 7 the least.
        priority: u8,
        /// What the stream is for.
        headers: Headers,
        /// The opener will send nothing on it.
        fin: bool,
        /// The other side will send nothing on it.
        unidirectional: bool,
    },
    /// Accepts a stream.
    SynReply {
        /// The accepted stream.
        stream: StreamId,
        /// Kubernetes sends none.
        headers: Headers,
        /// See above.
        fin: bool,
    },
    /// Ends a stream at once, in both directions.
    RstStream {
        /// The ended stream.
        stream: StreamId,
        /// Why.
        status: RstStatus,
    },
    /// Parameters of the connection.
    Settings {
        /// Forget those that were to be kept.
        clear: bool,
        /// The parameters.
        settings: Settings,
    },
    /// Is anybody there? Sent back as it is.
    Ping {
        /// Odd from a client, even from a server.
        id: u32,
    },
    /// No further streams.
    GoAway {
        /// The last stream of the receiver's that the sender looked at, or zero.
        last_good: u32,
        /// Why.
        status: GoAwayStatus,
    },
    /// More headers for a stream.
    Headers {
        /// The stream.
        stream: StreamId,
        /// The headers.
        headers: Headers,
        /// See above.
        fin: bool,
    },
    /// Flow control, which Kubernetes does not use.
    WindowUpdate {
        /// The stream, or zero for the connection (SPDY/3.1).
        stream: u32,
        /// How many bytes more.
        delta: u32,
    },
    /// A stream's bytes: a whole frame, or a piece of one as it came.
    Data {
        /// The stream.
        stream: StreamId,
        /// The bytes.
        data: Bytes,
        /// See above; set on the last piece of its frame only.
        fin: bool,
    },
}
