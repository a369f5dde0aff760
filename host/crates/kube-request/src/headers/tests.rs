use super::*;

fn run<'a>(fields: &[(&str, &'a str)]) -> Result<Screened<'a>, Refusal> {
    let fields: Vec<(&str, &[u8])> = fields.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    screen(&fields)
}

#[test]
fn takes_what_has_a_meaning() {
    let screened = run(&[
        ("Host", "gateway"),
        ("Authorization", "Bearer abc.def.ghi"),
        ("Accept", "application/json"),
        ("accept", "*/*"),
        ("Content-Type", "application/json"),
        ("User-Agent", "kubectl/v1.37"),
        ("Kubectl-Command", "kubectl get"),
        ("Kubectl-Session", "3f6d"),
        ("Content-Length", "12"),
        ("Connection", "keep-alive, close"),
        ("X-Forwarded-For", "10.0.0.1"),
        ("Audit-ID", "mine"),
        ("Cookie", "a=b"),
    ])
    .unwrap();
    assert_eq!(screened.bearer.as_deref(), Some("abc.def.ghi"));
    assert_eq!(screened.upgrade, None);
    assert_eq!(screened.claimed_command.as_deref(), Some("kubectl get"));
    assert_eq!(screened.claimed_session.as_deref(), Some("3f6d"));
    assert_eq!(screened.headers.accept.as_deref(), Some("application/json,*/*"));
    assert_eq!(screened.headers.content_type.as_deref(), Some("application/json"));
    assert_eq!(screened.headers.user_agent.as_deref(), Some("kubectl/v1.37"));
    assert_eq!(run(&[]).unwrap().bearer, None);
}

#[test]
fn claims_of_identity_and_smuggling_are_refused() {
    for fields in [
        &[("Impersonate-User", "admin")][..],
        &[("impersonate-group", "system:masters")],
        &[("Impersonate-Uid", "1")],
        &[("Impersonate-Extra-Scopes", "x")],
        &[("IMPERSONATE-ANYTHING", "")],
        &[("X-Remote-User", "admin")],
        &[("X-Remote-Group", "system:masters")],
        &[("x-remote-extra-a", "b")],
        &[("X-Remote-Uid", "0")],
        // Read as a hyphen by whatever hands fields on as CGI does.
        &[("Impersonate_User", "admin")],
        &[("X_Remote_User", "admin")],
        &[("X-Remote_User", "admin")],
        // A proxy that obeys would drop its own header (capsule-proxy 188).
        &[("Connection", "Impersonate-User")],
        &[("Connection", "keep-alive, Authorization")],
        &[("Connection", "close"), ("Connection", "X-Remote-User")],
        &[("Connection", "TE")],
        &[("Content-Length", "5"), ("Transfer-Encoding", "chunked")],
        &[("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")],
        &[("Transfer-Encoding", "gzip, chunked")],
        &[("Transfer-Encoding", "xchunked")],
        &[("Content-Length", "5"), ("Content-Length", "5")],
        &[("Content-Length", "+5")],
        &[("Content-Length", "5, 5")],
        &[("Content-Length", "")],
        &[("Trailer", "X-Remote-User")],
        &[("Content-Type", "application/json"), ("Content-Type", "application/yaml")],
        &[("Content-Type", "application/json\u{1}")],
        &[("Upgrade", "websocket")],
        &[("Connection", "upgrade")],
        &[("Connection", "upgrade"), ("Upgrade", "h2c")],
        &[("Connection", "upgrade"), ("Upgrade", "websocket, SPDY/3.1")],
        &[("Connection", "upgrade"), ("Upgrade", "websocket"), ("Upgrade", "websocket")],
        &[("Connection", "upgrade, http2-settings"), ("Upgrade", "h2c")],
        &[("Authorization", "Bearer a"), ("Authorization", "Bearer a")],
    ] {
        let refused = run(fields).expect_err(&format!("{fields:?}"));
        assert_eq!(refused.code, 400, "{fields:?}: {refused}");
        assert!(refused.field.starts_with("headers."), "{fields:?}: {}", refused.field);
    }
}

#[test]
fn other_credentials_are_no_credentials() {
    for value in ["", "Bearer", "Bearer ", "Basic YWRtaW46YWRtaW4=", "Bearer a b", "Bearer a,b", "abc", "Bearer \u{e9}", "Bearer a\tb"] {
        assert_eq!(run(&[("authorization", value)]).expect_err(value).code, 401, "{value}");
    }
    assert_eq!(run(&[("authorization", "bearer  abc")]).unwrap().bearer.as_deref(), Some("abc"));
    let long = format!("Bearer {}", "a".repeat(MAX_TOKEN + 1));
    assert_eq!(run(&[("authorization", &long)]).unwrap_err().code, 401);
}

#[test]
fn too_much_is_refused() {
    let many = vec![("x-a", "b"); MAX_FIELDS + 1];
    assert_eq!(run(&many).unwrap_err().code, 431);
    let long = "a".repeat(MAX_ACCEPT + 1);
    assert_eq!(run(&[("accept", &long)]).unwrap_err().code, 431);
    let half = "a".repeat(MAX_ACCEPT / 2 + 1);
    assert_eq!(run(&[("accept", &half), ("accept", &half)]).unwrap_err().code, 431);
    assert_eq!(run(&[("sec-websocket-protocol", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q")]).unwrap_err().code, 400);
}

const HANDSHAKE: [(&str, &str); 3] = [("connection", "Upgrade"), ("upgrade", "WebSocket"), ("sec-websocket-key", "x3JJHMbDL1EzLkh9GBhXDw==")];

#[test]
fn a_websocket_token_is_taken_and_consumed() {
    let mut fields = HANDSHAKE.to_vec();
    // "secret-token" in base64url.
    fields.push(("sec-websocket-protocol", "v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.c2VjcmV0LXRva2Vu, v4.channel.k8s.io"));
    let screened = run(&fields).unwrap();
    assert_eq!(screened.bearer.as_deref(), Some("secret-token"));
    assert_eq!(screened.upgrade, Some(Upgrade::WebSocket));
    assert_eq!(screened.headers.websocket_protocols, ["v5.channel.k8s.io", "v4.channel.k8s.io"]);
    assert_eq!(screened.headers.websocket_key.as_deref(), Some("x3JJHMbDL1EzLkh9GBhXDw=="));
    // Nor does it get into a log.
    let debug = format!("{screened:?}");
    assert!(!debug.contains("secret-token") && !debug.contains("c2VjcmV0"), "{debug}");
}

/// The cases of `websocket/protocol_test.go`, and both kinds of token at once.
#[test]
fn a_websocket_token_has_one_form() {
    for (protocols, more, code) in [
        ("base64url.bearer.authorization.k8s.io.dG9rZW4", None, 400),
        ("a, base64url.bearer.authorization.k8s.io.dG9rZW4, base64url.bearer.authorization.k8s.io.dG9rZW4", None, 400),
        ("a, base64url.bearer.authorization.k8s.io.dG9rZW4=", None, 401),
        ("a, base64url.bearer.authorization.k8s.io.//", None, 401),
        ("a, base64url.bearer.authorization.k8s.io.4oy", None, 401),
        ("a, base64url.bearer.authorization.k8s.io.", None, 401),
        ("a, base64url.bearer.authorization.k8s.io.dG9rZW4", Some(("authorization", "Bearer x")), 400),
    ] {
        let mut fields = HANDSHAKE.to_vec();
        fields.push(("sec-websocket-protocol", protocols));
        fields.extend(more);
        assert_eq!(run(&fields).expect_err(protocols).code, code, "{protocols}");
    }
    // Outside a handshake it is no credential.
    assert_eq!(run(&[("sec-websocket-protocol", "a, base64url.bearer.authorization.k8s.io.dG9rZW4")]).unwrap_err().code, 400);
}

#[test]
fn spdy_offers() {
    let screened = run(&[
        ("connection", "Upgrade"),
        ("upgrade", "SPDY/3.1"),
        ("x-stream-protocol-version", "v4.channel.k8s.io"),
        ("x-stream-protocol-version", "v3.channel.k8s.io"),
    ])
    .unwrap();
    assert_eq!(screened.upgrade, Some(Upgrade::Spdy));
    assert_eq!(screened.headers.stream_protocols, ["v4.channel.k8s.io", "v3.channel.k8s.io"]);
}

#[test]
fn claims_are_cut_and_cleaned() {
    let long = format!("kubectl \u{1b}[2Jget {}", "x".repeat(1000));
    let screened = run(&[("kubectl-command", &long), ("kubectl-session", "\u{7f}\u{1}")]).unwrap();
    let claimed = screened.claimed_command.unwrap();
    assert!(claimed.starts_with("kubectl [2Jget xxx") && claimed.len() == 256, "{claimed}");
    assert_eq!(screened.claimed_session, None);
}

#[test]
fn gzip_is_taken_where_the_client_says_so() {
    for (value, gzip) in [("gzip", true), ("deflate, gzip;q=1.0, *;q=0.5", true), ("GZIP", true), ("gzip;q=0", false), ("gzip; q=0.000", false), ("gzip;q=0.5", true), ("identity", false), ("", false), ("x-gzip2", false)] {
        assert_eq!(run(&[("Accept-Encoding", value)]).unwrap().headers.gzip, gzip, "{value}");
    }
}
