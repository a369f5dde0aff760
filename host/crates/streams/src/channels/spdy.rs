//! Channels in SPDY streams: each has its own, opened by the client and named by the header `streamType`.

use std::collections::VecDeque;

use bytes::Bytes;

use super::resize::Decoder as SizeDecoder;
use super::{Channel, Error, Event, Protocol, Wanted};
use crate::Side;
use crate::spdy::{Connection, Event as Frame, GoAwayStatus, Headers, RstStatus, StreamId};

/// The header that names a stream. `http.Header` in Go makes `streamType` of it whatever its case; on the wire
/// names are in lower case.
const STREAM_TYPE: &str = "streamtype";

/// The order in which client-go opens them (`client-go/tools/remotecommand/v2.go`, `v3.go`).
const OPENING: [Channel; 5] = [Channel::Error, Channel::Stdin, Channel::Stdout, Channel::Stderr, Channel::Resize];

/// One side of a remote command over SPDY.
pub struct Channels {
    connection: Connection,
    side: Side,
    wanted: Wanted,
    resizes: bool,
    streams: [Option<Stream>; 5],
    ready: bool,
    sizes: SizeDecoder,
    waiting: VecDeque<Event>,
    dropped: u64,
}

#[derive(Clone, Copy)]
struct Stream {
    id: StreamId,
    answered: bool,
}

impl Channels {
    /// The side of the gateway that the client connected to: it waits for the client's streams.
    pub fn server(protocol: Protocol, wanted: Wanted) -> Result<Self, Error> {
        Self::new(Side::Server, protocol, wanted)
    }

    /// The side of the gateway that connected to the API server: it opens the streams that are wanted.
    pub fn client(protocol: Protocol, wanted: Wanted) -> Result<Self, Error> {
        let mut channels = Self::new(Side::Client, protocol, wanted)?;
        for channel in OPENING.into_iter().filter(|channel| channels.has(*channel)).collect::<Vec<_>>() {
            let id = channels.connection.open(Headers::new().with(STREAM_TYPE, channel.name())?)?;
            channels.streams[usize::from(channel.number())] = Some(Stream { id, answered: false });
        }
        Ok(channels)
    }

    fn new(side: Side, protocol: Protocol, wanted: Wanted) -> Result<Self, Error> {
        Ok(Self {
            connection: Connection::new(side, Channel::ALL.len())?,
            side,
            wanted,
            resizes: protocol.can_resize(),
            streams: [None; 5],
            ready: false,
            sizes: SizeDecoder::default(),
            waiting: VecDeque::new(),
            dropped: 0,
        })
    }

    /// The next thing that the peer did, by `input`, which is consumed as far as it was read. `None` when
    /// all of it is.
    ///
    /// On an error the output ends with a GOAWAY that blames the peer: send it and close.
    pub fn next(&mut self, input: &mut Bytes) -> Result<Option<Event>, Error> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Ok(Some(event));
            }
            let Some(frame) = self.connection.next(input)? else { return Ok(None) };
            if let Err(error) = self.take(frame) {
                self.connection.go_away(GoAwayStatus::PROTOCOL_ERROR)?;
                return Err(error);
            }
        }
    }

    fn take(&mut self, frame: Frame) -> Result<(), Error> {
        match frame {
            Frame::Open { stream, headers, fin } => self.opened(stream, &headers, fin)?,
            Frame::Reply { stream, fin } => {
                if let Some((channel, slot)) = self.find(stream) {
                    slot.answered = true;
                    self.closed(channel, fin);
                    self.announce();
                }
            }
            Frame::Data { stream, data, fin } => {
                if let Some((channel, _)) = self.find(stream) {
                    self.arrived(channel, data)?;
                    self.closed(channel, fin);
                }
            }
            Frame::Reset { stream, .. } => {
                if let Some((channel, _)) = self.find(stream) {
                    self.waiting.push_back(Event::Reset(channel));
                }
            }
            Frame::GoAway { .. } => self.waiting.push_back(Event::GoAway),
            Frame::Pong { .. } => {}
        }
        Ok(())
    }

    /// A stream is taken once, and if it was asked for.
    fn opened(&mut self, stream: StreamId, headers: &Headers, fin: bool) -> Result<(), Error> {
        let channel = headers.get(STREAM_TYPE).and_then(Channel::from_name).filter(|channel| self.has(*channel));
        match channel {
            Some(channel) if self.streams[usize::from(channel.number())].is_none() => {
                self.streams[usize::from(channel.number())] = Some(Stream { id: stream, answered: true });
                self.connection.reply(stream)?;
                self.closed(channel, fin);
                self.announce();
            }
            _ => self.connection.reset(stream, RstStatus::REFUSED_STREAM)?,
        }
        Ok(())
    }

    fn arrived(&mut self, channel: Channel, data: Bytes) -> Result<(), Error> {
        if channel.sender() == self.side {
            self.dropped += data.len() as u64;
        } else if channel == Channel::Resize {
            self.waiting.extend(self.sizes.decode(&data)?.into_iter().map(Event::Resize));
        } else if !data.is_empty() {
            self.waiting.push_back(Event::Data(channel, data));
        }
        Ok(())
    }

    /// That the peer closes a channel on which it only listens means nothing: client-go closes some.
    fn closed(&mut self, channel: Channel, fin: bool) {
        if fin && channel.sender() != self.side {
            self.waiting.push_back(Event::Close(channel));
        }
    }

    fn announce(&mut self) {
        let missing = Channel::ALL.into_iter().any(|channel| {
            self.has(channel) && !self.streams[usize::from(channel.number())].is_some_and(|stream| stream.answered)
        });
        if !missing && !std::mem::replace(&mut self.ready, true) {
            self.waiting.push_back(Event::Ready);
        }
    }

    fn has(&self, channel: Channel) -> bool {
        self.wanted.has(channel) && (channel != Channel::Resize || self.resizes)
    }

    fn find(&mut self, id: StreamId) -> Option<(Channel, &mut Stream)> {
        Channel::ALL.into_iter().zip(&mut self.streams).find_map(|(channel, slot)| {
            slot.as_mut().filter(|stream| stream.id == id).map(|stream| (channel, stream))
        })
    }

    /// Do what `event` says, towards the peer. False if the channel is not open, or not this side's to send on;
    /// nothing is sent then.
    pub fn send(&mut self, event: &Event) -> Result<bool, Error> {
        let (channel, data, fin): (Channel, &[u8], bool) = match event {
            Event::Data(channel, data) => (*channel, data, false),
            Event::Close(channel) => (*channel, &[], true),
            Event::Resize(size) => return Ok(self.write(Channel::Resize, size.encode().as_bytes(), false)),
            Event::Reset(channel) => {
                let Some(stream) = self.streams[usize::from(channel.number())] else { return Ok(false) };
                let open = self.connection.is_open(stream.id);
                self.connection.reset(stream.id, RstStatus::CANCEL)?;
                return Ok(open);
            }
            Event::GoAway => {
                self.connection.go_away(GoAwayStatus::OK)?;
                return Ok(true);
            }
            Event::Ready => return Ok(false),
        };
        Ok(self.write(channel, data, fin))
    }

    fn write(&mut self, channel: Channel, data: &[u8], fin: bool) -> bool {
        let stream = self.streams[usize::from(channel.number())].filter(|_| channel.sender() == self.side);
        stream.is_some_and(|stream| self.connection.data(stream.id, data, fin))
    }

    /// Whether [`Event::Ready`] has been.
    pub fn is_ready(&self) -> bool {
        self.ready
    }

    /// Ask whether anybody is there: keeps a quiet connection through load balancers.
    pub fn ping(&mut self) -> Result<(), Error> {
        self.connection.ping()?;
        Ok(())
    }

    /// Give up every channel and go away, as the kubelet does when a command has ended.
    pub fn close(&mut self) -> Result<(), Error> {
        Ok(self.connection.close()?)
    }

    /// What is to be sent, in order; empty afterwards.
    pub fn take_output(&mut self) -> Bytes {
        self.connection.take_output()
    }

    /// How many bytes are to be sent.
    pub fn output_len(&self) -> usize {
        self.connection.output_len()
    }

    /// How many bytes came on streams that were closed, or on which the peer only listens. None was given out.
    pub fn dropped(&self) -> u64 {
        self.dropped + self.connection.dropped()
    }
}

#[cfg(test)]
mod tests;
