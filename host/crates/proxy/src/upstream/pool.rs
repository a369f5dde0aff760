//! Kept connections to one API server: HTTP/1.1 for short exchanges, HTTP/2 for long ones.
//!
//! Nothing is ever sent twice: a request goes out again only when hyper hands it back unsent.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response, Uri, Version, uri};
use http_body_util::Full;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::net::TcpStream;

use super::tls::Connectors;
use super::{CONNECT_LIMIT, CONNECTING, Exchange, UpstreamError};

/// Kept idle connections; more are closed when their exchange ends.
const IDLE_MAX: usize = 256;
/// How long an idle connection is kept. Shorter than any server's or load balancer's own limit.
const IDLE_LIMIT: Duration = Duration::from_secs(30);
/// Long exchanges on one HTTP/2 connection: the API server allows 100 to 250 by version.
const STREAMS_MAX: usize = 90;
/// How long writing the request may be refused by a kept connection that claims to be free.
const READY_LIMIT: Duration = Duration::from_millis(200);
/// A dead peer on a watch is found by a ping: every so often, and an answer within as long.
const PING_EVERY: Duration = Duration::from_secs(20);

type Sender1 = http1::SendRequest<Full<Bytes>>;
type Sender2 = http2::SendRequest<Full<Bytes>>;

/// The connections to one address.
pub struct Pool {
    host: String,
    port: u16,
    address: String,
    tls: Option<Connectors>,
    idle: Mutex<Vec<(Instant, Sender1)>>,
    shared: Mutex<Vec<Shared>>,
}

#[derive(Clone)]
struct Shared {
    sender: Sender2,
    streams: Arc<AtomicUsize>,
}

/// Counts one stream of a shared connection for as long as its answer lives.
struct StreamCount(Arc<AtomicUsize>);

impl Drop for StreamCount {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pool {
    pub(super) fn new(host: String, port: u16, tls: Option<Connectors>) -> Arc<Self> {
        let address = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        Arc::new(Self { host, port, address, tls, idle: Mutex::default(), shared: Mutex::default() })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) async fn send(
        self: &Arc<Self>,
        request: Request<Full<Bytes>>,
        exchange: Exchange,
    ) -> Result<Response<PooledBody>, UpstreamError> {
        match exchange {
            Exchange::Short => self.send_short(request).await,
            Exchange::Long if self.tls.is_some() => self.send_long(request).await,
            Exchange::Long | Exchange::Upgrade => self.send_alone(request).await,
        }
    }

    async fn send_short(self: &Arc<Self>, mut request: Request<Full<Bytes>>) -> Result<Response<PooledBody>, UpstreamError> {
        while let Some(mut sender) = self.take_idle() {
            match tokio::time::timeout(READY_LIMIT, sender.ready()).await {
                Ok(Ok(())) => {}
                _ => continue,
            }
            match sender.try_send_request(request).await {
                Ok(response) => return Ok(self.pooled(response, Some(sender))),
                Err(mut error) => match error.take_message() {
                    // Never written: the server had closed the idle connection.
                    Some(unsent) => request = unsent,
                    None => return Err(self.broken(error.into_error())),
                },
            }
        }
        let mut sender = self.connect1().await?;
        let response = sender.send_request(request).await.map_err(|e| self.broken(e))?;
        Ok(self.pooled(response, Some(sender)))
    }

    async fn send_alone(self: &Arc<Self>, request: Request<Full<Bytes>>) -> Result<Response<PooledBody>, UpstreamError> {
        let mut sender = self.connect1().await?;
        let response = sender.send_request(request).await.map_err(|e| self.broken(e))?;
        // The sender stays with the body: dropping it would end the connection under an upgrade.
        let mut response = self.pooled(response, Some(sender));
        response.body_mut().home = None;
        Ok(response)
    }

    async fn send_long(self: &Arc<Self>, mut request: Request<Full<Bytes>>) -> Result<Response<PooledBody>, UpstreamError> {
        // HTTP/2 takes scheme and authority from the URI, and has no Host header.
        request.headers_mut().remove(http::header::HOST);
        let target = request.uri().path_and_query().cloned().unwrap_or_else(|| uri::PathAndQuery::from_static("/"));
        *request.uri_mut() = Uri::builder().scheme("https").authority(self.address.as_str()).path_and_query(target).build()?;
        *request.version_mut() = Version::HTTP_2;
        let shared = match self.take_shared() {
            Some(shared) => shared,
            None => match self.connect2().await? {
                Some(shared) => shared,
                None => {
                    // The server speaks HTTP/1.1 only.
                    let target = request.uri().path_and_query().cloned().map(Uri::from).unwrap_or_default();
                    *request.uri_mut() = target;
                    *request.version_mut() = Version::HTTP_11;
                    if let Ok(host) = http::HeaderValue::from_str(&self.address) {
                        request.headers_mut().insert(http::header::HOST, host);
                    }
                    return self.send_alone(request).await;
                }
            },
        };
        let count = StreamCount(shared.streams.clone());
        let mut sender = shared.sender;
        let response = sender.send_request(request).await.map_err(|e| self.broken(e))?;
        let mut response = self.pooled(response, None);
        response.body_mut().count = Some(count);
        Ok(response)
    }

    fn take_idle(&self) -> Option<Sender1> {
        let mut idle = self.idle.lock();
        while let Some((since, sender)) = idle.pop() {
            if since.elapsed() > IDLE_LIMIT {
                // Those below have waited longer still.
                idle.clear();
                return None;
            }
            if !sender.is_closed() {
                return Some(sender);
            }
        }
        None
    }

    fn keep(&self, sender: Sender1) {
        let mut idle = self.idle.lock();
        if idle.len() < IDLE_MAX && !sender.is_closed() {
            idle.push((Instant::now(), sender));
        }
    }

    /// A shared connection with room for one more stream, already counted.
    fn take_shared(&self) -> Option<Shared> {
        let mut shared = self.shared.lock();
        shared.retain(|s| !s.sender.is_closed());
        let free = shared.iter().find(|s| s.streams.load(Ordering::Relaxed) < STREAMS_MAX)?;
        free.streams.fetch_add(1, Ordering::Relaxed);
        Some(free.clone())
    }

    async fn connect1(&self) -> Result<Sender1, UpstreamError> {
        self.limited(async {
            let stream = self.tcp().await?;
            match &self.tls {
                None => self.handshake1(TokioIo::new(stream)).await,
                Some(tls) => {
                    let stream = tls.http1.connect(tls.name.clone(), stream).await.map_err(|e| self.unreachable(e))?;
                    self.handshake1(TokioIo::new(stream)).await
                }
            }
        })
        .await
    }

    async fn handshake1<S>(&self, io: TokioIo<S>) -> Result<Sender1, UpstreamError>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = http1::Builder::new().handshake(io).await.map_err(|e| self.broken(e))?;
        tokio::spawn(async move {
            if let Err(error) = connection.with_upgrades().await {
                tracing::debug!(%error, "an HTTP/1.1 connection to an API server ended");
            }
        });
        Ok(sender)
    }

    /// Nothing when the server does not speak HTTP/2.
    async fn connect2(&self) -> Result<Option<Shared>, UpstreamError> {
        let Some(tls) = &self.tls else { return Ok(None) };
        self.limited(async {
            let stream = self.tcp().await?;
            let stream = tls.http2.connect(tls.name.clone(), stream).await.map_err(|e| self.unreachable(e))?;
            if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
                return Ok(None);
            }
            let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .keep_alive_interval(PING_EVERY)
                .keep_alive_timeout(PING_EVERY)
                .handshake(TokioIo::new(stream))
                .await
                .map_err(|e| self.broken(e))?;
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "an HTTP/2 connection to an API server ended");
                }
            });
            let shared = Shared { sender, streams: Arc::new(AtomicUsize::new(1)) };
            self.shared.lock().push(shared.clone());
            Ok(Some(shared))
        })
        .await
    }

    async fn tcp(&self) -> Result<TcpStream, UpstreamError> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(|e| self.unreachable(e))?;
        stream.set_nodelay(true).map_err(|e| self.unreachable(e))?;
        Ok(stream)
    }

    /// Work that few requests have to wait for, on the heap: every request would carry its room, 13 KB, otherwise.
    async fn limited<T>(&self, work: impl Future<Output = Result<T, UpstreamError>> + Send) -> Result<T, UpstreamError> {
        tokio::time::timeout(CONNECT_LIMIT, Box::pin(work)).await.unwrap_or_else(|_| {
            Err(UpstreamError::Slow { address: self.address.clone(), what: CONNECTING, limit: CONNECT_LIMIT })
        })
    }

    fn unreachable(&self, source: std::io::Error) -> UpstreamError {
        UpstreamError::Connect { address: self.address.clone(), source }
    }

    fn broken(&self, source: hyper::Error) -> UpstreamError {
        UpstreamError::Http { address: self.address.clone(), source }
    }

    fn pooled(self: &Arc<Self>, response: Response<Incoming>, sender: Option<Sender1>) -> Response<PooledBody> {
        response.map(|body| {
            let mut body = PooledBody { body, sender, home: Some(self.clone()), count: None };
            body.go_home_at_end();
            body
        })
    }
}

#[cfg(test)]
mod tests;

/// An answer's body. When it has been read to its end its connection is kept for the next request; dropped before,
/// the connection is closed.
pub struct PooledBody {
    body: Incoming,
    sender: Option<Sender1>,
    home: Option<Arc<Pool>>,
    /// Held for its drop.
    count: Option<StreamCount>,
}

impl PooledBody {
    fn go_home_at_end(&mut self) {
        if self.body.is_end_stream()
            && let (Some(_), Some(home)) = (&self.sender, self.home.take())
            && let Some(sender) = self.sender.take()
        {
            home.keep(sender);
        }
    }
}

impl Body for PooledBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(frame, Poll::Ready(None | Some(Ok(_)))) {
            self.go_home_at_end();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
