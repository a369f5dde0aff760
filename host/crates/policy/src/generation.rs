//! One policy set, immutable from the moment it is live.
//!
//! A request takes the current generation once and keeps it to its end, so it is never judged by a mixture of two.

use std::sync::Arc;

use crate::plugin::{Plugin, sha256};
use crate::wit::World;

mod deliver;
mod judge;
mod mask;
mod route;
mod session;

pub use deliver::DeliveryError;
pub use judge::{By, Decision, Judgement};
pub use route::Routed;
pub use session::SessionAnswer;

/// A policy set.
pub struct Generation {
    /// Counts up by one for each set that goes live in this process.
    pub number: u64,
    /// `sha256:…` over all components, configurations, modes, rules and limits: equal for equal sets.
    pub digest: String,
    /// A keyed digest of the values that its configurations refer to by `{ secret: NAME }`; none when they refer to none.
    pub secrets: Option<String>,
    guards: Vec<judge::Guard>,
    routers: Vec<Plugin>,
    maskers: Vec<Plugin>,
    session_policies: Vec<Plugin>,
    sinks: Vec<Plugin>,
    notifiers: Vec<Plugin>,
    plans: mask::Plans,
}

impl Generation {
    /// `plugins` in the order of the bundle; `manifest` is the text that they come from. `remember` bounds the verdicts kept for each guard.
    pub(crate) fn new(number: u64, manifest: &[u8], plugins: Vec<Plugin>, remember: usize) -> Generation {
        let mut parts = sha256(manifest);
        for plugin in &plugins {
            parts.push_str(&format!("\n{} {} {} {}", plugin.name, plugin.world, plugin.component, plugin.configuration));
        }
        let mut generation = Generation {
            number,
            digest: sha256(parts.as_bytes()),
            secrets: secrets(&plugins),
            guards: Vec::new(),
            routers: Vec::new(),
            maskers: Vec::new(),
            session_policies: Vec::new(),
            sinks: Vec::new(),
            notifiers: Vec::new(),
            plans: mask::Plans::new(),
        };
        for plugin in plugins {
            match plugin.world {
                World::Guard => generation.guards.push(judge::Guard::new(plugin, remember)),
                World::ApprovalRouter => generation.routers.push(plugin),
                World::Masker => generation.maskers.push(plugin),
                World::SessionPolicy => generation.session_policies.push(plugin),
                World::AuditSink => generation.sinks.push(plugin),
                World::Notifier => generation.notifiers.push(plugin),
            }
        }
        judge::link_replacements(&mut generation.guards);
        generation
    }

    /// Another one is the same set, with the same secrets.
    pub(crate) fn says_what(&self, other: &Generation) -> bool {
        self.digest == other.digest && self.secrets == other.secrets
    }

    /// All plugins, world by world.
    pub(crate) fn plugins(&self) -> impl Iterator<Item = &Plugin> {
        let guards = self.guards.iter().map(|g| &g.plugin);
        guards.chain(&self.routers).chain(&self.maskers).chain(&self.session_policies).chain(&self.sinks).chain(&self.notifiers)
    }

    /// The names of the audit sinks, in the bundle's order.
    pub fn sinks(&self) -> Vec<Arc<str>> {
        self.sinks.iter().map(|p| p.name.clone()).collect()
    }

    /// The names of the notifiers, in the bundle's order.
    pub fn notifiers(&self) -> Vec<Arc<str>> {
        self.notifiers.iter().map(|p| p.name.clone()).collect()
    }
}

/// Each is keyed already, so what is made of them tells nothing of the values.
fn secrets(plugins: &[Plugin]) -> Option<String> {
    let each: Vec<String> = plugins.iter().filter_map(|plugin| Some(format!("{} {}", plugin.name, plugin.secrets.as_deref()?))).collect();
    (!each.is_empty()).then(|| sha256(each.join("\n").as_bytes()))
}

#[cfg(test)]
mod tests;

impl std::fmt::Debug for Generation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Generation").field("number", &self.number).field("digest", &self.digest).finish_non_exhaustive()
    }
}
