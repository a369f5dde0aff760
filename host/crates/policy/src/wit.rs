//! The records of `portcullis:policy@0.1.0` that worlds give and take, and the names of what they import and export.
//!
//! They are written by hand, not by `bindgen!`: the facts then cross without being copied into generated types, the choice
//! between a synchronous and an asynchronous call stays with the caller, and an adapter for a later version of the interface
//! has plain types to adapt to. A test loads a component made from the `.wit` files themselves for each world, so a
//! difference between the two is found by the type check of wasmtime.

use std::fmt;

use serde::{Deserialize, Serialize};
use wasmtime::component::{ComponentType, Lift, Lower};

use crate::facts::IdentityFacts;

/// Names of the interfaces, as components import and export them.
pub(crate) mod names {
    pub(crate) const TYPES: &str = "portcullis:policy/types@0.1.0";
    pub(crate) const DOCUMENTS: &str = "portcullis:policy/documents@0.1.0";
    pub(crate) const LOG: &str = "portcullis:policy/log@0.1.0";
    pub(crate) const CLOCK: &str = "portcullis:policy/clock@0.1.0";
    pub(crate) const HTTP: &str = "portcullis:policy/http@0.1.0";
    pub(crate) const PLUGIN: &str = "portcullis:policy/plugin@0.1.0";
}

/// What a component decides about: one of the six worlds of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum World {
    /// Judges requests.
    Guard,
    /// Says who approves.
    ApprovalRouter,
    /// Plans what is masked.
    Masker,
    /// Delivers records elsewhere.
    AuditSink,
    /// Tells approvers.
    Notifier,
    /// Says who may open a session.
    SessionPolicy,
}

impl World {
    /// As WIT and `bundle.yaml` spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            World::Guard => "guard",
            World::ApprovalRouter => "approval-router",
            World::Masker => "masker",
            World::AuditSink => "audit-sink",
            World::Notifier => "notifier",
            World::SessionPolicy => "session-policy",
        }
    }

    /// The function of its own that a component of this world exports first.
    pub(crate) fn export(self) -> &'static str {
        match self {
            World::Guard => "evaluate",
            World::ApprovalRouter => "route-approval",
            World::Masker => "plan-masking",
            World::AuditSink => "deliver",
            World::Notifier => "notify",
            World::SessionPolicy => "open-session",
        }
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

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
#[derive(Clone, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(variant)]
pub enum Verdict {
    /// Nothing.
    #[component(name = "no-opinion")]
    NoOpinion,
    /// Allow, by the rule of this name.
    #[component(name = "allow")]
    Allow(String),
    /// A person must approve first.
    #[component(name = "require-approval")]
    RequireApproval(Finding),
    /// Refuse.
    #[component(name = "deny")]
    Deny(Finding),
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

/// How a masked value is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "wasmtime makes the variants, from the guest's number")]
pub(crate) enum WitAction {
    #[component(name = "token")]
    Token,
    #[component(name = "redact")]
    Redact,
    #[component(name = "inspect")]
    Inspect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "wasmtime makes the variants, from the guest's number")]
pub(crate) enum WitEncoding {
    #[component(name = "text")]
    Text,
    #[component(name = "base64")]
    Base64,
}

#[derive(Clone, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(record)]
pub(crate) struct WitMaskRule {
    pub name: String,
    pub paths: Vec<String>,
    pub names: Option<String>,
    pub patterns: Vec<String>,
    pub encoding: WitEncoding,
    pub action: WitAction,
}

#[derive(Clone, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(record)]
pub(crate) struct WitPlan {
    pub rules: Vec<WitMaskRule>,
    pub embedded: Vec<String>,
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

/// Records for a sink.
#[derive(Clone, Debug, ComponentType, Lower)]
#[component(record)]
pub(crate) struct Batch<'a> {
    pub first: u64,
    pub records: &'a [String],
}

/// Why a delivery or a notice did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(record)]
pub(crate) struct WitFailure {
    pub message: String,
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
pub(crate) enum WitSessionAnswer {
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

/// How grave a line of the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "wasmtime makes the variants, from the guest's number")]
pub(crate) enum WitLevel {
    #[component(name = "debug")]
    Debug,
    #[component(name = "info")]
    Info,
    #[component(name = "warn")]
    Warn,
    #[component(name = "error")]
    Error,
}

/// An outgoing HTTP request of a sink or a notifier.
#[derive(Clone, ComponentType, Lift)]
#[component(record)]
pub struct HttpRequest {
    /// `POST`.
    pub method: String,
    /// An absolute `http` or `https` URL whose origin is allowed.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Headers may carry a credential and URLs of webhooks often are one, so neither is printed.
impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest").field("method", &self.method).field("body_bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// The answer to an [`HttpRequest`].
#[derive(Clone, ComponentType, Lower)]
#[component(record)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// At most 64 KiB.
    pub body: Vec<u8>,
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse").field("status", &self.status).field("body_bytes", &self.body.len()).finish_non_exhaustive()
    }
}
