//! Streams byte by byte: opened as kubectl does, then whatever a test sends.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use portcullis_tests::frames::spdy::{self, Blocks};
use portcullis_tests::frames::websocket::{BINARY, Frame, KEY};
use portcullis_tests::https::Connection;
use portcullis_tests::kubectl::Kubectl;
use portcullis_tests::wait::Raise;
use portcullis_tests::{Gateway, until};
use serde_json::Value;

use super::stage::{SOON, gateway, pod};

/// What may come of memory while clients misbehave, beyond what the gateway has when it is warm. Several tests share it.
const GROWTH_MAX: u64 = 64 << 20;
/// How long the gateway may take for one more step of a stream.
pub const STEP: Duration = Duration::from_secs(20);

/// A gateway for bad clients alone.
pub struct Attacked {
    pub gateway: Gateway,
    /// Where others work.
    namespace: &'static str,
    /// What it had when it was warm.
    warm: u64,
}

pub static ATTACKED: LazyLock<Attacked> = LazyLock::new(|| Attacked::start("warm"));
/// Another for those whose streams are recorded by the megabyte: to read such a ledger takes memory too, and that is not
/// what is measured.
pub static FILLED: LazyLock<Attacked> = LazyLock::new(|| Attacked::start("filled"));

impl Attacked {
    fn start(namespace: &'static str) -> Attacked {
        let gateway = gateway();
        pod(namespace);
        let devin = gateway.kubectl("1.37", "devin").within(namespace);
        devin.must(&["exec", "box", "--", "seq", "100000"]);
        let warm = gateway.memory();
        Attacked { gateway, namespace, warm }
    }

    /// Does something while somebody else goes on working, and looks at the memory all the time.
    pub fn meanwhile<T>(&self, what: &str, act: impl FnOnce() -> T) -> T {
        let over = AtomicBool::new(false);
        let token = format!("Bearer {}", self.gateway.token("bob"));
        thread::scope(|scope| {
            let others = scope.spawn(|| {
                let (mut served, mut most) = (0_u32, 0);
                while !over.load(Ordering::Relaxed) {
                    let path = self.gateway.path(&format!("/api/v1/namespaces/{}/pods", self.namespace));
                    let response = self.gateway.client().request("GET", &path, &[("authorization", &token)], b"");
                    assert_eq!(response.status, 200, "somebody else's request while {what}: {}", response.text());
                    served += 1;
                    most = most.max(self.gateway.memory());
                    thread::sleep(Duration::from_millis(50));
                }
                (served, most)
            });
            let done = {
                let _end = Raise(&over);
                act()
            };
            let (served, most) = others.join().expect("others are served");
            let growth = most.saturating_sub(self.warm);
            println!("{what}: {served} others served, memory grew by {} KiB at most", growth >> 10);
            assert!(served > 0, "nobody else was served while {what}");
            assert!(growth < GROWTH_MAX, "memory grew by {} MiB while {what}", growth >> 20);
            done
        })
    }

    /// The record of a stream that has ended.
    pub fn ended(&self, id: &str, limit: Duration) -> Value {
        let alice = self.gateway.api("alice");
        until(limit, &format!("for the end of the stream {id}"), || {
            let record = alice.record(id);
            (record["response"]["status"] == 101).then_some(record)
        })
    }
}

/// Nothing that a stream ran is left in the pod.
pub fn nothing_left(admin: &Kubectl, program: &str) {
    let listed = || admin.must(&["exec", "box", "--", "ps", "-o", "args"]);
    until(SOON, &format!("for {program} to end in the pod"), || (!listed().lines().any(|line| line.starts_with(program))).then_some(()));
}

/// How SPDY's bytes or a command's channels travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    WebSocket,
    Spdy,
}

/// A connection that has switched protocols.
pub struct Stream {
    pub connection: Connection,
    /// The id of its record.
    pub record: String,
    carrier: Carrier,
    /// SPDY within messages.
    is_tunnel: bool,
}

impl Stream {
    /// Asks the gateway to switch.
    pub fn open(gateway: &Gateway, carrier: Carrier, namespace: &str, rest: &str) -> Stream {
        let is_forward = rest.starts_with("portforward");
        let (field, protocol) = match (carrier, is_forward) {
            (Carrier::WebSocket, false) => ("sec-websocket-protocol", "v5.channel.k8s.io"),
            (Carrier::WebSocket, true) => ("sec-websocket-protocol", "SPDY/3.1+portforward.k8s.io"),
            (Carrier::Spdy, false) => ("x-stream-protocol-version", "v4.channel.k8s.io"),
            (Carrier::Spdy, true) => ("x-stream-protocol-version", "portforward.k8s.io"),
        };
        let (method, upgrade) = if carrier == Carrier::WebSocket { ("GET", "websocket") } else { ("POST", spdy::UPGRADE) };
        let token = format!("Bearer {}", gateway.token("devin"));
        let mut headers = vec![("authorization", token.as_str()), ("connection", "Upgrade"), ("upgrade", upgrade), (field, protocol)];
        if carrier == Carrier::WebSocket {
            headers.extend([("sec-websocket-version", "13"), ("sec-websocket-key", KEY)]);
        }
        let mut connection = gateway.client().connect().expect("the gateway is there");
        connection.patience(STEP).expect("a limit");
        let path = gateway.path(&format!("/api/v1/namespaces/{namespace}/pods/box/{rest}"));
        let response = connection.exchange(method, &path, &headers, b"").expect("an answer");
        assert_eq!(response.status, 101, "{}", response.text());
        Stream { connection, record: response.record(), carrier, is_tunnel: carrier == Carrier::WebSocket && is_forward }
    }

    /// Runs a command whose channels are all open, and which has printed `begun`.
    pub fn exec(gateway: &Gateway, carrier: Carrier, namespace: &str, script: &str) -> Stream {
        let mut stream = Self::exec_with(gateway, carrier, namespace, script, "stdin=true&stdout=true&stderr=true");
        stream.connection.until(b"begun").expect("the command begins");
        stream
    }

    /// Runs a command, with these channels in the query.
    pub fn exec_with(gateway: &Gateway, carrier: Carrier, namespace: &str, script: &str, channels: &str) -> Stream {
        let script: String = script.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let mut stream = Self::open(gateway, carrier, namespace, &format!("exec?command=sh&command=-c&command={script}&{channels}"));
        if carrier == Carrier::Spdy {
            stream.send(&streams(&["error", "stdin", "stdout", "stderr"]));
        }
        stream
    }

    /// Sends bytes as they are, or as one message of a tunnel.
    pub fn send(&mut self, bytes: &[u8]) {
        // A gateway that has had enough reads no more.
        if self.is_tunnel {
            self.connection.send(&Frame::new(BINARY, bytes).bytes()).ok();
        } else {
            self.connection.send(bytes).ok();
        }
    }

    /// What is typed, as bytes to send.
    pub fn typed(&self, text: &[u8]) -> Vec<u8> {
        match self.carrier {
            Carrier::WebSocket => Frame::channel(0, text).bytes(),
            Carrier::Spdy => spdy::data(STDIN, 0, text),
        }
    }

    /// The end of what is typed.
    pub fn typed_out(&self) -> Vec<u8> {
        match self.carrier {
            Carrier::WebSocket => Frame::channel(255, &[0]).bytes(),
            Carrier::Spdy => spdy::data(STDIN, spdy::FIN, b""),
        }
    }
}

/// The stream of what is typed, as [`streams`] opens it.
pub const STDIN: u32 = 3;

/// Streams of these types, numbered 1, 3, 5…
pub fn streams(types: &[&str]) -> Vec<u8> {
    let mut blocks = Blocks::default();
    types.iter().zip((1..).step_by(2)).flat_map(|(kind, id)| blocks.syn_stream(id, &[("streamtype", kind)])).collect()
}
