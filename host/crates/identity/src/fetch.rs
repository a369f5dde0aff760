//! The HTTP client for an issuer's documents: small answers, no redirects, a limit for every wait.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use openidconnect::url::{Host, Url};
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};

use crate::config::{ConfigError, IssuerConfig};

/// The largest discovery document or key set that is read; real ones have a few KiB.
const LARGEST: usize = 512 * 1024;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(3);

/// What went wrong when asking an issuer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("{}", chain(.0))]
    Request(#[from] reqwest::Error),
    #[error("the answer of {url} is larger than {LARGEST} bytes")]
    TooLarge { url: String },
    #[error("the answer cannot be passed on: {0}")]
    Answer(#[from] http::Error),
}

/// reqwest's own message names the URL only; the cause ("connection refused") is in the chain below it.
fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// `https`, or `http` that does not leave this machine.
pub(crate) fn trusted_scheme(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.host().is_some(),
        "http" => match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        },
        _ => false,
    }
}

/// A client for one issuer.
#[derive(Clone, Debug)]
pub(crate) struct Fetcher(reqwest::Client);

impl Fetcher {
    pub(crate) fn new(config: &IssuerConfig, timeout: Duration) -> Result<Self, ConfigError> {
        // An error says that a provider is installed already, which is what is wanted.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .timeout(timeout)
            .connect_timeout(CONNECT)
            // A redirect could lead the gateway to ask, and trust, somebody else.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")));
        if let Some(path) = &config.ca_file {
            let unreadable =
                |why: String| ConfigError::CaFile { issuer: config.issuer.clone(), path: path.clone(), why };
            let pem = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
            let certificates =
                reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| unreadable(error.to_string()))?;
            if certificates.is_empty() {
                return Err(unreadable("it holds no certificate".to_owned()));
            }
            builder = builder.tls_certs_only(certificates);
        }
        builder
            .build()
            .map(Self)
            .map_err(|error| ConfigError::Client { issuer: config.issuer.clone(), why: chain(&error) })
    }
}

impl<'c> AsyncHttpClient<'c> for Fetcher {
    type Error = FetchError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, FetchError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let url = request.uri().to_string();
            let mut answer = self.0.execute(reqwest::Request::try_from(request)?).await?;
            let mut response = http::Response::builder().status(answer.status());
            for (name, value) in answer.headers() {
                response = response.header(name, value);
            }
            let mut body = Vec::new();
            while let Some(chunk) = answer.chunk().await? {
                if body.len() + chunk.len() > LARGEST {
                    return Err(FetchError::TooLarge { url });
                }
                body.extend_from_slice(&chunk);
            }
            Ok(response.body(body)?)
        })
    }
}
