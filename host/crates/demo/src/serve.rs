//! One listener: plain or TLS, HTTP/1.1 and HTTP/2, ended by dropping its handle.

use crate::StageError;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited, combinators::UnsyncBoxBody};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use std::{convert::Infallible, future::Future, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;

/// The body of every answer.
pub(crate) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Open connections. A gateway under test may open one a client; past this the next one waits in the backlog.
const MAX_CONNECTIONS: usize = 4096;
/// Streams of one HTTP/2 connection. A watch is a stream, and a gateway puts many of them on one connection.
const MAX_STREAMS: u32 = 1024;
/// How long a client may take over its TLS handshake or its request headers.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// How long a client may take to send a request body.
const BODY_LIMIT: Duration = Duration::from_secs(30);

/// What answers requests.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Answers one request.
    fn handle(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<Body>> + Send;
}

/// A running listener; dropping it closes the port and every connection.
pub(crate) struct Server {
    /// Where it listens, with the port that it was given.
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// Binds `address`; serving starts with [`Bound::serve`].
    pub(crate) async fn bind(address: SocketAddr) -> Result<Bound, StageError> {
        let failed = |source| StageError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Bound { listener, address })
    }
}

/// A port that is taken and not yet served.
pub(crate) struct Bound {
    listener: TcpListener,
    /// Where it will listen.
    pub(crate) address: SocketAddr,
}

impl Bound {
    /// Serves until the handle is dropped.
    pub(crate) fn serve<H: Handler>(
        self,
        tls: Option<Arc<rustls::ServerConfig>>,
        handler: Arc<H>,
    ) -> Server {
        let address = self.address;
        let task = tokio::spawn(accept(self.listener, tls.map(TlsAcceptor::from), handler));
        Server { address, task }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The connections live in the task's own JoinSet and end with it.
        self.task.abort();
    }
}

async fn accept<H: Handler>(listener: TcpListener, tls: Option<TlsAcceptor>, handler: Arc<H>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        let stream = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
        };
        let Ok((stream, _)) = stream else {
            // Out of file descriptors, mostly: others have to close before it is worth trying again.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (tls, handler) = (tls.clone(), handler.clone());
        connections.spawn(async move {
            let _place = place;
            connection(stream, tls, handler).await;
        });
    }
}

async fn connection<H: Handler>(stream: TcpStream, tls: Option<TlsAcceptor>, handler: Arc<H>) {
    // Watch events are small and must not wait for the next one.
    let _ = stream.set_nodelay(true);
    match tls {
        None => http(stream, handler).await,
        Some(tls) => match tokio::time::timeout(HANDSHAKE_LIMIT, tls.accept(stream)).await {
            Ok(Ok(stream)) => http(stream, handler).await,
            Ok(Err(error)) => tracing::debug!(%error, "demo: TLS handshake failed"),
            Err(_) => tracing::debug!("demo: TLS handshake took too long"),
        },
    }
}

async fn http<H: Handler>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    handler: Arc<H>,
) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HANDSHAKE_LIMIT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .keep_alive_interval(Duration::from_secs(30));
    let service = service_fn(move |request| {
        let handler = handler.clone();
        async move { Ok::<_, Infallible>(handler.handle(request).await) }
    });
    if let Err(error) = builder
        .serve_connection(TokioIo::new(stream), service)
        .await
    {
        tracing::debug!(%error, "demo: connection ended");
    }
}

/// Why a request body could not be had.
pub(crate) enum BodyError {
    /// More than the limit.
    TooLarge,
    /// The client stopped sending, or broke off.
    Broken,
}

/// The whole request body, at most `limit` bytes of it.
pub(crate) async fn read_body(body: Incoming, limit: usize) -> Result<Bytes, BodyError> {
    match tokio::time::timeout(BODY_LIMIT, Limited::new(body, limit).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge),
        _ => Err(BodyError::Broken),
    }
}

/// An answer that is complete.
pub(crate) fn answer(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<Body> {
    let mut response = Response::new(Full::new(body.into()).boxed_unsync());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
