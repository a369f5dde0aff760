//! The HTTP client of the command line: the gateway's own API, and nothing else of it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Certificate, Method, Response, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Until a connection stands.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// A whole exchange that is no stream.
const EXCHANGE_LIMIT: Duration = Duration::from_secs(60);
/// An answer that is no stream: a record with two bodies of 16 MiB, as JSON writes them at worst.
const ANSWER_MAX: usize = 256 << 20;
/// One line of a stream: a replayed request with a body of 16 MiB, as JSON writes it at worst.
const LINE_MAX: usize = 128 << 20;

/// What went wrong between here and the gateway.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address cannot be used.
    #[error("`{address}` is not a gateway's address: {why}; write it as https://gateway.example:8443")]
    Address {
        /// As it was given.
        address: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The certificate authority cannot be used.
    #[error("cannot use the certificate authority {file}: {why}; give a PEM file with --ca-file")]
    Authority {
        /// As it was given.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// No connection, or it broke.
    #[error("{address} cannot be reached: {why}; check --gateway and --ca-file, and that the gateway runs")]
    Unreachable {
        /// The gateway.
        address: String,
        /// What the system said.
        why: String,
    },
    /// It answered, and the answer is no.
    #[error("{message}")]
    Status {
        /// The HTTP status.
        code: u16,
        /// The gateway's stable word: `PolicyDenied`, `ApprovalPending`.
        cause: Option<String>,
        /// For people.
        message: String,
    },
    /// It answered something else than a gateway of this version does.
    #[error("{address} answered what this program does not understand: {why}; check that it is a gateway, and its version")]
    Unreadable {
        /// The gateway.
        address: String,
        /// What was expected.
        why: String,
    },
    /// TLS cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    SetUp(String),
}

/// A gateway, and who speaks to it.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    token: Option<String>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

/// Makes the HTTP client for one host: certificates of `authority` are trusted beside the system's.
///
/// # Errors
/// When the authority's file is none.
pub fn http(authority: Option<&Path>, host: &Url) -> Result<reqwest::Client, ClientError> {
    let mut builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_LIMIT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")));
    if is_loopback(host) {
        // As kubectl does: a proxy cannot reach this machine's own addresses.
        builder = builder.no_proxy();
    }
    if let Some(file) = authority {
        let wrong = |why: String| ClientError::Authority { file: file.to_owned(), why };
        let pem = std::fs::read(file).map_err(|e| wrong(e.to_string()))?;
        let certificates = Certificate::from_pem_bundle(&pem).map_err(|e| wrong(told(&e)))?;
        if certificates.is_empty() {
            return Err(wrong("it holds no certificate".to_owned()));
        }
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(|e| ClientError::SetUp(told(&e)))
}

/// Whether an address is this machine's own.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// Reads a gateway's address: `https`, or `http` to this machine only, since tokens pass.
///
/// # Errors
/// When it is another kind of address.
pub fn address(text: &str) -> Result<Url, ClientError> {
    let wrong = |why| ClientError::Address { address: text.to_owned(), why };
    let url = Url::parse(text.trim_end_matches('/')).map_err(|_| wrong("it is no URL"))?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => return Err(wrong("over plain http everybody on the way would read the tokens")),
        _ => return Err(wrong("it begins with neither https:// nor http://")),
    }
    if url.cannot_be_a_base() || url.host_str().is_none() {
        return Err(wrong("it names no host"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it has more than host, port and path"));
    }
    Ok(url)
}

/// An error of reqwest with its causes, which alone say what was wrong; without the URL.
pub fn told(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut source = std::error::Error::source(error);
    if source.is_none() {
        text = error.to_string();
    }
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // hyper repeats its causes in its own text.
        if !text.contains(&cause_text) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

impl Client {
    /// A client of the gateway at `base`.
    ///
    /// # Errors
    /// When the authority's file is none.
    pub fn new(base: Url, authority: Option<&Path>, token: Option<String>) -> Result<Self, ClientError> {
        Ok(Self { http: http(authority, &base)?, base, token })
    }

    /// The same gateway, spoken to as the holder of another token.
    #[must_use]
    pub fn with_token(&self, token: String) -> Self {
        Self { token: Some(token), ..self.clone() }
    }

    /// The gateway's address, without a slash at the end.
    #[must_use]
    pub fn base(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// The base address of a connection, for kubeconfigs.
    #[must_use]
    pub fn connection_url(&self, connection: &str) -> String {
        self.url(&["clusters", connection], &[]).to_string()
    }

    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            // Each is escaped as a whole, so an id can never climb out of its place.
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// Reads an object or a list of the API: `path` is what follows `/api/v1`.
    ///
    /// # Errors
    /// As [`ClientError`] says; so for all that follow.
    pub async fn get<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, &str)]) -> Result<T, ClientError> {
        self.exchange(Method::GET, path, query, None::<&()>).await
    }

    /// Sends an object.
    pub async fn post<T: DeserializeOwned>(&self, path: &[&str], body: &impl Serialize) -> Result<T, ClientError> {
        self.exchange(Method::POST, path, &[], Some(body)).await
    }

    /// Ends or removes something.
    pub async fn delete<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, ClientError> {
        self.exchange(Method::DELETE, path, &[], None::<&()>).await
    }

    /// Follows JSON Lines for as long as they come.
    pub async fn lines(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Lines, ClientError> {
        let response = self.send(Method::GET, path, query, None::<&()>, None).await?;
        Ok(Lines { address: self.base().to_owned(), response, buffer: Vec::new(), searched: 0 })
    }

    async fn exchange<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&impl Serialize>,
    ) -> Result<T, ClientError> {
        let response = self.send(method, path, query, body, Some(EXCHANGE_LIMIT)).await?;
        let bytes = self.whole(response).await?;
        serde_json::from_slice(&bytes).map_err(|e| self.unreadable(e.to_string()))
    }

    async fn send(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&impl Serialize>,
        limit: Option<Duration>,
    ) -> Result<Response, ClientError> {
        let path: Vec<&str> = ["api", "v1"].iter().chain(path).copied().collect();
        let mut request = self.http.request(method, self.url(&path, query));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(limit) = limit {
            request = request.timeout(limit);
        }
        let response = request.send().await.map_err(|e| self.unreachable(&e))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let code = response.status().as_u16();
        let bytes = self.whole(response).await?;
        Err(refusal(code, &bytes))
    }

    async fn whole(&self, mut response: Response) -> Result<Vec<u8>, ClientError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| self.unreachable(&e))? {
            if bytes.len() + chunk.len() > ANSWER_MAX {
                return Err(self.unreadable(format!("it is longer than {} MiB", ANSWER_MAX >> 20)));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    fn unreachable(&self, error: &reqwest::Error) -> ClientError {
        ClientError::Unreachable { address: self.base().to_owned(), why: told(error) }
    }

    fn unreadable(&self, why: String) -> ClientError {
        ClientError::Unreadable { address: self.base().to_owned(), why }
    }
}

/// What a refusal says: a Kubernetes `Status`, or whatever else stood in the way.
fn refusal(code: u16, body: &[u8]) -> ClientError {
    let status: Option<Value> = serde_json::from_slice(body).ok();
    let text = |pointer: &str| status.as_ref()?.pointer(pointer)?.as_str().map(str::to_owned);
    let message = text("/message").unwrap_or_else(|| format!("the gateway answered {code} and did not say why"));
    ClientError::Status { code, cause: text("/details/causes/0/reason"), message }
}

/// JSON Lines as they come.
pub struct Lines {
    address: String,
    response: Response,
    buffer: Vec<u8>,
    /// No line ends before here.
    searched: usize,
}

impl Lines {
    /// The next line without its end; nothing when the stream is over.
    ///
    /// # Errors
    /// When the connection breaks, or a line is longer than 128 MiB.
    pub async fn next(&mut self) -> Result<Option<String>, ClientError> {
        loop {
            if let Some(end) = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=self.searched + end).collect();
                self.searched = 0;
                return self.text(&line[..line.len() - 1]).map(Some);
            }
            self.searched = self.buffer.len();
            let chunk = self.response.chunk().await.map_err(|e| ClientError::Unreachable {
                address: self.address.clone(),
                why: format!("the answer broke off: {}", told(&e)),
            })?;
            match chunk {
                Some(chunk) if self.buffer.len() + chunk.len() > LINE_MAX => {
                    return Err(self.unreadable(format!("a line is longer than {} MiB", LINE_MAX >> 20)));
                }
                Some(chunk) => self.buffer.extend_from_slice(&chunk),
                None if self.buffer.is_empty() => return Ok(None),
                None => return Err(self.unreadable("the last line has no end".to_owned())),
            }
        }
    }

    fn text(&self, line: &[u8]) -> Result<String, ClientError> {
        String::from_utf8(line.to_vec()).map_err(|_| self.unreadable("a line is no UTF-8".to_owned()))
    }

    fn unreadable(&self, why: String) -> ClientError {
        ClientError::Unreadable { address: self.address.clone(), why }
    }
}

#[cfg(test)]
mod tests;
