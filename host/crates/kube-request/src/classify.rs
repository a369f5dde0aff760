//! What a method and a path mean: the API server's `RequestInfoFactory`, case by case
//! (`apiserver/pkg/endpoints/request/requestinfo.go`), so that RBAC there and policies here speak of
//! the same thing. Where this file refuses, the API server has no route either, or has two readings.

use crate::head::{Method, method_refused};
use crate::query::{first, is_true};
use crate::request::Verb;
use crate::{Refusal, selector};

/// What was understood of method, path and query.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Info {
    pub is_resource: bool,
    pub group: String,
    pub version: String,
    pub resource: String,
    pub subresource: Option<String>,
    pub namespace: Option<String>,
    pub name: Option<String>,
}

/// Subresources of a namespace, to be told from resources in it (`namespaceSubresources`).
const NAMESPACE_SUBRESOURCES: [&str; 2] = ["status", "finalize"];

/// Classify a decoded path. `path` has no empty segment, except one at the end.
pub(crate) fn classify(method: Method, path: &str, query: &[(String, String)]) -> Result<(Verb, Info), Refusal> {
    let mut info = Info::default();
    let mut parts = path.trim_matches('/').split('/').peekable();
    // Fewer than three segments are no resource.
    let segments = path.trim_matches('/').split('/').count();
    let prefix = parts.next().unwrap_or_default();
    let groupless = prefix == "api";
    if (!groupless && prefix != "apis") || segments < if groupless { 3 } else { 4 } {
        return Ok((Verb::Http(method), info));
    }
    info.is_resource = true;
    if !groupless {
        info.group = parts.next().unwrap_or_default().to_owned();
    }
    info.version = parts.next().unwrap_or_default().to_owned();

    let mut verb = match method {
        Method::Get | Method::Head => Verb::Get,
        Method::Post => Verb::Create,
        Method::Put => Verb::Update,
        Method::Patch => Verb::Patch,
        Method::Delete => Verb::Delete,
        Method::Options => return Err(method_refused("OPTIONS is not served on resources: use GET to read them")),
    };
    match parts.peek().copied() {
        // The verb `proxy` by path went with Kubernetes 1.10; nothing answers there any more.
        Some("proxy") => {
            return Err(bad("the path form `/proxy/…` before the resource is no longer served by Kubernetes: use the proxy subresource"));
        }
        Some("watch") => {
            // There the verb is `watch` whatever the method is; only GET has a route.
            if method != Method::Get {
                return Err(method_refused("the path form `/watch/…` takes GET only: use GET"));
            }
            parts.next();
            if parts.peek().is_none() {
                return Err(bad("the path ends after `/watch`: name the resource to watch"));
            }
            verb = Verb::Watch;
        }
        _ => {}
    }
    let legacy_watch = verb == Verb::Watch;

    // parts: resource/name/subresource/rest, or namespaces/{namespace}/ in front of that.
    let mut parts: Vec<&str> = parts.collect();
    if parts[0] == "namespaces" && parts.len() > 1 {
        info.namespace = Some(parts[1].to_owned());
        if parts.len() > 2 && !NAMESPACE_SUBRESOURCES.contains(&parts[2]) {
            parts.drain(..2);
        }
    }
    info.resource = parts[0].to_owned();
    info.name = parts.get(1).map(|name| (*name).to_owned());
    info.subresource = parts.get(2).map(|subresource| (*subresource).to_owned());
    let is_proxy = info.subresource.as_deref() == Some("proxy");

    // A slash at the end means nothing to the API server, and everything to what a proxy leads to.
    if path.ends_with('/') && !is_proxy {
        return Err(bad("the path ends with a slash: write it without"));
    }
    // The core group has nothing below a subresource, except what a proxy leads to.
    if parts.len() > 3 && info.group.is_empty() && !is_proxy {
        return Err(bad("the path goes on after the subresource: Kubernetes serves nothing there"));
    }
    if legacy_watch && info.subresource.is_some() {
        return Err(bad("a subresource cannot be watched: watch the resource"));
    }

    if verb == Verb::Get && info.name.is_none() {
        verb = list_or_watch(query, &mut info)?;
    }
    if verb == Verb::Delete && info.name.is_none() {
        verb = Verb::DeleteCollection;
    }
    // By GET (WebSocket) these carry the RBAC verb `get`; what they do is what a POST to them does.
    if verb == Verb::Get && is_stream(&info) {
        verb = Verb::Create;
    }
    Ok((verb, info))
}

/// Pods' subresources that switch protocols.
pub(crate) fn is_stream(info: &Info) -> bool {
    info.group.is_empty()
        && info.resource == "pods"
        && info.name.is_some()
        && matches!(info.subresource.as_deref(), Some("exec" | "attach" | "portforward"))
}

/// A GET without a name. Options that do not decode are refused, as the API server's handler would.
fn list_or_watch(query: &[(String, String)], info: &mut Info) -> Result<Verb, Refusal> {
    for key in ["limit", "timeoutSeconds"] {
        if let Some(value) = first(query, key)
            && !is_go_integer(value)
        {
            return Err(Refusal::malformed(format!("query.{key}"), format!("the query has a {key} that is not a number: write digits")));
        }
    }
    if let Some(fields) = first(query, "fieldSelector") {
        let name = selector::exact_name(fields).map_err(|_| {
            Refusal::malformed("query.fieldSelector", "the field selector cannot be understood: write terms such as `metadata.name=web`, joined by commas")
        })?;
        if name.is_some() && first(query, "labelSelector").is_some_and(|labels| !selector::labels::is_valid(labels)) {
            return Err(Refusal::malformed("query.labelSelector", "the label selector cannot be understood: write terms such as `app=web`, joined by commas"));
        }
        // A name that could not be a path segment is not taken for one (`IsPathSegmentName`).
        info.name = name.filter(|name| !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '%']));
    }
    match first(query, "watch") {
        // `strings.EqualFold` knows more than ASCII: `fal\u{17f}e` is false to it.
        Some(value) if !value.is_ascii() => Err(Refusal::malformed("query.watch", "the query has a `watch` that is neither true nor false: write `watch=true`")),
        Some(value) if is_true(value) => Ok(Verb::Watch),
        _ => Ok(Verb::List),
    }
}

/// `strconv.ParseInt(value, 10, 64)`.
fn is_go_integer(value: &str) -> bool {
    value.parse::<i64>().is_ok()
}

fn bad(message: &str) -> Refusal {
    Refusal::malformed("path", message)
}

#[cfg(test)]
mod tests;
