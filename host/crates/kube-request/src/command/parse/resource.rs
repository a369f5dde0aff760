//! Which objects a line is about.

use super::args::Args;
use super::ParseError;
use crate::names::{self, BuiltIn};

/// A resource of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resource {
    pub group: String,
    pub version: String,
    /// The plural.
    pub resource: String,
    /// Of one that is built in.
    pub kind: Option<&'static str>,
    /// Whether objects are in no namespace, where that is known.
    pub cluster: Option<bool>,
}

impl Resource {
    pub(super) fn built_in(found: &BuiltIn) -> Resource {
        Resource {
            group: found.group.to_owned(),
            version: found.version.to_owned(),
            resource: found.resource.to_owned(),
            kind: Some(found.kind),
            cluster: Some(found.cluster),
        }
    }

    /// `deploy`, `deployments.apps`, `widgets.v1beta1.example.com`.
    pub(super) fn parse(word: &str) -> Result<Resource, ParseError> {
        let unknown = || ParseError::Resource(word.to_owned());
        let Some((resource, rest)) = word.split_once('.') else {
            return names::by_word(word).map(Resource::built_in).ok_or_else(unknown);
        };
        let (version, group) = match rest.split_once('.') {
            Some((version, group)) if is_version(version) => (Some(version), group),
            _ => (None, rest),
        };
        if resource.is_empty() || (group.is_empty() && version.is_none()) {
            return Err(unknown());
        }
        let mut found = match names::by_word(resource).filter(|found| found.group == group) {
            Some(found) => Resource::built_in(found),
            None if group.is_empty() => return Err(unknown()),
            None => Resource {
                group: group.to_owned(),
                version: if group == "metrics.k8s.io" { "v1beta1" } else { "v1" }.to_owned(),
                resource: resource.to_ascii_lowercase(),
                kind: None,
                cluster: None,
            },
        };
        if let Some(version) = version {
            found.version = version.to_owned();
        }
        Ok(found)
    }

    /// Of an object's `apiVersion` and `kind`. The plural of a kind that is not built in is guessed as client-go does
    /// (`UnsafeGuessKindToResource`).
    pub(super) fn of_object(api_version: &str, kind: &str) -> Resource {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        if let Some(found) = names::by_kind(group, kind) {
            return Resource { version: version.to_owned(), ..Resource::built_in(found) };
        }
        let singular = kind.to_ascii_lowercase();
        let resource = match singular.strip_suffix('y') {
            Some(stem) => format!("{stem}ies"),
            None if singular.ends_with('s') => format!("{singular}es"),
            None => format!("{singular}s"),
        };
        Resource { group: group.to_owned(), version: version.to_owned(), resource, kind: None, cluster: None }
    }

    /// `v1` or `apps/v1`.
    pub(super) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The namespace that a line means by `-n`, by nothing, or by what the object says.
    pub(super) fn namespace(&self, given: Option<&str>) -> Option<String> {
        match (self.cluster, given) {
            (Some(true), _) => None,
            (_, Some(given)) => Some(given.to_owned()),
            (Some(false), None) => Some("default".to_owned()),
            (None, None) => None,
        }
    }

    /// The path of all objects, decoded.
    pub(super) fn collection(&self, namespace: Option<&str>) -> String {
        let mut path = if self.group.is_empty() { format!("/api/{}", self.version) } else { format!("/apis/{}/{}", self.group, self.version) };
        if let Some(namespace) = namespace {
            path.push_str(&format!("/namespaces/{namespace}"));
        }
        format!("{path}/{}", self.resource)
    }
}

/// As `v1`, `v2beta1`.
fn is_version(word: &str) -> bool {
    word.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// The object, or all objects, that a line names.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub resource: Resource,
    pub namespace: Option<String>,
    pub name: Option<String>,
}

impl Target {
    /// `TYPE`, `TYPE NAME` or `TYPE/NAME` from the word `at` on, and the words after it.
    pub(super) fn read(args: &Args, at: usize) -> Result<(Target, &[String]), ParseError> {
        let word = args.word(at, "a resource, such as `pods`")?;
        if word.contains(',') {
            return Err(args.usage("asks for several resources: a line stands for one request, so write one for each"));
        }
        if word == "all" {
            return Err(args.usage("asks for `all`, which is many resources: write the one that you mean"));
        }
        let (resource, name, next) = match word.split_once('/') {
            Some((resource, name)) => (resource, Some(name), at + 1),
            None => (word, args.words.get(at + 1).map(String::as_str), at + 2),
        };
        let resource = Resource::parse(resource)?;
        let everywhere = args.is("all-namespaces");
        if everywhere && name.is_some() && resource.cluster != Some(true) {
            return Err(args.usage("names an object in all namespaces: write `-n` and its namespace"));
        }
        let namespace = if everywhere { None } else { resource.namespace(args.value("namespace")) };
        let rest = args.words.get(next..).unwrap_or_default();
        Ok((Target { resource, namespace, name: name.map(str::to_owned) }, rest))
    }

    /// The same where one object must be named.
    pub(super) fn named(args: &Args, at: usize) -> Result<(Target, &[String]), ParseError> {
        if args.is("all") || args.value("selector").is_some() {
            return Err(args.usage("selects objects, and asks for each alone: name one"));
        }
        let (target, rest) = Target::read(args, at)?;
        match &target.name {
            Some(name) if !name.is_empty() && !name.contains('=') => Ok((target, rest)),
            _ => Err(args.usage("needs the name of an object: write TYPE NAME")),
        }
    }

    /// A pod: `NAME` or `pod/NAME`. What leads to a pod only by asking the cluster is refused.
    pub(super) fn pod(args: &Args, at: usize) -> Result<Target, ParseError> {
        let word = args.word(at, "the name of a pod")?;
        let name = match word.split_once('/') {
            None => word,
            Some((resource, name)) if Resource::parse(resource)?.resource == "pods" => name,
            Some(_) => return Err(args.usage(format!("takes one of the pods of {word}, which the line does not say: name the pod"))),
        };
        Ok(Target::of_pod(args.value("namespace"), name))
    }

    pub(super) fn of_pod(namespace: Option<&str>, name: &str) -> Target {
        let resource = Resource { group: String::new(), version: "v1".to_owned(), resource: "pods".to_owned(), kind: Some("Pod"), cluster: Some(false) };
        Target { namespace: resource.namespace(namespace), resource, name: Some(name.to_owned()) }
    }

    /// The path, decoded.
    pub(super) fn path(&self) -> String {
        let mut path = self.resource.collection(self.namespace.as_deref());
        if let Some(name) = &self.name {
            path.push('/');
            path.push_str(name);
        }
        path
    }

    /// The path to a subresource, decoded.
    pub(super) fn path_to(&self, subresource: &str) -> String {
        format!("{}/{subresource}", self.path())
    }
}
