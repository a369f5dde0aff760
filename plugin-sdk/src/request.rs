//! The request that a guard or a router is asked about.

use std::cell::OnceCell;

use crate::bindings::common::portcullis::policy::documents::Document;
use crate::{Body, Facts, Identity, Session};

mod questions;

pub use questions::Deletion;

/// A canonical request with who makes it: what the API server would understand, and exactly what it will be sent.
///
/// Tests make one with [`Request::get`], [`Request::delete`] and so on from a path, or with [`Request::builder`]; components
/// have neither.
pub struct Request<'a> {
    pub(crate) facts: Facts,
    pub(crate) body: Body<'a>,
    /// What the write leaves, once somebody has looked: a policy of many checks asks once.
    pub(crate) after: OnceCell<Result<Body<'static>, String>>,
}

impl<'a> Request<'a> {
    #[doc(hidden)]
    pub fn of_host(facts: Facts, body: Option<&'a Document>) -> Request<'a> {
        Request { facts, body: Body::of_host(body), after: OnceCell::new() }
    }

    /// Everything that the gateway has established.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Who asks.
    pub fn identity(&self) -> &Identity {
        &self.facts.identity
    }

    /// In which session.
    pub fn session(&self) -> &Session {
        &self.facts.session
    }

    /// Of which registered cluster.
    pub fn connection(&self) -> &str {
        &self.facts.request.connection
    }

    /// The Kubernetes verb: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; for a
    /// path that is no resource, the HTTP method in lower case.
    pub fn verb(&self) -> &str {
        &self.facts.request.verb
    }

    /// Whether it is about a resource; `/version` is not.
    pub fn is_resource(&self) -> bool {
        self.facts.request.is_resource
    }

    /// The API group; empty for the core group.
    pub fn group(&self) -> &str {
        &self.facts.request.group
    }

    /// The version of the API group.
    pub fn version(&self) -> &str {
        &self.facts.request.version
    }

    /// The plural resource: `pods`.
    pub fn resource(&self) -> &str {
        &self.facts.request.resource
    }

    /// The subresource: `exec`.
    pub fn subresource(&self) -> Option<&str> {
        self.facts.request.subresource.as_deref()
    }

    /// The namespace; nothing for cluster-wide objects and for lists over all namespaces.
    pub fn namespace(&self) -> Option<&str> {
        self.facts.request.namespace.as_deref()
    }

    /// The object's name; nothing for lists, and for most creations (there it is in the body).
    pub fn name(&self) -> Option<&str> {
        self.facts.request.name.as_deref()
    }

    /// The decoded path.
    pub fn path(&self) -> &str {
        &self.facts.request.path
    }

    /// The first value of a query parameter.
    pub fn query(&self, key: &str) -> Option<&str> {
        self.facts.request.query.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// True only when the API server would change nothing.
    pub fn is_dry_run(&self) -> bool {
        self.facts.request.dry_run
    }

    /// Whether it would read objects: `get`, `list`, `watch`. What goes through a `proxy` is none, whatever its method: a kubelet
    /// runs commands by GET.
    pub fn is_read(&self) -> bool {
        self.is_resource() && matches!(self.verb(), "get" | "list" | "watch") && self.subresource() != Some("proxy")
    }

    /// Whether it may change something: whatever does not only read, a dry run too.
    pub fn is_write(&self) -> bool {
        if self.is_resource() { !self.is_read() } else { !matches!(self.verb(), "get" | "head" | "options") }
    }

    /// Whether it is about this resource itself, not about a subresource: `request.is("apps", "deployments")`.
    pub fn is(&self, group: &str, resource: &str) -> bool {
        self.is_resource() && self.group() == group && self.resource() == resource && self.subresource().is_none()
    }

    /// The request as a kubectl command line, for messages.
    pub fn command(&self) -> &str {
        &self.facts.request.command
    }

    /// The body; without one, every pointer has nothing.
    pub fn body(&self) -> &Body<'a> {
        &self.body
    }

    /// Whether this write can change what is at a pointer of the object itself: not a merge patch that leaves it out. A JSON
    /// patch (an array) always can, since its operations may move things anywhere; so can a server-side apply, which takes away
    /// what it leaves out of what its manager had. No write of a subresource does.
    pub fn may_write(&self, pointer: &str) -> bool {
        self.subresource().is_none()
            && match self.verb() {
                "create" | "update" => true,
                "patch" => self.body.has("/0") || self.may_apply() || self.body.has(pointer) || self.replaces_above(pointer),
                _ => false,
            }
    }

    /// Whether this is a server-side apply, as far as a policy can tell: a patch that names its manager and the version of its
    /// object, as an apply must and few others do. It makes the object where there is none.
    pub fn may_apply(&self) -> bool {
        self.verb() == "patch" && self.query("fieldManager").is_some() && self.body.has("/apiVersion")
    }

    /// Whether a merge patch replaces, clears or thins out an object around the pointer: then what is there may go without being
    /// named. `$patch` and `$retainKeys` are directives of a strategic merge patch (apimachinery, `strategicpatch/patch.go`).
    fn replaces_above(&self, pointer: &str) -> bool {
        let mut at = pointer;
        while let Some((above, _)) = at.rsplit_once('/') {
            if self.body.has(&format!("{above}/$patch")) || self.body.has(&format!("{above}/$retainKeys")) || self.body.is_null(above) {
                return true;
            }
            at = above;
        }
        false
    }

    /// Look at the object as it would be after this write: for a creation or an update the body itself, for a patch the
    /// API server's answer to a dry run.
    ///
    /// # Errors
    ///
    /// A sentence that says why there is none, as the API server says it.
    pub fn after_write<T>(&self, look: impl FnOnce(&Body<'_>) -> T) -> Result<T, String> {
        if self.verb() != "patch" {
            return Ok(look(&self.body));
        }
        self.after.get_or_init(|| self.body.preview()).as_ref().map(look).map_err(Clone::clone)
    }
}
