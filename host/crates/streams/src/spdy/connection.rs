//! One side of a connection: which streams are open, and which halves of them.

use std::collections::HashMap;

use bytes::Bytes;

use crate::Side;

use super::writer::write_data;
use super::{Error, Frame, GoAwayStatus, Headers, Reader, RstStatus, StreamId, Writer};

/// Something that the peer did. With `fin` it will send nothing more on that stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It opened a stream: answer with [`Connection::reply`] or [`Connection::reset`].
    Open {
        /// The new stream.
        stream: StreamId,
        /// What it is for.
        headers: Headers,
        /// See above.
        fin: bool,
    },
    /// It accepted a stream that was opened here.
    Reply {
        /// The accepted stream.
        stream: StreamId,
        /// See above.
        fin: bool,
    },
    /// It sent bytes on an open stream, or only the end of them.
    Data {
        /// The stream.
        stream: StreamId,
        /// The bytes.
        data: Bytes,
        /// See above.
        fin: bool,
    },
    /// It ended a stream in both directions.
    Reset {
        /// The stream, which is forgotten.
        stream: StreamId,
        /// Why.
        status: RstStatus,
    },
    /// It answered a ping.
    Pong {
        /// The number of that ping.
        id: u32,
    },
    /// It takes no further streams. `spdystream` reads nothing more after it sent this, and closes.
    GoAway {
        /// Why.
        status: GoAwayStatus,
    },
}

/// One side of a connection.
///
/// What has to be sent gathers in an output that the caller takes ([`Connection::take_output`]). What the
/// peer causes by itself (pongs, resets of refused streams) is never longer than what it sent for it; a
/// caller that writes its output out before it reads on holds no more than that.
pub struct Connection {
    side: Side,
    reader: Reader,
    writer: Writer,
    streams: HashMap<StreamId, Halves>,
    /// How many streams of the peer's may be open at once.
    limit: usize,
    /// The highest number that the peer used; zero before the first.
    last_of_peer: u32,
    /// The next number of this side.
    next: u32,
    next_ping: u32,
    peer_gone: bool,
    gone: bool,
    dropped: u64,
    output: Vec<u8>,
}

/// Which halves of a stream are closed.
#[derive(Clone, Copy, Default)]
struct Halves {
    ours: bool,
    theirs: bool,
    replied: bool,
}

impl Connection {
    /// At the beginning. Of the peer's streams `limit` may be open at once; further ones are refused.
    pub fn new(side: Side, limit: usize) -> Result<Self, Error> {
        let first = if side == Side::Client { 1 } else { 2 };
        Ok(Self {
            side,
            reader: Reader::new(),
            writer: Writer::new()?,
            streams: HashMap::new(),
            limit,
            last_of_peer: 0,
            next: first,
            next_ping: first,
            peer_gone: false,
            gone: false,
            dropped: 0,
            output: Vec::new(),
        })
    }

    /// The next thing that the peer did, by `input`, which is consumed as far as it was read. `None` when
    /// all of it is.
    ///
    /// On an error the output ends with a GOAWAY that blames the peer: send it and close. The same error
    /// comes again after it.
    pub fn next(&mut self, input: &mut Bytes) -> Result<Option<Event>, Error> {
        let result = self.advance(input);
        if result.is_err() && !self.gone {
            self.go_away(GoAwayStatus::PROTOCOL_ERROR)?;
        }
        result
    }

    fn advance(&mut self, input: &mut Bytes) -> Result<Option<Event>, Error> {
        while let Some(frame) = self.reader.next(input)? {
            if let Some(event) = self.take(frame)? {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    fn take(&mut self, frame: Frame) -> Result<Option<Event>, Error> {
        Ok(match frame {
            Frame::SynStream { stream, associated, headers, fin, unidirectional, .. } => {
                // Kubernetes neither pushes nor opens streams of one direction.
                self.opened(stream, headers, fin, associated != 0 || unidirectional)?
            }
            Frame::SynReply { stream, fin, .. } => {
                let open = self.is_own(stream) && self.streams.get(&stream).is_some_and(|halves| !halves.replied);
                open.then(|| {
                    self.halves(stream, |halves| (halves.replied, halves.theirs) = (true, fin));
                    Event::Reply { stream, fin }
                })
            }
            Frame::Data { stream, data, fin } => self.arrived(stream, data, fin),
            // Kubernetes sends no headers later, so what they say is of no interest; that they end a stream is.
            Frame::Headers { stream, fin: true, .. } => self.arrived(stream, Bytes::new(), true),
            Frame::RstStream { stream, status } => self.streams.remove(&stream).map(|_| Event::Reset { stream, status }),
            Frame::Ping { id } if id % 2 == self.parity() => Some(Event::Pong { id }),
            Frame::Ping { .. } => {
                self.writer.write(&frame, &mut self.output)?;
                None
            }
            Frame::GoAway { status, .. } => (!std::mem::replace(&mut self.peer_gone, true)).then_some(Event::GoAway { status }),
            Frame::Headers { .. } | Frame::Settings { .. } | Frame::WindowUpdate { .. } => None,
        })
    }

    fn opened(&mut self, stream: StreamId, headers: Headers, fin: bool, unusual: bool) -> Result<Option<Event>, Error> {
        if self.is_own(stream) {
            return Err(self.reader.fail(Error::StreamId(stream.get())));
        }
        // The draft, section 2.3.2: an error of the whole connection.
        if stream.get() <= self.last_of_peer {
            return Err(self.reader.fail(Error::NotAscending(stream.get())));
        }
        self.last_of_peer = stream.get();
        let of_peer = self.streams.keys().filter(|one| !self.is_own(**one)).count();
        if self.gone || unusual || of_peer >= self.limit {
            self.writer.write(&Frame::RstStream { stream, status: RstStatus::REFUSED_STREAM }, &mut self.output)?;
            return Ok(None);
        }
        self.streams.insert(stream, Halves { theirs: fin, ..Halves::default() });
        Ok(Some(Event::Open { stream, headers, fin }))
    }

    fn arrived(&mut self, stream: StreamId, data: Bytes, fin: bool) -> Option<Event> {
        if self.streams.get(&stream).is_none_or(|halves| halves.theirs) {
            self.dropped += data.len() as u64;
            return None;
        }
        self.halves(stream, |halves| halves.theirs = fin);
        Some(Event::Data { stream, data, fin })
    }

    /// Open a stream. The peer accepts it ([`Event::Reply`]) or resets it; `spdystream` throws away what is
    /// sent before that.
    ///
    /// Fails once the peer takes no more streams, or all numbers are used.
    pub fn open(&mut self, headers: Headers) -> Result<StreamId, Error> {
        if !self.can_open() {
            return Err(Error::GoneAway);
        }
        let stream = StreamId::new(self.next).map_err(|_| Error::Exhausted)?;
        self.next += 2;
        let frame = Frame::SynStream { stream, associated: 0, priority: 0, headers, fin: false, unidirectional: false };
        self.writer.write(&frame, &mut self.output)?;
        self.streams.insert(stream, Halves::default());
        Ok(stream)
    }

    /// Whether neither side has gone away.
    pub fn can_open(&self) -> bool {
        !self.peer_gone && !self.gone
    }

    /// Accept a stream that the peer opened. Without effect on any other.
    pub fn reply(&mut self, stream: StreamId) -> Result<(), Error> {
        if self.is_own(stream) || self.streams.get(&stream).is_none_or(|halves| halves.replied) {
            return Ok(());
        }
        self.halves(stream, |halves| halves.replied = true);
        self.writer.write(&Frame::SynReply { stream, headers: Headers::new(), fin: false }, &mut self.output)
    }

    /// Send bytes, or only the end of them. False, and nothing sent, if that half of the stream is closed
    /// or the stream is gone: the peer may have reset it a moment ago.
    pub fn data(&mut self, stream: StreamId, data: &[u8], fin: bool) -> bool {
        if self.streams.get(&stream).is_none_or(|halves| halves.ours) {
            return false;
        }
        write_data(stream, data, fin, &mut self.output);
        self.halves(stream, |halves| halves.ours = fin);
        true
    }

    /// End a stream in both directions, and forget it. Without effect if it is gone.
    pub fn reset(&mut self, stream: StreamId, status: RstStatus) -> Result<(), Error> {
        match self.streams.remove(&stream) {
            Some(_) => self.writer.write(&Frame::RstStream { stream, status }, &mut self.output),
            None => Ok(()),
        }
    }

    /// Ask whether anybody is there. The answer is an [`Event::Pong`] with the number returned.
    pub fn ping(&mut self) -> Result<u32, Error> {
        let id = self.next_ping;
        self.next_ping = if id > StreamId::MAX - 2 { 2 - self.parity() } else { id + 2 };
        self.writer.write(&Frame::Ping { id }, &mut self.output)?;
        Ok(id)
    }

    /// Take no further streams. Without effect the second time.
    pub fn go_away(&mut self, status: GoAwayStatus) -> Result<(), Error> {
        if std::mem::replace(&mut self.gone, true) {
            return Ok(());
        }
        self.writer.write(&Frame::GoAway { last_good: self.last_of_peer, status }, &mut self.output)
    }

    /// Reset every open stream, then go away: how the kubelet ends a connection.
    pub fn close(&mut self) -> Result<(), Error> {
        let mut open: Vec<StreamId> = self.streams.keys().copied().collect();
        open.sort_unstable();
        open.into_iter().try_for_each(|stream| self.reset(stream, RstStatus::CANCEL))?;
        self.go_away(GoAwayStatus::OK)
    }

    /// What is to be sent, in order; empty afterwards.
    pub fn take_output(&mut self) -> Bytes {
        std::mem::take(&mut self.output).into()
    }

    /// How many bytes are to be sent.
    pub fn output_len(&self) -> usize {
        self.output.len()
    }

    /// How many streams are open, of both sides.
    pub fn open_streams(&self) -> usize {
        self.streams.len()
    }

    /// Whether a stream is open in any direction.
    pub fn is_open(&self, stream: StreamId) -> bool {
        self.streams.contains_key(&stream)
    }

    /// How many bytes the peer sent on streams that were closed or never open. None of them was given out.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Change a stream's halves, and forget it when both are closed.
    fn halves(&mut self, stream: StreamId, change: impl FnOnce(&mut Halves)) {
        if let Some(halves) = self.streams.get_mut(&stream) {
            change(halves);
            if halves.ours && halves.theirs {
                self.streams.remove(&stream);
            }
        }
    }

    /// Of the numbers of this side.
    fn parity(&self) -> u32 {
        if self.side == Side::Client { 1 } else { 0 }
    }

    fn is_own(&self, stream: StreamId) -> bool {
        stream.get() % 2 == self.parity()
    }
}

#[cfg(test)]
mod tests;
