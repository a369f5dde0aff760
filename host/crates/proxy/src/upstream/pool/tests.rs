use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

fn request() -> Request<Full<Bytes>> {
    Request::post("/api/v1/namespaces").header("host", "test").body(Full::new(Bytes::from_static(b"{}"))).unwrap()
}

async fn read_request(stream: &mut TcpStream) {
    let mut seen = Vec::new();
    while !seen.ends_with(b"{}") {
        let mut buffer = [0; 1024];
        let read = stream.read(&mut buffer).await.unwrap();
        assert!(read > 0, "the client closed before its request was whole");
        seen.extend_from_slice(&buffer[..read]);
    }
}

async fn pool() -> (Arc<Pool>, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (Pool::new("127.0.0.1".to_owned(), port, None), listener)
}

async fn ask(pool: &Arc<Pool>) -> Result<Bytes, UpstreamError> {
    let response = pool.send(request(), Exchange::Short).await?;
    Ok(response.into_body().collect().await.unwrap().to_bytes())
}

#[tokio::test]
async fn a_connection_is_used_again_once_its_answer_was_read() {
    let (pool, listener) = pool().await;
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        for _ in 0..3 {
            read_request(&mut stream).await;
            stream.write_all(ANSWER).await.unwrap();
        }
    });
    for _ in 0..3 {
        assert_eq!(ask(&pool).await.unwrap(), "ok");
    }
    server.await.unwrap();
}

#[tokio::test]
async fn a_connection_that_the_server_closed_while_idle_costs_nothing() {
    let (pool, listener) = pool().await;
    let server = tokio::spawn(async move {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_request(&mut stream).await;
            stream.write_all(ANSWER).await.unwrap();
            drop(stream);
        }
    });
    assert_eq!(ask(&pool).await.unwrap(), "ok");
    // The server's close has to arrive before the next request, as it does for an idle connection.
    while pool.idle.lock().last().is_some_and(|(_, sender)| !sender.is_closed()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(ask(&pool).await.unwrap(), "ok");
    server.await.unwrap();
}

#[tokio::test]
async fn a_request_that_was_written_is_never_sent_again() {
    let (pool, listener) = pool().await;
    let server = tokio::spawn(async move {
        let mut requests = 0;
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        stream.write_all(ANSWER).await.unwrap();
        // The second request arrives whole, and the connection breaks instead of an answer.
        read_request(&mut stream).await;
        drop(stream);
        while let Ok(Ok(_)) = tokio::time::timeout(Duration::from_millis(300), listener.accept()).await {
            requests += 1;
        }
        requests
    });
    assert_eq!(ask(&pool).await.unwrap(), "ok");
    let error = ask(&pool).await.unwrap_err();
    assert!(error.to_string().contains("may or may not have been carried out"), "{error}");
    assert_eq!(server.await.unwrap(), 0, "it was sent a second time");
}
