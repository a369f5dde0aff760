//! What the macros of [`crate`] expand to calls of. Not for authors.

use std::fmt::Display;
use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

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

/// Parse a configuration; nothing at all, or `null`, is an empty one.
pub fn parse<C: DeserializeOwned>(json: &str) -> Result<C, String> {
    let json = match json.trim() {
        "" | "null" => "{}",
        given => given,
    };
    serde_json::from_str(json).map_err(|error| sentence(&error))
}

/// serde_json's message without its place: the host wrote the JSON, so its lines and columns mean nothing to the operator.
fn sentence(error: &dyn Display) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

/// What a component says about itself.
pub fn describe(name: &str, version: &str, summary: &str, configuration_schema: String) -> Description {
    Description { name: name.to_owned(), version: version.to_owned(), summary: summary.to_owned(), configuration_schema }
}

/// The JSON Schema of a configuration.
pub fn schema<C: JsonSchema>() -> String {
    schemars::schema_for!(C).as_value().to_string()
}

/// A panic ends the instance, and its text with it, unless it is logged first.
fn hook_panics() {
    #[cfg(target_arch = "wasm32")]
    std::panic::set_hook(Box::new(|info| crate::log::error(&info.to_string())));
}

#[cfg(test)]
mod tests;
