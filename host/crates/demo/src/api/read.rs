//! Lists: pages, versions, selectors, forms.

use super::{
    problem::Problem,
    resources::Resource,
    select::Selector,
    store::{Key, Store},
    table::Form,
};
use crate::query::first;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// What a list or a watch asks for.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) resource: &'static Resource,
    pub(crate) namespace: Option<String>,
    pub(crate) selector: Selector,
    pub(crate) form: Form,
}

/// The revision that a request names with `resourceVersion`; `None` when it names none.
pub(crate) fn asked_revision(query: &[(String, String)]) -> Result<Option<u64>, Problem> {
    match first(query, "resourceVersion").filter(|it| !it.is_empty()) {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| {
            Problem::bad_request(format!("invalid resource version {text:?}: send a number"))
        }),
    }
}

/// Nobody has seen a revision that is not there yet.
pub(crate) fn too_new(asked: u64, current: u64) -> Problem {
    Problem::new(
        504,
        "Timeout",
        format!("Too large resource version: {asked}, current: {current}"),
    )
}

/// Answers a list.
pub(crate) fn list(store: &Store, ask: &Ask, query: &[(String, String)]) -> Result<Value, Problem> {
    let asked = asked_revision(query)?;
    let current = store.revision();
    if let Some(asked) = asked.filter(|it| *it > current) {
        return Err(too_new(asked, current));
    }
    if first(query, "resourceVersionMatch") == Some("Exact")
        && asked.is_some_and(|it| it != current)
    {
        return Err(Problem::expired(
            "The demo cluster keeps no old lists: ask for the latest one",
        ));
    }
    let limit = match first(query, "limit").filter(|it| !it.is_empty()) {
        None => usize::MAX,
        Some(text) => text
            .parse()
            .map_err(|_| Problem::bad_request(format!("limit {text:?} is no number")))?,
    };
    let limit = if limit == 0 { usize::MAX } else { limit };
    let start = match first(query, "continue").filter(|it| !it.is_empty()) {
        None => None,
        Some(token) => Some(read_token(store, ask, token)?),
    };
    let (revision, after) = start.map_or((current, None), |(revision, key)| (revision, Some(key)));

    let candidates = store.list(ask.resource, ask.namespace.as_deref(), after.as_ref());
    let mut selected = candidates.filter(|(_, object)| ask.selector.matches(&object.value));
    let page: Vec<_> = selected.by_ref().take(limit).collect();
    let more = selected.count();
    // A list keeps the revision of its first page, so that a watch from there misses nothing.
    let mut metadata = json!({"resourceVersion": revision.to_string()});
    if let Some((last, _)) = page.last().filter(|_| more > 0) {
        metadata["continue"] = json!(token(revision, last));
        if ask.selector.is_empty() {
            metadata["remainingItemCount"] = json!(more);
        }
    }
    Ok(ask.form.list(
        ask.resource,
        metadata,
        page.iter().map(|(_, object)| &object.value),
    ))
}

fn token(revision: u64, last: &Key) -> String {
    URL_SAFE_NO_PAD.encode(json!([revision, last.namespace, last.name]).to_string())
}

fn read_token(store: &Store, ask: &Ask, token: &str) -> Result<(u64, Key), Problem> {
    let decoded = URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|it| serde_json::from_slice::<(u64, String, String)>(&it).ok());
    let Some((revision, namespace, name)) = decoded else {
        return Err(Problem::bad_request(
            "continue key is not valid; start the list again",
        ));
    };
    if ask.namespace.as_ref().is_some_and(|it| *it != namespace) {
        return Err(Problem::bad_request(
            "continue key is for another namespace; start the list again",
        ));
    }
    if store.since(revision).is_none() {
        return Err(Problem::expired(
            "The provided continue parameter is too old to display a consistent list result; start the list again",
        ));
    }
    Ok((revision, Key::new(ask.resource, &namespace, &name)))
}

#[cfg(test)]
mod tests;
