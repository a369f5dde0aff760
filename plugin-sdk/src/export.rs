//! What the macros of [`crate`] expand to calls of. Not for authors.

use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::bindings::common::exports::portcullis::policy::plugin::Description;

/// Where a component keeps its configuration.
pub struct Slot<C>(OnceLock<C>);

impl<C> Default for Slot<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C> Slot<C> {
    /// An empty slot.
    pub const fn new() -> Self {
        Slot(OnceLock::new())
    }

    /// The configuration.
    ///
    /// # Panics
    ///
    /// When the host did not call `configure` first.
    pub fn get(&self) -> &C {
        self.0.get().expect("the host calls `configure` before anything else")
    }
}

impl<C: DeserializeOwned> Slot<C> {
    /// Parse, validate and keep a configuration.
    pub fn take(&self, json: &str, validate: impl FnOnce(&C) -> Result<(), String>) -> Result<(), String> {
        hook_panics();
        let configuration = parse::<C>(json)?;
        validate(&configuration)?;
        self.0.set(configuration).map_err(|_| "configured already: a new configuration needs a new instance".to_owned())
    }
}

/// What a configuration must be. The name stands in the compiler's message: derive `serde::Deserialize` and `portcullis_sdk::JsonSchema` for the type.
pub const fn configuration_needs_derive_deserialize_and_jsonschema<C: DeserializeOwned + JsonSchema + Send + Sync + 'static>() {}

/// Parse a configuration; nothing at all, or `null`, is an empty one.
pub fn parse<C: DeserializeOwned>(json: &str) -> Result<C, String> {
    let json = match json.trim() {
        "" | "null" => "{}",
        given => given,
    };
    crate::json::from_str(json).map_err(|error| error.to_string())
}

/// What a component says about itself.
pub fn describe(name: &str, version: &str, summary: &str, configuration_schema: String) -> Description {
    Description { name: name.to_owned(), version: version.to_owned(), summary: summary.to_owned(), configuration_schema }
}

/// The JSON Schema of a configuration.
pub fn schema<C: JsonSchema>() -> String {
    plain_schema::<C>().to_string()
}

/// The schema without what makes a checker's messages vague: see [`plain`].
pub(crate) fn plain_schema<C: JsonSchema>() -> Value {
    let mut schema = schemars::schema_for!(C).to_value();
    plain(&mut schema);
    schema
}

/// "Not valid under any of the schemas listed in `oneOf`" helps nobody. An option is left out, not null, so the alternative `null` goes; and
/// words that each have a description become one `enum`, with the descriptions in one text.
fn plain(schema: &mut Value) {
    match schema {
        Value::Array(all) => all.iter_mut().for_each(plain),
        Value::Object(object) => {
            object.values_mut().for_each(plain);
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|one| one != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    object.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(any)) = object.get_mut("anyOf") {
                any.retain(|one| one.get("type").is_none_or(|kind| kind != "null"));
                if let [Value::Object(only)] = any.as_mut_slice() {
                    let only = std::mem::take(only);
                    object.remove("anyOf");
                    only.into_iter().for_each(|(key, value)| {
                        object.entry(key).or_insert(value);
                    });
                }
            }
            if let Some(Value::Array(one)) = object.get("oneOf")
                && one.iter().all(|word| word.get("const").is_some())
            {
                let words = one.iter().map(|word| word["const"].clone()).collect();
                let told = one.iter().filter_map(|word| Some(format!("{}: {}", word["const"].as_str()?, word.get("description")?.as_str()?)));
                let told: Vec<String> = object.get("description").and_then(Value::as_str).map(str::to_owned).into_iter().chain(told).collect();
                object.remove("oneOf");
                object.insert("enum".to_owned(), Value::Array(words));
                if !told.is_empty() {
                    object.insert("description".to_owned(), Value::String(told.join("\n")));
                }
            }
        }
        _ => {}
    }
}

/// A panic ends the instance, and its text with it, unless it is logged first.
fn hook_panics() {
    #[cfg(target_arch = "wasm32")]
    std::panic::set_hook(Box::new(|info| {
        // On one line, as everything else in a log: what is wrong, then where.
        let what = info.payload_as_str().unwrap_or("a panic without a text");
        match info.location() {
            Some(place) => crate::log::error(&format!("{what} ({}:{})", place.file(), place.line())),
            None => crate::log::error(what),
        }
    }));
}

#[cfg(test)]
mod tests;
