//! What `portcullis policy status` tells.

use jiff::Timestamp;
use serde::Serialize;

use crate::bundle::Mode;
use crate::kept::Pinned;
use crate::live::Source;
use crate::matching::canary::Canary;
use crate::plugin::Plugin;
use crate::wit::World;

/// The live policy set.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// Its number.
    pub generation: u64,
    /// Its digest.
    pub digest: String,
    /// Changes with the values of its secrets; none when it has none.
    pub secrets: Option<String>,
    /// When it went live.
    #[serde(serialize_with = "microseconds::serialize")]
    pub live_since: Timestamp,
    /// Its plugins, world by world.
    pub plugins: Vec<PluginStatus>,
    /// The set that did not go live since, if any.
    pub rejected: Option<Rejected>,
    /// Set while another set is made ready.
    pub staging: Option<Staging>,
    /// Set when an operator rolled back to this set, and the folder says something else.
    pub pinned: Option<Pinned>,
    /// Where the folder's set comes from, when it is pulled from elsewhere.
    pub source: Option<Source>,
}

/// One plugin of it.
#[derive(Clone, Debug, Serialize)]
pub struct PluginStatus {
    /// Its name.
    pub name: String,
    /// Its world.
    pub world: World,
    /// `enforce` or `monitor`.
    pub mode: Mode,
    /// For whom it counts, when it is a canary: `10%`, `named ones`, `0.5% and named ones`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary: Option<String>,
    /// The plugin that is not asked for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// `sha256:…` of its component.
    pub component: String,
    /// `sha256:…` of its configuration, as the bundle has it.
    pub configuration: String,
    /// Names of the secrets that it has.
    pub secrets: Vec<String>,
    /// `live`, or `failing` when it has failed since its name was first seen.
    pub state: &'static str,
    /// Name and version that the component gives itself, and how often it failed.
    pub message: String,
    /// The version of the interface that it was built for.
    pub interface: &'static str,
    /// Bytes of the component as its author built it.
    pub bytes: usize,
    /// How it was loaded.
    pub loaded: Loaded,
}

/// How a plugin was loaded.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Loaded {
    /// How long that took: reading it from the cache, or compiling and configuring it.
    pub milliseconds: u64,
    /// It was found compiled and configured on disk.
    pub from_cache: bool,
    /// Its instances are born configured; otherwise each takes its configuration anew.
    pub born_configured: bool,
}

impl PluginStatus {
    pub(crate) fn of(plugin: &Plugin) -> PluginStatus {
        let failures: u64 = plugin.metrics.read().failures.values().sum();
        let described = format!("{} {}", plugin.description.name, plugin.description.version);
        PluginStatus {
            name: plugin.name.to_string(),
            world: plugin.world,
            mode: plugin.mode,
            canary: plugin.canary.as_ref().map(Canary::told),
            replaces: plugin.replaces.as_ref().map(ToString::to_string),
            component: plugin.component.to_string(),
            configuration: plugin.configuration.to_string(),
            secrets: plugin.callable().log.redactor().names(),
            state: if failures == 0 { "live" } else { "failing" },
            message: if failures == 0 { described } else { format!("{described}; failed {failures} times, see the log") },
            interface: plugin.version.number(),
            bytes: plugin.bytes,
            loaded: Loaded {
                milliseconds: plugin.took.as_millis() as u64,
                from_cache: plugin.from_cache,
                born_configured: plugin.born_configured(),
            },
        }
    }
}

/// A set that did not go live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// When.
    #[serde(serialize_with = "microseconds::serialize")]
    pub at: Timestamp,
    /// Why, with file and line.
    pub message: String,
}

/// A set that is being made ready while the live one serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Staging {
    /// Since when.
    #[serde(serialize_with = "microseconds::serialize")]
    pub since: Timestamp,
    /// `reading`, `fetching its components`, `compiling`, or `running its cases`.
    pub doing: &'static str,
    /// Plugins that are not ready yet.
    pub compiling: Vec<String>,
}

/// Times as RFC 3339 with microseconds, in UTC.
pub(crate) mod microseconds {
    use jiff::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(time: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{time:.6}"))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}
