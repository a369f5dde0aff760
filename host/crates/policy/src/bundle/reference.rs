//! `{ secret: NAME }` in a configuration: it stands for a text that the operator keeps, and a bundle never holds.

use serde_json::Value;

use super::entry::Manifest;
use super::place::{line_of, tokens};
use super::{FILE, YamlError};
use crate::wit::World;

/// The only key of a reference.
const KEY: &str = "secret";

/// Bytes of a secret's name: as many as a key of a Kubernetes Secret may have.
const NAME_BYTES: usize = 253;

/// References of one configuration. Each is looked up when the set is loaded.
const REFERENCES: usize = 64;

/// A reference, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// RFC 6901, in the configuration.
    pub pointer: String,
    pub name: String,
}

/// A secret that a bundle refers to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct NeededSecret {
    /// Its name.
    pub name: String,
    /// The plugin that needs it.
    pub plugin: String,
    /// Where in the plugin's configuration: an RFC 6901 pointer.
    pub at: String,
    /// The line of `bundle.yaml`, from 1.
    pub line: u64,
}

/// The secrets that a `bundle.yaml` refers to, in its order.
///
/// # Errors
/// When it is wrong.
pub fn needed_secrets(bundle: &[u8]) -> Result<Vec<NeededSecret>, YamlError> {
    Ok(needed(&Manifest::parse(bundle)?, bundle))
}

/// A name that can be granted: what a Kubernetes Secret takes as a key.
pub(crate) fn is_name(name: &str) -> bool {
    matches!(name.len(), 1..=NAME_BYTES) && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// The references of a configuration. One whose name is no text has what stands there instead.
pub(crate) fn references(configuration: &Value) -> Vec<Reference> {
    let mut found = Vec::new();
    walk(configuration, &mut String::new(), &mut found);
    found
}

/// The name, where a value is a reference.
pub(crate) fn name_of(value: &Value) -> Option<String> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    let name = map.get(KEY)?;
    Some(name.as_str().map_or_else(|| name.to_string(), str::to_owned))
}

fn walk(value: &Value, pointer: &mut String, found: &mut Vec<Reference>) {
    if let Some(name) = name_of(value) {
        found.push(Reference { pointer: pointer.clone(), name });
        return;
    }
    let mut below = |token: &str, value: &Value| {
        let end = pointer.len();
        pointer.push('/');
        pointer.push_str(&token.replace('~', "~0").replace('/', "~1"));
        walk(value, pointer, found);
        pointer.truncate(end);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| below(key, value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, value)| below(&i.to_string(), value)),
        _ => {}
    }
}

fn needed(manifest: &Manifest, text: &[u8]) -> Vec<NeededSecret> {
    let mut needed = Vec::new();
    for (i, plugin) in manifest.plugins.iter().enumerate() {
        let Some(configuration) = &plugin.configuration else { continue };
        for Reference { pointer, name } in references(&configuration.value) {
            let index = i.to_string();
            let tokens: Vec<String> = tokens(&pointer).collect();
            let path: Vec<&str> = ["plugins", &index, "configuration"].into_iter().chain(tokens.iter().map(String::as_str)).collect();
            let line = line_of(text, &path).unwrap_or(plugin.name.referenced.line());
            needed.push(NeededSecret { name, plugin: plugin.name.value.clone(), at: pointer, line });
        }
    }
    needed
}

impl Manifest {
    /// What can be said of its references without the operator's word.
    pub(super) fn check_references(&self, text: &[u8]) -> Result<(), YamlError> {
        for NeededSecret { name, plugin, line, .. } in needed(self, text) {
            let wrong = |message: String| Err(YamlError { file: FILE.to_owned(), line, column: 1, message });
            let entry = self.plugins.iter().find(|entry| entry.name.value == plugin);
            if !is_name(&name) {
                return wrong(format!("`{name}` is no name of a secret; write `{{ secret: NAME }}` with letters, digits, `-`, `_` and `.`"));
            }
            if !entry.is_some_and(|entry| matches!(entry.world, World::AuditSink | World::Notifier)) {
                return wrong(format!(
                    "`{plugin}` refers to the secret `{name}`, and only an audit-sink or a notifier may: what other plugins say is shown to agents; leave it out"
                ));
            }
        }
        for plugin in &self.plugins {
            let count = plugin.configuration.as_ref().map_or(0, |configuration| references(&configuration.value).len());
            if count > REFERENCES {
                return Err(super::at(FILE, &plugin.name, format!("`{}` refers to {count} secrets, and may refer to {REFERENCES}; keep some of them together in one file", plugin.name.value)));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
