//! The API server behind a connection: how to reach it, prove who we are, and send one request.
//!
//! Requests carry whole bodies (at most 3 MiB: they were judged before), so a request that could not be
//! written to a kept-alive connection is still at hand, and only then is it sent again.

mod credential;
mod pool;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::Full;
use hyper::upgrade::OnUpgrade;

pub use credential::{Credential, CredentialError};
pub use pool::{PooledBody, Pool};

/// How long connecting and the TLS handshake may take.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// How long the API server may take to begin its answer. Its own limit is 34 s for a write and 60 s for a read.
pub const HEAD_LIMIT: Duration = Duration::from_secs(90);

/// Why the API server gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// Nothing listens there, or a name does not resolve.
    #[error("cannot connect to the API server at {address}: {source}; check the connection's server address")]
    Connect {
        /// Host and port.
        address: String,
        /// The system's word.
        source: std::io::Error,
    },
    /// A limit passed.
    #[error("the API server at {address} did not {what} within {} s; try again, or check its load", limit.as_secs())]
    Slow {
        /// Host and port.
        address: String,
        /// What was waited for.
        what: &'static str,
        /// The limit.
        limit: Duration,
    },
    /// The connection broke, or what came was not HTTP.
    #[error("the connection to the API server at {address} failed: {source}; the request may or may not have been carried out")]
    Http {
        /// Host and port.
        address: String,
        /// hyper's word.
        source: hyper::Error,
    },
    /// No credential could be had.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The head of the request could not be built.
    #[error("the request to the API server could not be built: {0}")]
    Request(#[from] http::Error),
}

/// What connecting waits for, in [`UpstreamError::Slow`].
const CONNECTING: &str = "accept a connection";

impl UpstreamError {
    /// Whether nothing of the request can have reached the API server.
    #[must_use]
    pub fn is_unsent(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Credential(_) | Self::Request(_) => true,
            Self::Slow { what, .. } => *what == CONNECTING,
            Self::Http { .. } => false,
        }
    }
}

/// Why an API server could not be set up from its kubeconfig.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The kubeconfig could not be read or resolved.
    #[error("cannot use the kubeconfig: {0}")]
    Kubeconfig(String),
    /// The cluster's URL is not one.
    #[error("the cluster's server `{0}` is not an http or https URL with a host")]
    Server(String),
    /// A certificate or a key could not be read.
    #[error("cannot use the cluster's {what}: {why}")]
    Tls {
        /// Which file or field.
        what: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The user entry of the kubeconfig asks for something that the gateway does not do.
    #[error(transparent)]
    Credential(#[from] CredentialError),
}

/// What sort of answer is expected, which decides the kind of connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    /// A short answer: a kept-alive HTTP/1.1 connection, which costs the least processor time.
    Short,
    /// A watch or a followed log: a stream of a shared HTTP/2 connection, which costs the least memory.
    Long,
    /// An upgrade: an HTTP/1.1 connection of its own.
    Upgrade,
}

/// An API server and the gateway's own credential for it.
#[derive(Clone)]
pub struct Upstream {
    inner: Arc<Inner>,
}

struct Inner {
    pool: Arc<Pool>,
    credential: Credential,
    /// Host and port as the API server expects them in `Host`.
    authority: header::HeaderValue,
    /// Path prefix of the server's URL, without a slash at its end: Rancher and others serve clusters below a path.
    prefix: String,
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstream").field("address", &self.inner.pool.address()).finish_non_exhaustive()
    }
}

impl Upstream {
    /// Resolves a kubeconfig file, its named or current context, and its user entry.
    ///
    /// # Errors
    /// When the file cannot be read, names what does not exist, or asks for what the gateway does not do.
    pub async fn from_kubeconfig(file: &std::path::Path, context: Option<&str>) -> Result<Self, SetupError> {
        let options = kube::config::KubeConfigOptions { context: context.map(str::to_owned), ..Default::default() };
        let parsed = kube::config::Kubeconfig::read_from(file).map_err(|e| SetupError::Kubeconfig(e.to_string()))?;
        let config = kube::Config::from_custom_kubeconfig(parsed, &options)
            .await
            .map_err(|e| SetupError::Kubeconfig(e.to_string()))?;
        Self::from_config(&config)
    }

    /// The cluster that the gateway itself runs in, by its service account.
    ///
    /// # Errors
    /// When not in a cluster.
    pub fn in_cluster() -> Result<Self, SetupError> {
        let config = kube::Config::incluster().map_err(|e| SetupError::Kubeconfig(e.to_string()))?;
        Self::from_config(&config)
    }

    fn from_config(config: &kube::Config) -> Result<Self, SetupError> {
        let server = &config.cluster_url;
        let bad = || SetupError::Server(server.to_string());
        let authority = server.authority().ok_or_else(bad)?;
        let secure = match server.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(bad()),
        };
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let tls = if secure { Some(tls::connectors(config, &host)?) } else { None };
        let credential = Credential::from_config(config)?;
        Ok(Self {
            inner: Arc::new(Inner {
                pool: Pool::new(host, port, tls),
                credential,
                authority: header::HeaderValue::from_str(authority.as_str()).map_err(|_| bad())?,
                prefix: server.path().trim_end_matches('/').to_owned(),
            }),
        })
    }

    /// Host and port, for messages.
    #[must_use]
    pub fn address(&self) -> &str {
        self.inner.pool.address()
    }

    /// Sends a request whose target is a path and query as the API server knows it. Adds `Host` and the gateway's
    /// credential; every other header is the caller's affair.
    ///
    /// # Errors
    /// When no answer began. After [`UpstreamError::Http`] it is unknown whether the request was carried out.
    pub async fn send(&self, mut request: Request<Full<Bytes>>, exchange: Exchange) -> Result<Response<PooledBody>, UpstreamError> {
        let headers = request.headers_mut();
        headers.insert(header::HOST, self.inner.authority.clone());
        if let Some(value) = self.inner.credential.header().await? {
            headers.insert(header::AUTHORIZATION, value);
        }
        if !self.inner.prefix.is_empty() {
            let target = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
            *request.uri_mut() = format!("{}{}", self.inner.prefix, target).parse().map_err(http::Error::from)?;
        }
        let limit = HEAD_LIMIT;
        match tokio::time::timeout(limit, self.inner.pool.send(request, exchange)).await {
            Ok(answer) => answer,
            Err(_) => Err(UpstreamError::Slow { address: self.address().to_owned(), what: "answer", limit }),
        }
    }

    /// The upgraded connection of a `101` answer.
    #[must_use]
    pub fn upgraded(response: &mut Response<PooledBody>) -> OnUpgrade {
        hyper::upgrade::on(response)
    }
}

