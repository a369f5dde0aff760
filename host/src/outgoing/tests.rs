use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use super::*;

#[test]
fn a_name_may_not_lead_to_this_machine() {
    for (name, address, may) in [
        ("hooks.example.com", "203.0.113.7", true),
        ("hooks.internal", "10.0.0.7", true),
        ("hooks.example.com", "127.0.0.1", false),
        ("hooks.example.com", "127.8.9.10", false),
        ("hooks.example.com", "::1", false),
        ("hooks.example.com", "::ffff:127.0.0.1", false),
        ("hooks.example.com", "0.0.0.0", false),
        ("hooks.example.com", "::", false),
        ("hooks.example.com", "169.254.169.254", false),
        ("hooks.example.com", "fe80::1", false),
        ("hooks.example.com", "fd00:ec2::254", false),
        ("hooks.example.com", "fd00:ec2::255", true),
        ("hooks.example.com", "100.100.100.200", false),
        ("hooks.example.com", "192.0.0.192", false),
        ("hooks.example.com", "64:ff9b::a9fe:a9fe", false),
        ("hooks.example.com", "64:ff9b::7f00:1", false),
        ("hooks.example.com", "64:ff9b::cb00:7107", true),
        ("localhost.example.com", "127.0.0.1", false),
        ("notlocalhost", "127.0.0.1", false),
        ("localhost", "127.0.0.1", true),
        ("LOCALHOST", "::1", true),
        ("hooks.localhost", "127.0.0.1", true),
        ("localhost", "169.254.169.254", false),
    ] {
        assert_eq!(may_lead_to(name, address.parse().unwrap()), may, "{name} {address}");
    }
}

/// Answers each connection with the same bytes, and keeps the first line of each request.
fn server(answer: Vec<u8>) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = seen.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut bytes = vec![0; 4096];
            let read = stream.read(&mut bytes).unwrap_or(0);
            let head = String::from_utf8_lossy(&bytes[..read]).into_owned();
            kept.lock().unwrap().push(head.lines().next().unwrap_or_default().to_owned());
            stream.write_all(&answer).ok();
        }
    });
    (port, seen)
}

async fn get(url: String) -> Result<HttpResponse, String> {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let client = Outgoing::new([]).unwrap();
    client.send(HttpRequest { method: "GET".to_owned(), url, headers: Vec::new(), body: Vec::new() }).await
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let (elsewhere, visits) = server(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec());
    for status in ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let answer = format!("HTTP/1.1 {status}\r\nlocation: http://127.0.0.1:{elsewhere}/stolen\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let (port, _) = server(answer.into_bytes());
        let response = get(format!("http://127.0.0.1:{port}/hook")).await.unwrap();
        assert_eq!(response.status.to_string(), status[..3]);
    }
    assert_eq!(*visits.lock().unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn localhost_is_reached_by_its_name() {
    let (port, seen) = server(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_vec());
    assert_eq!(get(format!("http://localhost:{port}/a")).await.unwrap().status, 204);
    assert_eq!(*seen.lock().unwrap(), ["GET /a HTTP/1.1"]);
}

/// `127.1` is a name for inet_aton(3), and so for every resolver.
#[tokio::test]
async fn another_name_for_this_machine_is_refused_with_what_to_do() {
    let resolve = async |name: &str| Names.resolve(name.parse().unwrap()).await.map(|found| found.map(|address| address.ip().is_loopback()).collect::<Vec<_>>());
    let error = resolve("127.1").await.unwrap_err().to_string();
    assert!(error.contains("leads to this machine") && error.contains("have the address itself granted"), "{error}");
    assert!(resolve("localhost").await.unwrap().iter().all(|loopback| *loopback));
}

#[tokio::test]
async fn an_answer_without_end_is_cut() {
    let mut answer = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\nconnection: close\r\n\r\n".to_vec();
    answer.resize(answer.len() + 1_000_000, b'x');
    let (port, _) = server(answer);
    assert_eq!(get(format!("http://127.0.0.1:{port}/")).await.unwrap().body.len(), ANSWER_MAX);
}

#[tokio::test]
async fn an_error_says_why_and_not_where() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = get(format!("http://127.0.0.1:{port}/T0/B0/secret")).await.unwrap_err();
    assert!(error.contains("refused") && !error.contains("secret"), "{error}");
}

/// Answers by TLS as `name`, and gives its authority as PEM.
fn tls_server(name: &str) -> (u16, String) {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = authority.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(authority, key);
    let leaf_key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&leaf_key, &issuer).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(leaf_key.serialize_der()).unwrap();
    let config = Arc::new(rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(vec![leaf.der().clone()], key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = rustls::StreamOwned::new(rustls::ServerConnection::new(config.clone()).unwrap(), stream);
            let mut head = [0; 4096];
            if stream.read(&mut head).is_ok() {
                stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").ok();
                stream.conn.send_close_notify();
                stream.flush().ok();
            }
        }
    });
    (port, pem)
}

/// What becomes of a request to an origin with these authorities of its own.
async fn get_by(port: u16, authorities: Option<&str>) -> Result<u16, String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), authorities.unwrap_or_default()).unwrap();
    let origin = Origin::parse(&format!("https://127.0.0.1:{port}")).unwrap();
    let client = Outgoing::new(authorities.map(|_| (origin, file.path().to_owned()))).unwrap();
    let request = HttpRequest { method: "GET".to_owned(), url: format!("https://127.0.0.1:{port}/a"), headers: Vec::new(), body: Vec::new() };
    client.send(request).await.map(|response| response.status)
}

#[tokio::test]
async fn an_origins_own_authority_is_the_only_one_that_counts_for_it() {
    let ((port, authority), (_, another)) = (tls_server("127.0.0.1"), tls_server("127.0.0.1"));
    assert_eq!(get_by(port, Some(&authority)).await, Ok(204));
    assert_eq!(get_by(port, Some(&format!("{another}{authority}"))).await, Ok(204));
    let told = "no authority that counts for this origin has signed its certificate; give the one that did as its `ca` under grants.httpOrigins";
    for authorities in [None, Some(another.as_str())] {
        assert_eq!(get_by(port, authorities).await, Err(told.to_owned()));
    }
    let (port, authority) = tls_server("elsewhere.example");
    let error = get_by(port, Some(&authority)).await.unwrap_err();
    assert!(error.starts_with("its certificate is not valid (") && error.ends_with("); have it renewed or corrected"), "{error}");
}

#[test]
fn an_authority_that_cannot_be_read_is_told_at_the_start() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let file = tempfile::NamedTempFile::new().unwrap();
    let why = |origin: &str, path: &Path| match Outgoing::new([(Origin::parse(origin).unwrap(), path.to_owned())]) {
        Ok(_) => panic!("it was taken"),
        Err(error) => format!("{error:#}"),
    };
    assert!(why("https://a.example", file.path()).ends_with("it holds no certificate; put the authority's there, as PEM"));
    assert!(why("https://a.example", Path::new("/nonexistent.pem")).contains("the `ca` /nonexistent.pem of https://a.example:443: No such file"));
    assert!(why("http://a.example", file.path()).contains("has a `ca` and no TLS; write it with https://, or leave `ca` out"));
}
