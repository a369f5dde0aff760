//! What `portcullis policy status` tells.

use jiff::Timestamp;
use serde::Serialize;

use crate::bundle::Mode;
use crate::plugin::Plugin;
use crate::wit::World;

/// The live policy set.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// Its number.
    pub generation: u64,
    /// Its digest.
    pub digest: String,
    /// When it went live.
    #[serde(serialize_with = "microseconds")]
    pub live_since: Timestamp,
    /// Its plugins, world by world.
    pub plugins: Vec<PluginStatus>,
    /// The set that did not go live since, if any.
    pub rejected: Option<Rejected>,
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
    /// `sha256:…` of its component.
    pub component: String,
    /// `sha256:…` of its configuration.
    pub configuration: String,
    /// `live`, or `failing` when it has failed since its name was first seen.
    pub state: &'static str,
    /// Name and version that the component gives itself, and how often it failed.
    pub message: String,
}

impl PluginStatus {
    pub(crate) fn of(plugin: &Plugin) -> PluginStatus {
        let failures: u64 = plugin.metrics.read().failures.values().sum();
        let described = format!("{} {}", plugin.description.name, plugin.description.version);
        PluginStatus {
            name: plugin.name.to_string(),
            world: plugin.world,
            mode: plugin.mode,
            component: plugin.component.to_string(),
            configuration: plugin.configuration.to_string(),
            state: if failures == 0 { "live" } else { "failing" },
            message: if failures == 0 { described } else { format!("{described}; failed {failures} times, see the log") },
        }
    }
}

/// A set that did not go live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// When.
    #[serde(serialize_with = "microseconds")]
    pub at: Timestamp,
    /// Why, with file and line.
    pub message: String,
}

fn microseconds<S: serde::Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{time:.6}"))
}
