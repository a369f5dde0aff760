//! The JSON Schemas of `bundle.yaml` and of files of cases, made of the types that read them.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::Manifest;
use crate::facts::IdentityKind;
use crate::wit::{Finding, GrantScope, World};

/// The JSON Schema (draft 7, which every YAML editor understands) of `bundle.yaml`.
pub fn bundle_schema() -> Value {
    SchemaSettings::draft07().into_generator().into_root_schema_for::<Manifest>().to_value()
}

/// The JSON Schema (draft 7) of a file of cases.
pub fn cases_schema() -> Value {
    SchemaSettings::draft07().into_generator().into_root_schema_for::<crate::cases::CaseFile>().to_value()
}

/// Types of the interface, which know nothing of files: told here as their serde names them, and held to it by a test.
macro_rules! interface {
    ($type:ty, $name:literal, $schema:tt) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

interface!(World, "World", { "enum": ["guard", "approval-router", "masker", "audit-sink", "notifier", "session-policy"] });
interface!(IdentityKind, "IdentityKind", { "enum": ["human", "agent", "workload"] });
interface!(GrantScope, "GrantScope", { "enum": ["this-version", "this-object"] });
interface!(Finding, "Finding", {
    "type": "object",
    "properties": { "rule": { "type": "string" }, "message": { "type": "string" }, "remedy": { "type": ["string", "null"] } },
    "required": ["rule", "message"],
    "additionalProperties": false
});

#[cfg(test)]
mod tests;
