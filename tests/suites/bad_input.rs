//! What comes in wrong: each gets its refusal in time, none reaches the cluster, and each has its record.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use portcullis_tests::https::Response;
use portcullis_tests::token::{Signer, claims, now, unsigned};
use portcullis_tests::{Gateway, Options, until};
use serde_json::{Value, json};

static GATEWAY: LazyLock<Gateway> = LazyLock::new(|| Gateway::start(Options::default()));

const PODS: &str = "/api/v1/namespaces/shop/pods";
const MAPS: &str = "/api/v1/namespaces/shop/configmaps";

/// Checks that this is a refusal as INTERFACE.md says, and that its record says the same. Returns the message.
#[track_caller]
fn refused(response: &Response, status: u16, cause: &str, what: &str) -> String {
    assert_eq!((response.status, response.cause().as_str()), (status, cause), "{what}: {}", response.text());
    let body = response.json();
    assert_eq!((&body["kind"], &body["status"], &body["code"]), (&json!("Status"), &json!("Failure"), &json!(status)), "{what}");
    assert!(body["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{what}: {body}");
    let record = GATEWAY.api("alice").record(&response.record());
    assert_eq!(record["decision"], "deny", "{what}: {record}");
    assert_eq!(record["refusal"]["cause"], cause, "{what}: {record}");
    assert_eq!(record["response"]["status"], status, "{what}: {record}");
    assert_eq!(record["upstream"], Value::Null, "{what} reached the cluster: {record}");
    body["message"].as_str().expect("a message").to_owned()
}

fn get(path: &str, headers: &[(&str, &str)]) -> Response {
    GATEWAY.client().request("GET", &GATEWAY.path(path), headers, b"")
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

#[test]
fn tokens_that_are_not_good_are_refused_each_with_what_is_wrong() {
    let issuer = &GATEWAY.ready.issuer;
    let own = Signer::of(&GATEWAY.dir());
    let good = own.sign(&claims(issuer, &json!({})));
    assert_eq!(get(PODS, &[("authorization", &bearer(&good))]).status, 200, "a token by this key is good");

    // Not the last character: it holds bits that are no part of the signature.
    let within = good.len() - 20;
    let changed = if good.as_bytes()[within] == b'A' { "B" } else { "A" };
    let mut broken = good.clone();
    broken.replace_range(within..=within, changed);
    let tampered = {
        let parts: Vec<&str> = good.split('.').collect();
        let other = own.sign(&claims(issuer, &json!({ "sub": "alice", "groups": ["approvers"] })));
        format!("{}.{}.{}", parts[0], other.split('.').nth(1).expect("claims"), parts[2])
    };
    let claimed = |others: Value| own.sign(&claims(issuer, &others));
    let cases: Vec<(&str, String, &str)> = vec![
        ("rubbish", "rubbish".to_owned(), "malformed"),
        ("dots", "..".to_owned(), "malformed"),
        ("expired", claimed(json!({ "iat": now() - 7200, "nbf": now() - 7200, "exp": now() - 3600 })), "expired at"),
        ("not yet valid", claimed(json!({ "nbf": now() + 3600, "exp": now() + 7200 })), "not valid before"),
        ("issued in the future", claimed(json!({ "iat": now() + 3600, "exp": now() + 7200 })), "not valid before"),
        ("for another audience", claimed(json!({ "aud": "grafana" })), "audience"),
        ("for several others", claimed(json!({ "aud": ["grafana", "vault"] })), "audience"),
        ("of another issuer", own.sign(&claims("https://accounts.example", &json!({}))), "issuer"),
        ("without a signature", unsigned(&claims(issuer, &json!({}))), "unsigned"),
        ("by a stranger's key", Signer::stranger().sign(&claims(issuer, &json!({}))), "does not publish"),
        ("by a stranger's key under the right name", Signer::stranger().named_as(&own).sign(&claims(issuer, &json!({}))), "signature is wrong"),
        ("with a changed signature", broken, ""),
        ("with somebody else's claims", tampered, "signature is wrong"),
        ("without an end", claimed(json!({ "exp": null })), ""),
        ("without a subject", claimed(json!({ "sub": null })), ""),
        ("of a session that there is not", "pcs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(), ""),
    ];
    for (what, token, expected) in cases {
        let response = get(PODS, &[("authorization", &bearer(&token))]);
        let cause = if token.starts_with("pcs_") { "SessionEnded" } else { "Unauthenticated" };
        let message = refused(&response, 401, cause, what);
        assert!(message.contains(expected), "{what}: {message}");
        assert_eq!(response.header("www-authenticate"), Some("Bearer"), "{what}");
        let claims = token.split('.').nth(1).filter(|claims| !claims.is_empty()).unwrap_or("no claims");
        assert!(!response.text().contains(claims), "{what}: the refusal repeats the token");
    }
}

#[test]
fn no_token_and_an_oversized_one_are_refused() {
    let message = refused(&get(PODS, &[]), 401, "Unauthenticated", "no token");
    assert!(message.contains("portcullis login"), "{message}");
    refused(&get(PODS, &[("authorization", "Basic YWxpY2U6c2VjcmV0")]), 401, "Unauthenticated", "a password");

    let groups: Vec<String> = (0..2000).map(|n| format!("group-{n:05}")).collect();
    let large = Signer::of(&GATEWAY.dir()).sign(&claims(&GATEWAY.ready.issuer, &json!({ "groups": groups })));
    assert!(large.len() > 16 * 1024);
    let response = get(PODS, &[("authorization", &bearer(&large))]);
    assert!([400, 401, 431].contains(&response.status), "{}", response.text());
    refused(&response, response.status, &response.cause(), "an oversized token");
}

#[test]
fn nobody_learns_which_clusters_there_are_without_a_token() {
    let here = get(PODS, &[]);
    let nowhere = GATEWAY.client().request("GET", "/clusters/nowhere/api/v1/pods", &[], b"");
    assert_eq!((here.status, here.cause()), (nowhere.status, nowhere.cause()));
    let token = bearer(&GATEWAY.token("devin"));
    let missing = GATEWAY.client().request("GET", "/clusters/nowhere/api/v1/pods", &[("authorization", &token)], b"");
    refused(&missing, 404, "MalformedRequest", "a connection that there is not");
}

#[test]
fn paths_with_two_readings_are_refused() {
    let token = bearer(&GATEWAY.token("devin"));
    for path in [
        "/api/v1/namespaces/shop/../prod/secrets",
        "/api/v1/namespaces/shop/%2e%2e/prod/secrets",
        "/api/v1/namespaces/shop/%2E%2E/prod/secrets",
        "/api/v1/./namespaces/shop/pods",
        "/api/v1/namespaces/shop%2Fpods",
        "/api/v1/namespaces/shop%252Fpods",
        "//api/v1/namespaces/shop/pods",
        "/api/v1//namespaces/shop/pods",
        "/api/v1/namespaces/shop/pods/a%00b",
        "/api/v1/namespaces/shop/pods/a%5Cb",
        "/api/v1/namespaces/shop/pods/%zz",
        "/api/v1/namespaces/shop/pods/%c3%28",
        "/api/v1/namespaces/shop/pods?watch=true;x=1",
    ] {
        refused(&get(path, &[("authorization", &token)]), 400, "MalformedRequest", path);
    }
    // These are not even HTTP: the connection is closed, and the log says so all the same.
    for path in ["/api/v1/namespaces/shop\\pods", "/api/v1/pods/a\u{1}b"] {
        let asked = format!("GET {} HTTP/1.1\r\nhost: gateway\r\nauthorization: {token}\r\n\r\n", GATEWAY.path(path));
        let mut connection = GATEWAY.client().connect().expect("the gateway is there");
        connection.send(asked.as_bytes()).expect("the gateway reads");
        if let Ok(response) = connection.response() {
            assert_eq!(response.status, 400, "{path}: {}", response.text());
        }
    }
}

#[test]
fn headers_that_claim_an_identity_are_refused() {
    let token = bearer(&GATEWAY.token("devin"));
    for (name, value) in [
        ("Impersonate-User", "admin"),
        ("impersonate-group", "system:masters"),
        ("Impersonate-Uid", "1"),
        ("Impersonate-Extra-Scopes", "all"),
        ("X-Remote-User", "admin"),
        ("X-Remote-Group", "system:masters"),
        ("X-Remote-Extra-Scopes", "all"),
        ("Connection", "Impersonate-User"),
    ] {
        let response = get(PODS, &[("authorization", &token), (name, value)]);
        assert!([400, 403].contains(&response.status), "{name}: {}", response.text());
        refused(&response, response.status, &response.cause(), name);
    }
}

#[test]
fn bodies_that_are_not_what_their_content_type_says_are_refused() {
    let token = bearer(&GATEWAY.token("devin"));
    let map = |name: &str| format!(r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{name}"}}}}"#);
    let mut deep = String::new();
    deep.push_str(&"[".repeat(5000));
    deep.push_str(&"]".repeat(5000));
    let cases: Vec<(&str, &str, &str, Vec<u8>, u16)> = vec![
        ("YAML as JSON", "application/json", "", b"apiVersion: v1\nkind: ConfigMap\nmetadata: { name: bad }\n".to_vec(), 400),
        ("protobuf as JSON", "application/json", "", b"k8s\0\n\x0f\n\x02v1\x12\tConfigMap".to_vec(), 400),
        ("cut JSON", "application/json", "", map("bad").into_bytes()[..40].to_vec(), 400),
        ("two documents", "application/json", "", (map("bad") + &map("bad")).into_bytes(), 400),
        ("a key twice", "application/json", "", br#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"good","name":"bad"}}"#.to_vec(), 400),
        ("no UTF-8", "application/json", "", b"{\"metadata\":{\"name\":\"\xff\"}}".to_vec(), 400),
        ("bottomless nesting", "application/json", "", deep.into_bytes(), 400),
        ("a list for an object", "application/json", "", b"[1,2]".to_vec(), 400),
        ("protobuf without an object", "application/vnd.kubernetes.protobuf", "", b"k8s\0\n\x0f\n\x02v1\x12\tConfigMap".to_vec(), 400),
        ("protobuf of no known kind", "application/vnd.kubernetes.protobuf", "", b"k8s\0\n\x0c\n\x02v1\x12\x06Widget\x12\0".to_vec(), 415),
        ("YAML with two readings", "application/yaml", "", b"apiVersion: v1\nkind: ConfigMap\nmetadata: { name: bad }\nimmutable: yes\n".to_vec(), 400),
        ("YAML with a key twice", "application/yaml", "", b"apiVersion: v1\nkind: ConfigMap\nmetadata: { name: good, name: bad }\n".to_vec(), 400),
        ("YAML of a name that it has not", "text/yaml", "", b"kind: ConfigMap\n".to_vec(), 415),
        ("CBOR", "application/cbor", "", b"\xd9\xd9\xf7\xa0".to_vec(), 415),
        ("a form", "application/x-www-form-urlencoded", "", b"kind=ConfigMap".to_vec(), 415),
        ("a compressed body", "application/json", "gzip", b"\x1f\x8b\x08\0\0".to_vec(), 415),
        ("more than the API server takes", "application/json", "", vec![b' '; (3 << 20) + 1], 413),
    ];
    for (what, content_type, encoding, body, status) in cases {
        let mut headers = vec![("authorization", token.as_str()), ("content-type", content_type)];
        if !encoding.is_empty() {
            headers.push(("content-encoding", encoding));
        }
        let response = GATEWAY.client().request("POST", &GATEWAY.path(MAPS), &headers, &body);
        let cause = if status == 415 { "UnsupportedMediaType" } else { "MalformedRequest" };
        refused(&response, status, cause, what);
    }
    let patches = [
        ("application/json-patch+json", r#"{"data":{"a":"b"}}"#),
        ("application/json-patch+json", r#"[{"op":"steal","path":"/data"}]"#),
        ("application/merge-patch+json", r#"[{"op":"remove","path":"/data"}]"#),
        ("application/strategic-merge-patch+json", r#""text""#),
        ("application/json", r#"{"data":{"a":"b"}}"#),
    ];
    for (content_type, body) in patches {
        let headers = [("authorization", token.as_str()), ("content-type", content_type)];
        let response = GATEWAY.client().request("PATCH", &GATEWAY.path(&format!("{MAPS}/web")), &headers, body.as_bytes());
        assert!([400, 415].contains(&response.status), "{content_type} {body}: {}", response.text());
        refused(&response, response.status, &response.cause(), content_type);
    }
    for name in ["bad", "good"] {
        assert_eq!(get(&format!("{MAPS}/{name}"), &[("authorization", &token)]).status, 404, "nothing was made");
    }
}

#[test]
fn a_header_block_that_is_too_large_is_refused() {
    let token = bearer(&GATEWAY.token("devin"));
    let filler = "x".repeat(7000);
    let names: Vec<String> = (0..12).map(|n| format!("x-filler-{n}")).collect();
    let mut headers = vec![("authorization", token.as_str())];
    headers.extend(names.iter().map(|name| (name.as_str(), filler.as_str())));
    let message = refused(&get(PODS, &headers), 431, "MalformedRequest", "84 KiB of headers");
    assert!(message.contains("64 KiB"), "{message}");

    // Far beyond, nothing reads it to its end: the connection is closed, and that is recorded.
    let before = unreadable("larger than 256 KiB");
    let mut connection = GATEWAY.client().connect().expect("the gateway is there");
    let head = format!("GET {} HTTP/1.1\r\nhost: gateway\r\nx-filler: {}", GATEWAY.path(PODS), "x".repeat(300 * 1024));
    connection.send(head.as_bytes()).ok();
    if let Ok(response) = connection.response() {
        assert_eq!(response.status, 431);
    }
    until(Duration::from_secs(10), "for the record of a head that is too large", || (unreadable("larger than 256 KiB") > before).then_some(()));
}

#[test]
fn a_body_with_two_lengths_ends_the_connection() {
    let token = bearer(&GATEWAY.token("devin"));
    for lengths in ["content-length: 5\r\ntransfer-encoding: chunked", "transfer-encoding: chunked\r\ncontent-length: 5"] {
        let before = unreadable("both Content-Length and Transfer-Encoding");
        let mut connection = GATEWAY.client().connect().expect("the gateway is there");
        // Not only the first request of a connection is looked at.
        let first = connection.exchange("GET", &GATEWAY.path(MAPS), &[("authorization", &token)], b"").expect("an answer");
        assert_eq!(first.status, 200, "{}", first.text());
        let head = format!("POST {} HTTP/1.1\r\nhost: gateway\r\nauthorization: {token}\r\n{lengths}\r\n\r\n0\r\n\r\n", GATEWAY.path(MAPS));
        connection.send(head.as_bytes()).expect("the gateway reads");
        assert!(connection.response().is_err(), "an answer to {lengths}");
        until(Duration::from_secs(10), "for its record", || (unreadable("both Content-Length and Transfer-Encoding") > before).then_some(()));
    }
}

#[test]
fn too_many_header_fields_are_refused() {
    let token = bearer(&GATEWAY.token("devin"));
    let names: Vec<String> = (0..300).map(|n| format!("x-{n}")).collect();
    let mut headers = vec![("authorization", token.as_str())];
    headers.extend(names.iter().map(|name| (name.as_str(), "1")));
    let mut connection = GATEWAY.client().connect().expect("the gateway is there");
    if let Ok(response) = connection.exchange("GET", &GATEWAY.path(PODS), &headers, b"") {
        assert!([400, 431].contains(&response.status), "{}", response.text());
    }
}

#[test]
fn a_client_that_stops_sending_its_head_is_let_go_within_its_limit() {
    let before = unreadable("stopped sending");
    let mut connection = GATEWAY.client().connect().expect("the gateway is there");
    let begun = Instant::now();
    connection.send(format!("GET {} HTTP/1.1\r\nhost: gat", GATEWAY.path(PODS)).as_bytes()).expect("the gateway reads");
    connection.patience(Duration::from_secs(40)).expect("a limit");
    // 15 s, after which there is an answer or the end of the connection.
    let answer = connection.response();
    assert!(begun.elapsed() < Duration::from_secs(30), "let go after {:?}", begun.elapsed());
    if let Ok(response) = answer {
        assert_eq!(response.status, 408);
    }
    until(Duration::from_secs(10), "for its record", || (unreadable("stopped sending") > before).then_some(()));
}

#[test]
fn a_client_that_stops_sending_its_body_is_refused_within_its_limit() {
    let token = bearer(&GATEWAY.token("devin"));
    let mut connection = GATEWAY.client().connect().expect("the gateway is there");
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: gateway\r\nauthorization: {token}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{\"kind\":",
        GATEWAY.path(MAPS)
    );
    let begun = Instant::now();
    connection.send(head.as_bytes()).expect("the gateway reads");
    connection.patience(Duration::from_secs(60)).expect("a limit");
    let response = connection.response().expect("an answer");
    assert!(begun.elapsed() < Duration::from_secs(45), "refused after {:?}", begun.elapsed());
    let message = refused(&response, 408, "MalformedRequest", "a body that stops");
    assert!(message.contains("30 s"), "{message}");
}

#[test]
fn a_client_that_never_begins_tls_costs_nobody_else_anything() {
    let address = GATEWAY.ready.gateway.strip_prefix("https://").expect("an address");
    let idle: Vec<_> = (0..200).map(|_| std::net::TcpStream::connect(address).expect("the gateway is there")).collect();
    let token = bearer(&GATEWAY.token("devin"));
    assert_eq!(get(PODS, &[("authorization", &token)]).status, 200);
    drop(idle);
}

#[test]
fn requests_that_hide_another_request_are_refused() {
    let token = bearer(&GATEWAY.token("devin"));
    let path = GATEWAY.path(MAPS);
    let smuggled = format!("GET {} HTTP/1.1\r\nhost: gateway\r\n\r\n", GATEWAY.path("/api/v1/secrets"));
    for (what, head) in [
        ("two lengths", "content-length: 5\r\ncontent-length: 6\r\n"),
        ("a length and chunks", "content-length: 5\r\ntransfer-encoding: chunked\r\n"),
        ("an unknown transfer coding", "transfer-encoding: xchunked\r\n"),
        ("a folded field", "x-a: b\r\n c\r\ncontent-length: 5\r\n"),
        ("a space before the colon", "content-length : 5\r\n"),
    ] {
        let bytes = format!("POST {path} HTTP/1.1\r\nhost: gateway\r\nauthorization: {token}\r\ncontent-type: application/json\r\n{head}\r\n0\r\n\r\n{smuggled}");
        let mut connection = GATEWAY.client().connect().expect("the gateway is there");
        connection.patience(Duration::from_secs(20)).expect("a limit");
        connection.send(bytes.as_bytes()).expect("the gateway reads");
        if let Ok(response) = connection.response() {
            assert_eq!(response.status, 400, "{what}: {}", response.text());
        }
        if let Ok(second) = connection.response() {
            panic!("{what}: a second answer came: {} {}", second.status, second.text());
        }
    }
}

/// How many connections ended because what came was no request, for a reason.
fn unreadable(why: &str) -> usize {
    GATEWAY.api("alice").audit("kind=refusal").iter().filter(|record| record["refusal"]["message"].as_str().is_some_and(|message| message.contains(why))).count()
}
