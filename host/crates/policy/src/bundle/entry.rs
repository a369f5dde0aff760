//! What may stand in `bundle.yaml`, as plain data. The comments here become the published schema's descriptions.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::capabilities::CapabilitiesEntry;
use super::quantity::{Bytes, Share, Span};
use crate::facts::IdentityKind;
use crate::wit::World;

/// A policy bundle: which plugins the gateway asks, in which order, on what terms.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(title = "Portcullis policy bundle")]
pub(crate) struct Manifest {
    /// `portcullis.dev/v1`.
    #[schemars(with = "ApiVersion")]
    pub api_version: Spanned<String>,
    /// `Bundle`.
    #[schemars(with = "BundleKind")]
    pub kind: Spanned<String>,
    /// The plugins, in the order in which they are asked.
    #[schemars(length(max = 64))]
    pub plugins: Vec<PluginEntry>,
    /// Files of cases that are run against all plugins together. A set whose cases do not hold never goes live.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub cases: Vec<Spanned<String>>,
}

/// One plugin.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Plugin")]
pub(crate) struct PluginEntry {
    /// Unique in the bundle; stands in every decision record.
    #[schemars(with = "String", regex(pattern = r"^[a-z0-9-]{1,63}$"))]
    pub name: Spanned<String>,
    /// What it decides about.
    pub world: World,
    /// The component: its file, relative to the bundle and inside it, or `oci://registry/name@sha256:…`, an artifact in a registry.
    #[schemars(with = "String")]
    pub component: Spanned<String>,
    /// Whether its verdict counts. Guards only.
    #[serde(default)]
    #[schemars(with = "Option<Mode>")]
    pub mode: Option<Spanned<Mode>>,
    /// For some identities it counts. For the others a guard only monitors; a router and a session policy are not asked. No other worlds have one.
    #[serde(default)]
    #[schemars(with = "Option<CanaryEntry>")]
    pub canary: Option<Spanned<CanaryEntry>>,
    /// The name of a plugin of the same world that is not asked for the identities of this one's canary.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub replaces: Option<Spanned<String>>,
    /// Which calls it is asked about: every key given must hold, and a list holds when any of its globs does.
    #[serde(default, rename = "match")]
    #[schemars(with = "Option<MatchEntry>")]
    pub matches: Option<Spanned<MatchEntry>>,
    /// The component's own configuration, checked against its own JSON Schema. In that of an audit-sink or a notifier `{ secret: NAME }` stands for a text that the
    /// operator keeps and grants.
    #[serde(default)]
    #[schemars(with = "Option<serde_json::Value>")]
    pub configuration: Option<Spanned<serde_json::Value>>,
    /// What it may use, at most the operator's ceilings.
    #[serde(default)]
    pub limits: LimitsEntry,
    /// What it wants besides; the operator must grant it too.
    #[serde(default)]
    pub capabilities: CapabilitiesEntry,
    /// A file of cases that are run against this plugin alone.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub cases: Option<Spanned<String>>,
}

/// Whether a guard's verdict counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, serde::Serialize, JsonSchema)]
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

/// For whom a plugin counts already: whoever falls into the share or is named.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[schemars(rename = "Canary")]
pub(crate) struct CanaryEntry {
    /// A share of all identities, by a hash of issuer and subject: `10%`, `0.5%`. A larger share holds everybody of a smaller one.
    #[schemars(with = "Option<Share>")]
    pub share: Option<Spanned<Share>>,
    /// Globs of subjects.
    #[schemars(with = "Option<Vec<String>>")]
    pub identities: Option<List>,
}

/// Texts, each with its place in the file.
pub(crate) type List = Vec<Spanned<String>>;

/// Which calls a plugin is asked about. Absent: all. In a glob `*` stands for any number of characters and `?` for one.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[schemars(rename = "Match")]
pub(crate) struct MatchEntry {
    /// Kubernetes verbs: `get`, `create`, `delete`.
    #[schemars(with = "Option<Vec<String>>")]
    pub verbs: Option<List>,
    /// API groups; `""` is the core group.
    #[schemars(with = "Option<Vec<String>>")]
    pub groups: Option<List>,
    /// Plural resources: `pods`.
    #[schemars(with = "Option<Vec<String>>")]
    pub resources: Option<List>,
    /// `exec`, `scale`; `""` is: no subresource.
    #[schemars(with = "Option<Vec<String>>")]
    pub subresources: Option<List>,
    /// Namespaces; `""` is: cluster-scoped.
    #[schemars(with = "Option<Vec<String>>")]
    pub namespaces: Option<List>,
    /// Registered clusters.
    #[schemars(with = "Option<Vec<String>>")]
    pub connections: Option<List>,
    /// Subjects, whoever issued them: where the gateway believes several issuers, `issuers` says whose.
    #[schemars(with = "Option<Vec<String>>")]
    pub identities: Option<List>,
    /// Issuers of identities: `https://login.example`.
    #[schemars(with = "Option<Vec<String>>")]
    pub issuers: Option<List>,
    /// Kinds of identity.
    pub kinds: Option<Vec<IdentityKind>>,
    /// Groups of the identity.
    #[schemars(with = "Option<Vec<String>>")]
    pub members: Option<List>,
}

/// What a plugin may use; the operator's ceilings hold over it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[schemars(rename = "Limits")]
pub(crate) struct LimitsEntry {
    /// Linear memory: `16MiB`.
    #[schemars(with = "Option<Bytes>")]
    pub memory: Option<Spanned<Bytes>>,
    /// How long one call may take: `50ms`.
    #[schemars(with = "Option<Span>")]
    pub deadline: Option<Spanned<Span>>,
    /// What it may hand over at once, as its answer or to a function of the gateway: `1MiB`.
    #[schemars(with = "Option<Bytes>")]
    pub output: Option<Spanned<Bytes>>,
    /// How often one call may call the gateway's functions.
    #[schemars(with = "Option<u32>")]
    pub host_calls: Option<Spanned<u32>>,
    /// How many lines one call may write to the gateway's log; the rest is dropped.
    #[schemars(with = "Option<u32>")]
    pub log_lines: Option<Spanned<u32>>,
    /// How many lines all calls may write to the gateway's log within a second; the rest is dropped.
    #[schemars(with = "Option<u32>")]
    pub log_lines_per_second: Option<Spanned<u32>>,
    /// How many calls may run at one time, each in an instance of its own; more of them wait, within their deadline.
    #[schemars(with = "Option<u32>")]
    pub instances: Option<Spanned<u32>>,
}

impl PluginEntry {
    pub(crate) fn mode(&self) -> Mode {
        self.mode.as_ref().map(|m| m.value).unwrap_or_default()
    }
}

/// The version of the format, for the schema.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) enum ApiVersion {
    #[schemars(rename = "portcullis.dev/v1")]
    V1,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
enum BundleKind {
    Bundle,
}
