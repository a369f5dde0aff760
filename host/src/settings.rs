//! A gateway's settings, whole and checked: made of a configuration file, or of `quickstart`'s own choices.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use proxy::{Impersonation, Unjudged};

use crate::config;
use crate::policies::{self, Bundle};

/// Everything that [`crate::assembly`] needs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The address that clients use; made of the port that was taken when left out.
    pub public_url: Option<String>,
    /// Where health and metrics are served.
    pub metrics: SocketAddr,
    /// Certificate chain and key.
    pub certificate: (PathBuf, PathBuf),
    /// The folder of everything that is kept.
    pub state: PathBuf,
    /// Where relational state is kept.
    pub store: store::Location,
    /// The issuers.
    pub issuers: Vec<identity::IssuerConfig>,
    /// The clusters.
    pub connections: Vec<ConnectionSettings>,
    /// Where the policies come from.
    pub bundle: Bundle,
    /// How registries are reached: that of the bundle, and those of the components that it names by a reference.
    pub registry: artifacts::RegistryOptions,
    /// Whose bundles are loaded; everybody's without it.
    pub trust: Option<artifacts::Trust>,
    /// How they are loaded.
    pub policies: config::Policies,
    /// What plugins may use.
    pub grants: config::Grants,
    /// Who may do what with the gateway itself.
    pub access: config::Access,
}

/// A cluster and how to reach it.
#[derive(Debug, Clone)]
pub struct ConnectionSettings {
    /// Its name.
    pub name: String,
    /// Where its address and the gateway's credential come from.
    pub source: Source,
    /// How callers are named to it.
    pub impersonation: Option<Impersonation>,
    /// What holds where no policy has an opinion.
    pub unjudged: Unjudged,
}

/// Where a cluster's address and credential come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A kubeconfig, and a context of it.
    Kubeconfig(PathBuf, Option<String>),
    /// The service account of the gateway's own pod.
    InCluster,
}

impl Settings {
    /// Checks a configuration file's content and fills in what it leaves out.
    ///
    /// # Errors
    /// With the key and what to write instead.
    pub fn from_file(file: config::File) -> Result<Self> {
        ensure!(!file.issuers.is_empty(), "`issuers` is empty, so nobody could log in; name at least one OIDC issuer");
        ensure!(!file.connections.is_empty(), "`connections` is empty; name at least one cluster");
        let mut connections = Vec::new();
        for connection in file.connections {
            let name = connection.name.clone();
            connections.push(resolve(connection).with_context(|| format!("connection `{name}`"))?);
        }
        file.grants.limits.check()?;
        file.policies.check()?;
        if let Some(url) = &file.public_url {
            ensure!(
                url.starts_with("https://") && !url.ends_with('/'),
                "`publicUrl` is `{url}`; write it as https://HOST[:PORT] without a slash at its end"
            );
        }
        Ok(Self {
            listen: file.listen,
            public_url: file.public_url,
            metrics: file.metrics,
            certificate: (file.tls.certificate, file.tls.key),
            store: match file.database {
                Some(url) => store::Location::Postgres(url),
                None => store::Location::Sqlite(file.state.join("state.db")),
            },
            state: file.state,
            issuers: file.issuers,
            connections,
            bundle: policies::bundle(&file.bundle, &file.registry)?,
            registry: policies::registry(&file.registry),
            trust: file.trust.as_ref().map(policies::trust).transpose()?,
            policies: file.policies,
            grants: file.grants,
            access: file.access,
        })
    }
}

fn resolve(connection: config::Connection) -> Result<ConnectionSettings> {
    let source = match (connection.kubeconfig, connection.in_cluster) {
        (Some(file), false) => Source::Kubeconfig(file, connection.context),
        (None, true) => Source::InCluster,
        _ => anyhow::bail!("give either `kubeconfig` or `inCluster: true`"),
    };
    Ok(ConnectionSettings {
        name: connection.name,
        source,
        impersonation: connection
            .impersonate
            .map(|i| Impersonation { user_prefix: i.user_prefix, group_prefix: i.group_prefix }),
        unjudged: match connection.default {
            config::Default::Deny => Unjudged::Deny,
            config::Default::Allow => Unjudged::Allow,
        },
    })
}
