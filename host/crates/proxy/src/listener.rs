//! Accepting connections: TLS, then HTTP/2 or HTTP/1.1 as ALPN says, each within limits.

mod one_length;

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::body::Reply;
use one_length::{OneLength, TwoLengths};

/// Open connections; a further one waits to be accepted.
const CONNECTIONS_MAX: usize = 20_000;
/// How long a client may take to finish the TLS handshake.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// How long a client may take to send a request's head.
const HEAD_LIMIT: Duration = Duration::from_secs(15);
/// Where reading a request's head is given up. The gateway refuses, with a sentence, far below it.
const HEAD_MAX: usize = 256 * 1024;
/// The most header fields in a request.
const FIELDS_MAX: usize = 100;
/// Concurrent requests on one HTTP/2 connection, as the API server allows.
const STREAMS_MAX: u32 = 250;
/// A dead client is found by a ping: every so often, and an answer within as long.
const PING_EVERY: Duration = Duration::from_secs(30);
/// How long requests under way may take to end when the gateway is stopped.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);

/// What answers a request. Never fails: a failure is an answer too.
pub trait Serve: Send + Sync + 'static {
    /// Answers one request from `peer`.
    fn serve(self: Arc<Self>, peer: SocketAddr, request: Request<Incoming>) -> impl Future<Output = Response<Reply>> + Send;

    /// Notes that a connection ended because what came was no request: there is nobody left to answer.
    fn unreadable(&self, peer: SocketAddr, why: &'static str);
}

/// Serves until `stop` is cancelled, then lets requests under way end, for at most ten seconds.
pub async fn serve<S: Serve>(listener: TcpListener, tls: rustls::ServerConfig, service: Arc<S>, stop: CancellationToken) {
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let tasks = TaskTracker::new();
    loop {
        let Ok(place) = room.clone().acquire_owned().await else { break };
        let (stream, peer) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, mostly: those that end make room.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let (acceptor, service, stop) = (acceptor.clone(), service.clone(), stop.clone());
        tasks.spawn(async move {
            let _place = place;
            if let Err(error) = connection(acceptor, stream, peer, service.clone(), stop).await {
                tracing::debug!(%peer, %error, "a connection ended early");
                if let Some(why) = error.downcast_ref::<hyper::Error>().and_then(unreadable) {
                    service.unreadable(peer, why);
                }
            }
        });
    }
    tasks.close();
    if tokio::time::timeout(DRAIN_LIMIT, tasks.wait()).await.is_err() {
        tracing::info!(connections = tasks.len(), "closing connections that did not end by themselves");
    }
}

/// What a client did wrong, when it was the client.
fn unreadable(error: &hyper::Error) -> Option<&'static str> {
    if error.is_parse_too_large() {
        Some("the request's head is larger than 256 KiB")
    } else if error.is_timeout() {
        Some("the client stopped sending in the middle of a request's head")
    } else if error.is_parse() {
        Some("what the client sent is not HTTP")
    } else {
        None
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn connection<S: Serve>(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    peer: SocketAddr,
    service: Arc<S>,
    stop: CancellationToken,
) -> Result<(), Failure> {
    stream.set_nodelay(true)?;
    let stream = tokio::time::timeout(HANDSHAKE_LIMIT, acceptor.accept(stream)).await??;
    let two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let recorder = service.clone();
    let answer = service_fn(move |request: Request<Incoming>| {
        let answered = service.clone().serve(peer, request);
        // On the heap: hyper keeps the room of this future for as long as the answer's body lasts, which for a watch is hours,
        // and all that happens before an answer needs 16 KB.
        Box::pin(async move { Ok::<_, Infallible>(answered.await) })
    });
    if two {
        let io = TokioIo::new(stream);
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(PING_EVERY)
            .max_concurrent_streams(STREAMS_MAX)
            .max_header_list_size(HEAD_MAX as u32)
            .serve_connection(io, answer);
        let mut connection = pin!(connection);
        tokio::select! {
            ended = connection.as_mut() => ended?,
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await?;
            }
        }
    } else {
        let stream = OneLength::new(stream, move |_: &TwoLengths| recorder.unreadable(peer, TwoLengths::TEXT));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_LIMIT)
            .max_headers(FIELDS_MAX)
            .max_buf_size(HEAD_MAX)
            .serve_connection(TokioIo::new(stream), answer)
            .with_upgrades();
        let mut connection = pin!(connection);
        tokio::select! {
            ended = connection.as_mut() => ended?,
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await?;
            }
        }
    }
    Ok(())
}
