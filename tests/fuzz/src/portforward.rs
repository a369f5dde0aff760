//! Forwarded connections: a client, the gateway's relay and a kubelet.
//!
//! The first byte of an input says whether both peers keep to the protocol, which makes it a programme of what they
//! do, or send what they like.

mod stage;

use bytes::Bytes;
use streams::Side;
use streams::portforward::{Error, Event, Forwarded, MAX_MESSAGE, Relay};
use streams::spdy::Frame;

use crate::input::{Input, pieces};
use crate::spdy::{frames, said};
use stage::Stage;

/// The ports that may be reached, where not all are.
const ALLOWED: [u16; 2] = [80, 8080];

/// Every byte is counted, every connection ends once, and no port is reached that was not asked for; however the
/// bytes are cut, the same is recorded and the same is sent.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let flags = input.byte();
    let ports = (flags & 1 != 0).then(|| ALLOWED.to_vec());
    if flags & 2 == 0 {
        Stage::new(ports, input.byte()).play(&mut input);
        return;
    }
    let seed = input.byte();
    // Turns: the client's bytes, then the kubelet's, and so on.
    let mut turns = Vec::new();
    while !input.is_empty() {
        let mut turn = Input::new(input.block());
        turns.push(frames::wire(&mut turn));
    }
    let whole = recorded(ports.clone(), &turns, |turn| vec![Bytes::copy_from_slice(turn)]);
    assert_eq!(whole, recorded(ports.clone(), &turns, |turn| pieces(turn, seed)), "cut, another thing is recorded or sent");
    check_record(&whole.events, &whole.left, ports.as_deref());
}

/// What is recorded, and what is sent.
#[derive(Debug, PartialEq)]
struct Recorded {
    events: Vec<Event>,
    left: Vec<Forwarded>,
    error: Option<Error>,
    to_client: Vec<Frame>,
    to_upstream: Vec<Frame>,
}

/// What comes of the turns of two peers, and the error that ends it.
fn recorded(ports: Option<Vec<u16>>, turns: &[Vec<u8>], cut: impl Fn(&[u8]) -> Vec<Bytes>) -> Recorded {
    let mut relay = Relay::new(ports).expect("a connection begins");
    let (mut events, mut error) = (Vec::new(), None);
    'turns: for (turn, side) in turns.iter().zip([Side::Client, Side::Server].into_iter().cycle()) {
        for piece in cut(turn) {
            let mut input = piece;
            loop {
                let next = if side == Side::Client { relay.from_client(&mut input) } else { relay.from_upstream(&mut input) };
                match next {
                    Ok(Some(event)) => events.push(event),
                    Ok(None) => break,
                    Err(found) => {
                        error = Some(found);
                        break 'turns;
                    }
                }
            }
        }
    }
    let left = relay.close().expect("it closes");
    assert_eq!(relay.open_forwards(), 0);
    Recorded { events, left, error, to_client: said(relay.take_client_output()), to_upstream: said(relay.take_upstream_output()) }
}

/// Each connection is opened once and then ends once, at a port that may be reached.
fn check_record(events: &[Event], left: &[Forwarded], ports: Option<&[u16]>) {
    let mut open = Vec::new();
    let ended = |forwarded: &Forwarded, open: &mut Vec<(u32, u16)>| {
        let place = open.iter().position(|one| *one == (forwarded.forward, forwarded.port));
        open.swap_remove(place.unwrap_or_else(|| panic!("{forwarded:?} was not open")));
        assert!(forwarded.message.len() <= MAX_MESSAGE, "{} bytes of a message are kept", forwarded.message.len());
    };
    for event in events {
        match event {
            Event::Opened { forward, port } => {
                assert!(ports.is_none_or(|ports| ports.contains(port)), "the port {port} may not be reached");
                assert!(*port > 0 && open.iter().all(|(one, _)| one != forward), "{event:?} twice");
                open.push((*forward, *port));
            }
            Event::Closed(forwarded) => ended(forwarded, &mut open),
            Event::Refused { .. } | Event::GoAway(_) => {}
        }
    }
    left.iter().for_each(|forwarded| ended(forwarded, &mut open));
    assert!(open.is_empty(), "{open:?} never ended");
}
