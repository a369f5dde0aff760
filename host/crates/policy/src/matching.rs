//! Match rules: which calls a plugin is spared, decided without entering it.

use std::sync::Arc;

use crate::bundle::{List, MatchEntry};
use crate::document::Document;
use crate::facts::{Facts, IdentityFacts, IdentityKind, RequestFacts};
use crate::wit::{ResponseKind, SessionAsk};

pub(crate) mod canary;

/// A pattern in which `*` stands for any number of characters and `?` for one.
#[derive(Clone, Debug)]
enum Glob {
    /// No wildcard at all, which most are.
    Exact(String),
    Any,
    Pattern(Vec<char>),
}

impl Glob {
    fn new(text: &str) -> Glob {
        match text {
            "*" => Glob::Any,
            _ if text.contains(['*', '?']) => Glob::Pattern(text.chars().collect()),
            _ => Glob::Exact(text.to_owned()),
        }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Glob::Exact(exact) => exact == text,
            Glob::Any => true,
            Glob::Pattern(pattern) => glob(pattern, text),
        }
    }
}

/// Greedy with one point to return to: linear in practice, quadratic at worst, on names that Kubernetes bounds at 253 characters.
fn glob(pattern: &[char], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                None => return false,
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[derive(Clone, Debug)]
struct Globs(Option<Vec<Glob>>);

impl Globs {
    fn new(texts: Option<&List>) -> Globs {
        Globs(texts.map(|texts| texts.iter().map(|t| Glob::new(&t.value)).collect()))
    }

    fn allow(&self, text: &str) -> bool {
        self.0.as_ref().is_none_or(|globs| globs.iter().any(|g| g.matches(text)))
    }

    fn allow_any(&self, texts: &[String]) -> bool {
        self.0.as_ref().is_none_or(|globs| texts.iter().any(|text| globs.iter().any(|g| g.matches(text))))
    }
}

/// The `match` of one plugin, ready to be asked.
#[derive(Clone, Debug)]
pub(crate) struct Matcher {
    verbs: Globs,
    groups: Globs,
    resources: Globs,
    subresources: Globs,
    namespaces: Globs,
    connections: Globs,
    identities: Globs,
    issuers: Globs,
    kinds: Option<Vec<IdentityKind>>,
    members: Globs,
}

impl Matcher {
    pub(crate) fn new(entry: &MatchEntry) -> Matcher {
        Matcher {
            verbs: Globs::new(entry.verbs.as_ref()),
            groups: Globs::new(entry.groups.as_ref()),
            resources: Globs::new(entry.resources.as_ref()),
            subresources: Globs::new(entry.subresources.as_ref()),
            namespaces: Globs::new(entry.namespaces.as_ref()),
            connections: Globs::new(entry.connections.as_ref()),
            identities: Globs::new(entry.identities.as_ref()),
            issuers: Globs::new(entry.issuers.as_ref()),
            kinds: entry.kinds.clone(),
            members: Globs::new(entry.members.as_ref()),
        }
    }

    /// Whether the component is asked. What a request comes to counts beside what its verb says, so that a guard over deletions hears of
    /// evictions, and one over creations of an apply.
    pub(crate) fn request(&self, facts: &Facts, body: Option<&Arc<dyn Document>>) -> bool {
        let request = &facts.request;
        let holds = |verb: &str, subresource: &str| self.verbs.allow(verb) && self.subresources.allow(subresource);
        self.groups.allow(&request.group)
            && self.resources.allow(&request.resource)
            && self.namespace(request)
            && self.connections.allow(&request.connection)
            && self.identity(&facts.identity)
            && (holds(&request.verb, request.subresource.as_deref().unwrap_or_default()) || amounts_to(request, body).is_some_and(|verb| holds(verb, "")))
    }

    /// A collection that names no namespace may be of any: a guard of one namespace is not passed by a list of all.
    fn namespace(&self, request: &RequestFacts) -> bool {
        match &request.namespace {
            Some(namespace) => self.namespaces.allow(namespace),
            None => self.namespaces.allow("") || matches!(request.verb.as_str(), "list" | "watch" | "deletecollection"),
        }
    }

    pub(crate) fn response(&self, kind: &ResponseKind) -> bool {
        self.verbs.allow(&kind.verb)
            && self.groups.allow(&kind.group)
            && self.resources.allow(&kind.resource)
            && self.subresources.allow(kind.subresource.as_deref().unwrap_or_default())
            && self.connections.allow(&kind.connection)
    }

    pub(crate) fn ask(&self, ask: &SessionAsk) -> bool {
        self.connections.allow(&ask.connection) && self.identity(&ask.identity)
    }

    fn identity(&self, identity: &IdentityFacts) -> bool {
        self.identities.allow(&identity.subject)
            && self.issuers.allow(&identity.issuer)
            && self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&identity.kind))
            && self.members.allow_any(&identity.groups)
    }
}

/// What a request does to the resource itself besides what its verb says: an eviction deletes its pod, an apply makes what is not there, and
/// so does an update of some resources; and a GET of some subresources shows the whole object.
fn amounts_to(request: &RequestFacts, body: Option<&Arc<dyn Document>>) -> Option<&'static str> {
    let (group, resource) = (request.group.as_str(), request.resource.as_str());
    match (request.verb.as_str(), request.subresource.as_deref()) {
        ("create", Some("eviction")) if group.is_empty() && resource == "pods" => Some("delete"),
        ("get", Some("approval" | "ephemeralcontainers" | "resize" | "status")) => Some("get"),
        // An apply has to name its manager, and the version of its object; few other patches do both.
        ("patch", None) if request.query.iter().any(|(key, _)| key == "fieldManager") && body?.get("/apiVersion").is_some() => Some("create"),
        ("update", None) if MADE_BY_UPDATE.contains(&(group, resource)) => Some("create"),
        _ => None,
    }
}

/// Resources of which a PUT makes an object that is not there (`AllowCreateOnUpdate` in Kubernetes' `pkg/registry`, 1.37).
const MADE_BY_UPDATE: [(&str, &str); 12] = [
    ("", "endpoints"),
    ("", "events"),
    ("", "limitranges"),
    ("", "services"),
    ("coordination.k8s.io", "leasecandidates"),
    ("coordination.k8s.io", "leases"),
    ("events.k8s.io", "events"),
    ("node.k8s.io", "runtimeclasses"),
    ("rbac.authorization.k8s.io", "clusterrolebindings"),
    ("rbac.authorization.k8s.io", "clusterroles"),
    ("rbac.authorization.k8s.io", "rolebindings"),
    ("rbac.authorization.k8s.io", "roles"),
];

#[cfg(test)]
mod tests;
