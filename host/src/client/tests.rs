use axum::extract::Path as Segment;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::json;

use super::*;

async fn serve(router: axum::Router) -> Client {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = address(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    Client::new(base, None, Some("the-token".to_owned())).unwrap()
}

#[test]
fn addresses() {
    for good in ["https://gateway.example:8443", "https://gateway.example/behind/a/proxy/", "http://127.0.0.1:8443", "http://localhost:1", "http://[::1]:1"] {
        assert!(address(good).is_ok(), "{good}");
    }
    let bad = [
        "gateway.example:8443",
        "http://gateway.example",
        "http://127.0.0.1.evil.example",
        "ftp://gateway.example",
        "https://me:secret@gateway.example",
        "https://gateway.example?x=1",
        "https://gateway.example#x",
        "mailto:alice",
        "",
    ];
    for bad in bad {
        assert!(matches!(address(bad), Err(ClientError::Address { .. })), "{bad}");
    }
}

#[tokio::test]
async fn an_id_cannot_climb_out_of_its_place() {
    let router = axum::Router::new().route("/api/v1/sessions/{id}", get(|Segment(id): Segment<String>| async move { axum::Json(json!({ "id": id })) }));
    let client = serve(router).await;
    for id in ["plain", "a/b", "../whoami", "x?y=z", "%2e%2e", "é"] {
        let answer: Value = client.get(&["sessions", id], &[]).await.unwrap();
        assert_eq!(answer["id"], id);
    }
}

#[tokio::test]
async fn the_token_and_the_query_are_sent() {
    let echo = |headers: HeaderMap, uri: axum::http::Uri| async move {
        axum::Json(json!({ "authorization": headers["authorization"].to_str().unwrap(), "uri": uri.to_string() }))
    };
    let client = serve(axum::Router::new().route("/api/v1/audit", get(echo))).await;
    let answer: Value = client.get(&["audit"], &[("text", "a b&c"), ("limit", "5")]).await.unwrap();
    assert_eq!(answer, json!({ "authorization": "Bearer the-token", "uri": "/api/v1/audit?text=a+b%26c&limit=5" }));
}

#[tokio::test]
async fn a_refusal_is_told_in_the_gateways_words() {
    let status = json!({ "kind": "Status", "message": "no session may be opened: too many", "details": { "causes": [{ "reason": "PolicyDenied" }] } });
    let router = axum::Router::new()
        .route("/api/v1/sessions", get(move || async move { (StatusCode::FORBIDDEN, axum::Json(status)) }))
        .route("/api/v1/whoami", get(|| async { (StatusCode::BAD_GATEWAY, "<html>a proxy</html>") }))
        .route("/api/v1/policy", get(|| async { "not json" }));
    let client = serve(router).await;
    let error = client.get::<Value>(&["sessions"], &[]).await.unwrap_err();
    assert!(matches!(&error, ClientError::Status { code: 403, cause: Some(cause), .. } if cause == "PolicyDenied"), "{error:?}");
    assert_eq!(error.to_string(), "no session may be opened: too many");
    let error = client.get::<Value>(&["whoami"], &[]).await.unwrap_err();
    assert_eq!(error.to_string(), "the gateway answered 502 and did not say why");
    assert!(matches!(client.get::<Value>(&["policy"], &[]).await, Err(ClientError::Unreadable { .. })));
}

#[tokio::test]
async fn nobody_there() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    // Bound and let go: nothing listens there now.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = Client::new(address(&format!("http://{free}")).unwrap(), None, None).unwrap();
    let error = client.get::<Value>(&["whoami"], &[]).await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn lines_come_whole_however_they_are_cut() {
    let parts = ["{\"a\":", "1}\n{\"b\"", ":\"\u{fc}\"}\n\n", "{}\n"];
    let body = move || async move {
        let stream = futures_util::stream::iter(parts.map(Ok::<_, std::io::Error>));
        axum::body::Body::from_stream(stream).into_response()
    };
    let router = axum::Router::new()
        .route("/api/v1/audit", get(body))
        .route("/api/v1/torn", get(|| async { "{}\n{\"half\"" }));
    let client = serve(router).await;
    let mut lines = client.lines(&["audit"], &[]).await.unwrap();
    let mut all = Vec::new();
    while let Some(line) = lines.next().await.unwrap() {
        all.push(line);
    }
    assert_eq!(all, ["{\"a\":1}", "{\"b\":\"\u{fc}\"}", "", "{}"]);
    let mut lines = client.lines(&["torn"], &[]).await.unwrap();
    assert_eq!(lines.next().await.unwrap().as_deref(), Some("{}"));
    assert!(matches!(lines.next().await, Err(ClientError::Unreadable { .. })));
}
