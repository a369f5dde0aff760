//! Judging recorded requests by a set that is not live: elsewhere, later, and without what was around the gateway then.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::document::Document;
use crate::engine::Engine;
use crate::facts::Facts;
use crate::generation::{Generation, Judgement};
use crate::host::Surroundings;
use crate::load::{Beside, LoadError, beside};
use crate::trial::everything;
use crate::wit::World;

/// A set, compiled and configured, that judges nothing but what it is given here.
pub struct Elsewhere {
    generation: Generation,
}

impl Elsewhere {
    /// Reads, compiles and configures a bundle; its cases are not run. All that it asks for is granted, and nothing is behind it. Takes as long as compiling
    /// takes, and milliseconds with a warm cache.
    ///
    /// # Errors
    /// When it could not go live, its cases aside.
    pub async fn load(engine: &Engine, dir: &Path) -> Result<Elsewhere, LoadError> {
        let Beside { generation, .. } = beside(engine, dir, everything, |plugin| plugin.world == World::Guard).await?;
        Ok(Elsewhere { generation })
    }

    /// Judges a request as of `now`, in milliseconds since 1970: that is what the clock says.
    pub async fn judge(&self, facts: &Facts, body: Option<Arc<dyn Document>>, now: u64) -> Judgement {
        let surroundings = Surroundings { now: Some(now), ..Surroundings::default() };
        self.generation.judge_in(facts, body, &surroundings).await
    }

    /// Guards that look at what is not here, asked about a request with a body or without: for each of them, what that is. A preview is one of a body. Their verdicts here need not be what they would be at the gateway.
    pub fn blind(&self, body: bool) -> BTreeMap<String, Vec<&'static str>> {
        let looks = |plugin: &crate::plugin::Plugin| {
            let imports = plugin.imports;
            let what = [("the cluster", imports.cluster), ("counts", imports.counter), ("a preview", imports.preview && body)];
            what.into_iter().filter(|(_, looks)| *looks).map(|(what, _)| what).collect::<Vec<_>>()
        };
        let guards = self.generation.plugins().filter(|plugin| plugin.world == crate::wit::World::Guard);
        guards.map(|plugin| (plugin.name.to_string(), looks(plugin))).filter(|(_, what)| !what.is_empty()).collect()
    }
}
