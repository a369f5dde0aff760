//! Port-forward: every connection that is forwarded is known by its port, its bytes are counted both ways, and the end
//! of either side is the end of the other. What passes is a protocol of somebody else's and is not kept.

mod channels;
mod streams;

use std::collections::BTreeSet;

use ledger::{FORWARD, StreamRecorder};

use super::offer::Talk;
use super::{Carried, Side};
use crate::pipeline::Admitted;
use crate::trail::unavailable;

/// Carries forwarded connections until either side, or the session, ends.
pub async fn carry(admitted: &Admitted, recorder: StreamRecorder, client: Side, cluster: Side) -> Carried {
    let mut book = Book { recorder, ports: BTreeSet::new(), connections: 0, to_pod: 0, from_pod: 0 };
    let session = admitted.caller.session.clone();
    let ports = ports(&admitted.request);
    let carried = match client.offer.talk {
        Talk::Channels => channels::carry(&mut book, &ports, client, cluster, session.ended()).await,
        Talk::Streams | Talk::Command => {
            let allowed = (!ports.is_empty()).then_some(ports);
            streams::carry(&mut book, allowed, client, cluster, session.ended()).await
        }
    };
    Carried { summary: book.summary(), interrupted: carried.err(), masked: 0, to_client: book.from_pod }
}

/// The ports that the query names, as the kubelet reads them: several fields, each a list.
fn ports(request: &kube_request::KubeRequest) -> Vec<u16> {
    let named = request.query.iter().filter(|(key, _)| key == "ports");
    named.flat_map(|(_, value)| value.split(',')).filter_map(|port| port.parse().ok()).filter(|port| *port > 0).collect()
}

/// What was forwarded so far.
struct Book {
    recorder: StreamRecorder,
    ports: BTreeSet<u16>,
    connections: u64,
    to_pod: u64,
    from_pod: u64,
}

impl Book {
    /// Records that a connection is about to be forwarded. The record comes first.
    fn opened(&mut self, port: u16) -> Result<(), String> {
        self.connections += 1;
        self.ports.insert(port);
        let line = format!("port {port}: opened\n");
        self.note(&line)
    }

    /// Records how a connection ended.
    fn closed(&mut self, port: u16, to_pod: u64, from_pod: u64, how: &str) -> Result<(), String> {
        self.to_pod += to_pod;
        self.from_pod += from_pod;
        self.note(&format!("port {port}: {how} after {to_pod} bytes to the pod and {from_pod} bytes from it\n"))
    }

    fn note(&mut self, line: &str) -> Result<(), String> {
        self.recorder.push(FORWARD, line.as_bytes()).map_err(|e| unavailable(&e).message)
    }

    fn summary(&self) -> String {
        let ports: Vec<String> = self.ports.iter().map(u16::to_string).collect();
        let ports = if ports.is_empty() { "none".to_owned() } else { ports.join(", ") };
        format!("{} connections forwarded, ports: {ports}; {} bytes to the pod, {} bytes from it", self.connections, self.to_pod, self.from_pod)
    }
}
