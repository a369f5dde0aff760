//! Clients that stop: reading, writing, or both. Each costs its stream, within a limit, and nobody else anything.
//!
//! Those that wait for the gateway's own limits, most of which are a minute, run beside each other: see [`super::minutes`].

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use portcullis_tests::frames::spdy::{self, Blocks};
use portcullis_tests::frames::websocket::Frame;

use super::raw::{ATTACKED, Attacked, Carrier, FILLED, Stream, nothing_left, streams};
use super::stage::{STAGE, on, passed, pod, running};

/// A minute, and as much again for a machine that has much to do.
const LIMIT: Duration = Duration::from_secs(150);
const BOTH: [(Carrier, &str); 2] = [(Carrier::WebSocket, "ws"), (Carrier::Spdy, "spdy")];

/// The gateway's own limit, and a little.
const MINUTE: Duration = Duration::from_secs(62);

/// Does something to an open stream over each carrier, and expects that its record says why it ended. A program is named
/// where it ends in the pod, too.
fn stopped(
    attacked: &Attacked,
    name: &str,
    (script, program): (&str, impl Fn(Carrier) -> Option<&'static str>),
    why: &str,
    act: impl Fn(&mut Stream) + Sync,
) {
    let pods = BOTH.map(|(carrier, of)| (carrier, pod(&format!("{name}-{of}")), format!("{name}-{of}")));
    let streams = attacked.meanwhile(name, || {
        thread::scope(|scope| {
            let streams = pods.each_ref().map(|(carrier, _, namespace)| {
                let act = &act;
                scope.spawn(move || {
                    let mut stream = Stream::exec(&attacked.gateway, *carrier, namespace, script);
                    act(&mut stream);
                    thread::sleep(MINUTE);
                    stream
                })
            });
            streams.map(|stream| stream.join().expect("it has begun"))
        })
    });
    for ((carrier, admin, namespace), stream) in pods.iter().zip(streams) {
        let record = attacked.ended(&stream.record, LIMIT);
        let interrupted = record["response"]["interrupted"].as_str().unwrap_or_default();
        assert!(interrupted.contains(why), "{namespace}: {record}");
        drop(stream);
        if let Some(program) = program(*carrier) {
            nothing_left(admin, program);
        }
    }
}

pub fn a_client_that_never_reads_what_is_printed_without_end_is_cut() {
    stopped(&FILLED, "never-reads", ("echo begun; exec yes", |_| Some("yes")), "the client: what was sent was left unread for 60 s", |_| {});
}

pub fn a_client_that_never_says_a_word_is_gone() {
    stopped(&ATTACKED, "never-writes", ("echo begun; exec cat", |_| Some("cat")), "the client: nothing was heard for 60 s", |_| {});
}

pub fn a_client_that_stops_in_the_middle_of_a_frame_is_gone() {
    stopped(&ATTACKED, "half-a-frame", ("echo begun; exec cat", |_| Some("cat")), "the client: nothing was heard for 60 s", |stream| {
        let whole = stream.typed(&[b'x'; 1000]);
        stream.send(&whole[..500]);
    });
}

pub fn a_pod_that_never_reads_what_is_sent_without_end_is_cut() {
    // It prints now and then: only so does it notice that its stream is gone.
    let script = "echo begun; while sleep 1; do echo tick || exit; done";
    // Over a WebSocket kubectl itself leaves the command behind, straight to the API server: what it has not read stops the
    // API server's copy to the kubelet, which then hears of no end.
    let program = |carrier| (carrier == Carrier::Spdy).then_some("sh -c");
    stopped(&FILLED, "sends-without-end", (script, program), "the cluster: what was sent was left unread for 60 s", |stream| {
        let piece = stream.typed(&[b'x'; 32 << 10]);
        sent_without_end(stream, &piece);
    });
}

/// Sends until the gateway ends the connection.
fn sent_without_end(stream: &mut Stream, piece: &[u8]) {
    stream.connection.patience_in_sending(LIMIT).expect("a limit");
    let begun = Instant::now();
    let mut sent = 0_usize;
    while stream.connection.send(piece).is_ok() {
        sent += piece.len();
        assert!(begun.elapsed() < LIMIT, "{sent} bytes were taken and still are");
    }
    println!("{sent} bytes were taken by nobody before the end");
    assert!(sent < 64 << 20, "{sent} bytes were taken by nobody");
}

pub fn a_client_that_asks_without_end_and_reads_no_answer_is_cut() {
    let attacked = &*ATTACKED;
    let admin = pod("asks");
    attacked.meanwhile("asking", || {
        // Over a WebSocket the gateway owes the latest pong alone, so nothing grows; SPDY's pongs are owed each.
        let mut stream = Stream::exec(&attacked.gateway, Carrier::Spdy, "asks", "echo begun; exec cat");
        let pings: Vec<u8> = (0..4096).flat_map(|n| spdy::numbers(spdy::PING, &[2 * n + 1])).collect();
        sent_without_end(&mut stream, &pings);
        let record = attacked.ended(&stream.record, LIMIT);
        let interrupted = record["response"]["interrupted"].as_str().unwrap_or_default();
        assert!(interrupted.contains("left unread"), "{record}");
    });
    nothing_left(&admin, "cat");
}

pub fn streams_that_are_never_opened_end_after_their_limit() {
    let attacked = &*ATTACKED;
    let admin = pod("unopened");
    attacked.meanwhile("waiting for streams", || {
        let rest = "exec?command=cat&stdin=true&stdout=true";
        let mut none = Stream::open(&attacked.gateway, Carrier::Spdy, "unopened", rest);
        let mut some = Stream::open(&attacked.gateway, Carrier::Spdy, "unopened", rest);
        some.send(&streams(&["error", "stdin"]));
        for stream in [&mut none, &mut some] {
            stream.connection.patience(LIMIT).expect("a limit");
            stream.connection.to_end().expect("it ends");
            let record = attacked.ended(&stream.record, LIMIT);
            let interrupted = record["response"]["interrupted"].as_str().unwrap_or_default();
            assert!(interrupted.contains("not opened within 30 s"), "{record}");
        }
    });
    nothing_left(&admin, "cat");
}

#[test]
fn a_client_that_leaves_before_it_is_answered_leaves_nothing_behind() {
    let attacked = &*ATTACKED;
    let admin = pod("leaves");
    let token = format!("Bearer {}", attacked.gateway.token("devin"));
    let path = attacked.gateway.path("/api/v1/namespaces/leaves/pods/box/exec?command=cat&stdin=true&stdout=true");
    let head = format!(
        "GET {path} HTTP/1.1\r\nhost: gateway\r\nauthorization: {token}\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: {}\r\nsec-websocket-protocol: v5.channel.k8s.io\r\n\r\n",
        portcullis_tests::frames::websocket::KEY,
    );
    attacked.meanwhile("leaving", || {
        // Some leave before they are understood, some while the cluster is asked, some when it has switched.
        for pause in 0..30 {
            let mut connection = attacked.gateway.client().connect().expect("the gateway is there");
            connection.send(head.as_bytes()).expect("it reads");
            thread::sleep(Duration::from_millis(2 * pause));
        }
        let alice = attacked.gateway.api("alice");
        portcullis_tests::until(LIMIT, "for the end of everything that they began", || {
            let records = alice.audit("namespace=leaves&resource=pods");
            let over = records.iter().filter(|record| !record["response"]["interrupted"].is_null()).count();
            (over > 0 && over == records.len()).then_some(())
        });
    });
    nothing_left(&admin, "cat");
}

/// Whoever connects gets lines without end.
const TALKS: &str = "apiVersion: v1\nkind: Pod\nmetadata: { name: box }\nspec:\n  terminationGracePeriodSeconds: 0\n  containers: [{ name: box, image: busybox, command: [nc, -ll, -p, '9000', -e, 'yes'] }]\n";

pub fn forwarded_bytes_that_nobody_reads_end_the_forwarding() {
    let attacked = &*ATTACKED;
    let pods = BOTH.map(|(carrier, of)| {
        let namespace = format!("forwards-{of}");
        let admin = STAGE.cluster.admin();
        admin.must(&["create", "namespace", &namespace]);
        let admin = admin.within(&namespace);
        running(&admin, TALKS);
        (carrier, admin, namespace)
    });
    let streams = attacked.meanwhile("forwarding to nobody", || {
        let streams = pods.each_ref().map(|(carrier, _, namespace)| {
            let mut stream = Stream::open(&attacked.gateway, *carrier, namespace, "portforward");
            let mut blocks = Blocks::default();
            for (id, kind) in [(1, "error"), (3, "data")] {
                stream.send(&blocks.syn_stream(id, &[("streamtype", kind), ("port", "9000"), ("requestid", "0")]));
            }
            stream
        });
        thread::sleep(MINUTE);
        streams
    });
    for ((_, admin, _), stream) in pods.iter().zip(streams) {
        let record = attacked.ended(&stream.record, LIMIT);
        let interrupted = record["response"]["interrupted"].as_str().unwrap_or_default();
        assert!(interrupted.contains("the client: what was sent was left unread for 60 s"), "{record}");
        let noted = on("forward", &passed(&attacked.gateway, &record));
        assert!(noted.contains("port 9000: opened") && noted.contains("bytes from it"), "{noted}");
        drop(stream);
        nothing_left(admin, "yes");
    }
}

/// Pings of a WebSocket that are never read: the connection itself is the limit.
#[test]
fn pings_whose_answers_are_never_read_cost_no_memory() {
    let attacked = &*ATTACKED;
    let admin = pod("pings");
    attacked.meanwhile("pinging", || {
        let mut stream = Stream::exec(&attacked.gateway, Carrier::WebSocket, "pings", "echo begun; exec cat");
        stream.connection.patience_in_sending(Duration::from_secs(5)).expect("a limit");
        let pings = Frame::new(portcullis_tests::frames::websocket::PING, &[b'?'; 125]).bytes().repeat(1000);
        let mut sent = 0_usize;
        let stopped = loop {
            match stream.connection.send(&pings) {
                Ok(()) if sent < 256 << 20 => sent += pings.len(),
                Ok(()) => break None,
                Err(error) => break Some(error),
            }
        };
        println!("{sent} bytes of pings were taken, then {stopped:?}");
        let is_full = |error: &io::Error| matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
        assert!(stopped.as_ref().is_none_or(is_full), "{stopped:?}");
        let id = stream.record.clone();
        drop(stream);
        attacked.ended(&id, LIMIT);
    });
    nothing_left(&admin, "cat");
}
