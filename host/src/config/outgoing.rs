//! What sinks and notifiers are granted: where they may send, and which secrets they may have.

use std::fmt;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// An origin that sinks and notifiers may reach: its text alone, or with what belongs to it.
#[derive(Debug, Clone)]
pub struct HttpOrigin {
    /// `https://hooks.example`.
    pub origin: String,
    /// Its certificate must come from one of the authorities in this PEM file; the system's do not count then.
    pub ca: Option<PathBuf>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "HttpOrigin")]
struct Written {
    /// Where to: `https://splunk.internal:8088`.
    origin: String,
    /// A PEM file with the authorities by one of which its certificate must be signed. The system's do not count then. Read at the start.
    #[serde(default)]
    ca: Option<PathBuf>,
}

impl<'de> Deserialize<'de> for HttpOrigin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = HttpOrigin;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an origin such as https://hooks.example, or a mapping with `origin` and `ca`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<HttpOrigin, E> {
                Ok(HttpOrigin { origin: text.to_owned(), ca: None })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<HttpOrigin, A::Error> {
                let Written { origin, ca } = Written::deserialize(MapAccessDeserializer::new(map))?;
                Ok(HttpOrigin { origin, ca })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for HttpOrigin {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HttpOriginEntry".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let written = generator.subschema_for::<Written>();
        schemars::json_schema!({ "anyOf": [{ "type": "string" }, written] })
    }
}

/// A secret that the configurations of some sinks and notifiers may refer to, by `{ secret: NAME }`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Secret {
    /// What bundles call it: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// Its file: the value and nothing else, but for one newline at the end; 64 KiB at most. Nobody but the gateway may read it. It is looked at as the policies are: a change is a
    /// reload.
    pub file: PathBuf,
    /// The names of the plugins that may have it.
    pub plugins: Vec<String>,
}

impl super::Grants {
    /// Paths are relative to the configuration's folder.
    pub(super) fn below(&mut self, folder: &Path) {
        let authorities = self.http_origins.iter_mut().filter_map(|origin| origin.ca.as_mut());
        for path in authorities.chain(self.secrets.iter_mut().map(|secret| &mut secret.file)) {
            *path = folder.join(&*path);
        }
    }
}
