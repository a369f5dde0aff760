//! Between a client and the API server.

use std::collections::{BTreeMap, HashMap, VecDeque};

use bytes::Bytes;

use super::headers::Asked;
use super::{Kind, Refusal};
use crate::Side;
use crate::spdy::{self, Connection, GoAwayStatus, Headers, RstStatus, StreamId};

/// How many streams a client may have open: two for each forwarded connection.
pub const MAX_STREAMS: usize = 512;

/// How much of the kubelet's text about a failed connection is kept, in bytes. All of it is passed on.
pub const MAX_MESSAGE: usize = 1 << 10;

/// One side broke the protocol. It has been told, and the other side's streams are reset: send both outputs,
/// then close both connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The client did.
    #[error("the client broke the protocol: {0}")]
    Client(#[source] spdy::Error),
    /// The API server or the kubelet did.
    #[error("the upstream broke the protocol: {0}")]
    Upstream(#[source] spdy::Error),
}

/// Something worth a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A connection is being forwarded. Comes before the first byte to the pod.
    Opened {
        /// Its number within this session, from 1.
        forward: u32,
        /// The pod's port.
        port: u16,
    },
    /// A stream of the client's was reset instead of being forwarded.
    Refused {
        /// The port, if the stream named one.
        port: Option<u16>,
        /// Why.
        why: Refusal,
    },
    /// A forwarded connection has ended.
    Closed(Forwarded),
    /// This side ends the whole connection, and the other has been told: send the outputs, then close.
    GoAway(Side),
}

/// A forwarded connection that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarded {
    /// Its number within this session, from 1.
    pub forward: u32,
    /// The pod's port.
    pub port: u16,
    /// How many bytes went to the pod.
    pub to_pod: u64,
    /// How many bytes came from the pod.
    pub from_pod: u64,
    /// Who broke it off. `None` if both sides had finished.
    pub reset_by: Option<Side>,
    /// What the kubelet said of it: nothing, if all went well. The first [`MAX_MESSAGE`] bytes.
    pub message: String,
}

/// Ends the client's connection and the upstream's, and passes on what they may say to each other.
///
/// Feed it with what was read and write its two outputs out before reading on: it then holds no more than
/// what one read gave.
pub struct Relay {
    client: Connection,
    upstream: Connection,
    ports: Option<Vec<u16>>,
    /// By the client's stream.
    legs: HashMap<StreamId, Leg>,
    /// From the upstream's stream to the client's.
    back: HashMap<StreamId, StreamId>,
    forwards: BTreeMap<u32, Forward>,
    last_forward: u32,
    waiting: VecDeque<Event>,
}

#[derive(Clone, Copy)]
struct Leg {
    upstream: StreamId,
    forward: u32,
    kind: Kind,
    answered: bool,
}

struct Forward {
    request: String,
    data: bool,
    error: bool,
    open: usize,
    so_far: Forwarded,
    /// The first bytes of the kubelet's text. They are read as text once all have come: a character may come in pieces.
    message: Vec<u8>,
}

impl Forward {
    fn ended(self) -> Forwarded {
        let mut message = String::from_utf8_lossy(&self.message).into_owned();
        // Each byte that is no text has become three.
        message.truncate(message.floor_char_boundary(MAX_MESSAGE));
        Forwarded { message, ..self.so_far }
    }
}

impl Relay {
    /// At the beginning of both connections. Only `ports` are forwarded to, if there are any given.
    pub fn new(ports: Option<Vec<u16>>) -> Result<Self, spdy::Error> {
        Ok(Self {
            client: Connection::new(Side::Server, MAX_STREAMS)?,
            // A kubelet opens no streams.
            upstream: Connection::new(Side::Client, 0)?,
            ports,
            legs: HashMap::new(),
            back: HashMap::new(),
            forwards: BTreeMap::new(),
            last_forward: 0,
            waiting: VecDeque::new(),
        })
    }

    /// Pass on what the client sent. `None` when all of `input` is read.
    pub fn from_client(&mut self, input: &mut Bytes) -> Result<Option<Event>, Error> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Ok(Some(event));
            }
            match self.client.next(input) {
                Ok(Some(event)) => self.client_did(event).map_err(Error::Upstream)?,
                Ok(None) => return Ok(None),
                Err(error) => {
                    self.upstream.close().map_err(Error::Upstream)?;
                    return Err(Error::Client(error));
                }
            }
        }
    }

    /// Pass on what the upstream sent. `None` when all of `input` is read.
    pub fn from_upstream(&mut self, input: &mut Bytes) -> Result<Option<Event>, Error> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Ok(Some(event));
            }
            match self.upstream.next(input) {
                Ok(Some(event)) => self.upstream_did(event).map_err(Error::Client)?,
                Ok(None) => return Ok(None),
                Err(error) => {
                    self.client.close().map_err(Error::Client)?;
                    return Err(Error::Upstream(error));
                }
            }
        }
    }

    fn client_did(&mut self, event: spdy::Event) -> Result<(), spdy::Error> {
        match event {
            spdy::Event::Open { stream, headers, fin } => self.open(stream, &headers, fin),
            spdy::Event::Data { stream, data, fin } => {
                let Some(leg) = self.legs.get(&stream).copied() else { return Ok(()) };
                // The kubelet throws away what comes before its reply, and what comes on an error stream.
                let data = if leg.answered && leg.kind == Kind::Data { &data[..] } else { &[] };
                if (fin || !data.is_empty()) && self.upstream.data(leg.upstream, data, fin) {
                    self.forward(leg, |forward| forward.so_far.to_pod += data.len() as u64);
                }
                self.settle(stream, leg, None);
                Ok(())
            }
            spdy::Event::Reset { stream, status } => {
                let Some(leg) = self.legs.get(&stream).copied() else { return Ok(()) };
                self.upstream.reset(leg.upstream, status)?;
                self.settle(stream, leg, Some(Side::Client));
                Ok(())
            }
            spdy::Event::GoAway { status } => {
                self.waiting.push_back(Event::GoAway(Side::Client));
                self.upstream.go_away(status)
            }
            spdy::Event::Reply { .. } | spdy::Event::Pong { .. } => Ok(()),
        }
    }

    fn open(&mut self, stream: StreamId, headers: &Headers, fin: bool) -> Result<(), spdy::Error> {
        if !self.upstream.can_open() {
            return self.client.reset(stream, RstStatus::REFUSED_STREAM);
        }
        let asked = Asked::decode(stream, headers);
        let port = asked.as_ref().ok().map(|asked| asked.port.get());
        match asked.and_then(|asked| self.place(&asked).map(|forward| (asked, forward))) {
            Ok((asked, number)) => {
                let upstream = self.upstream.open(asked.encode(number)?)?;
                if fin {
                    self.upstream.data(upstream, &[], true);
                }
                let leg = Leg { upstream, forward: number, kind: asked.kind, answered: false };
                self.legs.insert(stream, leg);
                self.back.insert(upstream, stream);
                self.forward(leg, |forward| {
                    forward.open += 1;
                    *(if asked.kind == Kind::Data { &mut forward.data } else { &mut forward.error }) = true;
                });
                Ok(())
            }
            Err(why) => {
                self.waiting.push_back(Event::Refused { port, why });
                self.client.reset(stream, RstStatus::REFUSED_STREAM)
            }
        }
    }

    /// The forwarded connection that a stream belongs to: an open one with the same request number, or a new one.
    fn place(&mut self, asked: &Asked) -> Result<u32, Refusal> {
        let port = asked.port.get();
        if self.ports.as_ref().is_some_and(|ports| !ports.contains(&port)) {
            return Err(Refusal::NotAllowed);
        }
        if let Some((number, forward)) = self.forwards.iter().find(|(_, forward)| forward.request == asked.request) {
            let taken = if asked.kind == Kind::Data { forward.data } else { forward.error };
            return match () {
                () if taken => Err(Refusal::Duplicate),
                () if forward.so_far.port != port => Err(Refusal::OtherPort),
                () => Ok(*number),
            };
        }
        self.last_forward += 1;
        let forward = self.last_forward;
        let so_far = Forwarded { forward, port, to_pod: 0, from_pod: 0, reset_by: None, message: String::new() };
        self.forwards.insert(forward, Forward { request: asked.request.clone(), data: false, error: false, open: 0, so_far, message: Vec::new() });
        self.waiting.push_back(Event::Opened { forward, port });
        Ok(forward)
    }

    fn upstream_did(&mut self, event: spdy::Event) -> Result<(), spdy::Error> {
        match event {
            spdy::Event::Reply { stream: upstream, fin } => {
                let Some(stream) = self.back.get(&upstream).copied() else { return Ok(()) };
                if let Some(leg) = self.legs.get_mut(&stream) {
                    leg.answered = true;
                }
                self.client.reply(stream)?;
                if fin { self.down(upstream, &[], true) } else { Ok(()) }
            }
            spdy::Event::Data { stream: upstream, data, fin } => self.down(upstream, &data, fin),
            spdy::Event::Reset { stream: upstream, status } => {
                let Some((stream, leg)) = self.of_upstream(upstream) else { return Ok(()) };
                self.client.reset(stream, status)?;
                self.settle(stream, leg, Some(Side::Server));
                Ok(())
            }
            spdy::Event::GoAway { status } => {
                self.waiting.push_back(Event::GoAway(Side::Server));
                self.client.go_away(status)
            }
            spdy::Event::Open { .. } | spdy::Event::Pong { .. } => Ok(()),
        }
    }

    fn down(&mut self, upstream: StreamId, data: &[u8], fin: bool) -> Result<(), spdy::Error> {
        let Some((stream, leg)) = self.of_upstream(upstream) else { return Ok(()) };
        if self.client.data(stream, data, fin) {
            self.forward(leg, |forward| match leg.kind {
                Kind::Data => forward.so_far.from_pod += data.len() as u64,
                Kind::Error => {
                    let room = MAX_MESSAGE.saturating_sub(forward.message.len());
                    forward.message.extend_from_slice(&data[..data.len().min(room)]);
                }
            });
        }
        self.settle(stream, leg, None);
        Ok(())
    }

    fn of_upstream(&self, upstream: StreamId) -> Option<(StreamId, Leg)> {
        let stream = self.back.get(&upstream).copied()?;
        Some((stream, self.legs.get(&stream).copied()?))
    }

    fn forward(&mut self, leg: Leg, change: impl FnOnce(&mut Forward)) {
        if let Some(forward) = self.forwards.get_mut(&leg.forward) {
            change(forward);
        }
    }

    /// Forget a stream that is closed on both sides, and the forwarded connection with its last stream.
    fn settle(&mut self, stream: StreamId, leg: Leg, reset_by: Option<Side>) {
        if leg.kind == Kind::Data {
            self.forward(leg, |forward| forward.so_far.reset_by = forward.so_far.reset_by.or(reset_by));
        }
        if self.client.is_open(stream) || self.upstream.is_open(leg.upstream) {
            return;
        }
        self.legs.remove(&stream);
        self.back.remove(&leg.upstream);
        let Some(forward) = self.forwards.get_mut(&leg.forward) else { return };
        forward.open -= 1;
        if forward.open == 0 && let Some(forward) = self.forwards.remove(&leg.forward) {
            self.waiting.push_back(Event::Closed(forward.ended()));
        }
    }

    /// The connections are gone, or are to go: what was still being forwarded. Both outputs then end with
    /// resets and a GOAWAY.
    pub fn close(&mut self) -> Result<Vec<Forwarded>, spdy::Error> {
        self.client.close()?;
        self.upstream.close()?;
        self.legs.clear();
        self.back.clear();
        Ok(std::mem::take(&mut self.forwards).into_values().map(Forward::ended).collect())
    }

    /// Ask both sides whether anybody is there: keeps a quiet connection through load balancers.
    pub fn ping(&mut self) -> Result<(), spdy::Error> {
        self.client.ping()?;
        self.upstream.ping()?;
        Ok(())
    }

    /// Tell both sides that nothing further is taken, because of `status`.
    pub fn go_away(&mut self, status: GoAwayStatus) -> Result<(), spdy::Error> {
        self.client.go_away(status)?;
        self.upstream.go_away(status)
    }

    /// What is to be sent to the client, in order; empty afterwards.
    pub fn take_client_output(&mut self) -> Bytes {
        self.client.take_output()
    }

    /// What is to be sent upstream, in order; empty afterwards.
    pub fn take_upstream_output(&mut self) -> Bytes {
        self.upstream.take_output()
    }

    /// How many connections are being forwarded.
    pub fn open_forwards(&self) -> usize {
        self.forwards.len()
    }
}

#[cfg(test)]
mod tests;
