use proptest::prelude::*;

use super::*;
use crate::channels::Size;

const SHELL: Wanted = Wanted { stdin: true, stdout: true, stderr: false, tty: true };
const PLAIN: Wanted = Wanted { stdin: true, stdout: true, stderr: true, tty: false };

fn decode(protocol: Protocol, wanted: Wanted, sender: Side, message: &[u8]) -> Result<Vec<Event>, Error> {
    Decoder::new(protocol, wanted, sender).decode(Bytes::copy_from_slice(message))
}

fn data(channel: Channel, text: &'static str) -> Event {
    Event::Data(channel, text.into())
}

#[test]
fn messages_and_what_they_say() {
    use Side::{Client, Server};
    let cases: &[(Protocol, Side, &[u8], &[Event])] = &[
        (Protocol::V5, Client, b"\x00ls\n", &[data(Channel::Stdin, "ls\n")]),
        (Protocol::V4, Client, b"\x00", &[data(Channel::Stdin, "")]),
        (Protocol::V5, Server, b"\x01file", &[data(Channel::Stdout, "file")]),
        (Protocol::V5, Server, b"\x01", &[data(Channel::Stdout, "")]),
        (Protocol::V1, Server, b"\x03exit code 7", &[data(Channel::Error, "exit code 7")]),
        (Protocol::V5, Client, b"\x04{\"Width\":80,\"Height\":24}\n", &[Event::Resize(Size { width: 80, height: 24 })]),
        (Protocol::V5, Client, b"\xff\x00", &[Event::Close(Channel::Stdin)]),
        (Protocol::V5, Server, b"\xff\x01", &[Event::Close(Channel::Stdout)]),
        (Protocol::V5, Client, b"\xff\x01", &[]),
        (Protocol::V4, Client, b"\xff\x00", &[]),
        (Protocol::V1Base64, Client, b"0bHMK", &[data(Channel::Stdin, "ls\n")]),
        (Protocol::V4Base64, Server, b"1", &[data(Channel::Stdout, "")]),
        (Protocol::V4Base64, Client, b"\x00bHMK", &[]),
        (Protocol::V5, Client, b"", &[]),
    ];
    for (protocol, sender, message, events) in cases {
        assert_eq!(decode(*protocol, SHELL, *sender, message).as_deref(), Ok(*events), "{protocol:?} {message:?}");
    }
}

/// An agent that writes where nobody records would be round the recording.
#[test]
fn what_is_sent_where_nobody_listens_is_dropped_and_counted() {
    let cases: &[(&str, Wanted, Side, &[u8])] = &[
        ("standard input that was not asked for", Wanted { stdin: false, ..PLAIN }, Side::Client, b"\x00rm"),
        ("the output, from the client", PLAIN, Side::Client, b"\x01rm"),
        ("the exit status, from the client", PLAIN, Side::Client, b"\x03{}"),
        ("a window's size without a terminal", PLAIN, Side::Client, b"\x04{}"),
        ("a sixth channel", PLAIN, Side::Client, b"\x05rm"),
        ("standard input, from the server", PLAIN, Side::Server, b"\x00rm"),
        ("errors beside a terminal", Wanted { stderr: true, ..SHELL }, Side::Server, b"\x02no"),
    ];
    for (what, wanted, sender, message) in cases {
        let mut decoder = Decoder::new(Protocol::V5, *wanted, *sender);
        assert_eq!(decoder.decode(Bytes::from_static(message)), Ok(vec![]), "{what}");
        assert_eq!(decoder.dropped(), 2, "{what}");
    }
}

#[test]
fn messages_that_are_refused() {
    let cases: &[(Protocol, &[u8], Error)] = &[
        (Protocol::V5, b"\xff", Error::CloseLength(1)),
        (Protocol::V5, b"\xff\x00\x01", Error::CloseLength(3)),
        (Protocol::V5, b"\xff\x05", Error::CloseChannel(5)),
        (Protocol::V5, b"\xff\xff", Error::CloseChannel(255)),
        (Protocol::V4Base64, b"0b", Error::Base64),
        (Protocol::V4Base64, b"0bH MK", Error::Base64),
        (Protocol::V5, b"\x04eighty", Error::Size),
    ];
    for (protocol, message, error) in cases {
        assert_eq!(decode(*protocol, SHELL, Side::Client, message), Err(*error), "{message:?}");
    }
}

#[test]
fn only_v5_has_a_message_that_closes_a_channel() {
    let close = Event::Close(Channel::Stdin);
    assert_eq!(encode(Protocol::V5, &close).as_deref(), Some(&[255, 0][..]));
    assert_eq!(encode(Protocol::V4, &close), None);
    for event in [Event::Ready, Event::GoAway, Event::Reset(Channel::Stdin)] {
        assert_eq!(encode(Protocol::V5, &event), None, "{event:?}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        bytes in prop::collection::vec(any::<u8>(), 0..100),
        protocol in prop::sample::select(&Protocol::WEBSOCKET[..]),
        width in 1..=u16::MAX,
        channel in prop::sample::select(vec![Channel::Stdin, Channel::Stdout, Channel::Stderr, Channel::Error]),
    ) {
        let event = Event::Data(channel, bytes.into());
        let message = encode(protocol, &event).expect("there is a message");
        if protocol.is_base64() {
            prop_assert!(std::str::from_utf8(&message).is_ok());
        }
        prop_assert_eq!(decode(protocol, PLAIN, channel.sender(), &message), Ok(vec![event]));
        let resize = Event::Resize(Size { width, height: 1 });
        let message = encode(protocol, &resize).expect("there is a message");
        prop_assert_eq!(decode(protocol, SHELL, Side::Client, &message), Ok(vec![resize]));
    }

    #[test]
    fn arbitrary_messages_are_events_or_an_error(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..5),
        protocol in prop::sample::select(&Protocol::WEBSOCKET[..]),
    ) {
        let mut decoder = Decoder::new(protocol, SHELL, Side::Client);
        for message in messages {
            let length = message.len();
            if let Ok(events) = decoder.decode(message.into()) {
                prop_assert!(events.len() <= length.max(1));
            }
        }
    }
}
