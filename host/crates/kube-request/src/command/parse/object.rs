//! Writing the objects that commands send.

use super::resource::Resource;
use crate::Json;

pub(super) fn text(text: impl Into<String>) -> Json {
    Json::String(text.into())
}

pub(super) fn number(number: i64) -> Json {
    Json::Number(number.to_string())
}

pub(super) fn list<'a>(items: impl IntoIterator<Item = &'a str>) -> Json {
    Json::Array(items.into_iter().map(text).collect())
}

pub(super) fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// `{"spec":{"replicas":3}}` of the keys that lead to a value.
pub(super) fn nested(keys: &[&str], value: Json) -> Json {
    keys.iter().rev().fold(value, |inner, key| object([(key, inner)]))
}

/// One more member; nothing where there is nothing to say.
pub(super) fn put(json: &mut Json, key: &str, value: Option<Json>) {
    if let (Json::Object(members), Some(value)) = (json, value) {
        members.push((key.to_owned(), value));
    }
}

/// An object of a resource of Kubernetes' own, with its name, and its namespace where it is in one.
pub(super) fn of(resource: &Resource, name: &str, namespace: Option<&str>) -> Json {
    let mut metadata = object([("name", text(name))]);
    put(&mut metadata, "namespace", namespace.map(text));
    object([("apiVersion", text(resource.api_version())), ("kind", text(resource.kind.unwrap_or_default())), ("metadata", metadata)])
}
