//! Whose a namespace is: by its label.

use portcullis_sdk::{JsonSchema, Request, cluster};
use serde::Deserialize;

/// How a namespace's label names the group that may approve.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// The label of the namespace: `example.com/team`.
    pub label: String,
    /// The group, with `{}` for the label's value: `{}-owners`.
    #[serde(default = "as_it_is")]
    pub group: String,
}

fn as_it_is() -> String {
    "{}".to_owned()
}

impl Team {
    /// The group of the request's namespace; nothing when it has none, or there is no namespace.
    pub(crate) fn of(&self, request: &Request<'_>) -> Result<Option<String>, String> {
        // A namespace itself is in no namespace, and belongs to its team all the same.
        let own = request.group().is_empty() && request.resource() == "namespaces";
        let Some(namespace) = request.namespace().or_else(|| request.name().filter(|_| own)) else { return Ok(None) };
        let pointer = self.pointer();
        let found = cluster::get(&cluster::resource("v1", "namespaces"), None, namespace, &[&pointer])?;
        let team = found.map(|namespace| namespace.try_get::<String>(&pointer)).transpose()?.flatten();
        Ok(team.filter(|team| !team.is_empty()).map(|team| self.group.replace("{}", &team)))
    }

    fn pointer(&self) -> String {
        format!("/metadata/labels/{}", self.label.replace('~', "~0").replace('/', "~1"))
    }

    pub(crate) fn validate(&self) -> Result<(), String> {
        if self.label.is_empty() {
            return Err("team: label: name a label of namespaces, such as example.com/team".to_owned());
        }
        if !self.group.contains("{}") {
            return Err("team: group: write {} where the label's value stands: without it the group belongs under `groups`".to_owned());
        }
        Ok(())
    }
}
