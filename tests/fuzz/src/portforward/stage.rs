//! A client and a kubelet that keep to the protocol, with the relay between them.

use std::collections::HashMap;

use bytes::Bytes;
use streams::Side;
use streams::portforward::{Event, MAX_STREAMS, Relay};
use streams::spdy::{Connection, Event as Frame, GoAwayStatus, RstStatus, StreamId};

use super::check_record;
use crate::input::{Input, pieces};
use crate::spdy::frames;

pub(super) struct Stage {
    client: Connection,
    relay: Relay,
    kubelet: Connection,
    ports: Option<Vec<u16>>,
    /// How what is read is cut.
    seed: u8,
    events: Vec<Event>,
    /// Streams in the order in which they were opened, at the client and at the kubelet.
    of_client: Vec<StreamId>,
    of_kubelet: Vec<StreamId>,
    /// What each side sent on each of its streams, and what came.
    from_client: HashMap<StreamId, Vec<u8>>,
    at_client: HashMap<StreamId, Vec<u8>>,
    at_kubelet: HashMap<StreamId, Vec<u8>>,
}

impl Stage {
    pub(super) fn new(ports: Option<Vec<u16>>, seed: u8) -> Self {
        Self {
            client: Connection::new(Side::Client, 0).expect("a connection begins"),
            relay: Relay::new(ports.clone()).expect("a connection begins"),
            kubelet: Connection::new(Side::Server, MAX_STREAMS).expect("a connection begins"),
            ports,
            seed,
            events: Vec::new(),
            of_client: Vec::new(),
            of_kubelet: Vec::new(),
            from_client: HashMap::new(),
            at_client: HashMap::new(),
            at_kubelet: HashMap::new(),
        }
    }

    /// All that the programme says, and then that the account is right.
    pub(super) fn play(mut self, input: &mut Input) {
        while !input.is_empty() {
            self.act(input);
        }
        self.run();
        let left = self.relay.close().expect("it closes");
        check_record(&self.events, &left, self.ports.as_deref());
        let closed = self.events.iter().filter_map(|event| if let Event::Closed(forwarded) = event { Some(forwarded) } else { None });
        let counted: (u64, u64) = closed.chain(&left).fold((0, 0), |(to, from), one| (to + one.to_pod, from + one.from_pod));
        let came: u64 = self.at_kubelet.values().map(|bytes| bytes.len() as u64).sum();
        // A peer drops what crosses its own reset.
        assert_eq!(counted.0, came + self.kubelet.dropped(), "another number of bytes went to the pods than was counted");
        let came: u64 = self.at_client.values().map(|bytes| bytes.len() as u64).sum();
        assert!(counted.1 <= came + self.client.dropped(), "fewer bytes came from the pods than were counted");
        self.check_bytes();
    }

    fn act(&mut self, input: &mut Input) {
        match input.byte() % 10 {
            0 | 1 => {
                if let Ok(stream) = self.client.open(frames::kubernetes(input)) {
                    self.of_client.push(stream);
                }
            }
            2 | 3 => {
                let (stream, data, fin) = (chosen(&self.of_client, input), input.block(), input.flag());
                if let Some(stream) = stream.filter(|stream| self.client.data(*stream, data, fin)) {
                    self.from_client.entry(stream).or_default().extend_from_slice(data);
                }
            }
            4 | 5 => {
                if let Some(stream) = chosen(&self.of_kubelet, input) {
                    self.kubelet.data(stream, input.block(), input.flag());
                }
            }
            6 => chosen(&self.of_client, input).into_iter().for_each(|stream| self.client.reset(stream, RstStatus::CANCEL).expect("it is written")),
            7 => chosen(&self.of_kubelet, input).into_iter().for_each(|stream| self.kubelet.reset(stream, RstStatus::CANCEL).expect("it is written")),
            8 => self.run(),
            _ => match input.byte() {
                0..=9 => self.client.go_away(GoAwayStatus::OK).expect("it is written"),
                10..=19 => self.kubelet.close().expect("it is written"),
                20..=99 => self.relay.ping().expect("it is written"),
                _ => self.seed = input.byte(),
            },
        }
    }

    /// Pass bytes on until nobody has any left.
    fn run(&mut self) {
        loop {
            let (wire, back) = (self.client.take_output(), self.kubelet.take_output());
            let idle = wire.is_empty() && back.is_empty();
            for mut piece in pieces(&wire, self.seed) {
                while let Some(event) = self.relay.from_client(&mut piece).expect("the client keeps to the protocol") {
                    self.events.push(event);
                }
            }
            for mut piece in pieces(&back, self.seed) {
                while let Some(event) = self.relay.from_upstream(&mut piece).expect("the kubelet keeps to the protocol") {
                    self.events.push(event);
                }
            }
            self.hear();
            if idle {
                return;
            }
        }
    }

    /// What the relay sent to both sides.
    fn hear(&mut self) {
        let mut wire = self.relay.take_upstream_output();
        while let Some(event) = self.kubelet.next(&mut wire).expect("the gateway keeps to the protocol") {
            match event {
                Frame::Open { stream, headers, .. } => {
                    let port = headers.get("port").and_then(|port| port.parse().ok()).expect("the gateway writes the port anew");
                    assert!(self.ports.as_ref().is_none_or(|ports| ports.contains(&port)), "the port {port} may not be reached");
                    self.kubelet.reply(stream).expect("it is written");
                    self.of_kubelet.push(stream);
                }
                Frame::Data { stream, data, .. } => kept(&mut self.at_kubelet, stream, data),
                _ => {}
            }
        }
        let mut back = self.relay.take_client_output();
        while let Some(event) = self.client.next(&mut back).expect("the gateway keeps to the protocol") {
            if let Frame::Data { stream, data, .. } = event {
                kept(&mut self.at_client, stream, data);
            }
        }
    }

    /// What came on a stream at the kubelet is a part of what was sent on one at the client: what is sent before the
    /// kubelet's reply goes nowhere.
    fn check_bytes(&self) {
        for bytes in self.at_kubelet.values().filter(|bytes| !bytes.is_empty()) {
            assert!(self.from_client.values().any(|sent| sent.windows(bytes.len()).any(|part| part == &bytes[..])), "bytes came that nobody sent");
        }
    }
}

fn chosen(of: &[StreamId], input: &mut Input) -> Option<StreamId> {
    let place = input.below(of.len());
    of.get(place).copied()
}

fn kept(of: &mut HashMap<StreamId, Vec<u8>>, stream: StreamId, data: Bytes) {
    of.entry(stream).or_default().extend_from_slice(&data);
}
