//! Answers that a real API server does not give, or not today: redirects, content codings, bombs, errors in watches.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::LazyLock;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use portcullis_tests::https::Response;
use portcullis_tests::stub::{Stub, response};
use portcullis_tests::{Gateway, Options, places, until};

#[path = "heads.rs"]
mod heads;

struct Stage {
    stub: Stub,
    gateway: Gateway,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let stub = Stub::start();
    let folder = places::folder();
    let kubeconfig = stub.kubeconfig(folder.path());
    let gateway = Gateway::start(Options { kubeconfig: Some(kubeconfig), bundle: None });
    Stage { stub, gateway }
});

const JSON: (&str, &str) = ("content-type", "application/json");
const GZIP: (&str, &str) = ("content-encoding", "gzip");

fn get(path: &str, headers: &[(&str, &str)]) -> Response {
    let token = format!("Bearer {}", STAGE.gateway.token("devin"));
    let headers = [&[("authorization", token.as_str())], headers].concat();
    STAGE.gateway.client().request("GET", &STAGE.gateway.path(path), &headers, b"")
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

/// A Secret whose value is `hunter2`.
fn secret(name: &str) -> String {
    format!(r#"{{"kind":"Secret","apiVersion":"v1","metadata":{{"name":"{name}","namespace":"a"}},"data":{{"password":"aHVudGVyMg=="}}}}"#)
}

#[track_caller]
fn masked(text: &str) {
    let excerpt: String = text.chars().take(600).collect();
    // `masked:v1:` in base64, but for the bits that belong to what follows.
    assert!(text.contains("bWFza2VkOnYxO"), "nothing is masked: {excerpt}");
    assert!(!text.contains("aHVudGVyMg"), "the secret is shown: {excerpt}");
}

/// CVE-2022-3172: an aggregated API or a kubelet that redirects would be given the client's credential.
#[test]
fn a_redirect_is_never_passed_on_nor_followed() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").expect("a free port");
    elsewhere.set_nonblocking(true).expect("a socket");
    let location = format!("http://{}/steal", elsewhere.local_addr().expect("it is bound"));
    for (number, status) in ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"].iter().enumerate() {
        let path = format!("/api/v1/namespaces/a/configmaps/r{number}");
        STAGE.stub.answers(&path, response(status, &[("location", &location)], b"moved"));
        let refused = get(&path, &[]);
        assert_eq!((refused.status, refused.cause().as_str()), (502, "UpstreamUnavailable"), "{status}: {}", refused.text());
        assert_eq!(refused.header("location"), None, "{status}");
        assert!(!refused.text().contains("steal") && refused.text().contains("redirect"), "{status}: {}", refused.text());
    }
    assert!(elsewhere.accept().is_err(), "somebody followed");
}

#[test]
fn nothing_of_the_clients_connection_or_identity_goes_upstream_and_the_gateways_own_does() {
    let path = "/api/v1/namespaces/a/configmaps/headers";
    let answered = get(
        path,
        &[
            ("connection", "keep-alive, close"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
            ("proxy-authorization", "Basic eDp5"),
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-host", "elsewhere"),
            ("x-forwarded-uri", "/steal"),
            ("x-real-ip", "203.0.113.9"),
            ("forwarded", "for=203.0.113.9"),
            ("audit-id", "mine"),
            ("cookie", "a=b"),
            ("accept-encoding", "gzip, br"),
            ("user-agent", "kubectl/v1.37"),
        ],
    );
    let heads = STAGE.stub.heads(path);
    let head = heads.last().expect("it came").to_ascii_lowercase();
    for kept_back in ["203.0.113.9", "elsewhere", "steal", "cookie", "proxy-authorization", "keep-alive", "te: ", "gzip", "mine", "real-ip"] {
        assert!(!head.contains(kept_back), "{kept_back} went on: {head}");
    }
    for sent in [
        "x-forwarded-for: 127.0.0.1\r\n".to_owned(),
        format!("audit-id: {}\r\n", answered.record()),
        "accept-encoding: identity\r\n".to_owned(),
        "authorization: bearer the-gateways-own\r\n".to_owned(),
        "user-agent: kubectl/v1.37\r\n".to_owned(),
    ] {
        assert_eq!(head.matches(&sent).count(), 1, "{sent}: {head}");
    }
    assert_eq!(head.matches("x-forwarded-for").count() + head.matches("audit-id").count(), 2, "one each: {head}");
}

/// Kubernetes 1.37 sends gzip as several members, one after another.
#[test]
fn an_answer_in_gzip_is_read_and_masked_whatever_its_members() {
    let path = "/api/v1/namespaces/a/secrets";
    let list = format!(r#"{{"kind":"SecretList","apiVersion":"v1","metadata":{{}},"items":[{},{}]}}"#, secret("a"), secret("b"));
    let (one, two) = list.split_at(list.len() / 2);
    STAGE.stub.answers(path, response("200 OK", &[JSON, GZIP], &[gzip(one.as_bytes()), gzip(two.as_bytes())].concat()));
    let answer = get(path, &[]);
    assert_eq!((answer.status, answer.header("content-encoding")), (200, None), "{}", answer.text());
    assert_eq!(answer.json()["items"].as_array().map(Vec::len), Some(2), "{}", answer.text());
    masked(&answer.text());
}

#[test]
fn what_is_no_gzip_or_another_coding_is_refused_whole() {
    for (name, coding, body) in [
        ("cut", "gzip", gzip(secret("a").as_bytes())[..60].to_vec()),
        ("plain", "gzip", secret("a").into_bytes()),
        ("brotli", "br", secret("a").into_bytes()),
        ("twice", "gzip, gzip", gzip(&gzip(secret("a").as_bytes()))),
    ] {
        let path = format!("/api/v1/namespaces/a/secrets/{name}");
        STAGE.stub.answers(&path, response("200 OK", &[JSON, ("content-encoding", coding)], &body));
        let refused = get(&path, &[]);
        assert_eq!((refused.status, refused.cause().as_str()), (502, "UpstreamUnavailable"), "{name}: {}", refused.text());
        assert!(!refused.text().contains("aHVudGVyMg"), "{name}: {}", refused.text());
    }
}

#[test]
fn a_bomb_costs_time_and_no_memory() {
    let path = "/api/v1/namespaces/a/configmaps/bomb";
    let (start, spaces) = (b"{\"kind\":\"ConfigMap\",\"data\":{}", 256 << 20);
    let bomb = [gzip(start), gzip(&vec![b' '; spaces]), gzip(b"}")].concat();
    let compressed = bomb.len();
    STAGE.stub.answers(path, response("200 OK", &[JSON, GZIP], &bomb));
    let before = STAGE.gateway.memory();
    let (stop, stopped) = mpsc::channel::<()>();
    let watch = thread::spawn(move || {
        let mut most = 0;
        while stopped.recv_timeout(Duration::from_millis(5)).is_err() {
            most = most.max(STAGE.gateway.memory());
        }
        most
    });
    let answer = get(path, &[]);
    // It may have ended by itself.
    let _ = stop.send(());
    let most = watch.join().expect("it only looks");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body.len(), start.len() + spaces + 1, "{compressed} bytes came");
    let grown = most.saturating_sub(before) >> 20;
    assert!(grown < 48, "memory grew by {grown} MiB for {compressed} bytes");
}

/// A watch's events come one by one, each as soon as it has been sent, and each masked.
#[test]
fn a_watch_in_gzip_is_shown_as_it_comes_and_its_errors_tell_nothing() {
    let (go, gone) = mpsc::channel::<()>();
    let gone = std::sync::Mutex::new(gone);
    STAGE.stub.does("/api/v1/namespaces/watched/secrets", move |stream| {
        let chunk = |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n").ok();
        stream.write_all(&chunk(&gzip(format!("{{\"type\":\"ADDED\",\"object\":{}}}\n", secret("watched")).as_bytes()))).ok();
        gone.lock().expect("nobody panics").recv_timeout(Duration::from_secs(20)).ok();
        let status = r#"{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old: password=hunter2 AKIAIOSFODNN7EXAMPLE","reason":"Expired","code":410}}"#;
        stream.write_all(&chunk(&gzip(format!("{status}\n").as_bytes()))).ok();
        stream.write_all(b"0\r\n\r\n").ok();
    });
    let mut connection = STAGE.gateway.client().connect().expect("the gateway is there");
    let target = STAGE.gateway.path("/api/v1/namespaces/watched/secrets?watch=true&allowWatchBookmarks=true");
    let head = format!("GET {target} HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {}\r\naccept-encoding: gzip\r\n\r\n", STAGE.gateway.token("devin"));
    connection.send(head.as_bytes()).expect("the gateway reads");
    connection.patience(Duration::from_secs(15)).expect("a limit");
    let first = connection.until(b"}\n").expect("the first event comes before the second is sent");
    assert!(first.contains("ADDED") && !first.contains("content-encoding"), "{first}");
    masked(&first);
    go.send(()).expect("the stub waits");
    let second = connection.until(b"}\n").expect("the second event");
    assert!(second.contains("ERROR") && second.contains(r#""code":410"#) && second.contains("Expired"), "{second}");
    assert!(!second.contains("hunter2") && !second.contains("AKIAIOSFODNN7EXAMPLE"), "{second}");
}

/// What a client that asked for it gets compressed is what it would have got plain, and the record holds the plain text.
#[test]
fn a_large_answer_is_compressed_for_who_asks() {
    let path = "/api/v1/namespaces/big/secrets";
    let items: Vec<String> = (0..2000).map(|number| secret(&format!("s{number}"))).collect();
    let list = format!(r#"{{"kind":"SecretList","apiVersion":"v1","metadata":{{}},"items":[{}]}}"#, items.join(","));
    STAGE.stub.answers(path, response("200 OK", &[JSON], list.as_bytes()));
    let plain = get(path, &[]);
    assert_eq!((plain.status, plain.header("content-encoding")), (200, None));
    masked(&plain.text());

    let packed = get(path, &[("accept-encoding", "gzip")]);
    assert_eq!((packed.header("content-encoding"), packed.header("vary")), (Some("gzip"), Some("accept-encoding")), "{:?}", packed.headers);
    assert!(packed.body.len() < plain.body.len() / 4, "{} of {}", packed.body.len(), plain.body.len());
    let mut unpacked = String::new();
    MultiGzDecoder::new(&packed.body[..]).read_to_string(&mut unpacked).expect("it is gzip");
    assert!(unpacked == plain.text(), "what was unpacked is another text");
    let [one, two] = [&plain, &packed].map(|answer| {
        until(Duration::from_secs(10), "for the record of its answer", || {
            let record = STAGE.gateway.api("alice").record(&answer.record());
            (!record["response"].is_null()).then_some(record)
        })
    });
    assert_eq!(one["response"]["body"], two["response"]["body"], "the same plain text: {two}");

    // Small ones cost more than they save.
    let small = get("/api/v1/namespaces/small/secrets", &[("accept-encoding", "gzip")]);
    assert_eq!(small.header("content-encoding"), None);
    // A refusal of compression is one.
    assert_eq!(get(path, &[("accept-encoding", "gzip;q=0, identity")]).header("content-encoding"), None);
}
