//! SPDY/3.1 framing, as Kubernetes uses it.
//!
//! Written from draft-mbelshe-httpbis-spdy-3 ("the draft" below) and held against `moby/spdystream`,
//! which kubectl, the API server and every kubelet use. Where that library departs from the draft, so does this:
//!
//! - **No flow control.** It sends no WINDOW_UPDATE and ignores those it gets, and SETTINGS too. A peer that
//!   waited for a window would wait for ever.
//! - **Data on a stream that is gone is dropped**, not an error: client-go goes on copying standard input
//!   after it has closed that stream.
//!
//! Where it is lax this is strict: version 3 only, no unknown frame or flag, fixed frames of their exact
//! length, header names in lower case and once each.
//!
//! [`Reader`] and [`Writer`] are the frames alone; [`Connection`] adds what a side has to remember: which
//! streams are open, and which halves of them.

mod connection;
mod dictionary;
mod error;
mod frame;
mod headers;
mod reader;
mod writer;
mod zlib;

pub use connection::{Connection, Event};
pub use error::Error;
pub use frame::{Frame, FrameType, GoAwayStatus, RstStatus, Setting, Settings, StreamId};
pub use headers::{Headers, MAX_HEADER_BLOCK, MAX_HEADERS};
pub use reader::{MAX_CONTROL, Reader};
pub use writer::{MAX_DATA, Writer};

/// The value of the `Upgrade` header that asks for this protocol.
pub const UPGRADE: &str = "SPDY/3.1";
