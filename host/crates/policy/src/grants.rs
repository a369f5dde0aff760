//! What the operator allows. A bundle may ask for less, never for more.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::bundle::Admission;
use crate::host::{HttpClient, Origin};
use crate::secrets::Secrets;

/// The operator's word. The memory ceiling is part of [`crate::EngineOptions`], since the pool is built for it.
#[derive(Clone)]
pub struct Grants {
    /// Origins that sinks and notifiers may reach, when their bundle asks for them. None by default.
    pub http_origins: Vec<Origin>,
    /// How they are reached.
    pub http_client: Option<Arc<dyn HttpClient>>,
    /// What sinks and notifiers may have put into their configurations. None by default.
    pub secrets: Secrets,
    /// Which bundles may be loaded. All by default.
    pub admission: Option<Arc<dyn Admission>>,
    /// What guards and routers may read of the cluster, when their bundle asks for it; an empty list lets them ask `can-i` only. Nothing by default.
    pub cluster: Option<Vec<ClusterRead>>,
    /// Guards may keep counts, when their bundle asks for it. Not by default.
    pub counter: bool,
    /// The longest deadline of a plugin that a request waits for: 1 s by default.
    pub max_deadline: Duration,
    /// The longest deadline of a sink or notifier: 60 s by default.
    pub max_delivery_deadline: Duration,
    /// The most that a component hands over at once, as its answer or to a function of the gateway, in bytes: 32 MiB by default.
    pub max_output: usize,
    /// The most calls of the gateway's functions within one call of a component: 65,536 by default.
    pub max_host_calls: u32,
    /// The most lines of the log within one call: 1,024 by default.
    pub max_log_lines: u32,
    /// The most lines of the log that all calls of a plugin write within a second: 1,000 by default.
    pub max_log_lines_per_second: u32,
    /// The most instances of a plugin at one time: 128 by default, a third of the pool's part for calls that wait.
    pub max_instances: u32,
}

impl Default for Grants {
    fn default() -> Self {
        Grants {
            http_origins: Vec::new(),
            http_client: None,
            secrets: Secrets::default(),
            admission: None,
            cluster: None,
            counter: false,
            max_deadline: Duration::from_secs(1),
            max_delivery_deadline: Duration::from_secs(60),
            max_output: 32 << 20,
            max_host_calls: 65_536,
            max_log_lines: 1024,
            max_log_lines_per_second: 1000,
            max_instances: 128,
        }
    }
}

impl fmt::Debug for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grants")
            .field("http_origins", &self.http_origins)
            .field("secrets", &self.secrets)
            .field("cluster", &self.cluster)
            .field("counter", &self.counter)
            .field("max_deadline", &self.max_deadline)
            .field("max_delivery_deadline", &self.max_delivery_deadline)
            .field("max_output", &self.max_output)
            .field("max_host_calls", &self.max_host_calls)
            .field("max_log_lines", &self.max_log_lines)
            .field("max_log_lines_per_second", &self.max_log_lines_per_second)
            .field("max_instances", &self.max_instances)
            .finish_non_exhaustive()
    }
}

/// Some resources, and which of their fields may be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterRead {
    resources: Vec<Resource>,
    /// Pointers: what is at and below them. Absent: everything.
    fields: Option<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Resource {
    /// `pods`, `deployments.apps`.
    Named(String),
    /// `*`: all but Secrets, which have to be named.
    AllButSecrets,
    /// Secrets too: for what runs beside no cluster.
    All,
}

/// A resource or a field that cannot be granted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClusterReadError {
    /// Not a resource's name.
    #[error("`{0}` is not a resource; write it as pods, as deployments.apps, or * for all but Secrets")]
    Resource(String),
    /// Not a pointer.
    #[error("`{0}` is not a field; write it as an RFC 6901 pointer such as /spec/replicas, and leave `fields` out for all")]
    Field(String),
}

impl ClusterRead {
    /// Reads names of resources (`pods`, `deployments.apps`, `*` for all but Secrets) and pointers of fields.
    ///
    /// # Errors
    /// When one of them is neither.
    pub fn new(resources: &[String], fields: Option<&[String]>) -> Result<ClusterRead, ClusterReadError> {
        let plain = |name: &str| !name.is_empty() && name.len() <= 253 && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'));
        let resources = resources
            .iter()
            .map(|name| match name.as_str() {
                "*" => Ok(Resource::AllButSecrets),
                name if plain(name) => Ok(Resource::Named(name.to_owned())),
                _ => Err(ClusterReadError::Resource(name.clone())),
            })
            .collect::<Result<_, _>>()?;
        if let Some(wrong) = fields.unwrap_or_default().iter().find(|field| !field.starts_with('/') || field.ends_with('/')) {
            return Err(ClusterReadError::Field(wrong.clone()));
        }
        Ok(ClusterRead { resources, fields: fields.map(<[String]>::to_vec) })
    }

    /// Everything, Secrets too: for checking a bundle beside no cluster, where there is nothing to read.
    pub fn everything() -> ClusterRead {
        ClusterRead { resources: vec![Resource::All], fields: None }
    }

    /// Whether it covers a resource, and of it the field at a pointer when one is given.
    pub(crate) fn covers(&self, group: &str, resource: &str, pointer: Option<&str>) -> bool {
        let named = |name: &str| if group.is_empty() { name == resource } else { name.strip_prefix(resource).and_then(|rest| rest.strip_prefix('.')) == Some(group) };
        let secret = group.is_empty() && resource == "secrets";
        self.resources.iter().any(|one| match one {
            Resource::Named(name) => named(name),
            Resource::AllButSecrets => !secret,
            Resource::All => true,
        }) && pointer.is_none_or(|pointer| self.covers_field(pointer))
    }

    fn covers_field(&self, pointer: &str) -> bool {
        let below = |field: &String| pointer.strip_prefix(field.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.fields.as_ref().is_none_or(|fields| fields.iter().any(below))
    }

    /// What of `asked` none of `granted` covers, as a person would name it.
    pub(crate) fn beyond(asked: &ClusterRead, granted: &[ClusterRead]) -> Option<String> {
        for resource in &asked.resources {
            let fields = asked.fields.as_ref().map_or_else(|| vec![None], |fields| fields.iter().map(Some).collect());
            for field in fields {
                let covered = granted.iter().any(|grant| grant.grants(resource) && grant.fields.is_none() | field.is_some_and(|field| grant.covers_field(field)));
                if !covered {
                    let name = match resource {
                        Resource::Named(name) => name,
                        Resource::AllButSecrets | Resource::All => "*",
                    };
                    return Some(field.map_or_else(|| format!("`{name}` with all fields"), |field| format!("`{field}` of `{name}`")));
                }
            }
        }
        None
    }

    fn grants(&self, asked: &Resource) -> bool {
        self.resources.iter().any(|one| match (one, asked) {
            (Resource::All, _) => true,
            (Resource::AllButSecrets, Resource::Named(name)) => name != "secrets",
            (one, asked) => one == asked,
        })
    }
}

#[cfg(test)]
mod tests;
