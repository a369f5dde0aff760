//! Requests for tests. Nothing of this is in a component.
#![cfg(not(target_arch = "wasm32"))]

use serde_json::Value;

use crate::{Body, Facts, Identity, IdentityKind, Request, RequestFacts, Session};

mod kubectl;

/// Requests for tests: from a path, with the verb that the API server would see.
impl Request<'static> {
    /// A request made up for a test: begins as a `get` of pods in `default` by an agent named `devin`.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// `GET` of a path: a `get`, a `list`, or with `?watch=true` a `watch`.
    pub fn get(path: &str) -> Request<'static> {
        Builder::of_path("get", path).build()
    }

    /// `POST` of a JSON body to a path: a `create`.
    pub fn post(path: &str, body: &str) -> Request<'static> {
        Builder::of_path("post", path).body(body).build()
    }

    /// `PUT` of a JSON body to a path: an `update`.
    pub fn put(path: &str, body: &str) -> Request<'static> {
        Builder::of_path("put", path).body(body).build()
    }

    /// `PATCH` of a path; what the object would be after it is given by [`Builder::preview`] where a test needs it.
    pub fn patch(path: &str, body: &str) -> Request<'static> {
        Builder::of_path("patch", path).body(body).build()
    }

    /// `DELETE` of a path: a `delete`, or without a name a `deletecollection`.
    pub fn delete(path: &str) -> Request<'static> {
        Builder::of_path("delete", path).build()
    }
}

/// Makes a [`Request`] for a test, field by field.
#[derive(Clone)]
pub struct Builder {
    /// What the request is read from when it is built, since a command may read the body.
    line: Option<String>,
    facts: Facts,
    body: Option<Value>,
    preview: Option<Result<Value, String>>,
}

impl Builder {
    fn new() -> Builder {
        let identity = Identity {
            issuer: "https://issuer.test".to_owned(),
            subject: "devin".to_owned(),
            kind: IdentityKind::Agent,
            sponsor: Some("bob".to_owned()),
            groups: Vec::new(),
        };
        let session =
            Session { id: "session-1".to_owned(), purpose: None, opened: 1_700_000_000_000, expires: 1_700_001_800_000 };
        let request = RequestFacts {
            connection: "test".to_owned(),
            verb: "get".to_owned(),
            is_resource: true,
            group: String::new(),
            version: "v1".to_owned(),
            resource: "pods".to_owned(),
            subresource: None,
            namespace: Some("default".to_owned()),
            name: None,
            path: String::new(),
            query: Vec::new(),
            dry_run: false,
            hash: "sha256:test".to_owned(),
            command: String::new(),
            claimed_command: None,
        };
        Builder { line: None, facts: Facts { identity, session, request }, body: None, preview: None }
    }

    /// From an HTTP method and a path with its query, read by the gateway's own code.
    ///
    /// # Panics
    ///
    /// When the gateway refuses such a path: the test is wrong.
    pub fn of_path(method: &str, path: &str) -> Builder {
        let mut builder = Builder::new();
        builder.facts.request = kubectl::of_target(method, path);
        builder
    }

    /// # Panics
    ///
    /// When a command line says what is set.
    fn set(&mut self, what: &str) -> &mut RequestFacts {
        if let Some(line) = &self.line {
            panic!("`{line}` says the {what} itself: write it there");
        }
        // What was rendered from a path no longer fits.
        self.facts.request.command.clear();
        &mut self.facts.request
    }

    /// The Kubernetes verb.
    pub fn verb(mut self, verb: &str) -> Builder {
        self.set("verb").verb = verb.to_owned();
        self
    }

    /// The resource, as kubectl writes it: `pods`, `pods/exec`, `deployments.apps`, `deployments.apps/scale`.
    pub fn resource(mut self, resource: &str) -> Builder {
        let (resource, subresource) = match resource.split_once('/') {
            Some((resource, subresource)) => (resource, Some(subresource.to_owned())),
            None => (resource, None),
        };
        let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
        let request = self.set("resource");
        request.group = group.to_owned();
        request.resource = resource.to_owned();
        request.subresource = subresource;
        self
    }

    /// The namespace.
    pub fn namespace(mut self, namespace: &str) -> Builder {
        self.set("namespace").namespace = Some(namespace.to_owned());
        self
    }

    /// No namespace: an object of the whole cluster, or a list over all namespaces.
    pub fn cluster_wide(mut self) -> Builder {
        self.set("namespace").namespace = None;
        self
    }

    /// The object's name.
    pub fn name(mut self, name: &str) -> Builder {
        self.set("name").name = Some(name.to_owned());
        self
    }

    /// A dry run.
    pub fn dry_run(mut self) -> Builder {
        self.facts.request.dry_run = true;
        self
    }

    /// The registered cluster.
    pub fn connection(mut self, connection: &str) -> Builder {
        self.facts.request.connection = connection.to_owned();
        self
    }

    /// Who asks: the subject, its kind and groups.
    pub fn identity(mut self, subject: &str, kind: IdentityKind, groups: &[&str]) -> Builder {
        let identity = &mut self.facts.identity;
        identity.subject = subject.to_owned();
        identity.kind = kind;
        identity.groups = groups.iter().map(|group| (*group).to_owned()).collect();
        self
    }

    /// On whose behalf the agent acts; nobody's with `None`.
    pub fn sponsor(mut self, sponsor: Option<&str>) -> Builder {
        self.facts.identity.sponsor = sponsor.map(str::to_owned);
        self
    }

    /// The session's id.
    pub fn session(mut self, id: &str) -> Builder {
        self.facts.session.id = id.to_owned();
        self
    }

    /// The body, as JSON text.
    ///
    /// # Panics
    ///
    /// When it is not JSON: the test is wrong.
    pub fn body(mut self, json: &str) -> Builder {
        self.body = Some(serde_json::from_str(json).unwrap_or_else(|error| panic!("the body is not JSON: {error}")));
        self
    }

    /// What the API server would answer to a dry run of this write, as JSON text.
    ///
    /// # Panics
    ///
    /// When it is not JSON: the test is wrong.
    pub fn preview(mut self, json: &str) -> Builder {
        self.preview = Some(Ok(serde_json::from_str(json).unwrap_or_else(|error| panic!("the preview is not JSON: {error}"))));
        self
    }

    /// The API server would refuse a dry run of this write, with this message.
    pub fn preview_fails(mut self, message: &str) -> Builder {
        self.preview = Some(Err(message.to_owned()));
        self
    }

    /// The request.
    ///
    /// # Panics
    ///
    /// When it is made from a command line that stands for no request, or for several.
    pub fn build(mut self) -> Request<'static> {
        if let Some(line) = self.line.take() {
            self = self.of_line(&line);
        }
        let request = &mut self.facts.request;
        if request.command.is_empty() {
            let target = if request.is_resource { &request.resource } else { &request.path };
            request.command = format!("kubectl {} {target} {}", request.verb, request.name.as_deref().unwrap_or_default());
            request.command.truncate(request.command.trim_end().len());
        }
        let preview = self.preview.unwrap_or_else(|| Err("this test gives no preview: call Builder::preview".to_owned()));
        let body = self.body.map_or_else(Body::none, |body| Body::native(body, preview));
        Request { facts: self.facts, body, after: std::cell::OnceCell::new() }
    }
}

#[cfg(test)]
mod tests;
