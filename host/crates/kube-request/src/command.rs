//! The request as a kubectl command line, for people and for the record.
//!
//! It is made from the canonical request alone, never from what the client says it ran. It never
//! quotes a body: a body may hold a secret, and the line goes to approvers, logs and notifications.
//! What has no flag and changes what the request does stands behind it as a shell comment.

mod delete;
mod draft;
mod line;
pub mod parse;
mod read;
mod review;
mod stream;
mod write;

use crate::Method;
use crate::request::{KubeRequest, Verb};
use draft::Draft;
use line::Line;

impl KubeRequest {
    /// The command that sends this request, or where kubectl has none, one that reaches the same path
    /// with `--raw`. `-f -` and `/dev/stdin` stand for the body.
    pub fn command(&self) -> String {
        // Names in the path, and nothing that no command knows of.
        let named = self.name.is_some() && self.has_path(true);
        if !self.is_resource || !(named || self.has_path(false)) {
            return self.raw();
        }
        self.special().unwrap_or_else(|| self.ordinary(named))
    }

    /// Whether the path is what resource, name and subresource make, and so whether these say all of it. Below a
    /// subresource of a group anything may follow, and a path may put namespaces into a namespace.
    fn has_path(&self, named: bool) -> bool {
        let prefix = if self.group.is_empty() { 2 } else { 3 };
        let mut parts = self.path.trim_start_matches('/').split('/').skip(prefix).peekable();
        if self.verb == Verb::Watch {
            parts.next_if_eq(&"watch");
        }
        let namespace = self.namespace.as_deref().filter(|_| self.resource != "namespaces").map(|namespace| ["namespaces", namespace]);
        let expected = namespace.into_iter().flatten().chain([self.resource.as_str()]).chain(self.name.as_deref().filter(|_| named)).chain(self.subresource.as_deref());
        parts.eq(expected)
    }

    /// Requests for which kubectl has a word of their own.
    fn special(&self) -> Option<String> {
        let name = self.name.as_deref();
        match (self.group.as_str(), self.resource.as_str(), self.subresource.as_deref(), self.verb) {
            ("", "pods", Some("exec"), Verb::Create) => Some(self.exec_line(name?)),
            ("", "pods", Some("attach"), Verb::Create) => Some(self.attach_line(name?)),
            ("", "pods", Some("portforward"), Verb::Create) => Some(self.port_forward_line(name?)),
            ("", "pods", Some("log"), Verb::Get) => Some(self.logs_line(name?)),
            ("", "pods", Some("eviction"), Verb::Create) => Some(self.eviction_line(name?)),
            ("", "pods", Some("binding"), Verb::Create) => self.binding_line(name?),
            ("", "serviceaccounts", Some("token"), Verb::Create) => Some(self.token_line(name?)),
            ("certificates.k8s.io", "certificatesigningrequests", Some("approval"), Verb::Update) => self.approval_line(name?),
            ("authorization.k8s.io", "selfsubjectaccessreviews", None, Verb::Create) => self.can_i_line(),
            ("authorization.k8s.io", "selfsubjectrulesreviews", None, Verb::Create) => self.rules_line(),
            ("authentication.k8s.io", "selfsubjectreviews", None, Verb::Create) => Some(Draft::new(self, "auth whoami").finish()),
            (_, _, Some("scale"), Verb::Update | Verb::Patch) => self.scale_line(name?),
            _ => None,
        }
    }

    /// The verb's command on the resource.
    fn ordinary(&self, named: bool) -> String {
        match (self.verb, self.subresource.as_deref(), self.name.as_deref()) {
            (Verb::Get | Verb::List | Verb::Watch, None | Some("status" | "scale" | "resize"), _) => self.read_line(named),
            (Verb::Create, None, None) => self.by_stdin("create"),
            (Verb::Update, None | Some("status" | "scale" | "resize"), Some(_)) => self.by_stdin("replace"),
            // What a proxy leads to knows none of Kubernetes' patches.
            (Verb::Patch, subresource, Some(name)) if subresource != Some("proxy") => self.patch_line(name),
            (Verb::Delete | Verb::DeleteCollection, None, _) => self.delete_line(),
            _ => self.raw(),
        }
    }

    /// The path itself, for what has no command.
    fn raw(&self) -> String {
        let (command, body) = match self.method {
            Method::Get | Method::Head => ("get", false),
            Method::Post => ("create", true),
            Method::Put => ("replace", true),
            Method::Delete => ("delete", self.body.is_some()),
            Method::Patch | Method::Options => return self.by_proxy(),
        };
        let mut draft = Draft::new(self, command);
        self.raw_words(&mut draft, body);
        if self.method == Method::Head {
            draft.line.note(&["HEAD"]);
        }
        draft.line.finish()
    }

    /// The whole query is in the target, so that nothing of it is left to say.
    fn raw_words(&self, draft: &mut Draft<'_>, body: bool) {
        draft.line.option("--raw", &self.target());
        if body {
            draft.line.option("-f", "-");
        }
    }

    /// Methods that no command of kubectl sends to a path: its proxy does, for somebody else.
    fn by_proxy(&self) -> String {
        let mut line = Line::new("curl");
        line.option("-X", self.method.as_str());
        if let Some(body) = &self.body {
            line.option("-H", &format!("content-type:{}", body.content_type.media_type()));
            line.option("--data-binary", "@-");
        }
        line.word(&format!("http://127.0.0.1:8001{}", self.target()));
        line.note(&["through", "kubectl", "proxy"]);
        line.finish()
    }
}

#[cfg(test)]
mod tests;
