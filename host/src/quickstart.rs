//! `portcullis quickstart`: a whole gateway on embedded defaults, for a newcomer's first five minutes and for tests.

mod certificate;
mod folder;
mod people;
mod ready;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio_util::sync::CancellationToken;

use crate::assembly::{self, Running};
use crate::config::{Access, ClusterGrant, Grants, Policies};
use crate::policies::Bundle;
use crate::settings::{ConnectionSettings, Settings, Source};
use crate::{default_bundle, stop};

use folder::Folder;
pub use folder::usual_folder;

/// Tokens of the development identities end so soon, and are renewed before, while the gateway runs.
const TOKEN_TTL: Duration = Duration::from_secs(12 * 3600);
const RENEW_EVERY: Duration = Duration::from_secs(6 * 3600);

/// A whole gateway on embedded defaults: SQLite, a development OIDC issuer, a self-signed certificate, the default
/// policies, and a demo cluster unless a kubeconfig is given.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The folder for everything that is kept; a second start goes on where the first ended.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// A real cluster instead of the embedded demo cluster.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// A context of that kubeconfig other than the current one.
    #[arg(long, value_name = "NAME", requires = "kubeconfig")]
    context: Option<String>,
    /// A policy bundle other than the default one; copied to DIR/policies at the first start.
    #[arg(long, value_name = "DIR")]
    bundle: Option<PathBuf>,
    /// Written once everything answers; programs wait for it.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
}

/// Runs until a signal.
///
/// # Errors
/// When something cannot be set up; the message says what and how to mend it.
pub async fn run(args: Args) -> Result<()> {
    let stop = stop::on_signal()?;
    let folder = Folder::open(args.dir.clone())?;
    let gateway = Started::start(&args, &folder, stop.clone()).await?;
    gateway.tell(&args, &folder)?;
    let renewal = tokio::spawn(people::renew(gateway.issuer.clone(), folder.clone(), RENEW_EVERY, TOKEN_TTL));
    stop.cancelled().await;
    renewal.abort();
    if let Some(file) = &args.ready_file {
        std::fs::remove_file(file).ok();
    }
    gateway.running.stopped().await;
    Ok(())
}

struct Started {
    issuer: std::sync::Arc<demo::Issuer>,
    /// Held so that it serves until the end.
    _cluster: Option<demo::Cluster>,
    connection: &'static str,
    running: Running,
}

impl Started {
    async fn start(args: &Args, folder: &Folder, stop: CancellationToken) -> Result<Self> {
        let certificate = certificate::ensure(&folder.tls())?;
        let issuer = std::sync::Arc::new(people::issuer(folder).await?);
        let (cluster, connection, source) = match &args.kubeconfig {
            Some(file) => (None, "cluster", Source::Kubeconfig(file.clone(), args.context.clone())),
            None => {
                let cluster = demo::Cluster::start(demo::ClusterOptions::default()).await.context("the demo cluster")?;
                let file = folder.upstream_kubeconfig();
                folder::write_private(&file, cluster.kubeconfig_yaml().as_bytes())?;
                (Some(cluster), "demo", Source::Kubeconfig(file, None))
            }
        };
        folder.policies_from(args.bundle.as_deref(), default_bundle::write)?;
        // A newcomer's first start is silent for as long as that takes.
        tracing::info!("loading the policies of {}; what is not compiled yet takes some seconds", folder.policies().display());
        let settings = Settings {
            listen: args.listen,
            public_url: None,
            metrics: SocketAddr::from(([127, 0, 0, 1], 0)),
            certificate: (certificate.chain, certificate.key),
            state: folder.state(),
            store: store::Location::Sqlite(folder.state().join("state.db")),
            issuers: vec![people::trusted(&issuer)],
            connections: vec![ConnectionSettings {
                name: connection.to_owned(),
                source,
                impersonation: None,
                unjudged: proxy::Unjudged::Deny,
            }],
            bundle: Bundle::Folder(folder.policies()),
            registry: artifacts::RegistryOptions::default(),
            trust: None,
            policies: Policies::default(),
            // Whoever writes policies here tries all that there is, but for Secrets.
            grants: Grants { cluster: Some(vec![ClusterGrant { resources: vec!["*".to_owned()], fields: None }]), counter: true, ..Grants::default() },
            access: Access { operators: vec!["approvers".to_owned()], auditors: vec!["approvers".to_owned()] },
        };
        let running = assembly::start(settings, stop).await?;
        people::write_all(&issuer, folder, &running.gateway.connection_url(connection), TOKEN_TTL)?;
        Ok(Self { issuer, _cluster: cluster, connection, running })
    }

    /// Writes the ready file and prints what to type next.
    fn tell(&self, args: &Args, folder: &Folder) -> Result<()> {
        let ready = ready::Ready::of(self, folder)?;
        if let Some(file) = &args.ready_file {
            ready.write(file)?;
        }
        print!("{}", ready.welcome(folder));
        Ok(())
    }
}
