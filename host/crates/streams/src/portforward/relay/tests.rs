use super::*;

/// A client, the gateway, and a kubelet that accepts every stream.
struct Stage {
    client: Connection,
    relay: Relay,
    kubelet: Connection,
    /// What the gateway records.
    events: Vec<Event>,
    /// What reached the client, and what the kubelet.
    at_client: Vec<spdy::Event>,
    at_kubelet: Vec<spdy::Event>,
}

impl Stage {
    fn new(ports: Option<Vec<u16>>) -> Self {
        Self {
            client: Connection::new(Side::Client, 0).expect("it starts"),
            relay: Relay::new(ports).expect("it starts"),
            kubelet: Connection::new(Side::Server, MAX_STREAMS).expect("it starts"),
            events: Vec::new(),
            at_client: Vec::new(),
            at_kubelet: Vec::new(),
        }
    }

    /// Pass bytes on until nobody has any left.
    fn run(&mut self) {
        loop {
            let mut wire = self.client.take_output();
            let mut back = self.kubelet.take_output();
            let idle = wire.is_empty() && back.is_empty();
            while let Some(event) = self.relay.from_client(&mut wire).expect("the client keeps to the protocol") {
                self.events.push(event);
            }
            while let Some(event) = self.relay.from_upstream(&mut back).expect("the kubelet keeps to the protocol") {
                self.events.push(event);
            }
            let mut wire = self.relay.take_upstream_output();
            while let Some(event) = self.kubelet.next(&mut wire).expect("the gateway keeps to the protocol") {
                if let spdy::Event::Open { stream, .. } = event {
                    self.kubelet.reply(stream).expect("it is accepted");
                }
                self.at_kubelet.push(event);
            }
            let mut back = self.relay.take_client_output();
            while let Some(event) = self.client.next(&mut back).expect("the gateway keeps to the protocol") {
                self.at_client.push(event);
            }
            if idle {
                return;
            }
        }
    }

    fn open(&mut self, kind: &str, port: &str, request: &str) -> StreamId {
        let headers = Headers::new().with("streamtype", kind).and_then(|all| all.with("port", port));
        let headers = headers.and_then(|all| all.with("requestid", request)).expect("they fit");
        let stream = self.client.open(headers).expect("it is opened");
        self.run();
        stream
    }

    /// As client-go opens a connection: the error stream, on which it writes nothing, then the data stream.
    fn forward(&mut self, port: &str, request: &str) -> (StreamId, StreamId) {
        let error = self.open("error", port, request);
        assert!(self.client.data(error, b"", true));
        (error, self.open("data", port, request))
    }

    fn kubelet_streams(&self) -> Vec<StreamId> {
        let stream = |event: &spdy::Event| match event {
            spdy::Event::Open { stream, .. } => Some(*stream),
            _ => None,
        };
        self.at_kubelet.iter().filter_map(stream).collect()
    }

    fn refusals(&self) -> Vec<Refusal> {
        let why = |event: &Event| match event {
            Event::Refused { why, .. } => Some(*why),
            _ => None,
        };
        self.events.iter().filter_map(why).collect()
    }
}

fn id(number: u32) -> StreamId {
    StreamId::new(number).expect("it is one")
}

fn closed(forward: u32, port: u16, to_pod: u64, from_pod: u64) -> Forwarded {
    Forwarded { forward, port, to_pod, from_pod, reset_by: None, message: String::new() }
}

#[test]
fn a_connection_is_forwarded_counted_and_closed() {
    let mut stage = Stage::new(None);
    let (_, data) = stage.forward("8080", "0");
    assert!(stage.client.data(data, b"GET / HTTP/1.0\r\n\r\n", true));
    stage.run();
    let [kubelet_error, kubelet_data] = stage.kubelet_streams()[..] else { panic!("two streams are opened") };
    assert!(stage.kubelet.data(kubelet_data, b"HTTP/1.0 200 OK\r\n", false) && stage.kubelet.data(kubelet_data, b"", true));
    assert!(stage.kubelet.data(kubelet_error, b"", true));
    stage.run();
    let all = [Event::Opened { forward: 1, port: 8080 }, Event::Closed(closed(1, 8080, 18, 17))];
    assert_eq!(stage.events, all);
    let arrived = spdy::Event::Data { stream: data, data: "HTTP/1.0 200 OK\r\n".into(), fin: false };
    assert!(stage.at_client.contains(&arrived));
    assert_eq!((stage.relay.open_forwards(), stage.relay.legs.len(), stage.relay.back.len()), (0, 0, 0), "nothing is kept");
}

#[test]
fn headers_are_written_anew_with_numbers_of_the_gateway_s_own() {
    let mut stage = Stage::new(None);
    stage.forward("0080", "whatever");
    stage.forward("81", "0");
    let headers: Vec<_> = stage
        .at_kubelet
        .iter()
        .filter_map(|event| match event {
            spdy::Event::Open { headers, .. } => {
                Some(["streamtype", "port", "requestid"].map(|name| headers.get(name).expect("it is there").to_owned()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(headers, [["error", "80", "1"], ["data", "80", "1"], ["error", "81", "2"], ["data", "81", "2"]]);
}

/// The session was allowed one port; the stream's header, which no request line shows, says another.
#[test]
fn a_port_that_is_not_allowed_is_reached_by_no_stream() {
    let mut stage = Stage::new(Some(vec![8080]));
    let error = stage.open("error", "5432", "0");
    stage.open("data", "5432", "0");
    stage.forward("8080", "1");
    assert_eq!(stage.refusals(), [Refusal::NotAllowed; 2]);
    assert_eq!(stage.events[0], Event::Refused { port: Some(5432), why: Refusal::NotAllowed });
    assert_eq!(stage.at_client[0], spdy::Event::Reset { stream: error, status: RstStatus::REFUSED_STREAM });
    assert_eq!(stage.kubelet_streams().len(), 2);
}

#[test]
fn the_two_streams_of_a_connection_are_of_one_port_and_two_kinds() {
    let mut stage = Stage::new(None);
    stage.open("error", "8080", "0");
    stage.open("data", "5432", "0");
    stage.open("error", "8080", "0");
    stage.open("data", "8080", "0");
    stage.open("data", "8080", "0");
    stage.open("stdin", "8080", "1");
    assert_eq!(stage.refusals(), [Refusal::OtherPort, Refusal::Duplicate, Refusal::Duplicate, Refusal::StreamType]);
    assert_eq!(stage.kubelet_streams().len(), 2);
}

/// The kubelet writes what went wrong, then resets both streams; client-go waits for exactly that.
#[test]
fn a_connection_that_the_pod_refuses_tells_why_and_frees_both_streams() {
    let mut stage = Stage::new(None);
    let (error, data) = stage.forward("81", "0");
    let streams = stage.kubelet_streams();
    let message = "error forwarding port 81 to pod: connection refused";
    assert!(stage.kubelet.data(streams[0], message.as_bytes(), false));
    stage.kubelet.reset(streams[1], RstStatus::CANCEL).expect("it is reset");
    stage.kubelet.reset(streams[0], RstStatus::CANCEL).expect("it is reset");
    stage.run();
    let end = Forwarded { reset_by: Some(Side::Server), message: message.to_owned(), ..closed(1, 81, 0, 0) };
    assert_eq!(stage.events.last(), Some(&Event::Closed(end)));
    let reset = |stream| spdy::Event::Reset { stream, status: RstStatus::CANCEL };
    assert_eq!(stage.at_client[2..], [
        spdy::Event::Data { stream: error, data: message.into(), fin: false },
        reset(data),
        reset(error)
    ]);
}

#[test]
fn a_client_that_breaks_off_frees_the_kubelet_s_streams() {
    let mut stage = Stage::new(None);
    let (error, data) = stage.forward("80", "0");
    stage.client.reset(data, RstStatus::CANCEL).expect("it is reset");
    stage.client.reset(error, RstStatus::CANCEL).expect("it is reset");
    stage.run();
    assert_eq!(stage.events.last(), Some(&Event::Closed(Forwarded { reset_by: Some(Side::Client), ..closed(1, 80, 0, 0) })));
    assert_eq!(stage.kubelet.open_streams(), 0);
}

#[test]
fn a_long_complaint_is_passed_on_whole_and_kept_in_part() {
    let mut stage = Stage::new(None);
    stage.forward("80", "0");
    let streams = stage.kubelet_streams();
    let complaint = "é".repeat(MAX_MESSAGE);
    assert!(stage.kubelet.data(streams[0], complaint.as_bytes(), true) && stage.kubelet.data(streams[1], b"", true));
    stage.run();
    assert_eq!(stage.relay.close().expect("it closes").pop().expect("the client has not finished").message.len(), MAX_MESSAGE);
    let came: usize = stage.at_client.iter().map(|event| if let spdy::Event::Data { data, .. } = event { data.len() } else { 0 }).sum();
    assert_eq!(came, complaint.len());
}

/// Found by fuzzing: each piece was read as text by itself.
#[test]
fn a_complaint_is_the_same_text_however_it_is_cut() {
    let mut stage = Stage::new(None);
    stage.forward("80", "0");
    let streams = stage.kubelet_streams();
    for byte in "connexion refus\u{e9}e".bytes() {
        assert!(stage.kubelet.data(streams[0], &[byte], false));
        stage.run();
    }
    assert_eq!(stage.relay.close().expect("it closes").pop().expect("it is open").message, "connexion refus\u{e9}e");
}

/// Found beside it: each of these bytes was kept as three.
#[test]
fn a_complaint_that_is_no_text_is_kept_within_its_bound() {
    let mut stage = Stage::new(None);
    stage.forward("80", "0");
    let streams = stage.kubelet_streams();
    assert!(stage.kubelet.data(streams[0], &[0xff; MAX_MESSAGE], false));
    stage.run();
    let message = stage.relay.close().expect("it closes").pop().expect("it is open").message;
    assert!(message.len() <= MAX_MESSAGE && message.starts_with('\u{fffd}'), "{} bytes", message.len());
}

/// As the kubelet, which throws it away: nothing is said before the record has it, and nothing where no one reads.
#[test]
fn what_comes_before_the_reply_or_on_an_error_stream_goes_nowhere() {
    let mut stage = Stage::new(None);
    let headers = |kind| {
        let headers = Headers::new().with("streamtype", kind).and_then(|all| all.with("port", "80"));
        headers.and_then(|all| all.with("requestid", "0")).expect("they fit")
    };
    let data = stage.client.open(headers("data")).expect("it is opened");
    assert!(stage.client.data(data, b"too early", false));
    let error = stage.open("error", "80", "0");
    assert!(stage.client.data(error, b"to nobody", true) && stage.client.data(data, b"in time", true));
    stage.run();
    let bytes: Vec<_> = stage
        .at_kubelet
        .iter()
        .filter_map(|event| if let spdy::Event::Data { data, .. } = event { Some(&data[..]) } else { None })
        .collect();
    assert_eq!(bytes, [&b""[..], b"in time"]);
}

#[test]
fn either_side_s_going_away_is_passed_to_the_other() {
    let gone = spdy::Event::GoAway { status: GoAwayStatus::OK };
    let mut stage = Stage::new(None);
    stage.forward("80", "0");
    stage.client.go_away(GoAwayStatus::OK).expect("it goes");
    stage.run();
    assert_eq!((stage.events.last(), stage.at_kubelet.last()), (Some(&Event::GoAway(Side::Client)), Some(&gone)));

    let mut stage = Stage::new(None);
    stage.forward("80", "0");
    stage.kubelet.close().expect("the pod died");
    stage.run();
    assert_eq!((stage.events.last(), stage.at_client.last()), (Some(&Event::GoAway(Side::Server)), Some(&gone)));
    assert_eq!((stage.client.open_streams(), stage.relay.open_forwards()), (0, 0));
}

#[test]
fn a_client_that_opens_streams_without_end_gets_so_many_and_no_more() {
    let mut stage = Stage::new(None);
    for request in 0..MAX_STREAMS / 2 + 3 {
        stage.open("error", "80", &request.to_string());
        stage.open("data", "80", &request.to_string());
    }
    assert_eq!((stage.relay.open_forwards(), stage.kubelet.open_streams()), (MAX_STREAMS / 2, MAX_STREAMS));
}

#[test]
fn a_side_that_breaks_the_protocol_is_told_and_the_other_side_s_streams_are_reset() {
    let mut stage = Stage::new(None);
    stage.forward("80", "0");
    let error = Err(Error::Client(spdy::Error::Zero(spdy::FrameType::RstStream)));
    let mut reset = Bytes::from_static(&[0x80, 3, 0, 3, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0]);
    assert_eq!(stage.relay.from_client(&mut reset), error);
    assert_eq!(stage.relay.from_client(&mut Bytes::new()), error, "and it stays so");
    let gone = |event: &spdy::Event| matches!(event, spdy::Event::GoAway { .. });
    let mut back = stage.relay.take_client_output();
    assert!(gone(&stage.client.next(&mut back).expect("it is understood").expect("it is told")));
    let mut wire = stage.relay.take_upstream_output();
    let events: Vec<_> = std::iter::from_fn(|| stage.kubelet.next(&mut wire).expect("it is understood")).collect();
    assert!(events.len() == 3 && gone(&events[2]), "{events:?}");
    assert_eq!(stage.relay.close().expect("it closes"), [closed(1, 80, 0, 0)]);
}

#[test]
fn a_kubelet_that_opens_streams_is_refused() {
    let mut stage = Stage::new(None);
    let stream = stage.kubelet.open(Headers::new()).expect("it is opened");
    assert_eq!(stream, id(2));
    stage.run();
    assert_eq!((stage.at_client.len(), stage.events.len()), (0, 0));
    assert_eq!(stage.at_kubelet, [spdy::Event::Reset { stream, status: RstStatus::REFUSED_STREAM }]);
}
