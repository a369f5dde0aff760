//! What a plugin wants besides what every plugin has. The operator must grant each of it too.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

/// Capabilities that a plugin asks for.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[schemars(rename = "Capabilities")]
pub(crate) struct CapabilitiesEntry {
    /// Outgoing HTTP. Audit sinks and notifiers only.
    pub http: Option<HttpEntry>,
    /// Reading the cluster. Guards and approval routers only. An empty list: only the question `can-i`.
    pub cluster: Option<Vec<ClusterEntry>>,
    /// Keeping counts: budgets. Guards only.
    pub counter: bool,
}

/// Some resources of the cluster.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Cluster")]
pub(crate) struct ClusterEntry {
    /// Which: `pods`, `deployments.apps`, `*` for all but Secrets.
    pub resources: Vec<String>,
    /// Which of their fields, as pointers: what is at and below `/metadata/labels`. Without it, all.
    #[serde(default)]
    pub fields: Option<Vec<String>>,
}

/// Outgoing HTTP.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Http")]
pub(crate) struct HttpEntry {
    /// Where it may send to: `https://hooks.example.com`.
    #[schemars(with = "Vec<String>")]
    pub origins: Vec<Spanned<String>>,
}
