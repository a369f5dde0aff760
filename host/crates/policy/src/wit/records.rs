//! What worlds give and take, in the engine's own types. Where a version's record has the same shape it is this type that crosses, without a copy;
//! where it differs, the version's file adapts.

use std::fmt;

use kube_request::KubeRequest;
use serde::{Deserialize, Serialize};
use wasmtime::component::{ComponentType, Lift, Lower};

use crate::facts::IdentityFacts;

/// Why a policy decided as it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower, Lift)]
#[component(record)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// A stable name of the rule within the plugin's configuration.
    pub rule: String,
    /// One sentence: what is wrong.
    pub message: String,
    /// One sentence: what to do instead.
    #[serde(default)]
    pub remedy: Option<String>,
}

/// What one guard says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing.
    NoOpinion,
    /// Allow, by the rule of this name.
    Allow(String),
    /// A person must approve first, for these reasons: one or more.
    RequireApproval(Vec<Finding>),
    /// Refuse, for these reasons: one or more.
    Deny(Vec<Finding>),
}

/// What a granted approval lets through, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[component(enum)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum GrantScope {
    /// This canonical request, while its target keeps its UID and resourceVersion.
    #[component(name = "this-version")]
    ThisVersion,
    /// This canonical request, while its target keeps its UID.
    #[component(name = "this-object")]
    ThisObject,
}

/// How the agent waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[component(variant)]
#[serde(rename_all = "kebab-case")]
pub enum Waiting {
    /// The connection is kept open, for at most so many seconds.
    #[component(name = "hold")]
    Hold(u32),
    /// It is answered at once, and runs the same command again.
    #[component(name = "retry")]
    Retry,
}

/// Who must approve a request, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ComponentType, Lift)]
#[component(record)]
pub struct Route {
    /// Any member of these groups may approve.
    pub groups: Vec<String>,
    /// So may these subjects.
    pub subjects: Vec<String>,
    /// How many distinct people are needed: at least 1.
    pub needed: u32,
    /// Seconds until an unanswered approval, or an unused grant, expires.
    #[component(name = "expires-after")]
    pub expires_after: u32,
    /// How the agent waits.
    pub waiting: Waiting,
    /// What the grant covers.
    pub scope: GrantScope,
}

/// The kind of request whose answers a masker plans for: nothing in it is particular to one object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, ComponentType, Lower)]
#[component(record)]
pub struct ResponseKind {
    /// The name of the registered cluster.
    pub connection: String,
    /// The Kubernetes verb.
    pub verb: String,
    /// False for paths such as `/version`.
    #[component(name = "is-resource")]
    pub is_resource: bool,
    /// The API group.
    pub group: String,
    /// Its version.
    pub version: String,
    /// The plural resource.
    pub resource: String,
    /// The subresource.
    pub subresource: Option<String>,
}

impl ResponseKind {
    /// The kind of answer to a canonical request to the cluster registered as `connection`.
    pub fn new(connection: &str, request: &KubeRequest) -> ResponseKind {
        ResponseKind {
            connection: connection.to_owned(),
            verb: request.verb.as_str().to_owned(),
            is_resource: request.is_resource,
            group: request.group.clone(),
            version: request.version.clone(),
            resource: request.resource.clone(),
            subresource: request.subresource.clone(),
        }
    }
}

/// A value that a rule with the action `inspect` met. Its text is a secret: it is never printed.
#[derive(Clone, PartialEq, Eq, ComponentType, Lower)]
#[component(record)]
pub struct Candidate {
    /// The rule of the plan that met it.
    pub rule: String,
    /// Where it stands, as a JSON pointer.
    pub path: String,
    /// The value.
    pub value: String,
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidate").field("rule", &self.rule).field("path", &self.path).finish_non_exhaustive()
    }
}

/// Why a delivery or a notice did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(record)]
pub(crate) struct Undelivered {
    /// The component's words.
    pub message: String,
    /// Sending the same again may help.
    pub retry: bool,
}

/// What happened to an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[component(enum)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Occasion {
    /// It waits for a person.
    #[component(name = "requested")]
    Requested,
    /// It was approved.
    #[component(name = "approved")]
    Approved,
    /// It was denied.
    #[component(name = "denied")]
    Denied,
    /// Nobody answered, or nobody used it, in time.
    #[component(name = "expired")]
    Expired,
    /// It let its request through.
    #[component(name = "used")]
    Used,
    /// The requester gave up.
    #[component(name = "withdrawn")]
    Withdrawn,
}

/// What a notifier tells.
#[derive(Clone, Debug, ComponentType, Lower)]
#[component(record)]
pub struct Notice {
    /// The same for every attempt to deliver this notice.
    pub id: String,
    /// What happened.
    pub occasion: Occasion,
    /// The approval, as `portcullis approvals list --output json` prints it.
    pub approval: String,
    /// Where a person answers it.
    pub url: String,
}

/// Somebody asks for a session.
#[derive(Clone, Debug, PartialEq, Eq, ComponentType, Lower)]
#[component(record)]
pub struct SessionAsk {
    /// Who asks.
    pub identity: IdentityFacts,
    /// The name of the registered cluster.
    pub connection: String,
    /// Free text.
    pub purpose: Option<String>,
    /// Seconds asked for.
    pub ttl: Option<u32>,
    /// Live sessions that this identity already has on this connection.
    #[component(name = "open-sessions")]
    pub open_sessions: u32,
}

/// On what terms a session is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ComponentType, Lift)]
#[component(record)]
pub struct Terms {
    /// Seconds until it ends, whatever happens.
    pub ttl: u32,
    /// Seconds without a request after which it ends.
    pub idle: u32,
    /// Requests that it may make, when limited.
    pub requests: Option<u64>,
}

impl Terms {
    /// The narrower of each term.
    pub fn narrowest(self, other: Terms) -> Terms {
        let requests = match (self.requests, other.requests) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Terms { ttl: self.ttl.min(other.ttl), idle: self.idle.min(other.idle), requests }
    }
}

/// What one session policy says.
#[derive(Clone, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(variant)]
pub(crate) enum SessionOpinion {
    #[component(name = "no-opinion")]
    NoOpinion,
    #[component(name = "open")]
    Open(Terms),
    #[component(name = "refuse")]
    Refuse(Finding),
}

/// What a component says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ComponentType, Lift)]
#[component(record)]
pub struct Description {
    /// Its name, in kebab case.
    pub name: String,
    /// Its version, by semver.
    pub version: String,
    /// One sentence: what it is for.
    pub summary: String,
    /// The JSON Schema of its configuration, as JSON text.
    #[component(name = "configuration-schema")]
    pub configuration_schema: String,
}
