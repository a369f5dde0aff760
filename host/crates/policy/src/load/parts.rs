//! The plugins of a set, loaded side by side; those that did not change are shared with the live set.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::background;
use crate::bundle::FILE;
use crate::bundle::read::Files;
use crate::load::{LoadError, Stage};
use crate::plugin::{Loading, Plugin};

/// Plugins that are loaded at one time. Compiling has threads of its own; this bounds what is held in memory meanwhile.
const AT_ONCE: usize = 4;

/// A plugin, and what it was loaded from.
#[derive(Clone)]
pub(crate) struct Part {
    /// Its entry in `bundle.yaml`, without its cases.
    pub terms: String,
    pub plugin: Plugin,
}

/// Loads all plugins in the bundle's order.
///
/// # Errors
/// Of the first that cannot be used, in the bundle's order.
pub(super) async fn load(stage: &Stage<'_>, files: &Arc<Files>, live: &[Part]) -> Result<Vec<Part>, LoadError> {
    let terms = files.terms();
    let mut parts: Vec<Option<Result<Part, LoadError>>> = Vec::new();
    let mut missing = VecDeque::new();
    for (i, entry) in files.manifest.plugins.iter().enumerate() {
        let same = live.iter().find(|part| part.terms == terms[i] && &*part.plugin.component == files.digest(&entry.component.value));
        if same.is_none() {
            missing.push_back(i);
        }
        parts.push(same.cloned().map(Ok));
    }
    stage.progress.compiling(missing.iter().map(|i| files.manifest.plugins[*i].name.value.clone()).collect());

    let workers = missing.len().min(AT_ONCE);
    let (missing, loaded) = (Arc::new(Mutex::new(missing)), Arc::new(Mutex::new(Vec::new())));
    let tasks: Vec<_> = (0..workers)
        .map(|_| {
            let (missing, loaded, files) = (missing.clone(), loaded.clone(), files.clone());
            let (engine, grants, register, progress) = (stage.engine.clone(), stage.grants.clone(), stage.register.clone(), stage.progress.clone());
            background::run(move || {
                loop {
                    let next = missing.lock().pop_front();
                    let Some(i) = next else { return };
                    let entry = &files.manifest.plugins[i];
                    let name = &entry.name.value;
                    let loading = Loading { engine: &engine, grants: &grants, metrics: register.plugin(name), configuration: None };
                    let result = Plugin::load(entry, files.content(&entry.component.value), &loading).map_err(|source| LoadError::Plugin {
                        file: FILE,
                        line: entry.name.referenced.line(),
                        plugin: name.clone(),
                        component: entry.component.value.clone(),
                        source: Box::new(source),
                    });
                    progress.compiled(name);
                    loaded.lock().push((i, result));
                }
            })
        })
        .collect();
    for outcome in futures_util::future::join_all(tasks).await {
        outcome.map_err(LoadError::Panicked)?;
    }
    for (i, result) in std::mem::take(&mut *loaded.lock()) {
        parts[i] = Some(result.map(|plugin| Part { terms: terms[i].clone(), plugin }));
    }
    // Each is either shared or was loaded.
    parts.into_iter().flatten().collect()
}
