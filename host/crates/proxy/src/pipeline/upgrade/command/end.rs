//! One side of a remote command, whatever carries it.

use std::collections::VecDeque;
use std::time::Duration;

use streams::Side as Sender;
use streams::channels::websocket::{Decoder, encode};
use streams::channels::{Channel, Event, Protocol, Wanted, spdy::Channels};

use super::super::Side;
use super::super::offer::{CHANNELS_V4, CHANNELS_V5};
use crate::wire::link::{Link, LinkError, LinkReader, link};
use crate::wire::{Carrier, Heard, WireReader, WireWriter};

/// How long the other side may take to open the streams of a command over SPDY; the kubelet's own limit.
const OPENING_LIMIT: Duration = Duration::from_secs(30);

/// The reading half.
pub enum Reader {
    Messages { wire: WireReader, decoder: Decoder, waiting: VecDeque<Event> },
    Streams(Box<LinkReader<Channels>>),
}

/// The writing half.
pub enum Writer {
    Messages { wire: WireWriter, protocol: Protocol },
    Streams(Link<Channels>),
}

/// Both halves of a side. `peer` is what that side is in the command: the client's end hears a client.
///
/// # Errors
/// When the streams of a command cannot be opened.
pub fn open(side: Side, wanted: Wanted, peer: Sender) -> Result<(Reader, Writer), LinkError> {
    let protocol = if side.offer.protocol == CHANNELS_V5 { Protocol::V5 } else { Protocol::V4 };
    debug_assert!(matches!(side.offer.protocol, CHANNELS_V5 | CHANNELS_V4));
    match side.offer.carrier {
        Carrier::WebSocket => {
            let decoder = Decoder::new(protocol, wanted, peer);
            Ok((
                Reader::Messages { wire: side.reader, decoder, waiting: VecDeque::new() },
                Writer::Messages { wire: side.writer, protocol },
            ))
        }
        Carrier::Spdy => {
            let channels = match peer {
                Sender::Client => Channels::server(protocol, wanted)?,
                Sender::Server => Channels::client(protocol, wanted)?,
            };
            let (reader, link) = link(side.reader, side.writer, channels);
            Ok((Reader::Streams(Box::new(reader)), Writer::Streams(link)))
        }
    }
}

impl Reader {
    /// Waits until everything that was asked for is open, so that nothing is sent into nowhere.
    ///
    /// # Errors
    /// When the other side does not open it in time.
    pub async fn opened(&mut self) -> Result<(), LinkError> {
        let Reader::Streams(reader) = self else { return Ok(()) };
        let ready = async {
            loop {
                match reader.next().await? {
                    Some(Event::Ready) => return Ok(()),
                    Some(_) => {}
                    None => return Err(LinkError::Unsent("the streams of the command were not opened".to_owned())),
                }
            }
        };
        tokio::time::timeout(OPENING_LIMIT, ready)
            .await
            .unwrap_or_else(|_| Err(LinkError::Unsent(format!("the streams of the command were not opened within {} s", OPENING_LIMIT.as_secs()))))
    }

    /// What the side does next; nothing at its end. Safe to be dropped while it waits.
    ///
    /// # Errors
    /// When the connection broke, or what came is no remote command.
    pub async fn next(&mut self) -> Result<Option<Event>, LinkError> {
        match self {
            Reader::Streams(reader) => loop {
                match reader.next().await? {
                    Some(Event::Ready) => {}
                    Some(Event::GoAway) | None => return Ok(None),
                    Some(event) => return Ok(Some(event)),
                }
            },
            Reader::Messages { wire, decoder, waiting } => loop {
                if let Some(event) = waiting.pop_front() {
                    return Ok(Some(event));
                }
                match wire.next().await? {
                    Heard::Piece(message) => waiting.extend(decoder.decode(message)?),
                    Heard::Nothing => {}
                    Heard::End => return Ok(None),
                }
            },
        }
    }
}

impl Writer {
    /// Does towards the side what an event says. What its version cannot say is left unsaid.
    ///
    /// # Errors
    /// When it takes nothing more.
    pub async fn send(&self, event: &Event) -> Result<(), LinkError> {
        match self {
            Writer::Messages { wire, protocol } => match encode(*protocol, event) {
                Some(message) => Ok(wire.send(message).await?),
                None => Ok(()),
            },
            Writer::Streams(link) => {
                link.with_room(|channels| channels.send(event)).await??;
                Ok(())
            }
        }
    }

    /// Ends the side in good order: what was said is said whole, then the connection goes.
    pub async fn close(&self) {
        match self {
            Writer::Messages { wire, .. } => wire.close().await,
            Writer::Streams(link) => {
                for channel in Channel::ALL {
                    // False for a channel that is not open, or not this side's.
                    if let Err(error) = link.at_once(|channels| channels.send(&Event::Close(channel))) {
                        tracing::debug!(%error, "a channel could not be closed");
                    }
                }
                link.close().await;
            }
        }
    }
}
