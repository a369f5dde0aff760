//! The body: read strictly, checked against the path, written anew.

mod content_type;

use crate::json::JsonError;
use crate::protobuf::ProtobufError;
use crate::request::{KubeRequest, Verb};
use crate::yaml::{self, YamlError};
use crate::{Json, Refusal, dry_run};
use content_type::Format;

/// The largest body, in bytes: the API server's own limit (`MaxRequestBodyBytes`).
pub const MAX_BODY: usize = 3 * 1024 * 1024;

/// The most operations in a JSON patch: the API server's own limit (`maxJSONPatchOperations`).
const MAX_OPERATIONS: usize = 10_000;

/// What a body is, by its content type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BodyType {
    /// An object.
    Json,
    /// RFC 6902: a list of operations.
    JsonPatch,
    /// RFC 7386.
    MergePatch,
    /// Kubernetes' own: lists are merged by key.
    StrategicMerge,
    /// Server-side apply: an object that holds the fields to own.
    Apply,
}

impl BodyType {
    /// The content type that is sent upstream.
    pub fn media_type(self) -> &'static str {
        match self {
            BodyType::Json => "application/json",
            BodyType::JsonPatch => "application/json-patch+json",
            BodyType::MergePatch => "application/merge-patch+json",
            BodyType::StrategicMerge => "application/strategic-merge-patch+json",
            BodyType::Apply => "application/apply-patch+yaml",
        }
    }

    /// Whether this is one of the patch forms.
    pub fn is_patch(self) -> bool {
        self != BodyType::Json
    }
}

/// A body that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// What it is.
    pub content_type: BodyType,
    /// What it says.
    pub json: Json,
    /// The text that is sent: `json`, written compactly.
    pub bytes: Vec<u8>,
}

impl Body {
    /// Parse `bytes` for `request`.
    pub(crate) fn read(request: &KubeRequest, bytes: &[u8]) -> Result<Body, Refusal> {
        if bytes.len() > MAX_BODY {
            return Err(Refusal::too_large("body", "the body is larger than 3 MiB, which is the API server's limit too: send less at once"));
        }
        let (content_type, format) = content_type::read(request, &request.headers)?;
        let json = match format {
            Format::Json => Json::parse(bytes).map_err(|error| unread_json(&error))?,
            // kubectl sends JSON under the name of YAML, and the rules for JSON are the plainer ones.
            Format::Yaml if bytes.trim_ascii_start().starts_with(b"{") => match Json::parse(bytes) {
                Ok(json) if yaml::reads_as_json(&json) => json,
                Ok(_) => Json::from_yaml(bytes).map_err(|error| unread_yaml(&error))?,
                Err(error) => Json::from_yaml(bytes).map_err(|_| unread_json(&error))?,
            },
            Format::Yaml => Json::from_yaml(bytes).map_err(|error| unread_yaml(&error))?,
            Format::Protobuf => Json::from_protobuf(bytes).map_err(|error| unread_protobuf(&error))?,
        };
        let body = Body { content_type, bytes: json.to_string().into_bytes(), json };
        if body.bytes.len() > MAX_BODY {
            return Err(Refusal::too_large("body", "the body is larger than 3 MiB as JSON, which is what the gateway sends: send less at once"));
        }
        body.check(request)?;
        Ok(body)
    }

    /// The object's name, as the body says.
    pub fn name(&self) -> Option<&str> {
        self.json.get("metadata")?.get("name")?.as_str().filter(|name| !name.is_empty())
    }

    /// The object's namespace, as the body says.
    pub fn namespace(&self) -> Option<&str> {
        self.json.get("metadata")?.get("namespace")?.as_str().filter(|namespace| !namespace.is_empty())
    }

    /// The shape that the content type demands, and agreement with the path.
    fn check(&self, request: &KubeRequest) -> Result<(), Refusal> {
        if self.content_type == BodyType::JsonPatch {
            return check_operations(&self.json);
        }
        if !request.is_resource || request.subresource.as_deref() == Some("proxy") {
            return Ok(());
        }
        if self.json.as_object().is_none() {
            return Err(bad("the body is not a JSON object: send one".to_owned()));
        }
        for key in ["kind", "apiVersion"] {
            if !matches!(self.json.get(key), None | Some(Json::String(_) | Json::Null)) {
                return Err(bad(format!("the body's {key} is not a string: write it as one")));
            }
        }
        match request.verb {
            Verb::Delete | Verb::DeleteCollection => self.check_options(),
            _ => self.check_object(request),
        }
    }

    /// A DELETE takes `DeleteOptions`, of any group's version.
    fn check_options(&self) -> Result<(), Refusal> {
        match self.json.get("kind").and_then(Json::as_str) {
            None | Some("" | "DeleteOptions") => Ok(()),
            Some(_) => Err(bad("the body of a DELETE is of another kind than DeleteOptions: send DeleteOptions or nothing".to_owned())),
        }
    }

    /// What the API server refuses too, but only after every policy has read the one or the other
    /// (`rest.BeforeCreate`, `scope.AcceptsGroupVersion`, `handlers/update.go`).
    fn check_object(&self, request: &KubeRequest) -> Result<(), Refusal> {
        let metadata = match self.json.get("metadata") {
            None | Some(Json::Null) => None,
            Some(value @ Json::Object(_)) => Some(value),
            Some(_) => return Err(bad("the body's metadata is not an object: write it as one".to_owned())),
        };
        for (key, of_path) in [("name", request.name.as_deref()), ("namespace", request.namespace.as_deref())] {
            let in_body = match metadata.and_then(|metadata| metadata.get(key)) {
                None | Some(Json::Null) => continue,
                Some(Json::String(text)) => text.as_str(),
                Some(_) => return Err(bad(format!("the body's metadata.{key} is not a string: write it as one"))),
            };
            // A namespace is in no namespace, though its path names one.
            if in_body.is_empty() || (key == "namespace" && request.group.is_empty() && request.resource == "namespaces") {
                continue;
            }
            if of_path.is_some_and(|of_path| of_path != in_body) {
                return Err(bad(format!("the {key} in the body is another than the one in the path: make them equal")));
            }
        }
        // Subresources take kinds of other groups (Scale, Eviction, TokenRequest); merge patches need say nothing.
        let api_version = self.json.get("apiVersion").and_then(Json::as_str).filter(|version| !version.is_empty());
        if let Some(api_version) = api_version
            && request.subresource.is_none()
            && api_version != request.api_version()
        {
            return Err(bad("the apiVersion in the body is another than the one in the path: make them equal".to_owned()));
        }
        Ok(())
    }

    /// Whether the API server would change nothing, the body's word included.
    pub(crate) fn dry_run(&self, request: &KubeRequest, in_query: bool) -> Result<bool, Refusal> {
        if matches!(request.verb, Verb::Delete | Verb::DeleteCollection) {
            let in_body = dry_run::in_options(&self.json, "body.dryRun")?;
            if in_query && !in_body {
                return Err(dry_run::bad(
                    "query.dryRun",
                    "the query asks for a dry run and the body does not, and the API server would go by the body: write dryRun in the DeleteOptions only",
                ));
            }
            return Ok(in_body);
        }
        if request.subresource.as_deref() == Some("eviction") {
            let in_body = match self.json.get("deleteOptions") {
                Some(options) => dry_run::in_options(options, "body.deleteOptions.dryRun")?,
                None => false,
            };
            return Ok(in_query || in_body);
        }
        Ok(in_query)
    }
}

fn unread_json(error: &JsonError) -> Refusal {
    bad(format!("the body is not acceptable JSON: {error}; send one strict JSON document"))
}

fn unread_yaml(error: &YamlError) -> Refusal {
    match error {
        YamlError::TooLarge => Refusal::too_large("body", "the YAML holds more than can be judged: send less at once"),
        error => bad(format!("the body is not acceptable YAML: {error}")),
    }
}

fn unread_protobuf(error: &ProtobufError) -> Refusal {
    match error {
        // What another version of Kubernetes may know.
        ProtobufError::Kind { .. } | ProtobufError::Field { .. } => {
            Refusal::unsupported_media_type(format!("the body is protobuf, and {error}, so no policy could judge it: send application/json"))
        }
        ProtobufError::TooLarge => Refusal::too_large("body", "the body is larger than 3 MiB as JSON, which is what the gateway sends: send less at once"),
        error => bad(format!("the body is not acceptable protobuf: {error}; send the object once, whole, or as application/json")),
    }
}

/// RFC 6902, sections 3 and 4.
fn check_operations(json: &Json) -> Result<(), Refusal> {
    let operations = json.as_array().ok_or_else(|| bad("a JSON patch is a list of operations: send an array".to_owned()))?;
    if operations.len() > MAX_OPERATIONS {
        return Err(Refusal::too_large("body", "the JSON patch has more than 10000 operations, which is the API server's limit too: split it"));
    }
    let is_pointer = |value: Option<&Json>| value.and_then(Json::as_str).is_some_and(|text| text.is_empty() || text.starts_with('/'));
    for operation in operations {
        let fine = match operation.get("op").and_then(Json::as_str) {
            Some("add" | "replace" | "test") => operation.get("value").is_some(),
            Some("move" | "copy") => is_pointer(operation.get("from")),
            Some("remove") => true,
            _ => false,
        };
        if !fine || !is_pointer(operation.get("path")) {
            return Err(bad("an operation of the JSON patch is not one of RFC 6902: each needs op, path and what the op asks for".to_owned()));
        }
    }
    Ok(())
}

fn bad(message: String) -> Refusal {
    Refusal::malformed("body", message)
}

#[cfg(test)]
mod tests;
