//! The rules of a deny-list as a Kubewarden policy has them, for `cargo xtask bench policy`.
//!
//! Each evaluation gets one JSON text with the settings and the whole admission request, as Kubewarden's guests do, in an instance of its own. Written as its
//! SDK for Rust would have it: typed structures by serde, the object as a `serde_json::Value`. Nothing here is slow on purpose: names that are not
//! needed are skipped, settings are compared as they are, and the answer is written without a tree in between.

use serde::{Deserialize, Serialize};
use serde_json::Value;

#[allow(missing_docs, unsafe_code, unused, clippy::all)]
mod bindings {
    wit_bindgen::generate!({ path: "wit", world: "policy" });
    export!(Policy);

    struct Policy;

    impl Guest for Policy {
        fn validate(payload: String) -> String {
            super::validate(&payload)
        }
    }
}

#[derive(Deserialize)]
struct Payload {
    request: Request,
    settings: Settings,
}

/// An AdmissionRequest, as Kubewarden's SDK has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    operation: String,
    resource: Resource,
    #[serde(default)]
    sub_resource: Option<String>,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default, rename = "object")]
    _object: Option<Value>,
    #[serde(default, rename = "oldObject")]
    _old_object: Option<Value>,
}

#[derive(Deserialize)]
struct Resource {
    group: String,
    resource: String,
}

#[derive(Deserialize)]
struct Settings {
    #[serde(default)]
    deny: Vec<Rule>,
    #[serde(default)]
    allow: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    rule: String,
    #[serde(rename = "match")]
    matches: Vec<Match>,
    #[serde(default)]
    message: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Match {
    verbs: Vec<String>,
    groups: Vec<String>,
    resources: Vec<String>,
    subresources: Vec<String>,
    namespaces: Vec<String>,
}

#[derive(Serialize)]
struct Answer<'a> {
    accepted: bool,
    message: Option<&'a str>,
}

/// One evaluation.
#[must_use]
pub fn validate(payload: &str) -> String {
    let payload: Payload = match serde_json::from_str(payload) {
        Ok(payload) => payload,
        Err(error) => return answer(false, Some(&error.to_string())),
    };
    let applies = |rules: &'_ [Rule]| rules.iter().position(|rule| rule.matches.iter().any(|matches| matches.holds(&payload.request)));
    match (applies(&payload.settings.deny), applies(&payload.settings.allow)) {
        (Some(at), _) => {
            let rule = &payload.settings.deny[at];
            answer(false, Some(rule.message.as_deref().unwrap_or(&rule.rule)))
        }
        (None, Some(_)) => answer(true, None),
        (None, None) => answer(false, Some("no rule allows it")),
    }
}

fn answer(accepted: bool, message: Option<&str>) -> String {
    serde_json::to_string(&Answer { accepted, message }).unwrap_or_default()
}

impl Match {
    fn holds(&self, request: &Request) -> bool {
        let one = |names: &[String], name: &str| names.is_empty() || names.iter().any(|n| n == "*" || n.eq_ignore_ascii_case(name));
        one(&self.verbs, &request.operation)
            && one(&self.groups, &request.resource.group)
            && one(&self.resources, &request.resource.resource)
            && one(&self.subresources, request.sub_resource.as_deref().unwrap_or_default())
            && one(&self.namespaces, request.namespace.as_deref().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
