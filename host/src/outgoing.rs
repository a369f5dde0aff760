//! Outgoing HTTP for sinks and notifiers: reqwest, without redirects and with an end to every wait.
//!
//! Where the operator granted a name, whoever answers for that name says where it leads. It may not lead to the gateway's own machine, nor to the
//! address where clouds give out credentials: those are reached only when they were granted as what they are, `http://127.0.0.1:8080` or `localhost`.
//!
//! An origin may have certificate authorities of its own. Then only those count for it: whoever gets a certificate elsewhere is not that origin.

use std::collections::HashMap;
use std::error::Error;
use std::fs::File;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::future::BoxFuture;
use policy::{HttpClient, HttpRequest, HttpResponse, Origin};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::HeaderValue;

/// What a component gets of an answer, at most.
const ANSWER_MAX: usize = 64 * 1024;
/// The whole exchange; the plugin's own deadline may be shorter.
const LIMIT: Duration = Duration::from_secs(60);
/// Bytes of a file of authorities: the system's own hundreds have 250 KB.
const AUTHORITIES_MAX: u64 = 1 << 20;

/// The client that all plugins share. Which origins they may reach is checked before it is asked.
pub struct Outgoing {
    /// By the system's authorities.
    usual: reqwest::Client,
    /// By an origin's own.
    own: HashMap<Origin, reqwest::Client>,
}

impl Outgoing {
    /// Sets the client up. `authorities`: PEM files of those origins that have authorities of their own. They are read now.
    ///
    /// # Errors
    /// When TLS cannot be set up, or a file holds no certificate.
    pub fn new(authorities: impl IntoIterator<Item = (Origin, PathBuf)>) -> Result<Self> {
        let mut own = HashMap::new();
        for (origin, file) in authorities {
            ensure!(origin.is_https(), "{origin} has a `ca` and no TLS; write it with https://, or leave `ca` out");
            let certificates = certificates(&file).with_context(|| format!("the `ca` {} of {origin}", file.display()))?;
            own.insert(origin, client().tls_certs_only(certificates).build()?);
        }
        Ok(Self { usual: client().build()?, own })
    }
}

fn client() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .timeout(LIMIT)
        .no_proxy()
        .dns_resolver(Names)
        .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")))
}

fn certificates(file: &Path) -> Result<Vec<reqwest::Certificate>> {
    let mut pem = Vec::new();
    File::open(file)?.take(AUTHORITIES_MAX + 1).read_to_end(&mut pem)?;
    ensure!(pem.len() as u64 <= AUTHORITIES_MAX, "it has more than {AUTHORITIES_MAX} bytes; name a file that holds these authorities alone");
    let certificates = reqwest::Certificate::from_pem_bundle(&pem)?;
    ensure!(!certificates.is_empty(), "it holds no certificate; put the authority's there, as PEM");
    Ok(certificates)
}

impl HttpClient for Outgoing {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, String>> {
        let client = Origin::of_url(&request.url).ok().and_then(|origin| self.own.get(&origin)).unwrap_or(&self.usual).clone();
        Box::pin(async move {
            let method = request.method.parse::<reqwest::Method>().map_err(|_| "the method is not one of HTTP".to_owned())?;
            let mut built = client.request(method, &request.url).body(request.body);
            for (name, value) in &request.headers {
                let mut value = HeaderValue::from_str(value).map_err(|_| format!("the header `{name}` has a value that HTTP does not know"))?;
                // Shown by no `Debug` of a library that logs, and put into no table of HTTP/2's.
                value.set_sensitive(true);
                built = built.header(name, value);
            }
            let mut response = built.send().await.map_err(told)?;
            let status = response.status().as_u16();
            let headers = response
                .headers()
                .iter()
                .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
                .collect();
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(told)? {
                let room = ANSWER_MAX - body.len();
                body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                if body.len() == ANSWER_MAX {
                    break;
                }
            }
            Ok(HttpResponse { status, headers, body })
        })
    }
}

/// What went wrong, and why. An URL of a webhook is often a credential: it is told without it.
fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &(dyn Error + 'static) = &error;
    loop {
        if let Some(why) = distrusted(cause) {
            return why;
        }
        let Some(source) = cause.source() else { break };
        cause = source;
    }
    let (what, why) = (error.to_string(), cause.to_string());
    if what == why { what } else { format!("{what}: {why}") }
}

/// Why the other side is not who it should be, when that is what this error says.
fn distrusted(error: &(dyn Error + 'static)) -> Option<String> {
    // An error of input and output holds its cause, which may be another one, and does not name it as its source.
    let mut error = error;
    while let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        error = inner;
    }
    match error.downcast_ref::<rustls::Error>()? {
        // Another authority may have the same name, and another key.
        rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer | rustls::CertificateError::BadSignature) => {
            Some("no authority that counts for this origin has signed its certificate; give the one that did as its `ca` under grants.httpOrigins".to_owned())
        }
        rustls::Error::InvalidCertificate(why) => Some(format!("its certificate is not valid ({why}); have it renewed or corrected")),
        _ => None,
    }
}

/// Looks names up, and passes over where none may lead.
struct Names;

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let fit: Vec<SocketAddr> = found.filter(|address| may_lead_to(name.as_str(), address.ip())).collect();
            if fit.is_empty() {
                return Err("the name leads to this machine or to a link-local address; have the address itself granted when that is meant".into());
            }
            Ok(Box::new(fit.into_iter()) as Addrs)
        })
    }
}

/// A name may lead anywhere but to this machine, which only `localhost` may, and to where machines are told their secrets.
fn may_lead_to(name: &str, address: IpAddr) -> bool {
    let address = plain(address);
    let local = match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    if local || address.is_unspecified() || CREDENTIALS.contains(&address) {
        return false;
    }
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    !address.is_loopback() || name == "localhost" || name.ends_with(".localhost")
}

/// Where clouds give machines their credentials besides 169.254.169.254: AWS by IPv6, Alibaba, Oracle.
const CREDENTIALS: [IpAddr; 3] = [
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
];

/// The IPv4 address that is within an IPv6 address, when one is: mapped (`::ffff:0:0/96`), or for a translator (`64:ff9b::/96`, RFC 6052).
fn plain(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if v6.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0] => {
            let [.., a, b, c, d] = v6.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests;
