//! From a path to what it means (`k8s.io/apiserver/pkg/endpoints/request/requestinfo.go`).

use super::resources::{self, Resource};
use crate::query::decode;

/// What a path names.
#[derive(Debug)]
pub(crate) enum Route {
    /// `/api`.
    Core,
    /// `/apis`.
    Groups,
    /// `/apis/{group}`.
    Group(String),
    /// `/api/v1` or `/apis/{group}/{version}`.
    GroupVersion(String, String),
    /// `/openapi/v2`, `/openapi/v3`, `/openapi/v3/{…}`.
    OpenApi(String),
    /// `/version`.
    Version,
    /// `/healthz`, `/livez`, `/readyz` and what is below them.
    Health,
    /// A collection, an object or a subresource.
    Resource(Target),
}

/// A resource path.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) resource: &'static Resource,
    /// `None` for cluster-wide resources and for all namespaces.
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) subresource: Option<String>,
}

/// Reads a path, still encoded; `None` when nothing is there.
pub(crate) fn route(path: &str) -> Option<Route> {
    // Each segment is decoded by itself, so that an encoded slash cannot move a boundary.
    let segments: Vec<String> = path
        .trim_matches('/')
        .split('/')
        .map(|it| decode(it, false))
        .collect();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["version"] => Some(Route::Version),
        ["healthz" | "livez" | "readyz", ..] => Some(Route::Health),
        ["openapi", version, rest @ ..] => {
            Some(Route::OpenApi([&[*version], rest].concat().join("/")))
        }
        ["api"] => Some(Route::Core),
        ["apis"] => Some(Route::Groups),
        ["api", version] => Some(Route::GroupVersion(String::new(), (*version).to_owned())),
        ["apis", group] => Some(Route::Group((*group).to_owned())),
        ["apis", group, version] => Some(Route::GroupVersion(
            (*group).to_owned(),
            (*version).to_owned(),
        )),
        ["api", version, rest @ ..] => target("", version, rest).map(Route::Resource),
        ["apis", group, version, rest @ ..] => target(group, version, rest).map(Route::Resource),
        _ => None,
    }
}

fn target(group: &str, version: &str, rest: &[&str]) -> Option<Target> {
    if rest.iter().any(|it| it.is_empty()) {
        return None;
    }
    let (namespace, rest) = match rest {
        // `/namespaces/x` is the namespace itself, as are its two subresources.
        ["namespaces", _] | ["namespaces", _, "status" | "finalize"] => (None, rest),
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => {
            (Some((*namespace).to_owned()), rest)
        }
        _ => (None, rest),
    };
    let (plural, name, subresource) = match rest {
        [plural] => (*plural, None, None),
        [plural, name] => (*plural, Some(*name), None),
        [plural, name, subresource] => (*plural, Some(*name), Some(*subresource)),
        _ => return None,
    };
    let resource = resources::find(group, version, plural)?;
    // A name needs its namespace; a cluster-wide resource has none.
    let fits = if resource.namespaced {
        namespace.is_some() || name.is_none()
    } else {
        namespace.is_none()
    };
    let owned = |it: Option<&str>| it.map(str::to_owned);
    fits.then(|| Target {
        resource,
        namespace,
        name: owned(name),
        subresource: owned(subresource),
    })
}

#[cfg(test)]
mod tests;
