//! A component's own JSON Schema, held against its configuration before it sees it: the message then names the key.
//!
//! The schema is as little to be trusted as the component. It is bounded in size, its patterns run in linear time, nothing is fetched for it, and
//! what it says about one value stays bounded however it refers to itself.

use std::collections::HashMap;

use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use super::configure::ConfigureError;
use crate::wit::Description;

/// Bytes of a schema. The largest of the default plugins' has 20 KB.
const SCHEMA_BYTES: usize = 256 << 10;

/// Subschemas that hold for one value, after everything that is referred to. A handful of references each to two others make millions.
const SUBSCHEMAS: u64 = 100_000;

/// Mistakes in a configuration that are looked at for the one that is told.
const ERRORS: usize = 64;

/// Bytes that one compiled pattern may take.
const PATTERN_BYTES: usize = 1 << 20;

/// Holds a configuration against the component's schema; an empty one says nothing. The error tells the key, and not the value: it may be a credential.
pub(super) fn validate(description: &Description, configuration: &Value) -> Result<(), ConfigureError> {
    let text = &description.configuration_schema;
    if text.is_empty() {
        return Ok(());
    }
    let wrong = |why: String| ConfigureError::Schema(why);
    if text.len() > SCHEMA_BYTES {
        return Err(wrong(format!("it has {} bytes, and may have {SCHEMA_BYTES}", text.len())));
    }
    let schema: Value = serde_json::from_str(text).map_err(|e| wrong(e.to_string()))?;
    Expansion::of(&schema).map_err(wrong)?;
    let patterns = jsonschema::PatternOptions::regex().size_limit(PATTERN_BYTES);
    let validator = jsonschema::options().with_pattern_options(patterns).build(&schema).map_err(|e| wrong(e.to_string()))?;
    // A misspelt key is one that is too much and often one that is missing too; the former is what stands in the file.
    let too_much = |kind: &ValidationErrorKind| matches!(kind, ValidationErrorKind::AdditionalProperties { .. });
    let errors = || validator.iter_errors(configuration).take(ERRORS);
    match errors().find(|error| too_much(error.kind())).or_else(|| errors().next()) {
        None => Ok(()),
        Some(error) => {
            let mut pointer = error.instance_path().to_string();
            // The key that is too much is what there is to look for.
            if let ValidationErrorKind::AdditionalProperties { unexpected } = error.kind()
                && let Some(key) = unexpected.first()
            {
                pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
            }
            Err(ConfigureError::Invalid { pointer, message: error.masked().to_string() })
        }
    }
}

/// Keywords whose subschemas hold for the same value as the schema that they stand in. Others descend into the value, which the operator wrote and which ends.
const SAME_VALUE: [&str; 10] = ["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "$ref", "$dynamicRef"];

/// How many subschemas hold for one value.
struct Expansion<'a> {
    root: &'a Value,
    /// By the subschema's address within the document; nothing while it is being counted.
    known: HashMap<*const Value, Option<u64>>,
}

impl<'a> Expansion<'a> {
    /// Counts those of every subschema in the document.
    fn of(root: &'a Value) -> Result<(), String> {
        let mut expansion = Expansion { root, known: HashMap::new() };
        let mut waiting = vec![root];
        while let Some(value) = waiting.pop() {
            expansion.count(value)?;
            match value {
                Value::Object(map) => waiting.extend(map.values()),
                Value::Array(items) => waiting.extend(items),
                _ => {}
            }
        }
        Ok(())
    }

    fn count(&mut self, schema: &'a Value) -> Result<u64, String> {
        let Value::Object(map) = schema else { return Ok(1) };
        match self.known.get(&std::ptr::from_ref(schema)) {
            Some(Some(count)) => return Ok(*count),
            Some(None) => return Err("it refers to itself without end".to_owned()),
            None => {}
        }
        self.known.insert(std::ptr::from_ref(schema), None);
        let mut count: u64 = 1;
        for key in SAME_VALUE {
            let Some(value) = map.get(key) else { continue };
            let below: Vec<&Value> = match value {
                // A reference to another document is refused by the validator: there is nothing to fetch it with.
                Value::String(reference) => self.referred(reference).into_iter().collect(),
                Value::Array(items) => items.iter().collect(),
                Value::Object(named) if key == "dependentSchemas" => named.values().collect(),
                other => vec![other],
            };
            for schema in below {
                count = count.saturating_add(self.count(schema)?);
            }
        }
        if count > SUBSCHEMAS {
            return Err(format!("more than {SUBSCHEMAS} of its subschemas hold for one value"));
        }
        self.known.insert(std::ptr::from_ref(schema), Some(count));
        Ok(count)
    }

    /// What a reference within the document points to. An anchor or an identifier is looked for by name.
    fn referred(&self, reference: &str) -> Option<&'a Value> {
        let (base, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        // By an identifier, whatever is written before its last name: what is in another document is in none of ours.
        let last = |identifier: &str| identifier.trim_end_matches('#').rsplit('/').next().unwrap_or_default().to_owned();
        let root = match base {
            "" => self.root,
            base => found(self.root, &|map| map.get("$id").and_then(Value::as_str).is_some_and(|id| last(id) == last(base)))?,
        };
        if fragment.is_empty() {
            return Some(root);
        }
        if fragment.starts_with('/') {
            return root.pointer(&unescaped(fragment));
        }
        found(root, &|map| ["$anchor", "$dynamicAnchor"].iter().any(|key| map.get(*key).and_then(Value::as_str) == Some(fragment)))
    }
}

/// A fragment without its percent-encoding.
fn unescaped(fragment: &str) -> String {
    let bytes = fragment.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| fragment.get(at + 1..at + 3)).flatten().and_then(|hex| u8::from_str_radix(hex, 16).ok());
        plain.push(hex.unwrap_or(bytes[at]));
        at += if hex.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// The first subschema of which something holds.
fn found<'a>(value: &'a Value, holds: &dyn Fn(&serde_json::Map<String, Value>) -> bool) -> Option<&'a Value> {
    match value {
        Value::Object(map) if holds(map) => Some(value),
        Value::Object(map) => map.values().find_map(|below| found(below, holds)),
        Value::Array(items) => items.iter().find_map(|below| found(below, holds)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
