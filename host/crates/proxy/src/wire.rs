//! A connection that has switched protocols, as pieces of bytes: read at once from a SPDY/3.1 connection, or a message
//! each of a WebSocket. What the pieces mean is the concern of whoever asked for the switch.
//!
//! Every wait has a limit. A side that is silent is pinged ([`SILENCE`]); one that does not answer for
//! [`SILENCES`] times as long is gone. A side that leaves what it is sent unread is cut after [`UNREAD_LIMIT`].

pub mod link;

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::Mutex;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::{Error as WebSocketError, Message};

/// How long a side may be silent before it is asked whether it is there.
pub const SILENCE: Duration = limit(15);
/// How often it is asked in vain before it is taken for gone.
pub const SILENCES: u32 = 4;
/// How long a side may leave what it is sent unread.
pub const UNREAD_LIMIT: Duration = limit(60);
/// So many seconds; in this crate's own tests, which wait for all of them, hundredths of seconds.
const fn limit(seconds: u64) -> Duration {
    if cfg!(test) { Duration::from_millis(10 * seconds) } else { Duration::from_secs(seconds) }
}

/// Read at a time.
const CHUNK: usize = 32 * 1024;
/// The largest message of a WebSocket. kubectl sends 32 KiB at a time; a client library may send all of its input as
/// one message, as large as a request's body may be.
const MESSAGE_MAX: usize = 3 << 20;

/// Why a connection ended that should have gone on.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The system's word.
    #[error("the connection broke: {0}")]
    Broken(#[from] std::io::Error),
    /// What came is no WebSocket, or a message of it is too large.
    #[error("what came is not a WebSocket's: {0}")]
    WebSocket(#[source] Box<WebSocketError>),
    /// It took nothing.
    #[error("what was sent was left unread for {} s", UNREAD_LIMIT.as_secs())]
    Unread,
    /// It said nothing, also when asked.
    #[error("nothing was heard for {} s", SILENCE.as_secs() * u64::from(SILENCES))]
    Silent,
}

impl From<WebSocketError> for WireError {
    fn from(error: WebSocketError) -> Self {
        match error {
            WebSocketError::Io(error) => Self::Broken(error),
            error => Self::WebSocket(Box::new(error)),
        }
    }
}

/// What the two protocols are carried by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// RFC 6455.
    WebSocket,
    /// SPDY/3.1 on the connection itself.
    Spdy,
}

/// Which end of the connection this is. A WebSocket's client masks its frames, its server must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The gateway asked for the switch.
    Asked,
    /// The gateway was asked.
    Was,
}

type Io = TokioIo<Upgraded>;

/// The reading half.
pub struct WireReader {
    half: Read,
    /// Answers what the protocol itself wants answered.
    writer: WireWriter,
    silences: u32,
}

enum Read {
    Plain { half: ReadHalf<Io>, buffer: BytesMut },
    Messages(SplitStream<WebSocketStream<Io>>),
}

/// The writing half. Shared by the loop that carries bytes and the reader, which answers pings.
#[derive(Clone)]
pub struct WireWriter(Arc<Mutex<Write>>);

enum Write {
    Plain(WriteHalf<Io>),
    Messages(SplitSink<WebSocketStream<Io>, Message>),
}

/// What a read came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// Some bytes, or one message.
    Piece(Bytes),
    /// Nothing for [`SILENCE`], on a connection whose pings are the caller's to send.
    Nothing,
    /// The end, as it should be.
    End,
}

/// Both halves of a connection that switched.
pub async fn open(connection: Upgraded, carrier: Carrier, end: End) -> (WireReader, WireWriter) {
    let io = TokioIo::new(connection);
    let (read, write) = match carrier {
        Carrier::Spdy => {
            let (read, write) = tokio::io::split(io);
            (Read::Plain { half: read, buffer: BytesMut::new() }, Write::Plain(write))
        }
        Carrier::WebSocket => {
            // 128 KiB each by default, for every stream.
            let config = WebSocketConfig::default()
                .read_buffer_size(CHUNK)
                .write_buffer_size(0)
                .max_write_buffer_size(2 * MESSAGE_MAX)
                .max_message_size(Some(MESSAGE_MAX))
                .max_frame_size(Some(MESSAGE_MAX));
            let role = if end == End::Asked { Role::Client } else { Role::Server };
            let (write, read) = WebSocketStream::from_raw_socket(io, role, Some(config)).await.split();
            (Read::Messages(read), Write::Messages(write))
        }
    };
    let writer = WireWriter(Arc::new(Mutex::new(write)));
    (WireReader { half: read, writer: writer.clone(), silences: 0 }, writer)
}

impl WireReader {
    /// The next piece. A WebSocket's pings are sent and answered here. Safe to be dropped while it waits.
    ///
    /// # Errors
    /// When the connection broke, or the other side is gone.
    pub async fn next(&mut self) -> Result<Heard, WireError> {
        loop {
            match tokio::time::timeout(SILENCE, self.heard()).await {
                Ok(heard) => {
                    self.silences = 0;
                    return heard;
                }
                Err(_) if self.silences + 1 >= SILENCES => return Err(WireError::Silent),
                Err(_) => {
                    self.silences += 1;
                    if !self.writer.ping().await? {
                        return Ok(Heard::Nothing);
                    }
                }
            }
        }
    }

    async fn heard(&mut self) -> Result<Heard, WireError> {
        match &mut self.half {
            Read::Plain { half, buffer } => {
                buffer.reserve(CHUNK);
                let read = half.read_buf(buffer).await?;
                Ok(if read == 0 { Heard::End } else { Heard::Piece(buffer.split().freeze()) })
            }
            Read::Messages(messages) => loop {
                match messages.next().await {
                    None => return Ok(Heard::End),
                    Some(Ok(Message::Binary(bytes))) => return Ok(Heard::Piece(bytes)),
                    // The library answers pings itself; any sign of life starts the silence anew.
                    Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => self.silences = 0,
                    Some(Ok(Message::Close(_))) => return Ok(Heard::End),
                    // The Python client sends text; the API server takes it like the same bytes.
                    Some(Ok(Message::Text(text))) => return Ok(Heard::Piece(text.into())),
                    Some(Err(WebSocketError::ConnectionClosed | WebSocketError::AlreadyClosed)) => return Ok(Heard::End),
                    Some(Err(error)) => return Err(error.into()),
                }
            },
        }
    }
}

impl WireWriter {
    /// Sends a piece whole, as one message where there are messages.
    ///
    /// # Errors
    /// When the other side does not take it within [`UNREAD_LIMIT`], or is gone.
    pub async fn send(&self, piece: Bytes) -> Result<(), WireError> {
        let sent = async {
            match &mut *self.0.lock().await {
                Write::Plain(half) => {
                    half.write_all(&piece).await?;
                    half.flush().await?;
                }
                Write::Messages(messages) => messages.send(Message::Binary(piece)).await?,
            }
            Ok(())
        };
        tokio::time::timeout(UNREAD_LIMIT, sent).await.unwrap_or(Err(WireError::Unread))
    }

    /// Asks a WebSocket's other side whether it is there. False where there is no such question.
    async fn ping(&self) -> Result<bool, WireError> {
        let asked = async {
            match &mut *self.0.lock().await {
                Write::Plain(_) => Ok(false),
                Write::Messages(messages) => messages.send(Message::Ping(Bytes::new())).await.map(|()| true).map_err(WireError::from),
            }
        };
        tokio::time::timeout(UNREAD_LIMIT, asked).await.unwrap_or(Err(WireError::Unread))
    }

    /// Ends what is sent: a WebSocket with a close frame, a connection with its half. Waits a second at most.
    pub async fn close(&self) {
        const LIMIT: Duration = Duration::from_secs(1);
        let closed = async {
            match &mut *self.0.lock().await {
                Write::Plain(half) => half.shutdown().await.map_err(WireError::from),
                Write::Messages(messages) => {
                    let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
                    match messages.send(Message::Close(Some(frame))).await {
                        // The other side said it first, and waits for the answer, which the library has ready.
                        Err(WebSocketError::Protocol(ProtocolError::SendAfterClosing)) => match messages.flush().await {
                            Err(WebSocketError::ConnectionClosed) => Ok(()),
                            flushed => Ok(flushed?),
                        },
                        sent => Ok(sent?),
                    }
                }
            }
        };
        // Best effort: a side that is gone needs no good-bye.
        if let Ok(Err(error)) = tokio::time::timeout(LIMIT, closed).await {
            tracing::debug!(%error, "a stream's end was not taken");
        }
    }
}

#[cfg(test)]
mod tests;
