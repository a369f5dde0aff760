//! A command for one request, which keeps account of what of the query it has said.

use super::line::Line;
use crate::query::is_true;
use crate::request::KubeRequest;
use crate::{Method, names};

/// Options that say how an answer is written or when it ends at the latest, and nothing of what is read or changed.
const OF_NO_MATTER: [&str; 4] = ["pretty", "allowWatchBookmarks", "timeout", "timeoutSeconds"];

/// The line so far. What of the query no flag has said when it is finished goes into its comment.
pub(super) struct Draft<'r> {
    pub(super) request: &'r KubeRequest,
    pub(super) line: Line,
    said: Vec<&'static str>,
}

impl<'r> Draft<'r> {
    pub(super) fn new(request: &'r KubeRequest, command: &str) -> Draft<'r> {
        Draft { request, line: Line::new(&format!("kubectl {command}")), said: Vec::with_capacity(8) }
    }

    /// An option of the query, which the caller says.
    pub(super) fn query(&mut self, key: &'static str) -> Option<&'r str> {
        self.said.push(key);
        self.request.query_value(key)
    }

    /// The same where it is true or false.
    pub(super) fn flag(&mut self, key: &'static str) -> bool {
        self.query(key).is_some_and(is_true)
    }

    /// All values of an option, which the caller says.
    pub(super) fn list(&mut self, key: &'static str) -> impl Iterator<Item = &'r str> + use<'r> {
        self.said.push(key);
        self.request.query.iter().filter(move |(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// `deployment web -n shop`.
    pub(super) fn object(&mut self, name: &str) {
        self.line.word(&names::singular(&self.request.group, &self.request.resource));
        self.line.word(name);
        self.namespace();
    }

    /// `deployments -n shop`, or `-A` where all namespaces are meant.
    pub(super) fn collection(&mut self) {
        let KubeRequest { group, resource, namespace, .. } = self.request;
        self.line.word(&names::plural(group, resource));
        self.namespace();
        if namespace.is_none() && !names::is_cluster_scoped(group, resource) {
            self.line.word("-A");
        }
    }

    /// `-n`, where there is one; for a namespace itself it would say nothing.
    pub(super) fn namespace(&mut self) {
        let itself = self.request.group.is_empty() && self.request.resource == "namespaces";
        if let Some(namespace) = self.request.namespace.as_deref().filter(|_| !itself) {
            self.line.option("-n", namespace);
        }
    }

    pub(super) fn selectors(&mut self) {
        if let Some(labels) = self.query("labelSelector").filter(|value| !value.is_empty()) {
            self.line.option("-l", labels);
        }
        if let Some(fields) = self.query("fieldSelector").filter(|value| !value.is_empty()) {
            self.line.word(&format!("--field-selector={fields}"));
        }
    }

    pub(super) fn subresource(&mut self) {
        if let Some(subresource) = &self.request.subresource {
            self.line.word(&format!("--subresource={subresource}"));
        }
    }

    /// As asked; `KubeRequest::dry_run` says whether it would be honoured.
    pub(super) fn dry_run(&mut self, in_body: bool) {
        if self.query("dryRun").is_some() || in_body {
            self.line.word("--dry-run=server");
        }
    }

    /// Who owns the fields, unless kubectl itself does.
    pub(super) fn field_manager(&mut self) {
        if let Some(manager) = self.query("fieldManager").filter(|manager| !is_kubectl(manager)) {
            self.line.word(&format!("--field-manager={manager}"));
        }
    }

    /// `create` and `replace` are strict about unknown fields unless told otherwise, which only ever refuses more.
    pub(super) fn validation(&mut self) {
        match self.query("fieldValidation") {
            Some("Warn") => self.line.word("--validate=warn"),
            Some("Ignore") => self.line.word("--validate=ignore"),
            Some("Strict") | None => {}
            Some(other) => self.line.note_pair("fieldValidation", other),
        }
    }

    /// What the body on standard input is.
    pub(super) fn note_body(&mut self) {
        let request = self.request;
        let kind = names::singular(&request.group, &request.resource);
        let body = request.body.as_ref();
        let prefix = body.and_then(|body| body.json.pointer("/metadata/generateName")?.as_str()).filter(|prefix| !prefix.is_empty());
        match (body.and_then(|body| body.name()).or(request.name.as_deref()), prefix) {
            (Some(name), _) => self.line.note(&[&kind, name]),
            (None, Some(prefix)) => {
                self.line.note(&[&kind]);
                self.line.note_pair("generateName", prefix);
            }
            (None, None) => self.line.note(&[&kind]),
        }
    }

    pub(super) fn finish(mut self) -> String {
        if self.request.method == Method::Head {
            self.line.note(&["HEAD"]);
        }
        for (key, value) in &self.request.query {
            if !self.said.contains(&key.as_str()) && !self.is_understood(key, value) {
                self.line.note_pair(key, value);
            }
        }
        self.line.finish()
    }

    /// What the line says without a word, or what does not matter.
    fn is_understood(&self, key: &str, value: &str) -> bool {
        match key {
            // The verb tells.
            "watch" => true,
            "fieldManager" => is_kubectl(value),
            "fieldValidation" => value == "Strict",
            key => OF_NO_MATTER.contains(&key),
        }
    }
}

/// kubectl's commands call themselves `kubectl-create` and so on.
fn is_kubectl(manager: &str) -> bool {
    manager == "kubectl" || manager.starts_with("kubectl-")
}
