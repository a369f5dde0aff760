//! The body: read strictly, checked against the path, written anew.

use crate::protobuf::{self, ProtobufError};
use crate::headers::Headers;
use crate::request::{KubeRequest, Verb};
use crate::{Json, Refusal, dry_run};

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
        let content_type = content_type(request, &request.headers)?;
        if content_type == BodyType::Json && is_protobuf(&request.headers) {
            // Judged and sent as the JSON that says the same.
            let json = protobuf::decode(bytes).map_err(|error| unread_protobuf(request, &error))?;
            let body = Body { content_type, bytes: json.to_string().into_bytes(), json };
            body.check(request)?;
            return Ok(body);
        }
        if looks_like_yaml(content_type, bytes) {
            return Err(Refusal::unsupported_media_type(
                "the body is YAML, which the gateway does not read yet: send the same as JSON; `kubectl apply --server-side` does so by itself",
            ));
        }
        let json = Json::parse(bytes).map_err(|error| bad(format!("the body is not acceptable JSON: {error}; send one strict JSON document")))?;
        let body = Body { content_type, bytes: json.to_string().into_bytes(), json };
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

/// The content type that the header names, if it is one that this request may have.
fn content_type(request: &KubeRequest, headers: &Headers) -> Result<BodyType, Refusal> {
    if headers.content_encoding.is_some() {
        return Err(Refusal::unsupported_media_type("the body is compressed, which the API server does not take either: send it uncompressed"));
    }
    let is_patch = request.verb == Verb::Patch;
    let Some(header) = headers.content_type.as_deref() else {
        if is_patch {
            return Err(Refusal::unsupported_media_type("the patch has no content type: name one, such as application/merge-patch+json"));
        }
        // The API server's own default.
        return Ok(BodyType::Json);
    };
    let (media_type, parameters) = header.split_once(';').unwrap_or((header, ""));
    let charset = parameters.trim().to_ascii_lowercase();
    if !matches!(charset.as_str(), "" | "charset=utf-8" | "charset=\"utf-8\"") {
        return Err(Refusal::unsupported_media_type("the content type has parameters that are not read: leave them out, UTF-8 is taken for granted"));
    }
    let found = match media_type.trim().to_ascii_lowercase().as_str() {
        "application/json" => BodyType::Json,
        "application/json-patch+json" => BodyType::JsonPatch,
        "application/merge-patch+json" => BodyType::MergePatch,
        "application/strategic-merge-patch+json" => BodyType::StrategicMerge,
        "application/apply-patch+yaml" => BodyType::Apply,
        PROTOBUF => BodyType::Json,
        "application/cbor" | "application/apply-patch+cbor" => {
            return Err(Refusal::unsupported_media_type("the body is CBOR, which the gateway does not read: send application/json"));
        }
        "application/yaml" | "application/x-yaml" | "text/yaml" | "text/x-yaml" => {
            return Err(Refusal::unsupported_media_type("the body is YAML, which the gateway does not read yet: send the same as application/json"));
        }
        _ => return Err(Refusal::unsupported_media_type("the content type is not one of the Kubernetes API: send application/json")),
    };
    match (is_patch, found.is_patch()) {
        (true, false) => Err(Refusal::unsupported_media_type("application/json is no patch type: send application/merge-patch+json or another patch type")),
        (false, true) => Err(Refusal::unsupported_media_type("a patch type is taken with the method PATCH only: send application/json")),
        _ => Ok(found),
    }
}

const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

fn is_protobuf(headers: &Headers) -> bool {
    let media_type = headers.content_type.as_deref().and_then(|header| header.split(';').next());
    media_type.is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case(PROTOBUF))
}

fn unread_protobuf(request: &KubeRequest, error: &ProtobufError) -> Refusal {
    Refusal::unsupported_media_type(format!(
        "the body is protobuf, and {error}, so no policy could judge it: {}",
        instead_of_protobuf(request)
    ))
}

/// kubectl sends protobuf for a few commands that build the object themselves, and does not fall
/// back; the same objects go as JSON when they come from a file.
fn instead_of_protobuf(request: &KubeRequest) -> &'static str {
    match (request.verb, request.resource.as_str(), request.subresource.as_deref()) {
        (Verb::Create, _, Some("token")) => "run `kubectl create --raw` with a TokenRequest in JSON",
        (Verb::Create, _, Some("eviction")) | (Verb::Delete, ..) => "run `kubectl delete pod` for each pod instead of `kubectl drain`",
        (Verb::Create, "subjectaccessreviews", _) => "run `kubectl create -f` with a SubjectAccessReview in JSON or YAML",
        (Verb::Create, ..) => "run the same command with `--dry-run=client -o yaml`, save what it prints, and run `kubectl apply -f` or `kubectl create -f` with that file",
        _ => "send application/json",
    }
}

/// Server-side apply takes YAML; kubectl sends JSON under that name. A JSON object begins with a brace.
fn looks_like_yaml(content_type: BodyType, bytes: &[u8]) -> bool {
    content_type == BodyType::Apply && bytes.trim_ascii_start().first().is_some_and(|b| *b != b'{')
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
