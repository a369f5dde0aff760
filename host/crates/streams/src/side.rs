//! The two ends of a connection.

/// An end of a connection: this one, or the peer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The end that was connected to. Its SPDY streams have even numbers.
    Server,
    /// The end that connected. Its SPDY streams have odd numbers.
    Client,
}
