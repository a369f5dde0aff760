//! The channels of a remote command, in WebSocket messages and in SPDY streams.

use bytes::Bytes;
use streams::Side;
use streams::channels::spdy::Channels;
use streams::channels::websocket::{Decoder, encode};
use streams::channels::{Channel, Error, ErrorChannel, Event, Exit, MAX_STATUS, Protocol, Wanted};

use crate::input::{Input, pieces};
use crate::spdy::frames;

/// No byte of a message is lost or made up, and what one side does over one carrier arrives over the other; bytes
/// that are no SPDY of a client's are the same events however they are cut.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let flags = input.byte();
    let wanted = Wanted { stdin: flags & 1 != 0, stdout: flags & 2 != 0, stderr: flags & 4 != 0, tty: flags & 8 != 0 };
    let side = if flags & 16 != 0 { Side::Client } else { Side::Server };
    if flags & 32 != 0 {
        let seed = input.byte();
        check_spdy(input.pick(&Protocol::SPDY), wanted, side, &frames::wire(&mut input), seed);
    } else {
        check_messages(input.pick(&Protocol::WEBSOCKET), wanted, side, &mut input);
    }
}

/// Messages that `side` sends, one after the other, until one is refused.
fn check_messages(protocol: Protocol, wanted: Wanted, side: Side, input: &mut Input) {
    let mut decoder = Decoder::new(protocol, wanted, side);
    let mut pair = Pair::new(wanted);
    let mut status = ErrorChannel::new();
    while !input.is_empty() {
        let message = input.block();
        let dropped = decoder.dropped();
        let Ok(events) = decoder.decode(Bytes::copy_from_slice(message)) else { return };
        let given: usize = events.iter().map(|event| if let Event::Data(_, data) = event { data.len() } else { 0 }).sum();
        let dropped = usize::try_from(decoder.dropped() - dropped).expect("it fits");
        let data = message.len().saturating_sub(1);
        let all = events.iter().any(|event| matches!(event, Event::Data(..))) && !protocol.is_base64();
        assert!(given + dropped <= data && (!all || given == data), "{given} given and {dropped} dropped of {message:?}");
        assert!(events.len() <= data.max(1), "{events:?} from {message:?}");
        for event in events {
            check_event(protocol, wanted, side, &event);
            if let Event::Data(Channel::Error, data) = &event {
                let fits = status.bytes().len() + data.len() <= MAX_STATUS;
                assert_eq!(status.push(data).is_ok(), fits);
                check_exit(status.bytes());
            }
            pair.pass(side, &event);
        }
    }
}

/// It is on a channel of that side's which was asked for, and written anew it is read as itself.
fn check_event(protocol: Protocol, wanted: Wanted, side: Side, event: &Event) {
    let channel = match event {
        Event::Data(channel, _) | Event::Close(channel) => *channel,
        Event::Resize(size) => {
            assert!(size.width > 0 && size.height > 0, "{size:?}");
            Channel::Resize
        }
        Event::Ready | Event::Reset(_) | Event::GoAway => panic!("{event:?} has no message"),
    };
    assert!(channel.sender() == side && wanted.has(channel), "{event:?} of {side:?} with {wanted:?}");
    let message = encode(protocol, event).expect("what had a message has one");
    assert!(!protocol.is_base64() || message.is_ascii(), "{message:?} is not text");
    let again = Decoder::new(protocol, wanted, side).decode(message);
    assert_eq!(again.as_deref(), Ok(std::slice::from_ref(event)));
}

/// How a command ended is the same when it is told again.
fn check_exit(bytes: &[u8]) {
    for protocol in [Protocol::V1, Protocol::V4, Protocol::V5] {
        if let Ok(exit) = Exit::decode(bytes, protocol) {
            assert_eq!(Exit::decode(&exit.encode(protocol), protocol), Ok(exit));
        }
    }
}

/// Both ends of a command over SPDY, with all channels open.
struct Pair {
    wanted: Wanted,
    client: Channels,
    server: Channels,
    /// Channels that their sender has closed.
    closed: Vec<Channel>,
}

impl Pair {
    fn new(wanted: Wanted) -> Self {
        let mut client = Channels::client(Protocol::V4, wanted).expect("a connection begins");
        let mut server = Channels::server(Protocol::V4, wanted).expect("a connection begins");
        assert_eq!(read(&mut server, &[client.take_output()]), (vec![Event::Ready], None));
        assert_eq!(read(&mut client, &[server.take_output()]), (vec![Event::Ready], None));
        Self { wanted, client, server, closed: Vec::new() }
    }

    /// What one side does is what the other hears, and nothing after the end of a channel.
    fn pass(&mut self, side: Side, event: &Event) {
        let (from, to) = match side {
            Side::Client => (&mut self.client, &mut self.server),
            Side::Server => (&mut self.server, &mut self.client),
        };
        let channel = match event {
            Event::Data(channel, _) | Event::Close(channel) => *channel,
            _ => Channel::Resize,
        };
        let open = self.wanted.has(channel) && !self.closed.contains(&channel);
        assert_eq!(from.send(event), Ok(open), "{event:?}");
        let heard = match event {
            Event::Data(_, data) if data.is_empty() => Vec::new(),
            _ if !open => Vec::new(),
            event => vec![event.clone()],
        };
        assert_eq!(read(to, &[from.take_output()]), (heard, None));
        if let Event::Close(channel) = event {
            self.closed.push(*channel);
        }
    }
}

/// Bytes of a peer that may be anybody.
fn check_spdy(protocol: Protocol, wanted: Wanted, side: Side, wire: &[u8], seed: u8) {
    // `side` sends, so the gateway is at the other end.
    let heard = |pieces: &[Bytes]| {
        let channels = if side == Side::Client { Channels::server(protocol, wanted) } else { Channels::client(protocol, wanted) };
        let mut channels = channels.expect("a connection begins");
        let begun = channels.output_len();
        let (events, error) = read(&mut channels, pieces);
        // Replies and resets for each stream, and a GOAWAY.
        assert!(channels.output_len() - begun <= 2 * wire.len() + 64, "the peer causes more than it sends");
        (events, error, channels.is_ready(), channels.dropped(), channels.take_output())
    };
    let whole = heard(&[Bytes::copy_from_slice(wire)]);
    assert_eq!(whole, heard(&pieces(wire, seed)), "cut, another thing happens");
    for event in &whole.0 {
        let (Event::Data(channel, _) | Event::Close(channel)) = event else { continue };
        assert!(channel.sender() == side && wanted.has(*channel), "{event:?} of {side:?} with {wanted:?}");
    }
}

/// All events, with data that follows data of the same channel put together, and the error that ends them.
fn read(channels: &mut Channels, pieces: &[Bytes]) -> (Vec<Event>, Option<Error>) {
    let mut events: Vec<Event> = Vec::new();
    for piece in pieces {
        let mut input = piece.clone();
        loop {
            match channels.next(&mut input) {
                Ok(None) => break,
                Err(error) => return (events, Some(error)),
                Ok(Some(event)) => match (event, events.last_mut()) {
                    (Event::Data(channel, data), Some(Event::Data(of, before))) if channel == *of => *before = [&before[..], &data].concat().into(),
                    (event, _) => events.push(event),
                },
            }
        }
    }
    (events, None)
}
