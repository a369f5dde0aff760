use super::*;

/// Both ends, and what goes between them.
struct Pair {
    client: Connection,
    server: Connection,
}

impl Pair {
    fn new() -> Self {
        Self {
            client: Connection::new(Side::Client, 0).expect("it starts"),
            server: Connection::new(Side::Server, 3).expect("it starts"),
        }
    }

    fn at_server(&mut self) -> Vec<Event> {
        let mut wire = self.client.take_output();
        std::iter::from_fn(|| self.server.next(&mut wire).expect("the client keeps to the protocol")).collect()
    }

    fn at_client(&mut self) -> Vec<Event> {
        let mut wire = self.server.take_output();
        std::iter::from_fn(|| self.client.next(&mut wire).expect("the server keeps to the protocol")).collect()
    }

    fn open(&mut self) -> StreamId {
        let stream = self.client.open(Headers::new()).expect("it is opened");
        assert_eq!(self.at_server(), [Event::Open { stream, headers: Headers::new(), fin: false }]);
        self.server.reply(stream).expect("it is accepted");
        assert_eq!(self.at_client(), [Event::Reply { stream, fin: false }]);
        stream
    }
}

/// A server that gets these frames: what it says happened, or what is wrong.
fn serve(frames: &[Frame]) -> (Connection, Result<Vec<Event>, Error>) {
    let mut wire = Vec::new();
    let mut writer = Writer::new().expect("it starts");
    frames.iter().for_each(|frame| writer.write(frame, &mut wire).expect("it is written"));
    let mut server = Connection::new(Side::Server, 3).expect("it starts");
    let mut wire = Bytes::from(wire);
    let events = std::iter::from_fn(|| server.next(&mut wire).transpose()).take(1000).collect();
    (server, events)
}

fn id(number: u32) -> StreamId {
    StreamId::new(number).expect("it is one")
}

fn syn(number: u32) -> Frame {
    Frame::SynStream { stream: id(number), associated: 0, priority: 0, headers: Headers::new(), fin: false, unidirectional: false }
}

fn data(number: u32, bytes: &'static str, fin: bool) -> Frame {
    Frame::Data { stream: id(number), data: bytes.into(), fin }
}

/// The frames that a connection sends.
fn sent(connection: &mut Connection) -> Vec<Frame> {
    let (mut reader, mut wire) = (Reader::new(), connection.take_output());
    std::iter::from_fn(|| reader.next(&mut wire).expect("it keeps to the protocol")).collect()
}

#[test]
fn a_stream_lives_until_both_halves_are_closed() {
    let mut pair = Pair::new();
    let stream = pair.open();
    assert!(pair.client.data(stream, b"ls", true));
    assert_eq!(pair.at_server(), [Event::Data { stream, data: "ls".into(), fin: true }]);
    assert!(pair.server.data(stream, b"file", false));
    assert!(pair.server.data(stream, b"", true));
    let answer = |data: &'static str, fin| Event::Data { stream, data: data.into(), fin };
    assert_eq!(pair.at_client(), [answer("file", false), answer("", true)]);
    assert_eq!((pair.client.open_streams(), pair.server.open_streams()), (0, 0));
}

#[test]
fn nothing_is_sent_on_a_half_that_is_closed_or_a_stream_that_is_gone() {
    let mut pair = Pair::new();
    let stream = pair.open();
    assert!(pair.client.data(stream, b"", true));
    assert!(!pair.client.data(stream, b"more", false) && !pair.client.data(stream, b"", true));
    pair.server.reset(stream, RstStatus::CANCEL).expect("it is reset");
    pair.server.reset(stream, RstStatus::CANCEL).expect("the second time without effect");
    assert_eq!(pair.at_client(), [Event::Reset { stream, status: RstStatus::CANCEL }]);
    assert!(!pair.server.data(stream, b"more", false));
    assert!(!pair.server.data(id(99), b"more", false));
}

/// As in `spdystream`: client-go copies standard input into a stream that it has closed.
#[test]
fn data_after_the_end_and_on_streams_that_are_not_open_is_dropped_and_counted() {
    let (server, events) = serve(&[syn(1), data(1, "a", true), data(1, "bc", false), data(1, "d", true), data(7, "ef", true)]);
    let events = events.expect("nothing is wrong");
    assert_eq!(events[1..], [Event::Data { stream: id(1), data: "a".into(), fin: true }]);
    assert_eq!(server.dropped(), 5);
}

#[test]
fn a_reset_frees_the_stream_and_a_second_one_says_nothing() {
    let reset = |number| Frame::RstStream { stream: id(number), status: RstStatus::CANCEL };
    let (server, events) = serve(&[syn(1), reset(1), reset(1), reset(5), data(1, "late", true)]);
    assert_eq!(events.expect("nothing is wrong").len(), 2);
    assert_eq!((server.open_streams(), server.dropped()), (0, 4));
}

#[test]
fn more_streams_than_allowed_are_refused_one_by_one() {
    let (mut server, events) = serve(&[syn(1), syn(3), syn(5), syn(7), data(7, "x", false), syn(9)]);
    assert_eq!(events.expect("nothing is wrong").len(), 3);
    let refused = |number| Frame::RstStream { stream: id(number), status: RstStatus::REFUSED_STREAM };
    assert_eq!(sent(&mut server), [refused(7), refused(9)]);
}

#[test]
fn pushed_and_one_way_streams_are_refused() {
    for (associated, unidirectional) in [(1, false), (0, true)] {
        let frame = Frame::SynStream { stream: id(1), associated, priority: 0, headers: Headers::new(), fin: false, unidirectional };
        let (mut server, events) = serve(&[frame]);
        assert_eq!(events, Ok(vec![]));
        assert_eq!(sent(&mut server), [Frame::RstStream { stream: id(1), status: RstStatus::REFUSED_STREAM }]);
    }
}

#[test]
fn numbers_ascend_and_are_of_the_peers_kind() {
    let cases: &[(&[u32], Error)] = &[
        (&[2], Error::StreamId(2)),
        (&[StreamId::MAX - 1], Error::StreamId(StreamId::MAX - 1)),
        (&[1, 1], Error::NotAscending(1)),
        (&[5, 3], Error::NotAscending(3)),
        (&[StreamId::MAX, 1], Error::NotAscending(1)),
    ];
    for (numbers, error) in cases {
        let frames: Vec<_> = numbers.iter().map(|number| syn(*number)).collect();
        let (mut server, events) = serve(&frames);
        assert_eq!(events, Err(*error), "{numbers:?}");
        let last_good = numbers[..numbers.len() - 1].iter().copied().max().unwrap_or(0);
        assert_eq!(sent(&mut server), [Frame::GoAway { last_good, status: GoAwayStatus::PROTOCOL_ERROR }], "{numbers:?}");
        let mut ping = Bytes::from_static(&[0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1]);
        assert_eq!(server.next(&mut ping), Err(*error), "nothing more is read");
        assert_eq!(server.output_len(), 0, "and it is said once");
    }
}

#[test]
fn a_ping_comes_back_as_it_was_and_an_answer_is_told() {
    let (mut server, events) = serve(&[Frame::Ping { id: 1 }, Frame::Ping { id: u32::MAX }, Frame::Ping { id: 2 }]);
    assert_eq!(events, Ok(vec![Event::Pong { id: 2 }]));
    assert_eq!(sent(&mut server), [Frame::Ping { id: 1 }, Frame::Ping { id: u32::MAX }]);

    let mut pair = Pair::new();
    let ids = [pair.client.ping(), pair.client.ping()];
    assert_eq!(ids, [Ok(1), Ok(3)]);
    assert_eq!(pair.at_server(), []);
    assert_eq!(pair.at_client(), [Event::Pong { id: 1 }, Event::Pong { id: 3 }]);
}

#[test]
fn what_the_peer_causes_is_never_longer_than_what_it_sent() {
    let floods: [Box<dyn Fn(u32) -> Frame>; 3] = [
        Box::new(|n| Frame::Ping { id: n * 2 + 1 }),
        Box::new(|n| syn(n * 2 + 1)),
        Box::new(|n| Frame::WindowUpdate { stream: n, delta: u32::MAX }),
    ];
    for flood in floods {
        let mut wire = Vec::new();
        let mut writer = Writer::new().expect("it starts");
        (0..1000).for_each(|n| writer.write(&flood(n), &mut wire).expect("it is written"));
        let mut server = Connection::new(Side::Server, 3).expect("it starts");
        let mut input = Bytes::from(wire.clone());
        while server.next(&mut input).expect("nothing is wrong").is_some() {}
        assert!(server.output_len() <= wire.len() && server.open_streams() <= 3);
    }
}

#[test]
fn after_a_go_away_no_stream_is_opened() {
    let mut pair = Pair::new();
    let stream = pair.open();
    pair.server.go_away(GoAwayStatus::OK).expect("it is said");
    pair.server.go_away(GoAwayStatus::OK).expect("and once");
    let late = pair.client.open(Headers::new()).expect("the client does not know yet");
    assert_eq!(pair.at_server(), [], "a stream that crossed is refused");
    let gone = Event::GoAway { status: GoAwayStatus::OK };
    assert_eq!(pair.at_client(), [gone, Event::Reset { stream: late, status: RstStatus::REFUSED_STREAM }]);
    assert_eq!(pair.client.open(Headers::new()), Err(Error::GoneAway));
    assert!(pair.client.data(stream, b"still open", false));
}

#[test]
fn closing_resets_what_is_open_and_goes_away() {
    let mut pair = Pair::new();
    let streams = [pair.open(), pair.open()];
    pair.server.close().expect("it closes");
    let reset = |stream| Event::Reset { stream, status: RstStatus::CANCEL };
    assert_eq!(pair.at_client(), [reset(streams[0]), reset(streams[1]), Event::GoAway { status: GoAwayStatus::OK }]);
    assert_eq!(pair.client.open_streams(), 0);
}

#[test]
fn headers_that_come_later_only_end_a_stream() {
    let late = |fin| Frame::Headers { stream: id(1), headers: Headers::new().with("port", "22").expect("it fits"), fin };
    let (_, events) = serve(&[syn(1), late(false), late(true), late(true)]);
    assert_eq!(events.expect("nothing is wrong")[1..], [Event::Data { stream: id(1), data: Bytes::new(), fin: true }]);
}

#[test]
fn a_second_reply_and_a_reply_to_a_stream_of_the_peers_say_nothing() {
    let mut pair = Pair::new();
    let stream = pair.open();
    let reply = |stream| Frame::SynReply { stream, headers: Headers::new(), fin: true };
    let mut writer = Writer::new().expect("it starts");
    let mut wire = Vec::new();
    writer.write(&reply(id(1)), &mut wire).expect("it is written");
    let mut client = Connection::new(Side::Client, 0).expect("it starts");
    assert_eq!(client.next(&mut Bytes::from(wire)), Ok(None), "it opened none");
    let (_, events) = serve(&[syn(1), reply(id(1)), data(1, "x", false)]);
    assert_eq!(events.expect("nothing is wrong").len(), 2, "the data still comes");
    assert!(pair.server.is_open(stream));
}

#[test]
fn the_numbers_of_one_side_run_out() {
    let mut client = Connection::new(Side::Client, 0).expect("it starts");
    client.next = StreamId::MAX;
    assert_eq!(client.open(Headers::new()), Ok(id(StreamId::MAX)));
    assert_eq!(client.open(Headers::new()), Err(Error::Exhausted));
    client.next_ping = StreamId::MAX;
    assert_eq!((client.ping(), client.ping()), (Ok(StreamId::MAX), Ok(1)));
}
