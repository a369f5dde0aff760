//! The registered clusters: how each is reached, as whom, and what holds where no policy has an opinion.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use identity::Identity;

use crate::upstream::Upstream;

/// What happens to a request on which no guard has an opinion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unjudged {
    /// It is refused.
    #[default]
    Deny,
    /// It is let through.
    Allow,
}

/// How a caller's identity is told to the API server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impersonation {
    /// Put before the subject: `portcullis:` makes `portcullis:devin`.
    pub user_prefix: String,
    /// Put before each group.
    pub group_prefix: String,
}

/// Why a caller cannot be impersonated.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ImpersonationError {
    /// Kubernetes gives names that begin so a meaning of its own.
    #[error("`{0}` begins with `system:`, which the cluster reserves; give the connection's impersonation a prefix")]
    Reserved(String),
    /// A name that no header can carry.
    #[error("a subject or group has characters that no HTTP header can carry")]
    Unprintable,
}

const IMPERSONATE_USER: HeaderName = HeaderName::from_static("impersonate-user");
const IMPERSONATE_GROUP: HeaderName = HeaderName::from_static("impersonate-group");

impl Impersonation {
    /// Adds the headers: one user, and one header for each group (joined by commas they would be one group).
    ///
    /// # Errors
    /// When a name is reserved or unprintable: the request is refused.
    pub fn apply(&self, identity: &Identity, headers: &mut HeaderMap) -> Result<(), ImpersonationError> {
        let name = |prefix: &str, name: &str| {
            let full = format!("{prefix}{name}");
            if full.starts_with("system:") {
                return Err(ImpersonationError::Reserved(full));
            }
            HeaderValue::from_str(&full).map_err(|_| ImpersonationError::Unprintable)
        };
        headers.insert(IMPERSONATE_USER, name(&self.user_prefix, &identity.subject)?);
        headers.remove(IMPERSONATE_GROUP);
        for group in &identity.groups {
            headers.append(IMPERSONATE_GROUP, name(&self.group_prefix, group)?);
        }
        Ok(())
    }
}

/// One registered cluster.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Its name in the gateway's addresses: lower-case letters, digits and dashes.
    pub name: String,
    /// The name as records hold it.
    pub label: Arc<str>,
    /// The API server.
    pub upstream: Upstream,
    /// When set, the API server sees the caller, and its own RBAC applies to the caller.
    pub impersonation: Option<Impersonation>,
    /// What holds where no guard has an opinion.
    pub unjudged: Unjudged,
}

/// The registered clusters, by name. Cheap to clone; readers never wait.
#[derive(Debug, Clone, Default)]
pub struct Connections {
    by_name: Arc<ArcSwap<BTreeMap<String, Arc<Connection>>>>,
}

/// A name that no connection can have.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` cannot be a connection's name; use 1 to 63 lower-case letters, digits and dashes")]
pub struct NameError(pub String);

impl Connections {
    /// Adds a connection, or replaces the one of this name.
    ///
    /// # Errors
    /// When the name is not fit for an address.
    pub fn put(&self, connection: Connection) -> Result<(), NameError> {
        let name = &connection.name;
        let fit = (1..=63).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !name.starts_with('-');
        if !fit {
            return Err(NameError(name.clone()));
        }
        let connection = Arc::new(connection);
        self.by_name.rcu(|now| {
            let mut next = BTreeMap::clone(now);
            next.insert(connection.name.clone(), connection.clone());
            next
        });
        Ok(())
    }

    /// Forgets a connection. False when there was none. Requests under way end as they began.
    pub fn remove(&self, name: &str) -> bool {
        let before = self.by_name.rcu(|now| {
            let mut next = BTreeMap::clone(now);
            next.remove(name);
            next
        });
        before.contains_key(name)
    }

    /// The connection of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<Connection>> {
        self.by_name.load().get(name).cloned()
    }

    /// All connections, by name.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Connection>> {
        self.by_name.load().values().cloned().collect()
    }
}

#[cfg(test)]
mod tests;
