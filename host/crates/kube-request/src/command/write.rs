//! `create`, `replace`, `apply`, `patch`, `scale`, and what approves or issues something.

use super::draft::Draft;
use crate::Json;
use crate::body::BodyType;
use crate::request::KubeRequest;

impl KubeRequest {
    /// `create` and `replace`: what the body is, is said in a shell comment.
    pub(super) fn by_stdin(&self, command: &str) -> String {
        let mut draft = Draft::new(self, command);
        draft.namespace();
        draft.subresource();
        draft.validation();
        draft.field_manager();
        draft.dry_run(false);
        draft.line.option("-f", "-");
        draft.note_body();
        draft.finish()
    }

    pub(super) fn patch_line(&self, name: &str) -> String {
        let kind = match self.body.as_ref().map(|body| body.content_type) {
            Some(BodyType::Apply) => return self.apply_line(),
            Some(BodyType::JsonPatch) => Some("json"),
            Some(BodyType::MergePatch) => Some("merge"),
            Some(BodyType::StrategicMerge) => Some("strategic"),
            Some(BodyType::Json) | None => None,
        };
        let mut draft = Draft::new(self, "patch");
        draft.object(name);
        draft.subresource();
        if let Some(kind) = kind {
            draft.line.word(&format!("--type={kind}"));
        }
        draft.field_manager();
        draft.dry_run(false);
        draft.line.word("--patch-file=/dev/stdin");
        draft.finish()
    }

    fn apply_line(&self) -> String {
        let mut draft = Draft::new(self, "apply --server-side");
        draft.namespace();
        draft.subresource();
        if draft.flag("force") {
            draft.line.word("--force-conflicts");
        }
        draft.validation();
        // What somebody no longer applies is removed, so here it matters which of kubectl's names it is.
        if let Some(manager) = draft.query("fieldManager").filter(|manager| *manager != "kubectl") {
            draft.line.word(&format!("--field-manager={manager}"));
        }
        draft.dry_run(false);
        draft.line.option("-f", "-");
        draft.note_body();
        draft.finish()
    }

    /// `spec.replicas` is all that a scale changes, and no secret.
    pub(super) fn scale_line(&self, name: &str) -> Option<String> {
        let body = self.body.as_ref()?;
        let (replicas, metadata) = match (body.content_type, &body.json) {
            (BodyType::JsonPatch, Json::Array(operations)) => match operations.as_slice() {
                [only] if matches!(only.get("op")?.as_str()?, "add" | "replace") && only.get("path")?.as_str() == Some("/spec/replicas") => {
                    (only.get("value")?.as_i64()?, None)
                }
                _ => return None,
            },
            (BodyType::JsonPatch | BodyType::Apply, _) => return None,
            (_, json) => (json.pointer("/spec/replicas")?.as_i64()?, json.get("metadata")),
        };
        let mut draft = Draft::new(self, "scale");
        draft.object(name);
        draft.line.word(&format!("--replicas={replicas}"));
        let precondition = |key: &str| metadata?.get(key)?.as_str().filter(|value| !value.is_empty());
        if let Some(version) = precondition("resourceVersion") {
            draft.line.word(&format!("--resource-version={version}"));
        }
        draft.dry_run(false);
        if let Some(uid) = precondition("uid") {
            draft.line.note_pair("uid", uid);
        }
        Some(draft.finish())
    }

    /// Who may use the token, for how long, and what it dies with: names and numbers.
    pub(super) fn token_line(&self, name: &str) -> String {
        let mut draft = Draft::new(self, "create token");
        draft.line.word(name);
        draft.namespace();
        let Some(spec) = self.body.as_ref().and_then(|body| body.json.get("spec")) else { return draft.finish() };
        for audience in spec.get("audiences").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str) {
            draft.line.word(&format!("--audience={audience}"));
        }
        if let Some(seconds) = spec.get("expirationSeconds").and_then(Json::as_i64) {
            draft.line.word(&format!("--duration={seconds}s"));
        }
        if let Some(bound) = spec.get("boundObjectRef") {
            let text = |key: &str| bound.get(key).and_then(Json::as_str).filter(|value| !value.is_empty());
            for (key, flag) in [("kind", "--bound-object-kind"), ("name", "--bound-object-name"), ("uid", "--bound-object-uid")] {
                if let Some(value) = text(key) {
                    draft.line.word(&format!("{flag}={value}"));
                }
            }
            if let Some(version) = text("apiVersion").filter(|version| *version != "v1") {
                draft.line.note_pair("apiVersion", version);
            }
        }
        draft.finish()
    }

    pub(super) fn approval_line(&self, name: &str) -> Option<String> {
        let conditions = self.body.as_ref()?.json.pointer("/status/conditions")?.as_array()?;
        let has = |kind: &str| conditions.iter().any(|c| c.get("type").and_then(Json::as_str) == Some(kind));
        let command = match (has("Approved"), has("Denied"), has("Failed")) {
            (true, false, false) => "certificate approve",
            (false, true, false) => "certificate deny",
            _ => return None,
        };
        let mut draft = Draft::new(self, command);
        draft.line.word(name);
        Some(draft.finish())
    }

    /// A pod is given its node.
    pub(super) fn binding_line(&self, name: &str) -> Option<String> {
        let node = self.body.as_ref()?.json.pointer("/target/name")?.as_str()?;
        let mut draft = Draft::new(self, "create");
        self.raw_words(&mut draft, true);
        draft.line.note(&["binds", "pod", name, "to", "node", node]);
        Some(draft.line.finish())
    }
}
