//! What reading costs: the head of a request, and a body of 10 KB in each of the three formats.
//!
//! Rounds of all follow each other in turn; each line is the median of a round's mean, with the lowest and the highest.
//!
//! `cargo run --release -p kube-request --example reading`

use std::hint::black_box;
use std::time::{Duration, Instant};

use kube_request::{Head, Json, KubeRequest};

const ROUNDS: usize = 15;
/// How long a round of one thing lasts.
const ROUND: Duration = Duration::from_millis(100);

const HEADERS: &[(&str, &[u8])] = &[
    ("host", b"127.0.0.1:8443"),
    ("authorization", b"Bearer pcs_0123456789abcdef0123456789abcdef"),
    ("accept", b"application/json"),
    ("accept-encoding", b"gzip"),
    ("user-agent", b"kubectl/v1.37.1 (linux/amd64) kubernetes/0123456"),
    ("kubectl-command", b"kubectl get"),
    ("kubectl-session", b"5d2c1a3e-0000-4000-8000-000000000000"),
];

/// About 10 KB of a ConfigMap: the same object in each format.
struct Bodies {
    json: Vec<u8>,
    yaml: Vec<u8>,
    protobuf: Vec<u8>,
}

impl Bodies {
    fn make() -> Self {
        let (mut json, mut yaml, mut message) = (String::from(r#"{"apiVersion":"v1","data":{"#), String::from("apiVersion: v1\ndata:\n"), Vec::new());
        field(&mut message, 1, &text(1, "settings"));
        for number in 0..200 {
            let (key, value) = (format!("key-{number:03}"), format!("a value of some length, {number}"));
            json += &format!("{}\"{key}\":\"{value}\"", if number == 0 { "" } else { "," });
            yaml += &format!("  {key}: \"{value}\"\n");
            field(&mut message, 2, &[text(1, &key), text(2, &value)].concat());
        }
        json += r#"},"kind":"ConfigMap","metadata":{"name":"settings"}}"#;
        yaml += "kind: ConfigMap\nmetadata:\n  name: settings\n";
        let mut envelope = Vec::new();
        field(&mut envelope, 1, &[text(1, "v1"), text(2, "ConfigMap")].concat());
        field(&mut envelope, 2, &message);
        Self { json: json.into_bytes(), yaml: yaml.into_bytes(), protobuf: [b"k8s\0", envelope.as_slice()].concat() }
    }
}

/// A field of protobuf that has a length.
fn field(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(number << 3 | 2);
    let mut length = bytes.len();
    while length > 127 {
        out.push(length as u8 | 128);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(bytes);
}

fn text(number: u8, text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    field(&mut out, number, text.as_bytes());
    out
}

/// Microseconds of one, over a round.
fn round(run: &dyn Fn()) -> f64 {
    let (begun, mut times) = (Instant::now(), 0_u32);
    while begun.elapsed() < ROUND {
        (0..16).for_each(|_| run());
        times += 16;
    }
    begun.elapsed().as_secs_f64() * 1e6 / f64::from(times)
}

fn main() {
    let bodies = Bodies::make();
    let write = |content_type: &'static [u8]| {
        let headers: Vec<(&str, &[u8])> = HEADERS.iter().copied().chain([("content-type", content_type)]).collect();
        let head = Head { method: "POST", target: "/api/v1/namespaces/shop/configmaps", headers: &headers };
        KubeRequest::parse(&head).expect("it can be read")
    };
    let (as_json, as_yaml, as_protobuf) = (write(b"application/json"), write(b"application/yaml"), write(b"application/vnd.kubernetes.protobuf"));
    let get = Head { method: "GET", target: "/api/v1/namespaces/shop/configmaps/settings?resourceVersion=12", headers: HEADERS };
    let read = KubeRequest::parse(&get).expect("it can be read");
    let json = Json::parse(&bodies.json).expect("it is JSON");
    let body = |request: &KubeRequest, bytes: &[u8]| drop(black_box(request.clone().with_body(bytes).expect("it can be read")));
    let runs: [(&str, Box<dyn Fn() + '_>); 8] = [
        ("the head of a GET", Box::new(|| drop(black_box(KubeRequest::parse(&get))))),
        ("its canonical target", Box::new(|| drop(black_box(read.target())))),
        ("its hash", Box::new(|| drop(black_box(read.hash())))),
        ("its command", Box::new(|| drop(black_box(read.command())))),
        ("10 KB of JSON", Box::new(|| body(&as_json, &bodies.json))),
        ("10 KB of YAML", Box::new(|| body(&as_yaml, &bodies.yaml))),
        ("10 KB of protobuf", Box::new(|| body(&as_protobuf, &bodies.protobuf))),
        ("10 KB written as JSON", Box::new(|| drop(black_box(json.to_string())))),
    ];
    let mut seen = vec![Vec::new(); runs.len()];
    for _ in 0..ROUNDS {
        runs.iter().zip(&mut seen).for_each(|((_, run), seen)| seen.push(round(run)));
    }
    for ((what, _), mut seen) in runs.iter().zip(seen) {
        seen.sort_by(f64::total_cmp);
        println!("{what:<24} {:>8.2} us   {:.2} to {:.2}", seen[seen.len() / 2], seen[0], seen[seen.len() - 1]);
    }
}
