//! What a policy is told: plain records, established by the gateway before any policy runs.
//!
//! They mirror `interface types` of `wit/v0.1.0/types.wit` and are handed to a component without a copy in between.
//! When a second version of the interface changes a record, its adapter gets its own shape; these stay the host's.

use aws_lc_rs::digest;
use kube_request::KubeRequest;
use serde::{Deserialize, Serialize};
use wasmtime::component::{ComponentType, Lift, Lower};

/// What kind of subject an identity is, by the gateway's rules on the issuer's claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ComponentType, Lower, Lift)]
#[component(enum)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum IdentityKind {
    /// A person.
    #[component(name = "human")]
    Human,
    /// An AI agent or a tool that acts for a person.
    #[component(name = "agent")]
    Agent,
    /// A program, such as a CI job.
    #[component(name = "workload")]
    Workload,
}

impl IdentityKind {
    /// As records and `bundle.yaml` spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            IdentityKind::Human => "human",
            IdentityKind::Agent => "agent",
            IdentityKind::Workload => "workload",
        }
    }
}

/// Who asks: a verified OIDC identity.
#[derive(Clone, Debug, PartialEq, Eq, Hash, ComponentType, Lower)]
#[component(record)]
pub struct IdentityFacts {
    /// The `iss` claim, as verified.
    pub issuer: String,
    /// The subject by the issuer's configured claim.
    pub subject: String,
    /// Its kind.
    pub kind: IdentityKind,
    /// The human on whose behalf an agent acts.
    pub sponsor: Option<String>,
    /// Its groups.
    pub groups: Vec<String>,
}

/// The live session that the request belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, ComponentType, Lower)]
#[component(record)]
pub struct SessionFacts {
    /// Its id (never its token).
    pub id: String,
    /// Free text given when it was opened.
    pub purpose: Option<String>,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub opened: u64,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub expires: u64,
}

/// The canonical request: exactly what the API server will be sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, ComponentType, Lower)]
#[component(record)]
pub struct RequestFacts {
    /// The name of the registered cluster.
    pub connection: String,
    /// The Kubernetes verb, or the HTTP method in lower case where the path is no resource.
    pub verb: String,
    /// False for paths such as `/version`.
    #[component(name = "is-resource")]
    pub is_resource: bool,
    /// The API group; empty for the core group.
    pub group: String,
    /// The version within the group.
    pub version: String,
    /// The plural resource, in lower case.
    pub resource: String,
    /// `exec`, `scale`, `status`, …
    pub subresource: Option<String>,
    /// Absent for what is cluster-scoped.
    pub namespace: Option<String>,
    /// Absent for collections.
    pub name: Option<String>,
    /// The decoded path.
    pub path: String,
    /// The canonical query, in the order in which it is sent.
    pub query: Vec<(String, String)>,
    /// True only when the API server would change nothing.
    #[component(name = "dry-run")]
    pub dry_run: bool,
    /// `sha256:…` over the canonical request, its body included.
    pub hash: String,
    /// The request as a kubectl command line, rendered by the gateway.
    pub command: String,
    /// What the client says that it ran: a hint under its control.
    #[component(name = "claimed-command")]
    pub claimed_command: Option<String>,
}

impl RequestFacts {
    /// The facts of a canonical request to the cluster registered as `connection`.
    pub fn new(connection: &str, request: &KubeRequest) -> RequestFacts {
        RequestFacts::rendered(connection, request, request.hash(), request.command())
    }

    /// The same for who has the request's `hash` and `command` already: they take longer than all the rest.
    pub fn rendered(connection: &str, request: &KubeRequest, hash: String, command: String) -> RequestFacts {
        RequestFacts {
            connection: connection.to_owned(),
            verb: request.verb.as_str().to_owned(),
            is_resource: request.is_resource,
            group: request.group.clone(),
            version: request.version.clone(),
            resource: request.resource.clone(),
            subresource: request.subresource.clone(),
            namespace: request.namespace.clone(),
            name: request.name.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            dry_run: request.dry_run,
            hash,
            command,
            claimed_command: request.claimed_command.clone(),
        }
    }
}

/// Everything that a decision may rest on, besides the body.
#[derive(Clone, Debug, PartialEq, Eq, Hash, ComponentType, Lower)]
#[component(record)]
pub struct Facts {
    /// Who asks.
    pub identity: IdentityFacts,
    /// In which session.
    pub session: SessionFacts,
    /// What is asked.
    pub request: RequestFacts,
}

/// A key under which a verdict on these facts may be remembered: SHA-256, because an agent chooses most of the facts
/// and must not be able to make two requests share a key.
pub(crate) type FactsKey = [u8; 32];

impl Facts {
    /// Digests every field, each with its length before it, so that no two different facts write the same bytes.
    pub(crate) fn key(&self) -> FactsKey {
        let mut w = KeyWriter(Vec::with_capacity(1024));
        let Facts { identity, session, request } = self;
        w.text(&identity.issuer);
        w.text(&identity.subject);
        w.0.push(identity.kind as u8);
        w.option(&identity.sponsor);
        w.number(identity.groups.len() as u64);
        identity.groups.iter().for_each(|group| w.text(group));
        w.text(&session.id);
        w.option(&session.purpose);
        w.number(session.opened);
        w.number(session.expires);
        w.text(&request.connection);
        w.text(&request.verb);
        w.0.push(u8::from(request.is_resource));
        w.text(&request.group);
        w.text(&request.version);
        w.text(&request.resource);
        w.option(&request.subresource);
        w.option(&request.namespace);
        w.option(&request.name);
        w.text(&request.path);
        w.number(request.query.len() as u64);
        for (key, value) in &request.query {
            w.text(key);
            w.text(value);
        }
        w.0.push(u8::from(request.dry_run));
        w.text(&request.hash);
        w.text(&request.command);
        w.option(&request.claimed_command);
        let mut key = [0; 32];
        key.copy_from_slice(digest::digest(&digest::SHA256, &w.0).as_ref());
        key
    }
}

struct KeyWriter(Vec<u8>);

impl KeyWriter {
    fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    fn option(&mut self, text: &Option<String>) {
        match text {
            None => self.0.push(0),
            Some(text) => {
                self.0.push(1);
                self.text(text);
            }
        }
    }
}

#[cfg(test)]
mod tests;
