//! A gateway put together from its settings, and taken apart again.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use proxy::capabilities::{Counts, Reads};
use proxy::certificate::Certificate;
use proxy::gateway::Bodies;
use proxy::telemetry::Telemetry;
use proxy::upstream::Upstream;
use proxy::{Connection, Connections, Front, Gateway, listener, outbound};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::{ClusterGrant, Grants};
use crate::outgoing::Outgoing;
use crate::policies::{self, Trusting};
use crate::referenced::Referenced;
use crate::settings::{ConnectionSettings, Settings, Source};
use crate::{health, state};

mod memory;

pub use memory::IDLE_THREADS_END;

/// The key of masked values' tokens, in the store.
const TOKEN_KEY: &str = "masking-token-key";

/// Under which name the key is kept that tells the values of policies' secrets apart: the same for all replicas.
const SECRETS_KEY: &str = "policy-secrets-key";

/// A gateway that answers.
pub struct Running {
    /// Its parts.
    pub gateway: Arc<Gateway>,
    /// Where health and metrics are served.
    pub metrics: SocketAddr,
    /// The key that verifies its ledger.
    pub public_key_file: PathBuf,
    tasks: JoinSet<()>,
}

/// Opens everything, starts everything, and returns once requests are answered.
///
/// # Errors
/// When any part cannot be had: nothing is served then.
pub async fn start(settings: Settings, stop: CancellationToken) -> Result<Running> {
    state::folder(&settings.state)?;
    let ledger_dir = settings.state.join("ledger");
    let public_key_file = ledger_dir.join("ledger.pub");
    let ledger = {
        let dir = ledger_dir.clone();
        // Not in the ledger's own folder: a copy for an auditor must not carry the key that signs.
        let mut options = ledger::Options::default();
        options.key_file = Some(settings.state.join("ledger.key"));
        tokio::task::spawn_blocking(move || ledger::Ledger::open(&dir, options))
            .await?
            .with_context(|| format!("the ledger in {}", ledger_dir.display()))?
    };
    let store = Arc::new(store::Store::open(&settings.store).await.context("the state")?);
    let token_key: [u8; 32] = store
        .secret(TOKEN_KEY, 32)
        .await
        .context("the state")?
        .as_slice()
        .try_into()
        .context("the kept key of masked values is not 32 bytes long; restore the state from a copy")?;

    let certificate = Certificate::open(&settings.certificate.0, &settings.certificate.1)?;
    certificate.follow();
    let connections = Connections::default();
    for connection in &settings.connections {
        let name = connection.name.clone();
        connections.put(connect(connection).await.with_context(|| format!("connection `{name}`"))?)?;
    }

    let engine = policy::Engine::new(engine_options(&settings))?;
    let secrets_key = store.secret(SECRETS_KEY, 32).await.context("the state")?;
    let mut grants = grants(&settings.grants, &secrets_key)?;
    grants.admission = settings.trust.clone().map(|trust| Arc::new(Trusting(trust)) as Arc<dyn policy::Admission>);
    let policies = policies::open(engine, &settings.bundle, grants, &settings.state)
        .await
        .with_context(|| format!("the policies in {}", settings.bundle))?;
    let policy = policies.live.clone();

    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("cannot listen on {}; give another address", settings.listen))?;
    let address = listener.local_addr()?;
    let public_url = settings.public_url.clone().unwrap_or_else(|| format!("https://{address}"));
    let notifiers = outbound::Notifiers(policy.clone());
    let approvals =
        approvals::Approvals::start(store.clone(), approvals::Options::new(public_url.as_str()), notifiers).await?;
    let gateway = Arc::new(Gateway {
        connections,
        verifier: identity::Verifier::new(settings.issuers.clone(), identity::VerifierOptions::default())?,
        sessions: identity::Sessions::start(store.clone(), identity::SessionOptions::default()).await?,
        policy,
        approvals,
        ledger,
        token_key: Arc::new(masking::TokenKey::new(token_key)),
        counts: Counts::new(store.clone()),
        reads: Reads::default(),
        bodies: Bodies::default(),
        telemetry: Telemetry::default(),
        public_url,
    });

    let mut tasks = JoinSet::new();
    let (metrics, health) = health::serve(settings.metrics, gateway.clone(), stop.clone()).await?;
    tasks.spawn(health);
    tasks.spawn(policies.follow(stop.clone()));
    tasks.spawn(memory::give_back(gateway.policy.changes(), stop.clone()));
    tasks.spawn(outbound::deliver(gateway.policy.clone(), gateway.ledger.clone(), store, stop.clone()));
    let elsewhere = console::Console::new(
        gateway.clone(),
        console::Access { operators: settings.access.operators, auditors: settings.access.auditors },
        settings.issuers.iter().filter_map(|i| Some((i.issuer.clone(), i.audiences.first()?.clone()))).collect(),
    );
    let front = Arc::new(Front { gateway: gateway.clone(), elsewhere: Arc::new(elsewhere) });
    tasks.spawn(listener::serve(listener, certificate.server_config()?, front, stop));
    Ok(Running { gateway, metrics, public_key_file, tasks })
}

impl Running {
    /// Waits for the end of all that was started; `stop` must have been cancelled. What counts was durable before.
    pub async fn stopped(mut self) {
        while self.tasks.join_next().await.is_some() {}
        if let Err(error) = self.gateway.sessions.shutdown().await {
            tracing::warn!(%error, "the last use of sessions could not be kept");
        }
        if let Err(error) = self.gateway.ledger.clone().close().await {
            tracing::warn!(%error, "the ledger's last checkpoint could not be signed; the next start signs one");
        }
    }
}

/// The sandbox's pool is made for the largest plugin that the operator allows.
fn engine_options(settings: &Settings) -> policy::EngineOptions {
    let usual = policy::EngineOptions::default();
    let max_memory = settings.grants.limits.memory.map_or(usual.max_memory, |memory| memory.0);
    let referenced = Referenced::new(settings.state.join("referenced"), settings.registry.clone(), settings.trust.clone());
    let components = Some(Arc::new(referenced) as Arc<dyn policy::Components>);
    policy::EngineOptions { cache_dir: Some(settings.state.join("components")), components, max_memory, drafts: settings.policies.drafts.clone(), ..usual }
}

/// The operator's word, as the policy engine takes it.
///
/// `secrets_key`: what the values of secrets are told apart by.
fn grants(settings: &Grants, secrets_key: &[u8]) -> Result<policy::Grants> {
    let mut origins = Vec::new();
    let mut authorities = Vec::new();
    for entry in &settings.http_origins {
        let origin = policy::Origin::parse(&entry.origin).context("`grants.httpOrigins`")?;
        authorities.extend(entry.ca.clone().map(|ca| (origin.clone(), ca)));
        origins.push(origin);
    }
    let key = secrets_key.try_into().context("the kept key of secrets is not 32 bytes long; restore the state from a copy")?;
    let granted = settings.secrets.iter().map(|secret| policy::SecretGrant { name: secret.name.clone(), file: secret.file.clone(), plugins: secret.plugins.clone() });
    let secrets = policy::Secrets::new(key, granted.collect()).context("`grants.secrets`")?;
    let read = |grant: &ClusterGrant| policy::ClusterRead::new(&grant.resources, grant.fields.as_deref());
    let cluster = settings.cluster.as_ref().map(|reads| reads.iter().map(read).collect::<Result<_, _>>()).transpose().context("`grants.cluster`")?;
    let (limits, usual) = (&settings.limits, policy::Grants::default());
    Ok(policy::Grants {
        http_origins: origins,
        http_client: Some(Arc::new(Outgoing::new(authorities).context("`grants.httpOrigins`")?)),
        secrets,
        cluster,
        counter: settings.counter,
        max_deadline: limits.deadline.map_or(usual.max_deadline, |most| most.0),
        max_delivery_deadline: limits.delivery_deadline.map_or(usual.max_delivery_deadline, |most| most.0),
        max_output: limits.output.map_or(usual.max_output, |most| most.0),
        max_host_calls: limits.host_calls.unwrap_or(usual.max_host_calls),
        max_log_lines: limits.log_lines.unwrap_or(usual.max_log_lines),
        max_log_lines_per_second: limits.log_lines_per_second.unwrap_or(usual.max_log_lines_per_second),
        max_instances: limits.instances.unwrap_or(usual.max_instances),
        ..usual
    })
}

async fn connect(settings: &ConnectionSettings) -> Result<Connection> {
    let upstream = match &settings.source {
        Source::Kubeconfig(file, context) => Upstream::from_kubeconfig(file, context.as_deref()).await?,
        Source::InCluster => Upstream::in_cluster()?,
    };
    Ok(Connection {
        label: settings.name.as_str().into(),
        name: settings.name.clone(),
        upstream,
        impersonation: settings.impersonation.clone(),
        unjudged: settings.unjudged,
    })
}
