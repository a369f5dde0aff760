//! `auth`: questions about oneself.

use super::draft::Draft;
use crate::request::KubeRequest;
use crate::{Json, names};

impl KubeRequest {
    pub(super) fn can_i_line(&self) -> Option<String> {
        let json = &self.body.as_ref()?.json;
        let text = |value: &Json, pointer: &str| value.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned();
        let mut draft = Draft::new(self, "auth can-i");
        if let Some(attributes) = json.pointer("/spec/nonResourceAttributes").filter(|value| value.as_object().is_some()) {
            draft.line.word(&text(attributes, "/verb"));
            draft.line.word(&text(attributes, "/path"));
            return Some(draft.finish());
        }
        let attributes = json.pointer("/spec/resourceAttributes").filter(|value| value.as_object().is_some())?;
        draft.line.word(&text(attributes, "/verb"));
        let mut resource = names::plural(&text(attributes, "/group"), &text(attributes, "/resource")).into_owned();
        let name = text(attributes, "/name");
        if !name.is_empty() {
            resource = format!("{resource}/{name}");
        }
        draft.line.word(&resource);
        let subresource = text(attributes, "/subresource");
        if !subresource.is_empty() {
            draft.line.word(&format!("--subresource={subresource}"));
        }
        match text(attributes, "/namespace").as_str() {
            "" => draft.line.word("-A"),
            namespace => draft.line.option("-n", namespace),
        }
        for (key, pointer) in [("version", "/version"), ("fieldSelector", "/fieldSelector/rawSelector"), ("labelSelector", "/labelSelector/rawSelector")] {
            let value = text(attributes, pointer);
            if !value.is_empty() {
                draft.line.note_pair(key, &value);
            }
        }
        Some(draft.finish())
    }

    pub(super) fn rules_line(&self) -> Option<String> {
        let mut draft = Draft::new(self, "auth can-i --list");
        if let Some(namespace) = self.body.as_ref()?.json.pointer("/spec/namespace").and_then(Json::as_str).filter(|n| !n.is_empty()) {
            draft.line.option("-n", namespace);
        }
        Some(draft.finish())
    }
}
