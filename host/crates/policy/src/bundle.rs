//! `bundle.yaml`: which plugins, in which order, on what terms. `BUNDLE.md` beside this crate says it for people.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

use crate::facts::IdentityKind;
use crate::wit::World;

pub(crate) mod read;

/// The file that makes a folder a bundle.
pub(crate) const FILE: &str = "bundle.yaml";

/// Plugins of one bundle.
const PLUGINS: usize = 64;

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

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Manifest {
    pub api_version: Spanned<String>,
    pub kind: Spanned<String>,
    pub plugins: Vec<PluginEntry>,
    #[serde(default)]
    pub cases: Vec<Spanned<String>>,
}

/// One plugin of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct PluginEntry {
    pub name: Spanned<String>,
    pub world: World,
    pub component: Spanned<String>,
    #[serde(default)]
    pub mode: Option<Spanned<Mode>>,
    #[serde(default, rename = "match")]
    pub matches: Option<Spanned<MatchEntry>>,
    #[serde(default)]
    pub configuration: Option<Spanned<serde_json::Value>>,
    #[serde(default)]
    pub limits: LimitsEntry,
    #[serde(default)]
    pub capabilities: CapabilitiesEntry,
    #[serde(default)]
    pub cases: Option<Spanned<String>>,
}

/// Whether a guard's verdict counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// It counts.
    #[default]
    Enforce,
    /// It is recorded and does not count.
    Monitor,
}

impl Mode {
    /// As `bundle.yaml` spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Enforce => "enforce",
            Mode::Monitor => "monitor",
        }
    }
}

/// Which calls a plugin is spared. Absent: none.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct MatchEntry {
    pub verbs: Option<Vec<String>>,
    pub groups: Option<Vec<String>>,
    pub resources: Option<Vec<String>>,
    pub subresources: Option<Vec<String>>,
    pub namespaces: Option<Vec<String>>,
    pub connections: Option<Vec<String>>,
    pub identities: Option<Vec<String>>,
    pub kinds: Option<Vec<IdentityKind>>,
    pub members: Option<Vec<String>>,
}

/// What a plugin may use; the operator's ceilings hold over it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct LimitsEntry {
    pub memory: Option<Spanned<Bytes>>,
    pub deadline: Option<Spanned<Span>>,
}

/// What a plugin wants besides.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct CapabilitiesEntry {
    pub http: Option<HttpEntry>,
    /// An empty list: only the question `can-i`.
    pub cluster: Option<Vec<ClusterEntry>>,
    pub counter: bool,
}

/// Some resources of the cluster.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ClusterEntry {
    /// Which: `pods`, `deployments.apps`, `*` for all but Secrets.
    pub resources: Vec<String>,
    /// Which of their fields, as pointers. Without it, all.
    #[serde(default)]
    pub fields: Option<Vec<String>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct HttpEntry {
    pub origins: Vec<Spanned<String>>,
}

/// A number of bytes: `65536`, `64KiB`, `16MiB`, `1GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bytes(pub usize);

/// A length of time: `50ms`, `2s`, `1m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(pub Duration);

fn quantity(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        quantity(&text, &[("", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)])
            .and_then(|n| usize::try_from(n).ok())
            .map(Bytes)
            .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not an amount of memory; write it as 16MiB")))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        quantity(&text, &[("ms", 1), ("s", 1000), ("m", 60_000)])
            .map(|n| Span(Duration::from_millis(n)))
            .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not a length of time; write it as 50ms or 2s")))
    }
}

impl Manifest {
    /// Reads and checks what can be checked without the components.
    pub(crate) fn parse(text: &[u8]) -> Result<Manifest, YamlError> {
        let manifest: Manifest = yaml(FILE, text)?;
        check_header(FILE, &manifest.api_version, &manifest.kind, "Bundle")?;
        if manifest.plugins.len() > PLUGINS {
            return Err(at(FILE, &manifest.kind, format!("a bundle has at most {PLUGINS} plugins, this one has {}", manifest.plugins.len())));
        }
        let mut seen = std::collections::HashSet::new();
        for plugin in &manifest.plugins {
            let name = &plugin.name.value;
            let plain = !name.is_empty() && name.len() <= 63 && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            if !plain {
                return Err(at(FILE, &plugin.name, format!("the name `{name}` must be 1 to 63 lower-case letters, digits and hyphens")));
            }
            if !seen.insert(name) {
                return Err(at(FILE, &plugin.name, format!("two plugins have the name `{name}`; give each its own")));
            }
            if let Some(mode) = &plugin.mode
                && mode.value == Mode::Monitor
                && plugin.world != World::Guard
            {
                return Err(at(FILE, mode, format!("only a guard can run in the mode monitor, and `{name}` is of the world {}", plugin.world)));
            }
            for path in std::iter::once(&plugin.component).chain(&plugin.cases) {
                check_path(path)?;
            }
            plugin.check_match()?;
        }
        manifest.cases.iter().try_for_each(check_path)?;
        Ok(manifest)
    }

    /// Every file that the bundle names, itself not among them.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut files: Vec<String> = Vec::new();
        let named = self.plugins.iter().flat_map(|p| std::iter::once(&p.component).chain(&p.cases)).chain(&self.cases);
        for path in named {
            if !files.contains(&path.value) {
                files.push(path.value.clone());
            }
        }
        files
    }
}

impl PluginEntry {
    pub(crate) fn mode(&self) -> Mode {
        self.mode.as_ref().map(|m| m.value).unwrap_or_default()
    }

    /// Refuses a key that this world could never look at: a plan that is kept for all namespaces cannot depend on one.
    fn check_match(&self) -> Result<(), YamlError> {
        let Some(spanned) = &self.matches else { return Ok(()) };
        let m = &spanned.value;
        let given = [
            ("verbs", m.verbs.is_some()),
            ("groups", m.groups.is_some()),
            ("resources", m.resources.is_some()),
            ("subresources", m.subresources.is_some()),
            ("namespaces", m.namespaces.is_some()),
            ("connections", m.connections.is_some()),
            ("identities", m.identities.is_some()),
            ("kinds", m.kinds.is_some()),
            ("members", m.members.is_some()),
        ];
        let allowed: &[&str] = match self.world {
            World::Guard | World::ApprovalRouter => return Ok(()),
            World::Masker => &["verbs", "groups", "resources", "subresources", "connections"],
            World::SessionPolicy => &["connections", "identities", "kinds", "members"],
            World::AuditSink | World::Notifier => &[],
        };
        match given.iter().find(|(key, given)| *given && !allowed.contains(key)) {
            None => Ok(()),
            Some((key, _)) => Err(at(FILE, spanned, format!("`{key}` cannot be matched for the world {}; leave it out", self.world))),
        }
    }
}

/// Relative, and inside the bundle by its words alone: a ConfigMap's files are symbolic links, so links are followed.
fn check_path(path: &Spanned<String>) -> Result<(), YamlError> {
    use std::path::{Component, Path};
    let text = &path.value;
    let inside = !text.is_empty() && Path::new(text).components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
    if inside { Ok(()) } else { Err(at(FILE, path, format!("the path `{text}` must be relative and stay inside the bundle"))) }
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
        // The first line of the rendering is the message; a snippet of the file may follow.
        let message = error.without_snippet().to_string();
        YamlError { file: file.to_owned(), line: u64::from(line), column: u64::from(column), message: message.lines().next().unwrap_or_default().to_owned() }
    })
}

/// A mistake at a value.
pub(crate) fn at<T>(file: &str, value: &Spanned<T>, message: impl fmt::Display) -> YamlError {
    let place = value.referenced;
    YamlError { file: file.to_owned(), line: u64::from(place.line()), column: u64::from(place.column()), message: message.to_string() }
}

#[cfg(test)]
mod tests;
