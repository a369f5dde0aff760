//! What a plugin may use besides what every plugin has: what both its bundle asks for and the operator grants.

use std::sync::Arc;

use crate::bundle::PluginEntry;
use crate::grants::{ClusterRead, ClusterReadError, Grants};
use crate::host::{HttpClient, Origin, OriginError};
use crate::wit::World;

/// Why a plugin does not get what its bundle asks for.
#[derive(Debug, thiserror::Error)]
pub enum CapabilityError {
    /// The world has no such import.
    #[error("it asks for capabilities.{capability}, which {worlds} may have; leave it out")]
    World {
        /// `http`, `cluster` or `counter`.
        capability: &'static str,
        /// Which worlds have it.
        worlds: &'static str,
    },
    /// It wants to reach an origin that the operator did not grant.
    #[error("it asks to reach {0}, which the operator has not granted; have it granted under grants.httpOrigins, or leave it out")]
    Origin(String),
    /// An origin cannot be read.
    #[error(transparent)]
    BadOrigin(#[from] OriginError),
    /// It wants to read what the operator did not grant.
    #[error("it asks to read {0} of the cluster, which the operator has not granted; have it granted under grants.cluster, or leave it out")]
    Cluster(String),
    /// A resource or a field cannot be read.
    #[error("capabilities.cluster: {0}")]
    BadCluster(#[from] ClusterReadError),
    /// It wants to keep counts, and the operator did not grant it.
    #[error("it asks to keep counts, which the operator has not granted; have it granted by grants.counter, or leave it out")]
    Counter,
}

/// What one plugin may use.
#[derive(Clone, Default)]
pub(crate) struct Capabilities {
    pub http: Option<(Arc<dyn HttpClient>, Vec<Origin>)>,
    /// Empty: it may ask `can-i` only.
    pub cluster: Option<Arc<[ClusterRead]>>,
    pub counter: bool,
}

impl Capabilities {
    /// What both the bundle asks for and the operator grants.
    pub(super) fn of(entry: &PluginEntry, grants: &Grants) -> Result<Capabilities, CapabilityError> {
        Ok(Capabilities { http: http(entry, grants)?, cluster: cluster(entry, grants)?, counter: counter(entry, grants)? })
    }
}

fn http(entry: &PluginEntry, grants: &Grants) -> Result<Option<(Arc<dyn HttpClient>, Vec<Origin>)>, CapabilityError> {
    let Some(http) = &entry.capabilities.http else { return Ok(None) };
    if !matches!(entry.world, World::AuditSink | World::Notifier) {
        return Err(CapabilityError::World { capability: "http", worlds: "only an audit-sink or a notifier" });
    }
    let mut origins = Vec::new();
    for origin in &http.origins {
        let origin = Origin::parse(&origin.value)?;
        if !grants.http_origins.contains(&origin) {
            return Err(CapabilityError::Origin(origin.to_string()));
        }
        origins.push(origin);
    }
    match &grants.http_client {
        Some(client) => Ok(Some((client.clone(), origins))),
        None => Err(CapabilityError::Origin("any network".to_owned())),
    }
}

fn cluster(entry: &PluginEntry, grants: &Grants) -> Result<Option<Arc<[ClusterRead]>>, CapabilityError> {
    let Some(asked) = &entry.capabilities.cluster else { return Ok(None) };
    if !matches!(entry.world, World::Guard | World::ApprovalRouter) {
        return Err(CapabilityError::World { capability: "cluster", worlds: "only a guard or an approval-router" });
    }
    let Some(granted) = &grants.cluster else { return Err(CapabilityError::Cluster("anything".to_owned())) };
    let mut reads = Vec::with_capacity(asked.len());
    for one in asked {
        let read = ClusterRead::new(&one.resources, one.fields.as_deref())?;
        if let Some(beyond) = ClusterRead::beyond(&read, granted) {
            return Err(CapabilityError::Cluster(beyond));
        }
        reads.push(read);
    }
    Ok(Some(reads.into()))
}

fn counter(entry: &PluginEntry, grants: &Grants) -> Result<bool, CapabilityError> {
    match (entry.capabilities.counter, entry.world, grants.counter) {
        (false, ..) => Ok(false),
        (true, World::Guard, true) => Ok(true),
        (true, World::Guard, false) => Err(CapabilityError::Counter),
        (true, ..) => Err(CapabilityError::World { capability: "counter", worlds: "only a guard" }),
    }
}
