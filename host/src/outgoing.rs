//! Outgoing HTTP for sinks and notifiers: reqwest, without redirects and with an end to every wait.

use std::time::Duration;

use anyhow::Result;
use futures_util::future::BoxFuture;
use policy::{HttpClient, HttpRequest, HttpResponse};

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
            // An URL of a webhook is often a credential: errors are told without it.
            let mut response = built.send().await.map_err(|e| e.without_url().to_string())?;
            let status = response.status().as_u16();
            let headers = response
                .headers()
                .iter()
                .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
                .collect();
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(|e| e.without_url().to_string())? {
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
