//! Heads that no client library sends: each is refused, over HTTP/1.1 and HTTP/2, and the cluster hears nothing of it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_tests::http2::{self, Outcome};

use super::STAGE;

const MAPS: &str = "/api/v1/namespaces/heads/configmaps";

fn raw(head: &str) -> (u16, String) {
    let mut connection = STAGE.gateway.client().connect().expect("the gateway is there");
    connection.send(head.as_bytes()).expect("the gateway reads");
    connection.response().map_or((0, String::new()), |response| (response.status, response.text()))
}

#[test]
fn over_http_1_nothing_but_plain_requests_is_taken() {
    let token = STAGE.gateway.token("devin");
    let authorized = format!("host: gateway\r\nauthorization: Bearer {token}\r\n");
    let path = STAGE.gateway.path("/api/v1/namespaces/heads1/configmaps");
    let json = "content-type: application/json\r\n";
    for (what, head) in [
        ("trailers", format!("POST {path} HTTP/1.1\r\n{authorized}{json}transfer-encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\nimpersonate-user: admin\r\n\r\n")),
        ("announced trailers", format!("POST {path} HTTP/1.1\r\n{authorized}{json}trailer: x\r\ncontent-length: 2\r\n\r\n{{}}")),
        ("an upgrade of a list", format!("GET {path} HTTP/1.1\r\n{authorized}connection: upgrade\r\nupgrade: websocket\r\n\r\n")),
        ("an upgrade of a watch", format!("GET {path}?watch=1 HTTP/1.1\r\n{authorized}connection: upgrade\r\nupgrade: SPDY/3.1\r\n\r\n")),
        ("an upgrade to HTTP/2", format!("GET {path} HTTP/1.1\r\n{authorized}connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n\r\n")),
        ("a field that Connection names", format!("GET {path} HTTP/1.1\r\n{authorized}connection: authorization\r\n\r\n")),
        ("an identity with underscores", format!("GET {path} HTTP/1.1\r\n{authorized}impersonate_user: admin\r\n\r\n")),
        ("a folded field", format!("GET {path} HTTP/1.1\r\n{authorized}x-a: b\r\n c: d\r\n\r\n")),
        ("CONNECT", format!("CONNECT {path} HTTP/1.1\r\n{authorized}\r\n")),
        ("CONNECT by authority", format!("CONNECT kubernetes.default.svc:443 HTTP/1.1\r\n{authorized}\r\n")),
    ] {
        let (status, text) = raw(&head);
        assert!(status == 0 || (400..500).contains(&status), "{what}: {status} {text}");
    }
    assert_eq!(STAGE.stub.heads("/api/v1/namespaces/heads1/configmaps"), Vec::<String>::new());
}

#[test]
fn over_http_2_neither() {
    let authorization = format!("Bearer {}", STAGE.gateway.token("devin"));
    let path = STAGE.gateway.path(MAPS);
    let plain = [(":method", "GET"), (":scheme", "https"), (":authority", "gateway"), (":path", path.as_str()), ("authorization", authorization.as_str())];
    let with = |more: &[(&'static str, &'static str)]| http2::request(&STAGE.gateway.client(), &[&plain[..], more].concat(), b"", &[]);
    assert!(matches!(with(&[]), Outcome::Answered(text) if text.contains("List")), "a plain request is answered");
    assert_eq!(STAGE.stub.heads(MAPS).len(), 1);
    for more in [
        &[("impersonate-user", "admin")][..],
        &[("impersonate_group", "system:masters")],
        &[("x-remote-user", "admin")],
        &[("x-remote-extra-scopes", "all")],
        // Fields of the connection have no place in HTTP/2 (RFC 9113 section 8.2.2).
        &[("connection", "authorization")],
        &[("transfer-encoding", "chunked")],
        &[("upgrade", "websocket")],
        &[("content-length", "5")],
    ] {
        match with(more) {
            Outcome::Refused => {}
            Outcome::Answered(text) => assert!(text.contains("\"status\":\"Failure\"") && text.contains("\"code\":400"), "{more:?}: {text}"),
        }
    }
    // Extended CONNECT (RFC 8441) is not offered, and the plain one goes nowhere.
    let connect = [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":authority", "gateway"), (":path", path.as_str()), ("authorization", authorization.as_str())];
    assert!(matches!(http2::request(&STAGE.gateway.client(), &connect, b"", &[]), Outcome::Refused));
    match http2::request(&STAGE.gateway.client(), &[(":method", "CONNECT"), (":authority", "kubernetes.default.svc:443"), ("authorization", authorization.as_str())], b"", &[]) {
        Outcome::Refused => {}
        Outcome::Answered(text) => assert!(!text.contains("List"), "{text}"),
    }
    let post = [&[(":method", "POST")], &plain[1..], &[("content-type", "application/json")]].concat();
    match http2::request(&STAGE.gateway.client(), &post, b"{}", &[("impersonate-user", "admin")]) {
        Outcome::Refused => {}
        Outcome::Answered(text) => assert!(text.contains("trailers"), "{text}"),
    }
    assert_eq!(STAGE.stub.heads(MAPS).len(), 1, "something reached the cluster");
}

/// `apiserver/pkg/authentication/request/websocket/protocol.go`: for browsers, which can set no header.
#[test]
fn a_token_as_subprotocol_is_a_credential_and_ends_at_the_gateway() {
    let token = STAGE.gateway.token("devin");
    let target = "/api/v1/namespaces/heads/pods/box/portforward";
    let handshake = |protocols: &str, more: &str| {
        raw(&format!(
            "GET {}?ports=80 HTTP/1.1\r\nhost: gateway\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: {protocols}\r\n{more}\r\n",
            STAGE.gateway.path(target)
        ))
    };
    let encoded = |token: &str| format!("base64url.bearer.authorization.k8s.io.{}", URL_SAFE_NO_PAD.encode(token));
    let tunnel = "SPDY/3.1+portforward.k8s.io";
    assert_eq!(handshake(tunnel, "").0, 401);
    assert_eq!(handshake(&format!("{}, {tunnel}", encoded("wrong")), "").0, 401);
    assert_eq!(handshake(&encoded(&token), "").0, 400, "the API server wants another protocol beside it");
    assert_eq!(handshake(&format!("{}, {tunnel}", encoded(&token)), &format!("authorization: Bearer {token}\r\n")).0, 400, "two credentials");
    assert_eq!(STAGE.stub.heads(target), Vec::<String>::new());

    let (status, text) = handshake(&format!("{}, {tunnel}", encoded(&token)), "");
    assert_ne!(status, 401, "{text}");
    let heads = STAGE.stub.heads(target);
    assert!(!heads.is_empty(), "it was forwarded: {status} {text}");
    for head in heads {
        assert!(!head.contains(&token) && !head.contains("base64url.bearer"), "the token went on: {head}");
        assert!(head.to_ascii_lowercase().contains("authorization: bearer the-gateways-own"), "{head}");
    }
}
