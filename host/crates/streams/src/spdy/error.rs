//! What can be wrong with a SPDY connection.

use super::{FrameType, MAX_CONTROL, MAX_HEADER_BLOCK, MAX_HEADERS, Settings};

/// The connection cannot go on. Each names what was wrong; none holds the peer's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not version 3: very likely not SPDY at all.
    #[error("a SPDY frame says version {0}, and only version 3 is understood: speak SPDY/3.1")]
    Version(u16),
    /// A control frame of no known kind.
    #[error("a SPDY control frame has the unknown type {0}: use those of SPDY/3.1")]
    UnknownFrame(u16),
    /// A flag that the kind of frame does not have.
    #[error("a SPDY {frame} frame has the flags {flags:#04x}, which mean nothing there")]
    Flags {
        /// The frame.
        frame: FrameType,
        /// All its flags.
        flags: u8,
    },
    /// A length that the kind of frame cannot have.
    #[error("a SPDY {frame} frame says it has {length} bytes, which does not fit what is in it")]
    Length {
        /// The frame.
        frame: FrameType,
        /// What it says.
        length: u32,
    },
    /// A control frame longer than [`MAX_CONTROL`].
    #[error("a SPDY {frame} frame has {length} bytes: {MAX_CONTROL} at most are read")]
    TooLong {
        /// The frame.
        frame: FrameType,
        /// What it says.
        length: u32,
    },
    /// Zero, more than 31 bits, or of the wrong side.
    #[error("{0} cannot be the number of this SPDY stream")]
    StreamId(u32),
    /// A stream opened with a number below that of an earlier one.
    #[error("the SPDY stream {0} was opened after one with a higher number")]
    NotAscending(u32),
    /// A reset without a reason, or a ping with the number zero.
    #[error("a SPDY {0} frame has a zero where there must be a number")]
    Zero(FrameType),
    /// More parameters than [`Settings::MAX`].
    #[error("a SPDY SETTINGS frame has {0} parameters: {max} at most are read", max = Settings::MAX)]
    TooManySettings(usize),
    /// A parameter's number has more than 24 bits.
    #[error("{0} cannot be the number of a SPDY parameter")]
    SettingId(u32),
    /// The header block is no zlib, uses another dictionary, or ended the connection's one context.
    #[error("a SPDY header block cannot be decompressed: use zlib with the dictionary of SPDY/3 and one context for the connection")]
    Compression,
    /// A header block larger than [`MAX_HEADER_BLOCK`] once decompressed.
    #[error("a SPDY header block has more than {MAX_HEADER_BLOCK} bytes")]
    HeaderBlock,
    /// More headers than [`MAX_HEADERS`].
    #[error("a SPDY frame has {0} headers: {MAX_HEADERS} at most are read")]
    TooManyHeaders(usize),
    /// The block's lengths do not add up.
    #[error("the lengths in a SPDY header block do not add up")]
    HeaderLengths,
    /// Empty, not in lower case, or not a token.
    #[error("a SPDY header has a name that is empty, not in lower case, or no token of RFC 9110")]
    HeaderName,
    /// Something else than visible ASCII, spaces and the separator of several values.
    #[error("a SPDY header has a value that is not visible ASCII")]
    HeaderValue,
    /// The same name twice.
    #[error("a SPDY frame has the same header twice")]
    DuplicateHeader,
    /// A stream was to be opened after the peer said that it takes no more.
    #[error("the peer takes no more SPDY streams: open a new connection")]
    GoneAway,
    /// All 2^30 numbers of one side are used up.
    #[error("the SPDY connection has no stream numbers left: open a new connection")]
    Exhausted,
}
