//! Access reviews: the requests that a question about oneself stands for.
//!
//! `kubectl auth can-i` asks the API server, which knows RBAC and nothing of the gateway's policies. What the question
//! describes is made into the request that it would be, so that the policies can be asked the same question. The
//! fields are those of `k8s.io/api/authorization/v1`.

use crate::head::{Head, Method, Upgrade};
use crate::headers::{Headers, Screened};
use crate::request::{KubeRequest, Verb};
use crate::{Cause, Json, Refusal, names, path, query};

/// What a review about oneself wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessReview {
    /// `SelfSubjectAccessReview`: whether one thing may be done.
    Access,
    /// `SelfSubjectRulesReview`: all that may be done in a namespace.
    Rules,
}

/// `resourceAttributes`, or one combination of a rule.
#[derive(Debug, Clone, Copy, Default)]
pub struct ResourceAttributes<'a> {
    /// Empty: none, or every one.
    pub namespace: &'a str,
    /// A verb as in RBAC; `*` is every one.
    pub verb: &'a str,
    /// The API group; `*` is every one.
    pub group: &'a str,
    /// Empty, as kubectl leaves it: `v1` is taken, since RBAC and nearly all policies pass over it.
    pub version: &'a str,
    /// The resource; `*` is every one. With its subresource behind a slash, as rules write it, or without.
    pub resource: &'a str,
    /// The subresource, empty for none; `*` is every one.
    pub subresource: &'a str,
    /// The name; empty: any.
    pub name: &'a str,
    /// `fieldSelector.rawSelector`, empty for none.
    pub fields: &'a str,
    /// `labelSelector.rawSelector`, empty for none.
    pub labels: &'a str,
}

/// A request that a question stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supposed {
    /// The request, with nothing in its body. What the question leaves open, a name say, is absent, and `*` in the path.
    pub request: KubeRequest,
    /// What no single request can stand for, so that no policy can say yes to it: `every resource`.
    pub open: Option<&'static str>,
}

/// The verbs of requests, for a question about all.
const VERBS: [&str; 8] = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
/// The same where the path is no resource.
const METHODS: [&str; 6] = ["get", "head", "post", "put", "patch", "delete"];

impl KubeRequest {
    /// Which review about oneself the request is, if it is one. Those about others are not the gateway's affair.
    pub fn access_review(&self) -> Option<AccessReview> {
        let create = self.verb == Verb::Create && self.subresource.is_none() && self.group == "authorization.k8s.io";
        match self.resource.as_str() {
            "selfsubjectaccessreviews" if create => Some(AccessReview::Access),
            "selfsubjectrulesreviews" if create => Some(AccessReview::Rules),
            _ => None,
        }
    }
}

/// The requests that the `spec` of a `SelfSubjectAccessReview` asks about: all have to be allowed for a yes. None when
/// the verb belongs to no request (`bind`, `escalate`, `use`): then only the API server has a word.
///
/// # Errors
/// When the gateway refuses such requests whatever the policies say.
pub fn asked(spec: &Json) -> Result<Vec<Supposed>, Refusal> {
    let text = |value: Option<&Json>| value.and_then(Json::as_str).map(str::to_owned).unwrap_or_default();
    if let Some(attributes) = spec.get("nonResourceAttributes").filter(|value| value.as_object().is_some()) {
        return path_requests(&text(attributes.get("verb")), &text(attributes.get("path")));
    }
    let Some(attributes) = spec.get("resourceAttributes") else { return Ok(Vec::new()) };
    let field = |key: &str| text(attributes.get(key));
    let [namespace, verb, group, version] = ["namespace", "verb", "group", "version"].map(field);
    let [resource, subresource, name] = ["resource", "subresource", "name"].map(field);
    let [fields, labels] = ["/fieldSelector/rawSelector", "/labelSelector/rawSelector"].map(|at| text(attributes.pointer(at)));
    resource_requests(&ResourceAttributes {
        namespace: &namespace,
        verb: &verb,
        group: &group,
        version: &version,
        resource: &resource,
        subresource: &subresource,
        name: &name,
        fields: &fields,
        labels: &labels,
    })
}

/// The requests that attributes stand for; see [`asked`].
///
/// # Errors
/// When the gateway refuses such requests whatever the policies say.
pub fn resource_requests(attributes: &ResourceAttributes<'_>) -> Result<Vec<Supposed>, Refusal> {
    match attributes.verb {
        "*" => VERBS.iter().map(|verb| resource_request(&ResourceAttributes { verb, ..*attributes })).collect(),
        "impersonate" => Err(Refusal::new(
            403,
            Cause::MalformedRequest,
            "headers",
            "the gateway refuses every request that impersonates: it sets the identity itself",
        )),
        verb if VERBS.contains(&verb) => resource_request(attributes).map(|one| vec![one]),
        _ => Ok(Vec::new()),
    }
}

/// The requests that a verb and a path that is no resource stand for; see [`asked`].
///
/// # Errors
/// When the gateway refuses such requests whatever the policies say.
pub fn path_requests(verb: &str, at: &str) -> Result<Vec<Supposed>, Refusal> {
    let one = |verb: &str| {
        let mut target = String::new();
        path::encode(at, &mut target);
        let request = parse(&verb.to_ascii_uppercase(), &target, None)?;
        Ok(Supposed { request, open: at.contains('*').then_some("every path") })
    };
    match verb {
        "*" => METHODS.iter().map(|verb| one(verb)).collect(),
        verb if METHODS.contains(&verb) => one(verb).map(|one| vec![one]),
        _ => Ok(Vec::new()),
    }
}

fn resource_request(attributes: &ResourceAttributes<'_>) -> Result<Supposed, Refusal> {
    let ResourceAttributes { verb, group, name, .. } = *attributes;
    let (resource, subresource) = match attributes.resource.split_once('/') {
        Some((resource, subresource)) if attributes.subresource.is_empty() => (resource, subresource),
        _ => (attributes.resource, attributes.subresource),
    };
    let parts = [attributes.namespace, group, attributes.version, resource, subresource, name];
    if resource.is_empty() || parts.iter().any(|part| part.contains('/')) {
        return Err(Refusal::malformed("body", "the question names no resource, or has a slash in a name: Kubernetes serves nothing there"));
    }
    let cluster_scoped = names::is_cluster_scoped(group, resource);
    let namespace = if cluster_scoped { "" } else { attributes.namespace };
    // A single object has a name in its path; so has everything below one.
    let named = !subresource.is_empty() || matches!(verb, "get" | "update" | "patch" | "delete");

    let version = if attributes.version.is_empty() || attributes.version == "*" { "v1" } else { attributes.version };
    let mut at = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
    if !namespace.is_empty() {
        at.push_str(&format!("/namespaces/{namespace}"));
    }
    at.push_str(&format!("/{resource}"));
    if named {
        at.push_str(&format!("/{}", if name.is_empty() { "*" } else { name }));
    }
    if !subresource.is_empty() {
        at.push_str(&format!("/{subresource}"));
    }
    let mut target = String::new();
    path::encode(&at, &mut target);
    query::encode(&options(attributes, named), &mut target);

    let stream = group.is_empty() && resource == "pods" && matches!(subresource, "exec" | "attach" | "portforward");
    let (method, upgrade) = match verb {
        // By GET these are what they are by POST.
        "get" | "create" if stream => (Method::Post, Some(Upgrade::Spdy)),
        "get" | "list" | "watch" => (Method::Get, None),
        "create" => (Method::Post, None),
        "update" => (Method::Put, None),
        "patch" => (Method::Patch, None),
        _ => (Method::Delete, None),
    };
    let mut request = parse(method.as_str(), &target, upgrade)?;
    if named && name.is_empty() {
        if request.namespace == request.name {
            // A namespace is in itself.
            request.namespace = None;
        }
        request.name = None;
    }
    // Every namespace at once is a request only where a collection is read or deleted.
    let all_namespaces = namespace.is_empty() && named_in_namespaces(group, resource) && !matches!(verb, "list" | "watch" | "deletecollection");
    let open = match () {
        () if resource == "*" || group == "*" => Some("every resource"),
        () if subresource == "*" => Some("every subresource"),
        () if all_namespaces => Some("every namespace"),
        () => None,
    };
    Ok(Supposed { request, open })
}

fn options(attributes: &ResourceAttributes<'_>, named: bool) -> Vec<(String, String)> {
    let mut options = Vec::new();
    let mut add = |key: &str, value: String| options.push((key.to_owned(), value));
    if matches!(attributes.verb, "list" | "watch" | "deletecollection") {
        if !attributes.fields.is_empty() {
            add("fieldSelector", attributes.fields.to_owned());
        } else if !named && !attributes.name.is_empty() {
            add("fieldSelector", format!("metadata.name={}", attributes.name));
        }
        if !attributes.labels.is_empty() {
            add("labelSelector", attributes.labels.to_owned());
        }
    }
    if attributes.verb == "watch" {
        add("watch", "true".to_owned());
    }
    options
}

/// Whether objects are known to be in namespaces. Of what is not built in nobody here knows.
fn named_in_namespaces(group: &str, resource: &str) -> bool {
    resource == "*" || names::is_namespaced(group, resource)
}

fn parse(method: &str, target: &str, upgrade: Option<Upgrade>) -> Result<KubeRequest, Refusal> {
    let headers = Headers { content_type: (method == "PATCH").then(|| "application/merge-patch+json".to_owned()), ..Headers::default() };
    let head = Head { method, target, headers: &[] };
    let request = KubeRequest::parse_screened(&head, Screened { upgrade, headers, ..Screened::default() })?;
    let has_body = matches!(request.verb, Verb::Create | Verb::Update | Verb::Patch) && request.is_resource && upgrade.is_none();
    if has_body { request.with_body(b"{}") } else { Ok(request) }
}

#[cfg(test)]
mod tests;
