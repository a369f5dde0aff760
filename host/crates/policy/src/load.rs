//! Staging a policy set: everything that can go wrong goes wrong here, before anything is swapped.

use std::path::Path;
use std::sync::Arc;

use crate::bundle::read::{Files, Print, ReadError, Unread, read};
use crate::bundle::{FILE, YamlError};
use crate::cases::{CaseFailures, Cases};
use crate::engine::Engine;
use crate::generation::Generation;
use crate::grants::Grants;
use crate::metrics::Register;
use crate::plugin::{Loading, Plugin, PluginError};

/// Why a policy set does not go live.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Its files cannot be had, or `bundle.yaml` is wrong.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A plugin cannot be used.
    #[error("{file}:{line}: plugin `{plugin}` ({component}): {source}")]
    Plugin {
        /// `bundle.yaml`.
        file: &'static str,
        /// Where the plugin stands in it.
        line: u64,
        /// Its name.
        plugin: String,
        /// Its component's file.
        component: String,
        /// What is wrong with it.
        source: Box<PluginError>,
    },
    /// A file of cases is wrong.
    #[error(transparent)]
    Yaml(#[from] YamlError),
    /// The set's own cases do not hold.
    #[error(transparent)]
    Cases(#[from] CaseFailures),
    /// The compiler gave up on a component.
    #[error("loading was cut short: {0}; a component makes the compiler fail, try the set without the one that changed last")]
    Panicked(String),
}

/// A set that is ready, or why it is not; with how its files looked, to know when they change.
pub(crate) struct Staged {
    pub result: Result<Generation, LoadError>,
    pub print: Print,
    /// The files that were looked at.
    pub files: Vec<String>,
}

pub(crate) struct Stage<'a> {
    pub engine: &'a Engine,
    pub dir: &'a Path,
    pub grants: &'a Arc<Grants>,
    pub register: &'a Arc<Register>,
}

impl Stage<'_> {
    /// Reads, compiles, configures and tests. Off the caller's thread, plugins side by side.
    pub(crate) async fn run(&self, number: u64) -> Staged {
        let dir = self.dir.to_owned();
        let files = match tokio::task::spawn_blocking(move || read(&dir)).await {
            Ok(Ok(files)) => Arc::new(files),
            Ok(Err(Unread { error, print, files })) => return Staged { result: Err(error.into()), print, files },
            Err(error) => return Staged { result: Err(LoadError::Panicked(error.to_string())), print: Print::take(self.dir, &[]), files: Vec::new() },
        };
        let print = files.print.clone();
        let names = files.manifest.files();
        let result = self.build(files, number).await;
        Staged { result, print, files: names }
    }

    async fn build(&self, files: Arc<Files>, number: u64) -> Result<Generation, LoadError> {
        let mut cases = Vec::new();
        for plugin in &files.manifest.plugins {
            if let Some(file) = &plugin.cases {
                cases.push(Cases::parse(&file.value, content(&files, &file.value), Some(&plugin.name.value))?);
            }
        }
        for file in &files.manifest.cases {
            cases.push(Cases::parse(&file.value, content(&files, &file.value), None)?);
        }

        let tasks: Vec<_> = (0..files.manifest.plugins.len())
            .map(|i| {
                let (files, engine, grants) = (files.clone(), self.engine.clone(), self.grants.clone());
                let metrics = self.register.plugin(&files.manifest.plugins[i].name.value);
                tokio::task::spawn_blocking(move || {
                    let entry = &files.manifest.plugins[i];
                    let loading = Loading { engine: &engine, grants: &grants, metrics };
                    Plugin::load(entry, content(&files, &entry.component.value), &loading).map_err(|source| LoadError::Plugin {
                        file: FILE,
                        line: entry.name.referenced.line(),
                        plugin: entry.name.value.clone(),
                        component: entry.component.value.clone(),
                        source: Box::new(source),
                    })
                })
            })
            .collect();
        let mut plugins = Vec::with_capacity(tasks.len());
        for task in tasks {
            plugins.push(task.await.map_err(|e| LoadError::Panicked(e.to_string()))??);
        }
        let manifest = content(&files, FILE);
        let generation = Generation::new(number, manifest, plugins, self.engine.options().remember);

        let mut failures = Vec::new();
        for cases in &cases {
            failures.extend(cases.run(&generation).await);
        }
        if failures.is_empty() { Ok(generation) } else { Err(CaseFailures { failures }.into()) }
    }
}

/// [`read`] has put every file that the manifest names there.
fn content<'a>(files: &'a Files, name: &str) -> &'a [u8] {
    files.contents.get(name).map(Vec::as_slice).unwrap_or_default()
}
