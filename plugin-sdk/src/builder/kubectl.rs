//! Requests for tests from kubectl command lines, with the gateway's own code.

use kube_request::{Head, KubeRequest, kubectl};

use super::Builder;
use crate::{IdentityKind, Request, RequestFacts};

impl Request<'static> {
    /// The request that kubectl sends for a command line: exactly the facts that the gateway would give of it.
    ///
    /// ```
    /// use portcullis_sdk::Request;
    ///
    /// let request = Request::kubectl("delete ns prod").as_agent("devin").build();
    /// assert_eq!((request.verb(), request.resource(), request.name()), ("delete", "namespaces", Some("prod")));
    ///
    /// let pod = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"},"spec":{"hostNetwork":true}}"#;
    /// let request = Request::kubectl("kubectl apply -n shop -f -").body(pod).dry_run().build();
    /// assert!(request.is_dry_run() && request.body().get::<bool>("/spec/hostNetwork") == Some(true));
    /// ```
    ///
    /// `-f -` reads what [`Builder::body`] gives; so do `-f FILE`, whatever the file, and `edit`, `--patch-file` and `rollout undo`. What a line
    /// does not say is not there: `exec` without `-c` names no container, and `apply` is a creation, as at the first time.
    ///
    /// # Panics
    ///
    /// [`Builder::build`] does, when the line stands for no request, or for several, with a sentence that says what to write.
    pub fn kubectl(line: &str) -> Builder {
        let mut builder = Builder::new();
        builder.line = Some(line.to_owned());
        builder
    }
}

impl Builder {
    /// An agent of this name asks, on behalf of `bob`. So it is unless something else is said.
    pub fn as_agent(self, subject: &str) -> Builder {
        self.identity(subject, IdentityKind::Agent, &[])
    }

    /// A person asks, who is a member of these groups.
    pub fn as_human(mut self, subject: &str, groups: &[&str]) -> Builder {
        self.facts.identity.sponsor = None;
        self.identity(subject, IdentityKind::Human, groups)
    }

    /// A program asks, such as a CI job.
    pub fn as_workload(mut self, subject: &str) -> Builder {
        self.facts.identity.sponsor = None;
        self.identity(subject, IdentityKind::Workload, &[])
    }

    /// What the line stands for takes the place of the facts and of the body.
    pub(super) fn of_line(mut self, line: &str) -> Builder {
        let mut line = line.to_owned();
        if self.facts.request.dry_run {
            // Before what is handed to a container.
            line = match line.split_once(" -- ") {
                Some((before, after)) => format!("{before} --dry-run=server -- {after}"),
                None => format!("{line} --dry-run=server"),
            };
        }
        let body = self.body.as_ref().map(serde_json::Value::to_string);
        let read = kubectl::parse_with(&line, body.as_deref()).unwrap_or_else(|error| panic!("this test's command line cannot be read: {error}"));
        let request = read.request().unwrap_or_else(|refusal| panic!("the gateway refuses what `{line}` sends: {refusal}"));
        self.facts.request = facts(&self.facts.request.connection, &request);
        self.facts.request.hash = request.hash();
        self.body = request.body.map(|body| serde_json::from_slice(&body.bytes).unwrap_or_else(|error| panic!("the gateway's own JSON is none: {error}")));
        self
    }
}

/// The facts of a method and a target, as the gateway has them.
pub(super) fn of_target(method: &str, target: &str) -> RequestFacts {
    let method = method.to_ascii_uppercase();
    let path = target.split('?').next().unwrap_or_default();
    // Of these three the gateway takes streams only.
    let streams = path.contains("/pods/") && ["/exec", "/attach", "/portforward"].iter().any(|end| path.ends_with(end));
    let headers: &[(&str, &[u8])] = if streams { &[("connection", b"upgrade"), ("upgrade", b"SPDY/3.1")] } else { &[] };
    let request = KubeRequest::parse(&Head { method: &method, target, headers });
    facts("test", &request.unwrap_or_else(|refusal| panic!("the gateway refuses {method} {target}: {refusal}")))
}

fn facts(connection: &str, request: &KubeRequest) -> RequestFacts {
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
        hash: "sha256:test".to_owned(),
        command: request.command(),
        claimed_command: request.claimed_command.clone(),
    }
}
