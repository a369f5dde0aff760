use super::*;
use crate::channels::{Exit, Size};

const SHELL: Wanted = Wanted { stdin: true, stdout: true, stderr: false, tty: true };

fn read(channels: &mut Channels, mut wire: Bytes) -> Vec<Event> {
    std::iter::from_fn(|| channels.next(&mut wire).expect("the peer keeps to the protocol")).collect()
}

/// Both ends of a command, with all channels open.
fn pair(protocol: Protocol, wanted: Wanted) -> (Channels, Channels) {
    let mut client = Channels::client(protocol, wanted).expect("it starts");
    let mut server = Channels::server(protocol, wanted).expect("it starts");
    assert_eq!(read(&mut server, client.take_output()), [Event::Ready]);
    assert_eq!(read(&mut client, server.take_output()), [Event::Ready]);
    (client, server)
}

fn data(channel: Channel, text: &'static str) -> Event {
    Event::Data(channel, text.into())
}

fn send(channels: &mut Channels, event: &Event) -> bool {
    channels.send(event).expect("it is written")
}

/// A client of raw streams, with these kinds.
fn opening(kinds: &[&str]) -> Bytes {
    let mut connection = Connection::new(Side::Client, 0).expect("it starts");
    for kind in kinds {
        connection.open(Headers::new().with("streamtype", kind).expect("it fits")).expect("it opens");
    }
    connection.take_output()
}

#[test]
fn a_command_from_its_first_byte_to_its_exit_code() {
    let (mut client, mut server) = pair(Protocol::V4, SHELL);
    let size = Size { width: 80, height: 24 };
    for event in [Event::Resize(size), data(Channel::Stdin, "exit 7\n"), Event::Close(Channel::Stdin)] {
        assert!(send(&mut client, &event));
        assert_eq!(read(&mut server, client.take_output()), [event]);
    }
    let exit = Exit::Code { code: 7, message: "exit code 7".to_owned() };
    let status = Event::Data(Channel::Error, exit.encode(Protocol::V4).into());
    for event in [data(Channel::Stdout, "bye"), status, Event::Close(Channel::Stdout), Event::Close(Channel::Error)] {
        assert!(send(&mut server, &event));
        assert_eq!(read(&mut client, server.take_output()), [event]);
    }
    server.close().expect("it closes");
    assert_eq!(read(&mut client, server.take_output()).last(), Some(&Event::GoAway));
}

#[test]
fn a_kubelet_that_gives_up_resets_all_channels_and_goes_away() {
    let (mut client, mut server) = pair(Protocol::V4, SHELL);
    server.close().expect("it closes");
    let events = read(&mut client, server.take_output());
    assert_eq!(events.len(), 5);
    assert_eq!(events.last(), Some(&Event::GoAway));
    assert!(!send(&mut client, &data(Channel::Stdin, "too late")));
}

#[test]
fn it_is_ready_when_every_channel_asked_for_is_open_and_not_before() {
    let mut server = Channels::server(Protocol::V4, SHELL).expect("it starts");
    assert_eq!(read(&mut server, opening(&["error", "stdin", "stdout"])), []);
    assert!(!server.is_ready());
    let mut server = Channels::server(Protocol::V2, SHELL).expect("it starts");
    assert_eq!(read(&mut server, opening(&["error", "stdin", "stdout"])), [Event::Ready], "v2 has no resize");
}

#[test]
fn streams_that_were_not_asked_for_are_refused_and_open_no_channel() {
    let wanted = Wanted { stdout: true, ..Wanted::default() };
    let cases: &[&[&str]] = &[&["stdin"], &["stderr"], &["resize"], &["data"], &["STDOUT"], &[""], &["stdout\0stdin"]];
    for kinds in cases {
        let mut server = Channels::server(Protocol::V4, wanted).expect("it starts");
        assert_eq!(read(&mut server, opening(kinds)), [], "{kinds:?}");
        assert!(server.streams.iter().all(Option::is_none), "{kinds:?}");
        assert_eq!(server.output_len(), 16, "{kinds:?}: one reset");
    }
}

#[test]
fn a_channel_is_opened_once() {
    let wanted = Wanted { stdin: true, ..Wanted::default() };
    let mut server = Channels::server(Protocol::V4, wanted).expect("it starts");
    let mut client = Connection::new(Side::Client, 0).expect("it starts");
    let streams: Vec<_> = ["error", "stdin", "stdin"]
        .iter()
        .map(|kind| client.open(Headers::new().with("streamtype", kind).expect("it fits")).expect("it opens"))
        .collect();
    assert_eq!(read(&mut server, client.take_output()), [Event::Ready]);
    client.data(streams[2], b"beside the record", false);
    client.data(streams[1], b"in it", false);
    assert_eq!(read(&mut server, client.take_output()), [data(Channel::Stdin, "in it")]);
    assert_eq!(server.dropped(), 17);
}

#[test]
fn what_the_client_writes_as_output_is_dropped_and_counted() {
    let mut server = Channels::server(Protocol::V4, SHELL).expect("it starts");
    let mut client = Connection::new(Side::Client, 0).expect("it starts");
    for channel in OPENING.iter().filter(|channel| SHELL.has(**channel)) {
        let stream = client.open(Headers::new().with("streamtype", channel.name()).expect("it fits")).expect("it opens");
        if channel.sender() == Side::Server {
            client.data(stream, b"faked", true);
        }
    }
    assert_eq!(read(&mut server, client.take_output()), [Event::Ready]);
    assert_eq!(server.dropped(), 10);
    assert!(send(&mut server, &data(Channel::Stdout, "real")), "and its own half is still open");
}

#[test]
fn neither_side_sends_on_a_channel_of_the_other_s() {
    let (mut client, mut server) = pair(Protocol::V4, SHELL);
    assert!(!send(&mut client, &data(Channel::Stdout, "faked")));
    assert!(!send(&mut server, &data(Channel::Stdin, "faked")));
    assert!(!send(&mut server, &Event::Resize(Size { width: 1, height: 1 })));
    assert!(!send(&mut client, &data(Channel::Stderr, "there is none")));
    assert_eq!((client.output_len(), server.output_len()), (0, 0));
}

#[test]
fn a_size_that_is_none_ends_the_connection() {
    let mut server = Channels::server(Protocol::V4, SHELL).expect("it starts");
    let mut client = Connection::new(Side::Client, 0).expect("it starts");
    let kinds = ["error", "stdin", "stdout", "resize"];
    let streams: Vec<_> = kinds
        .iter()
        .map(|kind| client.open(Headers::new().with("streamtype", kind).expect("it fits")).expect("it opens"))
        .collect();
    client.data(streams[3], b"{\"Width\":1,\"Height\":1}{\"Width\":70000}", false);
    let mut wire = client.take_output();
    assert_eq!(server.next(&mut wire), Ok(Some(Event::Ready)));
    assert_eq!(server.next(&mut wire), Err(Error::Size));
}

#[test]
fn a_channel_given_up_is_told_once() {
    let (mut client, mut server) = pair(Protocol::V4, SHELL);
    assert!(send(&mut client, &Event::Reset(Channel::Stdin)));
    assert!(!send(&mut client, &Event::Reset(Channel::Stdin)));
    assert_eq!(read(&mut server, client.take_output()), [Event::Reset(Channel::Stdin)]);
}
