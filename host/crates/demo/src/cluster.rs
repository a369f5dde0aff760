//! The handle on a running demo cluster.

use crate::{StageError, api::Api, serve::Server, tls::Authority};
use aws_lc_rs::rand;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::task::JoinHandle;

/// How to start a [`Cluster`].
#[derive(Clone)]
pub struct ClusterOptions {
    /// Where to listen; port 0 takes a free one. Loopback unless the caller wants otherwise.
    pub listen: SocketAddr,
    /// The only bearer token that is let in; a random one unless given.
    pub token: Option<String>,
    /// How long the pretended kubelet takes to start a pod, and to end one. 400 ms unless given, so that a watch has
    /// something to show.
    pub pod_delay: Duration,
    /// Whether the story's objects (namespaces `shop` and `prod`, the deployment `web`, the secret `db`, …) are there.
    pub seed: bool,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            token: None,
            pod_delay: Duration::from_millis(400),
            seed: true,
        }
    }
}

impl fmt::Debug for ClusterOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterOptions")
            .field("listen", &self.listen)
            .field("token", &self.token.as_ref().map(|_| "…"))
            .field("pod_delay", &self.pod_delay)
            .field("seed", &self.seed)
            .finish()
    }
}

/// One request as it reached the demo cluster: the witness of what a gateway forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The method, upper case.
    pub method: String,
    /// Path and query, as on the wire.
    pub path: String,
    /// `Impersonate-User`, if sent.
    pub impersonate_user: Option<String>,
    /// Each `Impersonate-Group`, in order.
    pub impersonate_groups: Vec<String>,
    /// The content type of the body, if sent.
    pub content_type: Option<String>,
    /// `Accept`, if sent.
    pub accept: Option<String>,
    /// Whether the bearer token was the cluster's own.
    pub authenticated: bool,
}

/// An in-memory Kubernetes API server on TLS, with its own authority, one bearer token and a small controller that
/// turns deployments into pods. Dropping it ends it.
pub struct Cluster {
    server: Server,
    controller: JoinHandle<()>,
    api: Arc<Api>,
    ca_pem: String,
    token: String,
}

impl Cluster {
    /// Starts it, seeded; when this returns it answers.
    ///
    /// # Errors
    /// When the address cannot be had or no certificate can be made.
    pub async fn start(options: ClusterOptions) -> Result<Self, StageError> {
        let token = match options.token {
            Some(token) => token,
            None => random_token()?,
        };
        let bound = Server::bind(options.listen).await?;
        let authority = Authority::new("portcullis demo cluster", bound.address.ip())?;
        let api = Arc::new(Api::new(token.clone(), options.seed)?);
        let controller = tokio::spawn(api.clone().run_controller(options.pod_delay));
        let server = bound.serve(Some(authority.server), api.clone());
        Ok(Self {
            server,
            controller,
            api,
            ca_pem: authority.ca_pem,
            token,
        })
    }

    /// `https://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.server.address)
    }

    /// The authority's certificate, PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The bearer token of the cluster's only user, who may do everything.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A kubeconfig with the address, the authority and the token inside; its only context is `demo`.
    #[must_use]
    pub fn kubeconfig_yaml(&self) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: demo\nclusters:\n- name: demo\n  cluster:\n    server: {}\n    \
             certificate-authority-data: {}\ncontexts:\n- name: demo\n  context:\n    cluster: demo\n    user: demo-admin\n\
             users:\n- name: demo-admin\n  user:\n    token: {}\n",
            self.url(),
            STANDARD.encode(&self.ca_pem),
            self.token
        )
    }

    /// The last requests, oldest first, at most 4,096.
    #[must_use]
    pub fn requests_seen(&self) -> Vec<Seen> {
        self.api.witness.all()
    }

    /// Forgets the requests seen so far.
    pub fn forget_requests(&self) {
        self.api.witness.clear();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.controller.abort();
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("url", &self.url())
            .finish_non_exhaustive()
    }
}

fn random_token() -> Result<String, StageError> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| StageError::Crypto("make a token"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
