//! The `Accept` that is sent upstream: only forms that can be read and masked.
//!
//! Clients decode by the response's `Content-Type`, so an answer in JSON to one who would rather have
//! had protobuf is understood. Two documents are published to everyone and hold no objects, the
//! OpenAPI ones: those may stay protobuf.

use crate::names;
use crate::request::{KubeRequest, Verb};
use std::borrow::Cow;

/// The most forms that are taken from a client's list.
const MAX_FORMS: usize = 8;

const JSON: &str = "application/json";

impl KubeRequest {
    /// The value of `Accept` for the API server, in the client's order of preference, ending in JSON.
    pub fn accept(&self) -> Cow<'static, str> {
        let wanted = self.headers.accept.as_deref().unwrap_or(JSON);
        if self.is_resource {
            return match self.subresource.as_deref() {
                // Text, whatever is asked; negotiation comes first, so JSON must be acceptable.
                Some("log") => Cow::Borrowed("application/json, */*"),
                Some("proxy") => Cow::Borrowed("*/*"),
                _ => resource(wanted),
            };
        }
        match self.path.trim_end_matches('/') {
            "/api" | "/apis" => forms(wanted, discovery),
            "/openapi/v2" => forms(wanted, |clause| opaque(clause, &OPENAPI_V2)),
            path if path == "/openapi/v3" || path.starts_with("/openapi/v3/") => forms(wanted, |clause| opaque(clause, &OPENAPI_V3)),
            path if path.starts_with("/api/") || path.starts_with("/apis/") => Cow::Borrowed(JSON),
            // Health, version and metrics: text and JSON, never the protobuf form of the metrics.
            _ => Cow::Borrowed("application/json, text/plain, */*;q=0.1"),
        }
    }

    /// Whether the client asked for rows to print, `as=Table`.
    pub fn wants_table(&self) -> bool {
        self.is_resource
            && matches!(self.verb, Verb::Get | Verb::List | Verb::Watch)
            && self.headers.accept.as_deref().is_some_and(|accept| accept.contains("as=Table"))
    }

    /// Whether the resource is one of Kubernetes' own, whose columns are known: none shows what a Secret, an environment or
    /// an annotation holds (`kubernetes/pkg/printers/internalversion/printers.go`). Those of a custom resource show any
    /// field that its author chose.
    pub fn is_built_in(&self) -> bool {
        names::is_built_in(&self.group, &self.resource)
    }

    /// Whether the answer is a document published to everyone (OpenAPI), which may pass in a form
    /// that the gateway does not read.
    pub fn is_opaque_document(&self) -> bool {
        !self.is_resource && matches!(self.verb, Verb::Http(_)) && (self.path == "/openapi/v2" || self.path == "/openapi/v3" || self.path.starts_with("/openapi/v3/"))
    }
}

const OPENAPI_V2: [&str; 2] =
    ["application/com.github.proto-openapi.spec.v2@v1.0+protobuf", "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"];
const OPENAPI_V3: [&str; 2] =
    ["application/com.github.proto-openapi.spec.v3@v1.0+protobuf", "application/com.github.proto-openapi.spec.v3.v1.0+protobuf"];

/// Fast for what most requests say.
fn resource(wanted: &str) -> Cow<'static, str> {
    match wanted {
        JSON | "*/*" | "application/json, */*" => Cow::Borrowed(JSON),
        _ => forms(wanted, conversion),
    }
}

/// Each clause that `form` knows, best first, each once, and JSON at the end.
fn forms(wanted: &str, form: impl Fn(&Clause<'_>) -> Option<Cow<'static, str>>) -> Cow<'static, str> {
    let mut clauses: Vec<Clause<'_>> = wanted.split(',').filter_map(Clause::parse).take(MAX_FORMS).collect();
    // Stable: equals keep the client's order.
    clauses.sort_by_key(|clause| std::cmp::Reverse(clause.quality));
    let mut chosen: Vec<Cow<'static, str>> = Vec::new();
    for clause in clauses.iter().filter(|clause| clause.quality > 0) {
        if let Some(form) = form(clause)
            && !chosen.contains(&form)
        {
            let last = form == JSON;
            chosen.push(form);
            if last {
                break;
            }
        }
    }
    match chosen.last() {
        None => Cow::Borrowed(JSON),
        Some(last) if chosen.len() == 1 && last == JSON => Cow::Borrowed(JSON),
        Some(last) => {
            let complete = last == JSON;
            let mut text = chosen.join(",");
            if !complete {
                text.push_str(",application/json");
            }
            Cow::Owned(text)
        }
    }
}

/// Objects as such, as a Table, or as their metadata. A conversion asked for in protobuf is asked for
/// in JSON instead.
fn conversion(clause: &Clause<'_>) -> Option<Cow<'static, str>> {
    if !matches!(clause.media_type.as_str(), JSON | "application/vnd.kubernetes.protobuf" | "application/*" | "*/*") {
        return None;
    }
    if clause.r#as.is_empty() {
        return Some(Cow::Borrowed(JSON));
    }
    let known = matches!(clause.r#as, "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList");
    if !known || clause.group != "meta.k8s.io" || !matches!(clause.version, "v1" | "v1beta1") {
        return None;
    }
    Some(Cow::Owned(format!("application/json;as={};v={};g=meta.k8s.io", clause.r#as, clause.version)))
}

/// Aggregated discovery.
fn discovery(clause: &Clause<'_>) -> Option<Cow<'static, str>> {
    if !matches!(clause.media_type.as_str(), JSON | "application/vnd.kubernetes.protobuf" | "application/*" | "*/*") {
        return None;
    }
    if clause.r#as.is_empty() {
        return Some(Cow::Borrowed(JSON));
    }
    if clause.r#as != "APIGroupDiscoveryList" || clause.group != "apidiscovery.k8s.io" || !matches!(clause.version, "v2" | "v2beta1") {
        return None;
    }
    Some(Cow::Owned(format!("application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList", clause.version)))
}

/// A document that passes as it is.
fn opaque(clause: &Clause<'_>, known: &[&'static str]) -> Option<Cow<'static, str>> {
    if matches!(clause.media_type.as_str(), JSON | "application/*" | "*/*") {
        return Some(Cow::Borrowed(JSON));
    }
    known.iter().find(|known| **known == clause.media_type).map(|known| Cow::Borrowed(*known))
}

/// One alternative of an `Accept` list, as far as the API server reads it
/// (`handlers/negotiation/negotiate.go`).
struct Clause<'a> {
    media_type: String,
    r#as: &'a str,
    group: &'a str,
    version: &'a str,
    /// In thousandths.
    quality: u32,
}

impl<'a> Clause<'a> {
    fn parse(text: &'a str) -> Option<Clause<'a>> {
        let mut parts = text.split(';').map(str::trim);
        let media_type = parts.next().filter(|t| t.contains('/'))?.to_ascii_lowercase();
        let mut clause = Clause { media_type, r#as: "", group: "", version: "", quality: 1000 };
        for part in parts {
            let (key, value) = part.split_once('=')?;
            let value = value.trim().trim_matches('"');
            match key.trim() {
                "as" => clause.r#as = value,
                "g" => clause.group = value,
                "v" => clause.version = value,
                "q" => clause.quality = value.parse::<f32>().ok().filter(|q| (0.0..=1.0).contains(q)).map_or(0, |q| (q * 1000.0) as u32),
                _ => {}
            }
        }
        Some(clause)
    }
}

#[cfg(test)]
mod tests;
