//! A protocol with a memory (SPDY/3.1) on a wire, for two loops at once: one reads, the other writes.
//!
//! Neither may wait for the other. A command that echoes its input stops reading while nobody reads its output, so a
//! reader that had to wait until its pong is taken would wait for ever. What is to be sent therefore gathers in the
//! protocol's state and a task of its own sends it; writers wait for room there, the reader never does.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use streams::channels;
use streams::spdy;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::{Heard, WireError, WireReader, WireWriter};

/// Bytes that may gather before a writer waits.
const ROOM: usize = 64 * 1024;
/// Bytes that a peer may make the gateway owe it (pongs, replies) without taking them.
const OWED_MAX: usize = 1 << 20;

/// One side of a protocol, without its connection.
pub trait Protocol: Send + 'static {
    /// What the peer does.
    type Event: Send;

    /// The next of it, by `input`, which is consumed as far as it was read.
    fn next(&mut self, input: &mut Bytes) -> Result<Option<Self::Event>, LinkError>;
    /// What is to be sent; empty afterwards.
    fn take_output(&mut self) -> Bytes;
    /// How much that is, in bytes.
    fn output_len(&self) -> usize;
    /// Asks whether the peer is there.
    fn ping(&mut self) -> Result<(), LinkError>;
    /// Says good-bye.
    fn close(&mut self) -> Result<(), LinkError>;
}

/// Why a protocol ended that should have gone on.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The connection under it.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// What came is no SPDY/3.1.
    #[error(transparent)]
    Spdy(#[from] spdy::Error),
    /// What came is no remote command.
    #[error(transparent)]
    Channels(#[from] channels::Error),
    /// It asks and does not take the answers.
    #[error("more than {OWED_MAX} bytes of answers were left unread")]
    Flood,
    /// What was to be sent could not be.
    #[error("{0}")]
    Unsent(String),
}

/// The reading half.
pub struct LinkReader<P: Protocol> {
    wire: WireReader,
    input: Bytes,
    link: Link<P>,
}

/// The writing half.
pub struct Link<P: Protocol>(Arc<Shared<P>>);

impl<P: Protocol> Clone for Link<P> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

struct Shared<P> {
    state: Mutex<State<P>>,
    /// There is something to send.
    wake: Notify,
    /// There is room to send more.
    room: Notify,
    sender: Mutex<Option<JoinHandle<()>>>,
}

struct State<P> {
    protocol: P,
    closing: bool,
    /// Why nothing can be sent any more.
    failed: Option<String>,
}

/// A protocol over both halves of a wire.
pub fn link<P: Protocol>(wire: WireReader, writer: WireWriter, protocol: P) -> (LinkReader<P>, Link<P>) {
    let state = Mutex::new(State { protocol, closing: false, failed: None });
    let shared = Arc::new(Shared { state, wake: Notify::new(), room: Notify::new(), sender: Mutex::new(None) });
    let sender = tokio::spawn(send(shared.clone(), writer));
    *shared.sender.lock() = Some(sender);
    let link = Link(shared);
    (LinkReader { wire, input: Bytes::new(), link: link.clone() }, link)
}

/// Sends what gathers, until it is told to close or cannot.
async fn send<P: Protocol>(shared: Arc<Shared<P>>, writer: WireWriter) {
    loop {
        let (output, closing) = {
            let mut state = shared.state.lock();
            (state.protocol.take_output(), state.closing)
        };
        if !output.is_empty() {
            if let Err(error) = writer.send(output).await {
                shared.state.lock().failed = Some(error.to_string());
                shared.room.notify_waiters();
                return;
            }
            shared.room.notify_waiters();
        } else if closing {
            writer.close().await;
            return;
        } else {
            shared.wake.notified().await;
        }
    }
}

impl<P: Protocol> LinkReader<P> {
    /// What the peer did next; nothing at the end of the connection. Pings are sent and answered here. Safe to be
    /// dropped while it waits.
    ///
    /// # Errors
    /// When the connection broke, or what came is not of the protocol.
    pub async fn next(&mut self) -> Result<Option<P::Event>, LinkError> {
        loop {
            let event = {
                let mut state = self.link.0.state.lock();
                let event = state.protocol.next(&mut self.input);
                if state.protocol.output_len() > OWED_MAX {
                    return Err(LinkError::Flood);
                }
                event
            };
            self.link.0.wake.notify_one();
            if let Some(event) = event? {
                return Ok(Some(event));
            }
            match self.wire.next().await? {
                Heard::Piece(piece) => self.input = piece,
                Heard::Nothing => self.link.0.state.lock().protocol.ping()?,
                Heard::End => return Ok(None),
            }
        }
    }
}

impl<P: Protocol> Drop for LinkReader<P> {
    /// A stream that is dropped in the middle leaves no task behind.
    fn drop(&mut self) {
        self.link.0.state.lock().closing = true;
        self.link.0.wake.notify_one();
    }
}

impl<P: Protocol> Link<P> {
    /// Does something that sends bytes, once there is room for them.
    ///
    /// # Errors
    /// When the peer takes nothing more.
    pub async fn with_room<T>(&self, act: impl FnOnce(&mut P) -> T) -> Result<T, LinkError> {
        loop {
            let mut room = std::pin::pin!(self.0.room.notified());
            // Before looking, so that what happens in between is not missed.
            room.as_mut().enable();
            {
                let mut state = self.0.state.lock();
                if let Some(why) = &state.failed {
                    return Err(LinkError::Unsent(why.clone()));
                }
                if state.protocol.output_len() < ROOM {
                    let done = act(&mut state.protocol);
                    self.0.wake.notify_one();
                    return Ok(done);
                }
            }
            room.await;
        }
    }

    /// Does something that sends a few bytes at most. Never waits.
    pub fn at_once<T>(&self, act: impl FnOnce(&mut P) -> T) -> T {
        let done = act(&mut self.0.state.lock().protocol);
        self.0.wake.notify_one();
        done
    }

    /// Says good-bye, sends what has gathered, and closes the connection.
    pub async fn close(&self) {
        {
            let mut state = self.0.state.lock();
            if let Err(error) = state.protocol.close() {
                tracing::debug!(%error, "a stream could not say good-bye");
            }
            state.closing = true;
        }
        self.0.wake.notify_one();
        let sender = self.0.sender.lock().take();
        if let Some(sender) = sender
            && let Err(error) = sender.await
        {
            tracing::debug!(%error, "a stream's sender failed");
        }
    }
}

impl Protocol for spdy::Connection {
    type Event = spdy::Event;

    fn next(&mut self, input: &mut Bytes) -> Result<Option<spdy::Event>, LinkError> {
        Ok(spdy::Connection::next(self, input)?)
    }

    fn take_output(&mut self) -> Bytes {
        spdy::Connection::take_output(self)
    }

    fn output_len(&self) -> usize {
        spdy::Connection::output_len(self)
    }

    fn ping(&mut self) -> Result<(), LinkError> {
        spdy::Connection::ping(self)?;
        Ok(())
    }

    fn close(&mut self) -> Result<(), LinkError> {
        Ok(spdy::Connection::close(self)?)
    }
}

impl Protocol for channels::spdy::Channels {
    type Event = channels::Event;

    fn next(&mut self, input: &mut Bytes) -> Result<Option<channels::Event>, LinkError> {
        Ok(channels::spdy::Channels::next(self, input)?)
    }

    fn take_output(&mut self) -> Bytes {
        channels::spdy::Channels::take_output(self)
    }

    fn output_len(&self) -> usize {
        channels::spdy::Channels::output_len(self)
    }

    fn ping(&mut self) -> Result<(), LinkError> {
        Ok(channels::spdy::Channels::ping(self)?)
    }

    fn close(&mut self) -> Result<(), LinkError> {
        Ok(channels::spdy::Channels::close(self)?)
    }
}

#[cfg(test)]
mod tests;
