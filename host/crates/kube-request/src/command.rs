//! The request as a kubectl command line, for people and for the record.
//!
//! It is made from the canonical request alone, never from what the client says it ran. It never
//! quotes a body: a body may hold a secret, and the line goes to approvers, logs and notifications.

mod line;

use crate::body::BodyType;
use crate::names;
use crate::request::{KubeRequest, Verb};
use crate::{Json, Method};
use line::Line;

impl KubeRequest {
    /// The command that sends this request, or where kubectl has none, one that reaches the same path
    /// with `--raw`. `-f -` and `/dev/stdin` stand for the body.
    pub fn command(&self) -> String {
        if !self.is_resource {
            return self.raw();
        }
        self.special().unwrap_or_else(|| self.ordinary())
    }

    /// Requests for which kubectl has a word of their own.
    fn special(&self) -> Option<String> {
        let name = self.name.as_deref();
        match (self.group.as_str(), self.resource.as_str(), self.subresource.as_deref(), self.verb) {
            ("", "pods", Some("exec"), Verb::Create) => {
                let mut line = self.stream("exec", name?);
                line.word("--");
                for (_, word) in self.query.iter().filter(|(key, _)| key == "command") {
                    line.word(word);
                }
                Some(line.finish())
            }
            ("", "pods", Some("attach"), Verb::Create) => Some(self.stream("attach", name?).finish()),
            ("", "pods", Some("portforward"), Verb::Create) => {
                let mut line = Line::new("port-forward");
                line.word(&format!("pod/{}", name?));
                self.namespace(&mut line);
                for (_, ports) in self.query.iter().filter(|(key, _)| key == "ports") {
                    ports.split(',').for_each(|port| line.word(port));
                }
                Some(line.finish())
            }
            ("", "pods", Some("log"), Verb::Get) => Some(self.logs(name?)),
            ("", "serviceaccounts", Some("token"), Verb::Create) => {
                let mut line = Line::new("create token");
                line.word(name?);
                self.namespace(&mut line);
                Some(line.finish())
            }
            ("certificates.k8s.io", "certificatesigningrequests", Some("approval"), Verb::Update) => {
                let conditions = self.body.as_ref()?.json.pointer("/status/conditions")?.as_array()?;
                let has = |kind: &str| conditions.iter().any(|c| c.get("type").and_then(Json::as_str) == Some(kind));
                let mut line = Line::new(match (has("Approved"), has("Denied")) {
                    (true, false) => "certificate approve",
                    (false, true) => "certificate deny",
                    _ => return None,
                });
                line.word(name?);
                self.dry_run_flag(&mut line);
                Some(line.finish())
            }
            ("authorization.k8s.io", "selfsubjectaccessreviews", None, Verb::Create) => self.can_i(),
            ("authorization.k8s.io", "selfsubjectrulesreviews", None, Verb::Create) => {
                let mut line = Line::new("auth can-i --list");
                if let Some(namespace) = self.body.as_ref()?.json.pointer("/spec/namespace").and_then(Json::as_str).filter(|n| !n.is_empty()) {
                    line.option("-n", namespace);
                }
                Some(line.finish())
            }
            ("authentication.k8s.io", "selfsubjectreviews", None, Verb::Create) => Some("kubectl auth whoami".to_owned()),
            (_, _, Some("scale"), Verb::Update | Verb::Patch) => self.scale(name?),
            _ => None,
        }
    }

    /// The verb's command on the resource.
    fn ordinary(&self) -> String {
        match (self.verb, self.subresource.as_deref()) {
            (Verb::Get | Verb::List | Verb::Watch, None | Some("status" | "scale" | "resize")) => self.read(),
            (Verb::Create, None) => self.from_stdin("create"),
            (Verb::Update, None | Some("status" | "scale" | "resize")) => self.from_stdin("replace"),
            (Verb::Patch, _) => self.patch(),
            (Verb::Delete | Verb::DeleteCollection, None) => self.delete(),
            _ => self.raw(),
        }
    }

    fn read(&self) -> String {
        let mut line = Line::new("get");
        // A name from a field selector is shown as that selector.
        let by_path = self.query_value("fieldSelector").is_none() || self.verb == Verb::Get;
        match self.name.as_deref().filter(|_| by_path) {
            Some(name) => self.object(&mut line, name),
            None => {
                line.word(&names::plural(&self.group, &self.resource));
                self.scope(&mut line);
            }
        }
        self.selectors(&mut line);
        if self.verb == Verb::Watch {
            line.word("-w");
        }
        self.subresource_flag(&mut line);
        line.finish()
    }

    /// `create` and `replace`: what the body is, is said in a shell comment.
    fn from_stdin(&self, command: &str) -> String {
        let mut line = Line::new(command);
        self.namespace(&mut line);
        self.subresource_flag(&mut line);
        self.dry_run_flag(&mut line);
        line.option("-f", "-");
        self.comment(&mut line);
        line.finish()
    }

    fn patch(&self) -> String {
        let content_type = self.body.as_ref().map(|body| body.content_type);
        if content_type == Some(BodyType::Apply) {
            let mut line = Line::new("apply --server-side");
            self.namespace(&mut line);
            self.subresource_flag(&mut line);
            if self.query_flag("force") {
                line.word("--force-conflicts");
            }
            if let Some(manager) = self.query_value("fieldManager").filter(|manager| *manager != "kubectl") {
                line.word(&format!("--field-manager={manager}"));
            }
            self.dry_run_flag(&mut line);
            line.option("-f", "-");
            self.comment(&mut line);
            return line.finish();
        }
        let mut line = Line::new("patch");
        self.object(&mut line, self.name.as_deref().unwrap_or_default());
        self.subresource_flag(&mut line);
        if let Some(kind) = match content_type {
            Some(BodyType::JsonPatch) => Some("json"),
            Some(BodyType::MergePatch) => Some("merge"),
            Some(BodyType::StrategicMerge) => Some("strategic"),
            _ => None,
        } {
            line.word(&format!("--type={kind}"));
        }
        self.dry_run_flag(&mut line);
        line.word("--patch-file=/dev/stdin");
        line.finish()
    }

    fn delete(&self) -> String {
        let mut line = Line::new("delete");
        match &self.name {
            Some(name) => self.object(&mut line, name),
            None => {
                line.word(&names::plural(&self.group, &self.resource));
                self.scope(&mut line);
                self.selectors(&mut line);
                if self.query_value("labelSelector").unwrap_or_default().is_empty() && self.query_value("fieldSelector").unwrap_or_default().is_empty() {
                    line.word("--all");
                }
            }
        }
        // The body counts where there is one, the query elsewhere; `with_body` leaves only one of them.
        let options = self.body.as_ref().map(|body| &body.json);
        let option = |key: &str| match options.and_then(|options| options.get(key)) {
            Some(Json::Number(text) | Json::String(text)) => Some(text.as_str()),
            _ => self.query_value(key),
        };
        match option("gracePeriodSeconds") {
            Some("0") => {
                line.word("--grace-period=0");
                line.word("--force");
            }
            Some(seconds) => line.word(&format!("--grace-period={seconds}")),
            None => {}
        }
        match option("propagationPolicy") {
            Some("Orphan") => line.word("--cascade=orphan"),
            Some("Foreground") => line.word("--cascade=foreground"),
            _ => {}
        }
        self.dry_run_flag(&mut line);
        line.finish()
    }

    /// `spec.replicas` is all that a scale says, and no secret.
    fn scale(&self, name: &str) -> Option<String> {
        let body = self.body.as_ref()?;
        let replicas = match (body.content_type, &body.json) {
            (BodyType::JsonPatch, Json::Array(operations)) => match operations.as_slice() {
                [only] if only.get("path")?.as_str() == Some("/spec/replicas") => only.get("value")?.as_i64()?,
                _ => return None,
            },
            (_, json) => json.pointer("/spec/replicas")?.as_i64()?,
        };
        let mut line = Line::new("scale");
        self.object(&mut line, name);
        line.word(&format!("--replicas={replicas}"));
        self.dry_run_flag(&mut line);
        Some(line.finish())
    }

    fn logs(&self, name: &str) -> String {
        let mut line = Line::new("logs");
        line.word(name);
        self.namespace(&mut line);
        if let Some(container) = self.query_value("container") {
            line.option("-c", container);
        }
        for (key, flag) in [("follow", "-f"), ("previous", "--previous"), ("timestamps", "--timestamps")] {
            if self.query_flag(key) {
                line.word(flag);
            }
        }
        for (key, flag, unit) in [("tailLines", "--tail", ""), ("sinceSeconds", "--since", "s"), ("sinceTime", "--since-time", ""), ("limitBytes", "--limit-bytes", "")] {
            if let Some(value) = self.query_value(key) {
                line.word(&format!("{flag}={value}{unit}"));
            }
        }
        line.finish()
    }

    fn stream(&self, command: &str, name: &str) -> Line {
        let mut line = Line::new(command);
        line.word(name);
        self.namespace(&mut line);
        if let Some(container) = self.query_value("container") {
            line.option("-c", container);
        }
        if self.query_flag("stdin") {
            line.word("-i");
        }
        if self.query_flag("tty") {
            line.word("-t");
        }
        line
    }

    fn can_i(&self) -> Option<String> {
        let json = &self.body.as_ref()?.json;
        let mut line = Line::new("auth can-i");
        let text = |value: &Json, key: &str| value.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
        if let Some(attributes) = json.pointer("/spec/nonResourceAttributes").filter(|value| value.as_object().is_some()) {
            line.word(&text(attributes, "verb"));
            line.word(&text(attributes, "path"));
            return Some(line.finish());
        }
        let attributes = json.pointer("/spec/resourceAttributes").filter(|value| value.as_object().is_some())?;
        line.word(&text(attributes, "verb"));
        let mut resource = names::plural(&text(attributes, "group"), &text(attributes, "resource")).into_owned();
        for (separator, key) in [("/", "name")] {
            let part = text(attributes, key);
            if !part.is_empty() {
                resource = format!("{resource}{separator}{part}");
            }
        }
        line.word(&resource);
        let subresource = text(attributes, "subresource");
        if !subresource.is_empty() {
            line.word(&format!("--subresource={subresource}"));
        }
        match text(attributes, "namespace").as_str() {
            "" => line.word("-A"),
            namespace => line.option("-n", namespace),
        }
        Some(line.finish())
    }

    /// The path itself, for what has no command.
    fn raw(&self) -> String {
        let (command, body) = match self.method {
            Method::Get | Method::Head | Method::Options => ("get", false),
            Method::Post => ("create", true),
            Method::Put | Method::Patch => ("replace", true),
            Method::Delete => ("delete", false),
        };
        let mut line = Line::new(command);
        line.option("--raw", &self.target());
        if body {
            line.option("-f", "-");
        }
        if matches!(self.method, Method::Head | Method::Options | Method::Patch) {
            line.comment(self.method.as_str());
        }
        line.finish()
    }

    /// `deployment web -n shop`.
    fn object(&self, line: &mut Line, name: &str) {
        line.word(&names::singular(&self.group, &self.resource));
        line.word(name);
        self.namespace(line);
    }

    /// `-n`, where there is one; for a namespace itself it would say nothing.
    fn namespace(&self, line: &mut Line) {
        let itself = self.group.is_empty() && self.resource == "namespaces";
        if let Some(namespace) = self.namespace.as_deref().filter(|_| !itself) {
            line.option("-n", namespace);
        }
    }

    /// `-n` or, where all namespaces are meant, `-A`.
    fn scope(&self, line: &mut Line) {
        self.namespace(line);
        if self.namespace.is_none() && !names::is_cluster_scoped(&self.group, &self.resource) {
            line.word("-A");
        }
    }

    fn selectors(&self, line: &mut Line) {
        if let Some(labels) = self.query_value("labelSelector").filter(|value| !value.is_empty()) {
            line.option("-l", labels);
        }
        if let Some(fields) = self.query_value("fieldSelector").filter(|value| !value.is_empty()) {
            line.word(&format!("--field-selector={fields}"));
        }
    }

    fn subresource_flag(&self, line: &mut Line) {
        if let Some(subresource) = &self.subresource {
            line.word(&format!("--subresource={subresource}"));
        }
    }

    /// As asked; `dry_run` says whether it would be honoured.
    fn dry_run_flag(&self, line: &mut Line) {
        if self.dry_run || self.query_value("dryRun").is_some() {
            line.word("--dry-run=server");
        }
    }

    /// What the body on standard input is.
    fn comment(&self, line: &mut Line) {
        let kind = names::singular(&self.group, &self.resource);
        let name = self.body.as_ref().and_then(|body| body.name()).or(self.name.as_deref());
        line.comment(&match name {
            Some(name) => format!("{kind} {name}"),
            None => kind.into_owned(),
        });
    }
}

#[cfg(test)]
mod tests;
