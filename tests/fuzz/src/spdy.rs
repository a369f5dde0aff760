//! SPDY frames, and the state of a connection that gets them.

pub(crate) mod frames;

use std::collections::HashSet;

use bytes::Bytes;
use streams::Side;
use streams::spdy::{Connection, Error, Event, Frame, Headers, MAX_CONTROL, Reader, RstStatus, StreamId, Writer};

use crate::input::{Input, pieces};

/// The most streams of the peer's that are open at once.
const LIMIT: usize = 3;

/// The bytes of a GOAWAY, with which a connection ends by itself.
const GOAWAY: usize = 16;

/// However the bytes are cut they are the same frames, and written anew they are read as themselves. A connection is
/// in the same state after them, and has not more to say than it was told.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let (seed, side) = (input.byte(), if input.flag() { Side::Client } else { Side::Server });
    let wire = frames::wire(&mut input);
    let whole = [Bytes::from(wire.clone())];
    let cut = pieces(&wire, seed);

    let frames = read(&whole);
    assert_eq!(frames, read(&cut), "cut, it is something else");
    let mut anew = Vec::new();
    let mut writer = Writer::new().expect("a connection begins");
    frames.0.iter().for_each(|frame| writer.write(frame, &mut anew).expect("what was read can be written"));
    // Much data goes out in several frames.
    assert_eq!(said(anew.into()), together(frames.0), "written anew, it is something else");

    assert_eq!(listened(side, &whole), listened(side, &cut), "cut, another thing happens");
    check_said(answered(side, &cut));
}

/// All frames, with the pieces of one data frame put together, and the error that ends them.
fn read(pieces: &[Bytes]) -> (Vec<Frame>, Option<Error>) {
    let mut reader = Reader::new();
    let mut frames: Vec<Frame> = Vec::new();
    let (mut unfinished, mut held) = (false, 0);
    for piece in pieces {
        let mut input = piece.clone();
        loop {
            let before = input.len();
            let frame = match reader.next(&mut input) {
                Ok(frame) => frame,
                Err(error) => {
                    assert_eq!(reader.next(&mut Bytes::new()), Err(error), "a first error is the last");
                    return (frames, Some(error));
                }
            };
            // What is given out is no longer held; of what is not, there is one control frame with its head at most.
            held = if frame.is_some() { 0 } else { held + before - input.len() };
            assert!(held <= 8 + MAX_CONTROL as usize, "{held} bytes are held");
            let Some(frame) = frame else { break };
            match (frame, frames.last_mut()) {
                (Frame::Data { data, fin: end, .. }, Some(Frame::Data { data: before, fin, .. })) if unfinished => {
                    (*before, *fin) = ([&before[..], &data].concat().into(), end);
                }
                (frame, _) => frames.push(frame),
            }
            unfinished = !reader.is_between_frames();
        }
        assert!(input.is_empty(), "all of it is read");
    }
    (frames, None)
}

/// All that is left of a connection.
#[derive(Debug, PartialEq)]
struct Heard {
    events: Vec<Event>,
    error: Option<Error>,
    output: Bytes,
    open: usize,
    dropped: u64,
}

/// A connection that only listens.
fn listened(side: Side, pieces: &[Bytes]) -> Heard {
    let mut connection = Connection::new(side, LIMIT).expect("a connection begins");
    // A client has streams of its own, to which the peer may reply.
    let own = if side == Side::Client { 2 } else { 0 };
    for _ in 0..own {
        connection.open(Headers::new()).expect("a stream is opened");
    }
    let begun = connection.output_len();
    let (mut events, mut error, mut length) = (Vec::new(), None, 0);
    for piece in pieces {
        length += piece.len();
        let mut input = piece.clone();
        while error.is_none() {
            match connection.next(&mut input) {
                Ok(Some(event)) => joined(event, &mut events),
                Ok(None) => break,
                Err(found) => error = Some(found),
            }
            assert!(connection.open_streams() <= LIMIT + own, "more streams than are allowed");
        }
        assert!(connection.output_len() - begun <= length + GOAWAY, "the peer causes more than it sends");
    }
    if let Some(error) = error {
        let said = connection.output_len();
        assert_eq!((connection.next(&mut Bytes::new()), connection.output_len()), (Err(error), said), "a first error is the last");
    }
    Heard { events, error, output: connection.take_output(), open: connection.open_streams(), dropped: connection.dropped() }
}

/// Append an event; data that follows data of the same stream is one with it.
fn joined(event: Event, events: &mut Vec<Event>) {
    match (event, events.last_mut()) {
        (Event::Data { stream, data, fin: end }, Some(Event::Data { stream: of, data: before, fin })) if stream == *of => {
            assert!(!*fin, "data after the end of {stream}");
            (*before, *fin) = ([&before[..], &data].concat().into(), end);
        }
        (event, _) => events.push(event),
    }
}

/// What a connection says that takes some streams, refuses others, and sends back what it gets.
fn answered(side: Side, pieces: &[Bytes]) -> Bytes {
    let mut connection = Connection::new(side, LIMIT).expect("a connection begins");
    let mut said = Vec::new();
    for piece in pieces {
        let mut input = piece.clone();
        while let Ok(Some(event)) = connection.next(&mut input) {
            match event {
                Event::Open { stream, .. } if stream.get() % 5 == 0 => connection.reset(stream, RstStatus::REFUSED_STREAM),
                Event::Open { stream, .. } => connection.reply(stream),
                Event::Data { stream, data, fin } => {
                    let open = connection.is_open(stream);
                    assert!(!connection.data(stream, &data, fin) || open, "sent on a stream that is gone");
                    Ok(())
                }
                Event::Reset { stream, .. } => {
                    assert!(!connection.data(stream, b"late", false), "sent on a stream that was reset");
                    Ok(())
                }
                Event::Reply { .. } | Event::Pong { .. } => connection.ping().map(drop),
                Event::GoAway { .. } => connection.close(),
            }
            .expect("it is written");
        }
        said.extend_from_slice(&connection.take_output());
    }
    connection.close().expect("it is written");
    assert_eq!(connection.open_streams(), 0);
    said.extend_from_slice(&connection.take_output());
    said.into()
}

/// What a gateway that keeps to the protocol has said: its frames, and data that follows data of the same stream is one
/// with it.
pub(crate) fn said(bytes: Bytes) -> Vec<Frame> {
    let (frames, error) = read(&[bytes]);
    assert_eq!(error, None, "what is said is no SPDY");
    together(frames)
}

fn together(frames: Vec<Frame>) -> Vec<Frame> {
    let mut all: Vec<Frame> = Vec::new();
    for frame in frames {
        match (frame, all.last_mut()) {
            (Frame::Data { stream, data, fin: end }, Some(Frame::Data { stream: of, data: before, fin: fin @ false })) if stream == *of => {
                (*before, *fin) = ([&before[..], &data].concat().into(), end);
            }
            (frame, _) => all.push(frame),
        }
    }
    all
}

/// It is SPDY, and nothing comes on a stream after its end.
fn check_said(bytes: Bytes) {
    let mut ended: HashSet<StreamId> = HashSet::new();
    for frame in said(bytes) {
        let (stream, end) = match frame {
            Frame::Data { stream, fin, .. } | Frame::SynReply { stream, fin, .. } => (stream, fin),
            Frame::RstStream { stream, .. } => {
                ended.insert(stream);
                continue;
            }
            _ => continue,
        };
        assert!(!ended.contains(&stream), "the stream {stream} goes on after its end");
        if end {
            ended.insert(stream);
        }
    }
}
