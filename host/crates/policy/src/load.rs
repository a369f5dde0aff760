//! Staging a policy set: everything that can go wrong goes wrong here, before anything is swapped.

use std::path::Path;
use std::sync::Arc;

use crate::background;
use crate::bundle::read::{Files, Print, ReadError, Unread, read};
use crate::bundle::reference::references;
use crate::bundle::{FILE, PluginEntry, YamlError};
use crate::components::complete;
use crate::cases::{CaseFailures, Cases, Setting};
use crate::engine::Engine;
use crate::generation::Generation;
use crate::grants::Grants;
use crate::load::parts::Part;
use crate::load::progress::Progress;
use crate::metrics::Register;
use crate::plugin::PluginError;
use crate::secrets::{Secrets, Values};

pub(crate) mod parts;
pub(crate) mod progress;

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
    /// It may not be loaded, or is none.
    #[error("{0}")]
    Refused(String),
    /// The compiler gave up on a component.
    #[error("loading was cut short: {0}; a component makes the compiler fail, try the set without the one that changed last")]
    Panicked(String),
}

/// What is needed to stage a set.
pub(crate) struct Stage<'a> {
    pub engine: &'a Engine,
    pub grants: &'a Arc<Grants>,
    pub register: &'a Arc<Register>,
    pub progress: &'a Arc<Progress>,
}

/// A set that may go live.
pub(crate) struct Staged {
    /// Its number is zero: it gets one when it goes live.
    pub generation: Generation,
    /// Its plugins, for the next set to share.
    pub parts: Vec<Part>,
}

impl Stage<'_> {
    /// Reads a folder, and gets what it names by references. Off the caller's thread; takes half a second when it keeps changing, and as long as a
    /// registry does.
    pub(crate) async fn read(&self, dir: &Path) -> Result<Arc<Files>, Unread> {
        let _shown = self.progress.begin();
        let wanted = dir.to_owned();
        match background::run(move || read(&wanted)).await {
            Ok(Err(unread)) => Err(unread),
            Ok(Ok(mut files)) => {
                self.progress.fetching();
                match complete(&mut files, self.engine.options().components.as_ref()).await {
                    Ok(()) => Ok(Arc::new(files)),
                    Err(error) => Err(Unread { error, print: files.print, files: files.manifest.files() }),
                }
            }
            Err(why) => {
                let error = ReadError::Io { path: dir.to_owned(), source: std::io::Error::other(why) };
                Err(Unread { error, print: Print::take(dir, &[]), files: Vec::new() })
            }
        }
    }

    /// What the files' configurations refer to, as far as it can be had.
    async fn secrets(&self, files: &Files) -> Result<Values, LoadError> {
        let configurations = files.manifest.plugins.iter().filter_map(|plugin| plugin.configuration.as_ref());
        let names = configurations.flat_map(|configuration| references(&configuration.value)).map(|reference| reference.name).collect();
        let secrets = self.grants.secrets.clone();
        background::run(move || secrets.read(&names)).await.map_err(LoadError::Panicked)
    }

    /// Compiles, configures and tests, plugins side by side, all of it in the gateway's spare time. `live`: plugins that are loaded already; those whose
    /// component and terms did not change are shared.
    pub(crate) async fn build(&self, files: &Arc<Files>, live: &[Part]) -> Result<Staged, LoadError> {
        let _shown = self.progress.begin();
        if let Some(admission) = &self.grants.admission {
            admission.admit(&files.contents).map_err(LoadError::Refused)?;
        }
        let cases = cases(files).await?;
        let secrets = self.secrets(files).await?;
        let parts = parts::load(self, files, live, &secrets, |_| true).await?;
        let plugins = parts.iter().map(|part| part.plugin.clone()).collect();
        let generation = Generation::new(0, files.content(FILE), plugins, self.engine.options().remember);

        self.progress.testing();
        // Thousands of cases on a thread of the runtime would keep requests waiting.
        let runtime = tokio::runtime::Handle::current();
        let (files, engine, grants) = (files.clone(), self.engine.clone(), self.grants.clone());
        let run = move || {
            let setting = Setting { generation: &generation, files: &files, engine: &engine, grants: &grants };
            let mut failures = Vec::new();
            for cases in &cases {
                failures.extend(runtime.block_on(cases.run(&setting)));
            }
            (generation, failures)
        };
        let (generation, failures) = background::run(run).await.map_err(LoadError::Panicked)?;
        if failures.is_empty() { Ok(Staged { generation, parts }) } else { Err(CaseFailures { failures }.into()) }
    }
}

/// The bundle's files of cases. Thousands of lines take milliseconds to read.
async fn cases(files: &Arc<Files>) -> Result<Vec<Cases>, LoadError> {
    let files = files.clone();
    Ok(background::run(move || read_cases(&files)).await.map_err(LoadError::Panicked)??)
}

fn read_cases(files: &Files) -> Result<Vec<Cases>, YamlError> {
    let of_plugins = files.manifest.plugins.iter().filter_map(|plugin| Some((plugin.cases.as_ref()?, Some(plugin.name.value.as_str()))));
    let of_all = files.manifest.cases.iter().map(|file| (file, None));
    of_plugins.chain(of_all).map(|(file, plugin)| Cases::parse(&file.value, files.content(&file.value), plugin)).collect()
}

/// A set beside no gateway.
pub(crate) struct Beside {
    pub files: Arc<Files>,
    pub grants: Arc<Grants>,
    pub generation: Generation,
    /// They have not been run.
    pub cases: Vec<Cases>,
}

/// Reads, compiles and configures those plugins of a set that are `wanted`, and that nobody is to be judged by: with what `grants` makes of its files, and the
/// secrets that its cases write down.
pub(crate) async fn beside(engine: &Engine, dir: &Path, grants: impl FnOnce(&Files) -> Grants, wanted: fn(&PluginEntry) -> bool) -> Result<Beside, LoadError> {
    let folder = dir.to_owned();
    let mut files = background::run(move || read(&folder)).await.map_err(LoadError::Panicked)?.map_err(|unread| unread.error)?;
    complete(&mut files, engine.options().components.as_ref()).await?;
    let files = Arc::new(files);
    let cases = cases(&files).await?;
    let secrets = Secrets::given(cases.iter().flat_map(Cases::secrets));
    let grants = Arc::new(Grants { secrets, ..grants(&files) });
    let stage = Stage { engine, grants: &grants, register: &Arc::default(), progress: &Arc::default() };
    let secrets = stage.secrets(&files).await?;
    let parts = parts::load(&stage, &files, &[], &secrets, wanted).await?;
    let generation = Generation::new(0, files.content(FILE), parts.into_iter().map(|part| part.plugin).collect(), 0);
    Ok(Beside { files, grants, generation, cases })
}
