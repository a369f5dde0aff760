//! A client that sends exactly the bytes that it is given, over TLS.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use serde_json::Value;

/// How long a read or write may take unless a test says otherwise.
const LIMIT: Duration = Duration::from_secs(60);

/// Knows a gateway's address and certificate authority.
#[derive(Clone)]
pub struct Client {
    address: SocketAddr,
    config: Arc<ClientConfig>,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Response {
    /// Its status code.
    pub status: u16,
    /// Its header fields, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Response {
    /// A header field.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; `null` when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The stable reason of a refusal: `details.causes[0].reason`.
    #[must_use]
    pub fn cause(&self) -> String {
        self.json()["details"]["causes"][0]["reason"].as_str().unwrap_or_default().to_owned()
    }

    /// The id of its record.
    #[must_use]
    pub fn record(&self) -> String {
        self.header("portcullis-request-id").unwrap_or_default().to_owned()
    }
}

impl Client {
    /// Of a gateway at `https://ADDRESS:PORT`, trusting the authority in a PEM file.
    ///
    /// # Panics
    /// When either makes no sense.
    #[must_use]
    pub fn new(url: &str, authority: &Path) -> Self {
        let address = url.strip_prefix("https://").expect("an https address").parse().expect("an address and a port");
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(authority).expect("a PEM file") {
            roots.add(certificate.expect("a certificate")).expect("an authority");
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { address, config: Arc::new(config) }
    }

    /// Connects, without sending anything of HTTP.
    ///
    /// # Errors
    /// When the gateway is not there.
    pub fn connect(&self) -> io::Result<Connection> {
        self.connect_speaking(&[])
    }

    /// Connects and offers these protocols by ALPN, best first.
    ///
    /// # Errors
    /// When the gateway is not there.
    pub fn connect_speaking(&self, protocols: &[&str]) -> io::Result<Connection> {
        let mut config = ClientConfig::clone(&self.config);
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        let stream = TcpStream::connect_timeout(&self.address, Duration::from_secs(10))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_write_timeout(Some(LIMIT))?;
        let name = ServerName::IpAddress(self.address.ip().into());
        let tls = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
        Ok(Connection { stream: StreamOwned::new(tls, stream), pending: Vec::new() })
    }

    /// One request on a connection of its own.
    ///
    /// # Panics
    /// When there is no answer.
    #[track_caller]
    #[must_use]
    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        match self.try_request(method, path, headers, body) {
            Ok(response) => response,
            Err(error) => panic!("no answer to {method} {path}: {error}"),
        }
    }

    /// The same, and no answer is an answer.
    ///
    /// # Errors
    /// When there is none.
    pub fn try_request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Response> {
        self.connect()?.exchange(method, path, headers, body)
    }

    /// Sends exactly these bytes, and reads one answer.
    ///
    /// # Panics
    /// When there is no answer.
    #[track_caller]
    #[must_use]
    pub fn raw(&self, bytes: &[u8]) -> Response {
        let mut connection = self.connect().expect("the gateway is there");
        connection.send(bytes).expect("the gateway reads");
        match connection.response() {
            Ok(response) => response,
            Err(error) => panic!("no answer to {:?}: {error}", String::from_utf8_lossy(&bytes[..bytes.len().min(200)])),
        }
    }
}

/// One connection, kept alive between requests.
pub struct Connection {
    stream: StreamOwned<ClientConnection, TcpStream>,
    pending: Vec<u8>,
}

impl Connection {
    /// Sends bytes as they are.
    ///
    /// # Errors
    /// When the other side does not take them.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// A well-formed request and its answer.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn exchange(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Response> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: gateway\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() || method != "GET" {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        self.send(&bytes)?;
        self.response_to(method)
    }

    /// Reads on until these bytes have come, and gives everything up to their end.
    ///
    /// # Errors
    /// When the connection ends before, or nothing comes in time.
    pub fn until(&mut self, part: &[u8]) -> io::Result<String> {
        let end = self.fill(|bytes| find(bytes, part))? + part.len();
        Ok(String::from_utf8_lossy(&self.pending.drain(..end).collect::<Vec<u8>>()).into_owned())
    }

    /// Limits how long a read may take.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn patience(&mut self, limit: Duration) -> io::Result<()> {
        self.stream.sock.set_read_timeout(Some(limit))
    }

    /// Limits how long the other side may leave unread what it is sent.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn patience_in_sending(&mut self, limit: Duration) -> io::Result<()> {
        self.stream.sock.set_write_timeout(Some(limit))
    }

    /// Reads to the end of the connection, whether it was a good-bye or a break.
    ///
    /// # Errors
    /// When there is none in time.
    pub fn to_end(&mut self) -> io::Result<Vec<u8>> {
        loop {
            match self.more() {
                Ok(()) => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => return Err(error),
                Err(_) => return Ok(std::mem::take(&mut self.pending)),
            }
        }
    }

    /// Reads one answer, whole.
    ///
    /// # Errors
    /// When the connection ends before, or nothing comes in time.
    pub fn response(&mut self) -> io::Result<Response> {
        self.response_to("GET")
    }

    /// Reads the answer to a request by this method: one to a HEAD has no body whatever its header says.
    ///
    /// # Errors
    /// When the connection ends before, or nothing comes in time.
    pub fn response_to(&mut self, method: &str) -> io::Result<Response> {
        let end = self.fill(|bytes| find(bytes, b"\r\n\r\n"))?;
        let head = String::from_utf8_lossy(&self.pending[..end]).into_owned();
        self.pending.drain(..end + 4);
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| io::Error::other(format!("no HTTP: {head}")))?;
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut response = Response { status, headers, body: Vec::new() };
        response.body = if method == "HEAD" {
            Vec::new()
        } else if response.header("transfer-encoding") == Some("chunked") {
            self.chunks()?
        } else if let Some(length) = response.header("content-length").and_then(|length| length.parse().ok()) {
            self.exactly(length)?
        } else if status == 204 || status == 304 || status == 101 {
            Vec::new()
        } else {
            self.rest()
        };
        Ok(response)
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let end = self.fill(|bytes| find(bytes, b"\r\n"))?;
            let size = String::from_utf8_lossy(&self.pending[..end]).trim().to_owned();
            self.pending.drain(..end + 2);
            let size = usize::from_str_radix(&size, 16).map_err(|_| io::Error::other("no chunk"))?;
            let chunk = self.exactly(size + 2)?;
            if size == 0 {
                return Ok(body);
            }
            body.extend_from_slice(&chunk[..size]);
        }
    }

    pub(crate) fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        self.fill(|bytes| (bytes.len() >= length).then_some(length))?;
        Ok(self.pending.drain(..length).collect())
    }

    fn rest(&mut self) -> Vec<u8> {
        while self.more().is_ok() {}
        std::mem::take(&mut self.pending)
    }

    fn fill(&mut self, enough: impl Fn(&[u8]) -> Option<usize>) -> io::Result<usize> {
        loop {
            if let Some(found) = enough(&self.pending) {
                return Ok(found);
            }
            self.more()?;
        }
    }

    fn more(&mut self) -> io::Result<()> {
        let mut chunk = [0; 16 * 1024];
        let read = self.stream.read(&mut chunk)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.pending.extend_from_slice(&chunk[..read]);
        Ok(())
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}
