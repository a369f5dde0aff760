//! Which requests a rule is about, as a bundle's author writes it: shared by the default plugins, and free for yours.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use crate::{IdentityKind, Request};

/// The verbs that a rule may name; for paths that are no resource, HTTP methods.
const VERBS: [&str; 12] =
    ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "post", "put", "head", "options"];

/// Which requests a rule is about. A key that is left out fits anything; of a key's patterns one has to fit; all keys have to.
/// In patterns `*` stands for any run of characters and `?` for one.
///
/// A match without `paths` is about resources only; one with `paths` about everything else.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Match {
    /// Kubernetes verbs: get, list, watch, create, update, patch, delete, deletecollection; with `paths`, HTTP methods in lower case.
    /// To a rule that refuses, an eviction is a deletion of its pod too, an apply a creation,
    /// and a GET of `status` one of the object, which it shows.
    pub verbs: Option<Verbs>,
    /// API groups; "" is the core group.
    pub groups: Option<Patterns>,
    /// Resources as in RBAC: `pods`, `pods/exec`, `*` (every resource, no subresource), `*/scale`, `pods/*`, `*/*` (every subresource).
    pub resources: Option<Resources>,
    /// Namespaces.
    pub namespaces: Option<Patterns>,
    /// Names of objects.
    pub names: Option<Patterns>,
    /// Decoded paths that are no resource: `/version`, `/openapi/*`.
    pub paths: Option<Patterns>,
    /// Registered clusters.
    pub connections: Option<Patterns>,
    /// Only dry runs, or only what is none.
    pub dry_run: Option<bool>,
    /// Kinds of identity: human, agent, workload.
    pub kinds: Option<Vec<Kind>>,
    /// Subjects of identities.
    pub subjects: Option<Patterns>,
    /// Identities that are members of one of these groups.
    pub members_of: Option<Patterns>,
}

impl Match {
    /// Whether the request surely fits. For rules that allow.
    pub fn fits(&self, request: &Request<'_>) -> bool {
        self.check(request, false)
    }

    /// Whether the request fits, or might: what it does not say counts as fitting. For rules that refuse. The deletion of a
    /// collection may hit any name; a list over all namespaces any namespace; a creation's name is in its body, or the server makes it up.
    pub fn may_fit(&self, request: &Request<'_>) -> bool {
        self.check(request, true)
    }

    fn check(&self, request: &Request<'_>, unknown: bool) -> bool {
        let among = |patterns: &Option<Patterns>, value: &str| patterns.as_ref().is_none_or(|patterns| patterns.fit(value));
        self.subject_fits(request)
            && among(&self.connections, request.connection())
            && self.dry_run.is_none_or(|wanted| wanted == request.is_dry_run())
            && match &self.paths {
                Some(paths) => {
                    !request.is_resource() && self.verb_fits(request.verb()) && paths.fit(request.path()) && self.no_resource_keys()
                }
                None => {
                    request.is_resource()
                        && among(&self.groups, request.group())
                        && self.action_fits(request, unknown)
                        && self.namespace_fits(request, unknown)
                        && self.name_fits(request, unknown)
                }
            }
    }

    fn verb_fits(&self, verb: &str) -> bool {
        self.verbs.as_ref().is_none_or(|verbs| verbs.fit(verb))
    }

    /// By its own verb and resource, or by those that it comes to.
    fn action_fits(&self, request: &Request<'_>, unknown: bool) -> bool {
        let fits = |verb: &str, subresource: Option<&str>| {
            self.verb_fits(verb) && self.resources.as_ref().is_none_or(|all| all.fit(request.resource(), subresource))
        };
        let by_itself = fits(request.verb(), request.subresource());
        match amounts_to(request) {
            // An apply is allowed where a creation is, too: nothing here knows whether the object is there.
            Some(("create", None)) if !unknown && request.verb() == "patch" => by_itself && fits("create", None),
            Some((verb, subresource)) if unknown => by_itself || fits(verb, subresource),
            _ => by_itself,
        }
    }

    fn no_resource_keys(&self) -> bool {
        self.groups.is_none() && self.resources.is_none() && self.namespaces.is_none() && self.names.is_none()
    }

    fn subject_fits(&self, request: &Request<'_>) -> bool {
        let identity = request.identity();
        self.kinds.as_ref().is_none_or(|kinds| kinds.iter().any(|kind| kind.is(identity.kind)))
            && self.subjects.as_ref().is_none_or(|subjects| subjects.fit(&identity.subject))
            && self.members_of.as_ref().is_none_or(|groups| identity.groups.iter().any(|group| groups.fit(group)))
    }

    fn namespace_fits(&self, request: &Request<'_>, unknown: bool) -> bool {
        match (&self.namespaces, request.namespace()) {
            (None, _) => true,
            (Some(patterns), Some(namespace)) => patterns.fit(namespace),
            (Some(_), None) => unknown && matches!(request.verb(), "list" | "watch" | "deletecollection"),
        }
    }

    fn name_fits(&self, request: &Request<'_>, unknown: bool) -> bool {
        let Some(patterns) = &self.names else {
            return true;
        };
        match request.name() {
            Some(name) => patterns.fit(name),
            // An empty name is none: the server makes one of `generateName`.
            None if request.verb() == "create" => match request.body().get::<String>("/metadata/name").filter(|name| !name.is_empty()) {
                Some(name) => patterns.fit(&name),
                None => unknown,
            },
            None => unknown,
        }
    }
}

/// What a request does besides what its verb says: an eviction deletes its pod, an apply makes what is not there, and so does an
/// update of some resources; and a GET of some subresources shows the whole object.
fn amounts_to(request: &Request<'_>) -> Option<(&'static str, Option<&'static str>)> {
    let (resource, subresource) = (request.resource(), request.subresource());
    match request.verb() {
        "create" if request.group().is_empty() && resource == "pods" && subresource == Some("eviction") => Some(("delete", None)),
        "get" if matches!(subresource, Some("approval" | "ephemeralcontainers" | "resize" | "status")) => Some(("get", None)),
        "patch" if subresource.is_none() && request.may_apply() => Some(("create", None)),
        "update" if subresource.is_none() && MADE_BY_UPDATE.contains(&(request.group(), resource)) => Some(("create", None)),
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

/// A kind of identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A person.
    Human,
    /// An AI agent.
    Agent,
    /// Any other program.
    Workload,
}

impl Kind {
    /// Whether an identity is of this kind.
    pub fn is(self, kind: IdentityKind) -> bool {
        matches!(
            (self, kind),
            (Kind::Human, IdentityKind::Human) | (Kind::Agent, IdentityKind::Agent) | (Kind::Workload, IdentityKind::Workload)
        )
    }
}

/// Patterns of which one has to fit. Never empty: a rule that can fit nothing is a mistake.
#[derive(Clone, Debug)]
pub struct Patterns(Vec<String>);

impl Patterns {
    /// Whether one of them fits.
    pub fn fit(&self, value: &str) -> bool {
        self.0.iter().any(|pattern| glob(pattern, value))
    }
}

/// Verbs; `*` is any.
#[derive(Clone, Debug)]
pub struct Verbs(Vec<String>);

impl Verbs {
    fn fit(&self, verb: &str) -> bool {
        self.0.iter().any(|wanted| wanted == "*" || wanted == verb)
    }
}

/// Resources as in RBAC.
#[derive(Clone, Debug)]
pub struct Resources(Vec<(String, Option<String>)>);

impl Resources {
    /// Whether one of them fits: without a slash only the resource itself, never its subresources.
    pub fn fit(&self, resource: &str, subresource: Option<&str>) -> bool {
        self.0.iter().any(|(wanted, sub)| {
            glob(wanted, resource)
                && match (sub, subresource) {
                    (None, None) => true,
                    (Some(wanted), Some(subresource)) => glob(wanted, subresource),
                    _ => false,
                }
        })
    }
}

/// Whether a pattern fits the whole of a text: `*` is any run of characters, `?` any one. Linear in the text for each
/// star, so that no pattern is slow.
pub fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut in_text) = (0, 0);
    // Where the last star was, and how much of the text it has swallowed.
    let mut star: Option<(usize, usize)> = None;
    while in_text < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, in_text));
                at += 1;
            }
            Some(&wanted) if wanted == text[in_text] || wanted == b'?' => {
                at += 1;
                in_text += 1;
            }
            _ => match star {
                Some((star_at, swallowed)) => {
                    star = Some((star_at, swallowed + 1));
                    at = star_at + 1;
                    in_text = swallowed + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|rest| *rest == b'*')
}

fn strings<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let all = Vec::<String>::deserialize(deserializer)?;
    if all.is_empty() {
        return Err(de::Error::custom("an empty list fits nothing: leave the key out to fit anything, or name something"));
    }
    Ok(all)
}

impl<'de> Deserialize<'de> for Patterns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        strings(deserializer).map(Patterns)
    }
}

impl<'de> Deserialize<'de> for Verbs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let all = strings(deserializer)?;
        match all.iter().find(|verb| *verb != "*" && !VERBS.contains(&verb.as_str())) {
            Some(wrong) => Err(de::Error::custom(format!("unknown verb `{wrong}`, expected one of {}", VERBS.join(", ")))),
            None => Ok(Verbs(all)),
        }
    }
}

impl<'de> Deserialize<'de> for Resources {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parse = |text: String| match text.split_once('/') {
            Some((resource, subresource)) => (resource.to_owned(), Some(subresource.to_owned())),
            None => (text, None),
        };
        Ok(Resources(strings(deserializer)?.into_iter().map(parse).collect()))
    }
}

/// The schema of a list of strings that is not empty.
macro_rules! list_schema {
    ($type:ty, $items:tt) => {
        impl JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "array", "minItems": 1, "items": $items})
            }
        }
    };
}

list_schema!(Patterns, {"type": "string"});
list_schema!(Resources, {"type": "string", "pattern": "^[^/]+(/[^/]+)?$"});

impl JsonSchema for Verbs {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Verbs".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut verbs = VERBS.to_vec();
        verbs.push("*");
        json_schema!({"type": "array", "minItems": 1, "items": {"enum": verbs}})
    }
}

#[cfg(test)]
mod tests;
