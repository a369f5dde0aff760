//! Outgoing HTTP for sinks and notifiers: reqwest, without redirects and with an end to every wait.
//!
//! Where the operator granted a name, whoever answers for that name says where it leads. It may not lead to the gateway's own machine, nor to the
//! address where clouds give out credentials: those are reached only when they were granted as what they are, `http://127.0.0.1:8080` or `localhost`.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::Result;
use futures_util::future::BoxFuture;
use policy::{HttpClient, HttpRequest, HttpResponse};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// What a component gets of an answer, at most.
const ANSWER_MAX: usize = 64 * 1024;
/// The whole exchange; the plugin's own deadline may be shorter.
const LIMIT: Duration = Duration::from_secs(60);

/// The client that all plugins share. Which origins they may reach is checked before it is asked.
pub struct Outgoing(reqwest::Client);

impl Outgoing {
    /// Sets the client up.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new() -> Result<Self> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .timeout(LIMIT)
            .no_proxy()
            .dns_resolver(Names)
            .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self(client))
    }
}

impl HttpClient for Outgoing {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, String>> {
        let client = self.0.clone();
        Box::pin(async move {
            let method = request.method.parse::<reqwest::Method>().map_err(|_| "the method is not one of HTTP".to_owned())?;
            let mut built = client.request(method, &request.url).body(request.body);
            for (name, value) in &request.headers {
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
    let mut cause: &dyn Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let (what, why) = (error.to_string(), cause.to_string());
    if what == why { what } else { format!("{what}: {why}") }
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
