//! What a body is, by the header that says so.

use crate::headers::Headers;
use crate::request::{KubeRequest, Verb};
use crate::{BodyType, Refusal};

/// What the bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Yaml,
    Protobuf,
}

/// What the header names, if it is something that this request may have.
pub(super) fn read(request: &KubeRequest, headers: &Headers) -> Result<(BodyType, Format), Refusal> {
    let refuse = |message: &str| Err(Refusal::unsupported_media_type(message));
    if headers.content_encoding.is_some() {
        return refuse("the body is compressed, which the API server does not take either: send it uncompressed");
    }
    let is_patch = request.verb == Verb::Patch;
    let Some(header) = headers.content_type.as_deref() else {
        if is_patch {
            return refuse("the patch has no content type: name one, such as application/merge-patch+json");
        }
        // The API server's own default.
        return Ok((BodyType::Json, Format::Json));
    };
    let (media_type, parameters) = header.split_once(';').unwrap_or((header, ""));
    let charset = parameters.trim().to_ascii_lowercase();
    if !matches!(charset.as_str(), "" | "charset=utf-8" | "charset=\"utf-8\"") {
        return refuse("the content type has parameters that are not read: leave them out, UTF-8 is taken for granted");
    }
    let found = match media_type.trim().to_ascii_lowercase().as_str() {
        "application/json" => (BodyType::Json, Format::Json),
        "application/yaml" => (BodyType::Json, Format::Yaml),
        "application/vnd.kubernetes.protobuf" => (BodyType::Json, Format::Protobuf),
        "application/json-patch+json" => (BodyType::JsonPatch, Format::Json),
        "application/merge-patch+json" => (BodyType::MergePatch, Format::Json),
        "application/strategic-merge-patch+json" => (BodyType::StrategicMerge, Format::Json),
        "application/apply-patch+yaml" => (BodyType::Apply, Format::Yaml),
        "application/cbor" | "application/apply-patch+cbor" => {
            return refuse("the body is CBOR, which the gateway does not read: send application/json");
        }
        "application/x-yaml" | "text/yaml" | "text/x-yaml" => {
            return refuse("the API server knows YAML as application/yaml only: send it as that, or as application/json");
        }
        _ => return refuse("the content type is not one of the Kubernetes API: send application/json"),
    };
    match (is_patch, found.0.is_patch()) {
        (true, false) => refuse("the content type is no patch type: send application/merge-patch+json or another patch type"),
        (false, true) => refuse("a patch type is taken with the method PATCH only: send application/json"),
        _ => Ok(found),
    }
}
