//! The plugins of a set, loaded side by side; those that did not change are shared with the live set.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::background;
use crate::bundle::{FILE, PluginEntry};
use crate::bundle::place::{line_of, tokens};
use crate::bundle::read::Files;
use crate::failure::FailureCause;
use crate::load::{LoadError, Stage};
use crate::plugin::{ComponentError, ConfigureError, Loading, Plugin, PluginError};
use crate::secrets::Values;

/// Plugins that are loaded at one time. Compiling has threads of its own; this bounds what is held in memory meanwhile.
const AT_ONCE: usize = 4;

/// A plugin, and what it was loaded from.
#[derive(Clone)]
pub(crate) struct Part {
    /// Its entry in `bundle.yaml`, without its cases.
    pub terms: String,
    pub plugin: Plugin,
}

/// The line of what is wrong with a plugin: of the very key, where the error knows it.
fn line(files: &Files, plugin: usize, error: &PluginError) -> u64 {
    let (index, below) = (plugin.to_string(), place(error));
    let mut path = vec!["plugins", index.as_str()];
    path.extend(below.iter().map(String::as_str));
    let entry = &files.manifest.plugins[plugin];
    line_of(files.content(FILE), &path).unwrap_or(entry.name.referenced.line())
}

/// Where in the plugin's entry the mistake is.
fn place(error: &PluginError) -> Vec<String> {
    let key = |key: &str| vec![key.to_owned()];
    let limit = |key: &str| vec!["limits".to_owned(), key.to_owned()];
    let configuration = |pointer: &str| {
        std::iter::once("configuration".to_owned()).chain(tokens(pointer)).collect()
    };
    match error {
        PluginError::Component(ComponentError::Export(_) | ComponentError::World { .. }) => key("world"),
        PluginError::Component(_) => key("component"),
        PluginError::Configure(ConfigureError::Invalid { pointer, .. }) => configuration(pointer),
        PluginError::Secret(error) => configuration(&error.pointer),
        PluginError::Configure(ConfigureError::Failed { cause: FailureCause::Memory { .. }, .. }) => limit("memory"),
        PluginError::Configure(_) => key("configuration"),
        PluginError::Limit { key, .. } => limit(key),
        PluginError::Capability(_) => key("capabilities"),
    }
}

/// Tells the values of a plugin's secrets from others; none when it refers to none, or does not have them.
fn digest(secrets: &Values, entry: &PluginEntry) -> Option<String> {
    let configuration = entry.configuration.as_ref()?;
    secrets.fill(&entry.name.value, &configuration.value).ok().flatten().map(|filled| filled.digest)
}

/// Loads the plugins that are `wanted` in the bundle's order, with these secrets.
///
/// # Errors
/// Of the first that cannot be used, in the bundle's order.
pub(super) async fn load(stage: &Stage<'_>, files: &Arc<Files>, live: &[Part], secrets: &Values, wanted: fn(&PluginEntry) -> bool) -> Result<Vec<Part>, LoadError> {
    let terms = files.terms();
    let mut parts: Vec<Option<Result<Part, LoadError>>> = Vec::new();
    let mut missing = VecDeque::new();
    for (i, entry) in files.manifest.plugins.iter().enumerate() {
        let secret = digest(secrets, entry);
        let same = live.iter().find(|part| {
            part.terms == terms[i] && &*part.plugin.component == files.digest(&entry.component.value) && part.plugin.secrets.as_deref() == secret.as_deref()
        });
        if same.is_none() && wanted(entry) {
            missing.push_back(i);
        }
        parts.push(same.cloned().map(Ok));
    }
    stage.progress.compiling(missing.iter().map(|i| files.manifest.plugins[*i].name.value.clone()).collect());

    let workers = missing.len().min(AT_ONCE);
    let (missing, loaded) = (Arc::new(Mutex::new(missing)), Arc::new(Mutex::new(Vec::new())));
    let tasks: Vec<_> = (0..workers)
        .map(|_| {
            let (missing, loaded, files, secrets) = (missing.clone(), loaded.clone(), files.clone(), secrets.clone());
            let (engine, grants, register, progress) = (stage.engine.clone(), stage.grants.clone(), stage.register.clone(), stage.progress.clone());
            background::run(move || {
                loop {
                    let next = missing.lock().pop_front();
                    let Some(i) = next else { return };
                    let entry = &files.manifest.plugins[i];
                    let name = &entry.name.value;
                    let loading = Loading { engine: &engine, grants: &grants, metrics: register.plugin(name), configuration: None, secrets: &secrets };
                    let result = Plugin::load(entry, files.content(&entry.component.value), &loading).map_err(|source| LoadError::Plugin {
                        file: FILE,
                        line: line(&files, i, &source),
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
    // Each is either shared, or was loaded, or is not wanted.
    parts.into_iter().flatten().collect()
}
