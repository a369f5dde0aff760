//! `bundle.yaml`: which plugins, in which order, on what terms. `BUNDLE.md` beside this crate says it for people, `bundle.schema.json`
//! for editors.

use std::fmt;

use serde_saphyr::Spanned;

pub(crate) mod admission;
mod capabilities;
mod check;
pub(crate) mod entry;
pub(crate) mod place;
mod quantity;
pub(crate) mod read;
pub(crate) mod reference;
mod schema;

pub use admission::Admission;
pub use entry::Mode;
pub use quantity::{Bytes, Span};
pub use reference::{NeededSecret, needed_secrets};
pub(crate) use entry::{CanaryEntry, List, Manifest, MatchEntry, PluginEntry};
pub use schema::{bundle_schema, cases_schema};

/// The file that makes a folder a bundle.
pub(crate) const FILE: &str = "bundle.yaml";

/// Why a YAML file is not what it must be. Line and column count from 1; zero when unknown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct YamlError {
    /// Relative to the bundle.
    pub file: String,
    /// Line of the mistake.
    pub line: u64,
    /// Column of the mistake.
    pub column: u64,
    /// What is wrong.
    pub message: String,
}

/// Whether a component is named by a reference to a registry, and not by its file.
pub(crate) fn is_reference(component: &str) -> bool {
    component.starts_with("oci://")
}

/// Under which name what proves a component's origin stands beside it, which stands under its reference.
pub(crate) fn proof_of(reference: &str) -> String {
    format!("{reference}#{}", admission::ORIGIN)
}

impl Manifest {
    /// Every file that the bundle names, itself not among them. What it names by a reference is no file.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut files: Vec<String> = Vec::new();
        for (_, path) in self.named() {
            if !files.contains(&path.value) {
                files.push(path.value.clone());
            }
        }
        files
    }

    /// The same with where it names them: the key, and its value.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&'static str, &Spanned<String>)> {
        let of_plugins = self.plugins.iter().flat_map(|p| std::iter::once(("component", &p.component)).chain(p.cases.iter().map(|cases| ("cases", cases))));
        of_plugins.chain(self.cases.iter().map(|cases| ("cases", cases))).filter(|(_, path)| !is_reference(&path.value))
    }
}

pub(crate) fn check_header(file: &str, api_version: &Spanned<String>, kind: &Spanned<String>, expected: &str) -> Result<(), YamlError> {
    if api_version.value != "portcullis.dev/v1" {
        return Err(at(file, api_version, format!("apiVersion must be portcullis.dev/v1, not `{}`", api_version.value)));
    }
    if kind.value != expected {
        return Err(at(file, kind, format!("kind must be {expected}, not `{}`", kind.value)));
    }
    Ok(())
}

/// Parses one YAML document strictly.
pub(crate) fn yaml<T: serde::de::DeserializeOwned>(file: &str, text: &[u8]) -> Result<T, YamlError> {
    let plain = |message: String| YamlError { file: file.to_owned(), line: 0, column: 0, message };
    let text = std::str::from_utf8(text).map_err(|e| plain(format!("it is not UTF-8 after byte {}", e.valid_up_to())))?;
    let options = serde_saphyr::options! { legacy_octal_numbers: true, reject_unsupported_tags: true };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let (line, column) = error.location().map(|l| (l.line(), l.column())).unwrap_or_default();
        // The first line of the rendering is the message; a snippet of the file may follow. It ends with the place, which is told already.
        let message = error.without_snippet().to_string();
        let message = message.lines().next().unwrap_or_default();
        let message = message.strip_suffix(&format!(" at line {line}, column {column}")).unwrap_or(message);
        YamlError { file: file.to_owned(), line, column, message: message.to_owned() }
    })
}

/// A mistake at a value.
pub(crate) fn at<T>(file: &str, value: &Spanned<T>, message: impl fmt::Display) -> YamlError {
    let place = value.referenced;
    YamlError { file: file.to_owned(), line: place.line(), column: place.column(), message: message.to_string() }
}

#[cfg(test)]
mod tests;
