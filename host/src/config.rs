//! `portcullis.yaml`: read once at start, as it is written; [`settings`](crate::settings) makes it whole and checks it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

mod outgoing;

pub use outgoing::{HttpOrigin, Secret};

/// A gateway's configuration file.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct File {
    /// Where clients and people reach the gateway: `0.0.0.0:8443`.
    pub listen: SocketAddr,
    /// The same as they write it: `https://gateway.example:8443`. Made of `listen` when left out.
    #[serde(default)]
    pub public_url: Option<String>,
    /// Where `/livez`, `/readyz` and `/metrics` are served, without TLS and without login.
    #[serde(default = "metrics")]
    pub metrics: SocketAddr,
    /// The gateway's certificate. Read again when the files change.
    pub tls: Tls,
    /// The folder for the ledger, the state and compiled components. Made when missing, readable by the gateway only.
    pub state: PathBuf,
    /// `postgres://…` for several replicas. SQLite in the state folder when left out.
    #[serde(default)]
    pub database: Option<String>,
    /// The OIDC issuers whose tokens are accepted.
    pub issuers: Vec<identity::IssuerConfig>,
    /// The clusters.
    pub connections: Vec<Connection>,
    /// The policy bundle: a folder, reloaded when it changes; or an artifact in a registry, `oci://registry.example/team/policies:v1`, whose tag
    /// is followed, or which is pinned by `@sha256:…`.
    pub bundle: String,
    /// How the registry of an `oci://` bundle is reached.
    #[serde(default)]
    pub registry: Registry,
    /// Whose bundles are loaded. Without it, all are.
    #[serde(default)]
    pub trust: Option<Trust>,
    /// How the policies are loaded.
    #[serde(default)]
    pub policies: Policies,
    /// What plugins may use, when their bundle asks for it.
    #[serde(default)]
    pub grants: Grants,
    /// Who may do what with the gateway itself.
    #[serde(default)]
    pub access: Access,
}

fn metrics() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 9090))
}

/// The gateway's certificate and key, both PEM.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tls {
    /// The chain, the gateway's own certificate first.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// A registered cluster.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Connection {
    /// Its name: lower-case letters, digits and dashes.
    pub name: String,
    /// A kubeconfig file with the gateway's own credential.
    #[serde(default)]
    pub kubeconfig: Option<PathBuf>,
    /// A context of it other than the current one.
    #[serde(default)]
    pub context: Option<String>,
    /// The cluster that the gateway runs in, by its service account.
    #[serde(default)]
    pub in_cluster: bool,
    /// Tell the API server who asks, so that its own RBAC applies too.
    #[serde(default)]
    pub impersonate: Option<Impersonate>,
    /// What happens to a request on which no policy has an opinion.
    #[serde(default)]
    pub default: Default,
}

/// How a caller is named to the API server.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Impersonate {
    /// Put before the subject.
    #[serde(default)]
    pub user_prefix: String,
    /// Put before each group.
    #[serde(default)]
    pub group_prefix: String,
}

/// The decision where no policy has an opinion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, std::default::Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Default {
    /// Refuse.
    #[default]
    Deny,
    /// Let through.
    Allow,
}

/// How the policies are loaded.
#[derive(Debug, Clone, std::default::Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policies {
    /// Versions of the interface that are not released and are served besides: `0.2.0-draft`. A draft changes with any release of the gateway, and
    /// components built for it have to be built again then. None when left out.
    #[serde(default)]
    pub drafts: Vec<String>,
}

/// Capabilities that the operator grants.
#[derive(Debug, Clone, std::default::Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Grants {
    /// Origins that sinks and notifiers may reach: `https://hooks.example`; or with a certificate authority of one's own
    /// `{ origin: "https://splunk.internal:8088", ca: ca.pem }`.
    #[serde(default)]
    pub http_origins: Vec<HttpOrigin>,
    /// Secrets that the configurations of sinks and notifiers may refer to.
    #[serde(default)]
    pub secrets: Vec<Secret>,
    /// What guards and approval routers may read of the clusters. An empty list lets them ask only whether the caller may do something.
    #[serde(default)]
    pub cluster: Option<Vec<ClusterGrant>>,
    /// Guards may keep counts in the state database: budgets.
    #[serde(default)]
    pub counter: bool,
    /// The most that a bundle may ask for under `limits`, whichever the plugin.
    #[serde(default)]
    pub limits: Ceilings,
}

/// The operator's ceilings on what a plugin may use: one call of it, but for the last two.
#[derive(Debug, Clone, std::default::Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ceilings {
    /// Memory: 64MiB when left out, 4GiB at most.
    #[serde(default)]
    pub memory: Option<policy::Bytes>,
    /// Time that a request may wait for a plugin: 1s when left out.
    #[serde(default)]
    pub deadline: Option<policy::Span>,
    /// Time that a sink or a notifier may take: 1m when left out.
    #[serde(default)]
    pub delivery_deadline: Option<policy::Span>,
    /// What it hands over at once: 32MiB when left out.
    #[serde(default)]
    pub output: Option<policy::Bytes>,
    /// Calls of the gateway's functions: 65536 when left out.
    #[serde(default)]
    pub host_calls: Option<u32>,
    /// Lines of the log: 1024 when left out.
    #[serde(default)]
    pub log_lines: Option<u32>,
    /// Lines of the log that all calls of a plugin write within a second: 1000 when left out.
    #[serde(default)]
    pub log_lines_per_second: Option<u32>,
    /// Instances of a plugin at one time: 128 when left out, 384 at most. All plugins together have 384 for calls that wait.
    #[serde(default)]
    pub instances: Option<u32>,
}

/// Resources that plugins may read.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClusterGrant {
    /// `pods`, `deployments.apps`, or `*` for all but Secrets, which have to be named.
    pub resources: Vec<String>,
    /// Only what is at and below these RFC 6901 pointers: `/metadata/labels`. Everything when left out.
    #[serde(default)]
    pub fields: Option<Vec<String>>,
}

/// How a registry is reached.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Registry {
    /// How often a tag is looked at: `1m`, `30s`.
    pub interval: String,
    /// A file of docker's form with the credentials: `config.json`. Nobody in particular when left out.
    pub credentials: Option<PathBuf>,
    /// An authority that signed the registry's certificate, as PEM, besides the system's.
    pub ca: Option<PathBuf>,
    /// Reach it without TLS. One on the same machine is reached so anyway, unless `ca` is given.
    pub plain_http: bool,
}

impl std::default::Default for Registry {
    fn default() -> Self {
        Registry { interval: "1m".to_owned(), credentials: None, ca: None, plain_http: false }
    }
}

/// Whose bundles are loaded.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Trust {
    /// Refuse a bundle that none of the keys signed. Otherwise unsigned bundles are loaded too, but a signature that is there must be true.
    #[serde(default = "yes")]
    pub require: bool,
    /// The keys, by `portcullis bundle sign` or cosign.
    pub keys: Vec<Key>,
}

fn yes() -> bool {
    true
}

/// A public key.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Key {
    /// What messages call it.
    pub name: String,
    /// PEM, of ECDSA P-256 or Ed25519.
    pub file: PathBuf,
}

/// Groups, as the issuers' tokens name them.
#[derive(Debug, Clone, std::default::Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Access {
    /// May see and end every session, and reload the policies.
    #[serde(default)]
    pub operators: Vec<String>,
    /// May read the log of everyone.
    #[serde(default)]
    pub auditors: Vec<String>,
}

/// Why a configuration file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("cannot read {file}: {source}; give its path with --config")]
    Read {
        /// Which file.
        file: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// It is not what the schema says: the message has line, column and the place.
    #[error("{file} is not a gateway's configuration:\n{message}\n`portcullis config schema` prints what may be written")]
    Content {
        /// Which file.
        file: PathBuf,
        /// The parser's report with a snippet.
        message: String,
    },
}

impl Ceilings {
    /// A ceiling of nothing would let no plugin run, and one over 4 GiB none fit.
    ///
    /// # Errors
    /// With the key and what to write instead.
    pub fn check(&self) -> anyhow::Result<()> {
        if let Some(memory) = self.memory {
            anyhow::ensure!((64 << 10..=4 << 30).contains(&memory.0), "`grants.limits.memory` is {} bytes; write 64KiB to 4GiB", memory.0);
        }
        for (key, most) in [("deadline", self.deadline), ("deliveryDeadline", self.delivery_deadline)] {
            let fits = most.is_none_or(|most| (1..=600_000).contains(&most.0.as_millis()));
            anyhow::ensure!(fits, "`grants.limits.{key}` must be 1ms to 10m");
        }
        if let Some(instances) = self.instances {
            anyhow::ensure!((1..=384).contains(&instances), "`grants.limits.instances` is {instances}; write 1 to 384");
        }
        Ok(())
    }
}

impl Policies {
    /// A draft that there is not would be switched on for nothing, and one that is released by now needs no switch.
    ///
    /// # Errors
    /// With what may be written instead.
    pub fn check(&self) -> anyhow::Result<()> {
        let known = policy::drafts();
        for draft in &self.drafts {
            let there = known.join(", ");
            anyhow::ensure!(known.contains(&draft.as_str()), "`policies.drafts` names {draft}, and the drafts that this gateway has are: {there}; take it out, or name one of these");
        }
        Ok(())
    }
}

impl File {
    /// Reads a file. Paths in it are relative to its folder.
    ///
    /// # Errors
    /// With the line, the column and the snippet when something in it is wrong.
    pub fn read(file: &Path) -> Result<Self, FileError> {
        let text = std::fs::read_to_string(file).map_err(|source| FileError::Read { file: file.to_owned(), source })?;
        let mut read: Self = serde_saphyr::from_str(&text)
            .map_err(|e| FileError::Content { file: file.to_owned(), message: e.to_string() })?;
        let folder = file.parent().unwrap_or(Path::new("."));
        for path in [&mut read.tls.certificate, &mut read.tls.key, &mut read.state] {
            *path = folder.join(&*path);
        }
        if !artifacts::Reference::is_meant(&read.bundle) {
            read.bundle = folder.join(&read.bundle).display().to_string();
        }
        let keys = read.trust.iter_mut().flat_map(|trust| &mut trust.keys).map(|key| &mut key.file);
        for path in keys.chain(&mut read.registry.credentials).chain(&mut read.registry.ca) {
            *path = folder.join(&*path);
        }
        read.grants.below(folder);
        for connection in &mut read.connections {
            if let Some(kubeconfig) = &mut connection.kubeconfig {
                *kubeconfig = folder.join(&*kubeconfig);
            }
        }
        for issuer in &mut read.issuers {
            if let Some(ca) = &mut issuer.ca_file {
                *ca = folder.join(&*ca);
            }
        }
        Ok(read)
    }
}
