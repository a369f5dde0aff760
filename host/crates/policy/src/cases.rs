//! A bundle's own tests: a set whose cases do not hold never goes live. `BUNDLE.md` says how they are written.
//!
//! A case is judged by the very plugins that are to go live, beside the gateway: nothing is sent to the network, counts are kept in memory and end with
//! the case, and the cluster is what the case says it is.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::background;
use crate::bundle::read::Files;
use crate::bundle::{FILE, YamlError, at, check_header, yaml};
use crate::engine::Engine;
use crate::generation::Generation;
use crate::grants::Grants;
use crate::plugin::{Around, Loading, Plugin, Tap, canonical};
use crate::secrets::Secrets;

mod ask;
mod came;
mod canned;
mod coverage;
mod expect;
mod file;
mod request;
mod snapshot;

use ask::question;
use canned::Canned;
use file::Expectation;

pub use came::{Came, CameRoute, Sent};
pub(crate) use ask::Asking;
pub use coverage::Coverage;
pub(crate) use coverage::Reached;
pub(crate) use file::{Case, CaseFile};
pub use snapshot::{Snapshot, is_snapshot, written};

/// Cases of one file.
const CASES: usize = 4096;

/// Configurations, besides the bundle's own, of one file.
const CONFIGURATIONS: usize = 64;

/// How often one request may be repeated.
const TIMES: u32 = 1000;

/// Mistakes told at once.
const TOLD: usize = 10;

/// Cases that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseFailures {
    /// Each with file, line, the case's name, and what came instead.
    pub failures: Vec<YamlError>,
}

impl std::error::Error for CaseFailures {}

impl fmt::Display for CaseFailures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.failures.len();
        write!(f, "{n} of the bundle's own cases {}: ", if n == 1 { "does not hold" } else { "do not hold" })?;
        for (i, failure) in self.failures.iter().take(TOLD).enumerate() {
            write!(f, "{}{failure}", if i > 0 { "; " } else { "" })?;
        }
        if n > TOLD {
            write!(f, "; and {} more", n - TOLD)?;
        }
        write!(f, "; correct the policy or the cases")
    }
}

/// What became of one case.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct CaseResult {
    /// Its file, relative to the bundle.
    pub file: String,
    /// Where it begins, from 1.
    pub line: u64,
    /// Its name.
    pub name: String,
    /// The one plugin that is asked; all of them without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// What came, as far as anything did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub came: Option<Came>,
    /// Why it does not hold; nothing when it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Line and column of its expectation, from 1.
    #[serde(skip)]
    pub expectation: (u64, u64),
    /// Its column.
    #[serde(skip)]
    pub column: u64,
}

/// A file of cases, read.
#[derive(Debug)]
pub(crate) struct Cases {
    file: String,
    /// Only this plugin is asked; all of them without one.
    plugin: Option<String>,
    content: CaseFile,
}

/// What cases are run with.
pub(crate) struct Setting<'a> {
    /// The set that is to go live.
    pub generation: &'a Generation,
    /// Where a plugin is loaded from again, with another configuration.
    pub files: &'a Arc<Files>,
    pub engine: &'a Engine,
    pub grants: &'a Arc<Grants>,
}

impl Cases {
    pub(crate) fn parse(file: &str, text: &[u8], plugin: Option<&str>) -> Result<Cases, YamlError> {
        let content: CaseFile = yaml(file, text)?;
        check_header(file, &content.api_version, &content.kind, "Cases")?;
        if content.cases.len() > CASES {
            return Err(at(file, &content.kind, format!("a file has at most {CASES} cases, this one has {}", content.cases.len())));
        }
        if let Some(case) = content.cases.iter().find(|case| case.value.times.is_some_and(|times| !(1..=TIMES).contains(&times))) {
            return Err(at(file, case, format!("case `{}`: `times` is 1 to {TIMES}", case.value.name)));
        }
        Ok(Cases { file: file.to_owned(), plugin: plugin.map(str::to_owned), content })
    }

    /// Runs all cases; an empty list is good. Some milliseconds more where a case has a configuration of its own: the component is configured anew.
    pub(crate) async fn run(&self, setting: &Setting<'_>) -> Vec<YamlError> {
        let failed = |result: CaseResult| {
            let message = format!("case `{}`: {}", result.name, result.failure?);
            Some(YamlError { file: result.file, line: result.line, column: result.column, message })
        };
        self.results(setting, &mut Reached::default()).await.into_iter().filter_map(failed).collect()
    }

    /// The same, with what came of each, and what they reached.
    pub(crate) async fn results(&self, setting: &Setting<'_>, reached: &mut Reached) -> Vec<CaseResult> {
        let mut configured = Configured::default();
        let mut results = Vec::with_capacity(self.content.cases.len());
        for case in &self.content.cases {
            let answered = match self.asking(&case.value, setting, &mut configured).await {
                Ok(asking) => asking.answer().await,
                Err(why) => Err(why),
            };
            if let Ok(answered) = &answered {
                reached.note(self.plugin.as_deref(), answered);
            }
            let failure = match (&answered, &case.value.expect.value) {
                (Err(why), _) => Some(why.clone()),
                (Ok(_), Expectation::Snapshot) => Some("it has no snapshot yet; run `portcullis plugin test --update` to write down what comes".to_owned()),
                (Ok(_), Expectation::Given(expect)) if expect.expects_nothing() => {
                    Some("it expects nothing; give `expect` one of verdict, route, plan, masked, session, delivered or sent".to_owned())
                }
                (Ok(answered), Expectation::Given(expect)) => expect::differs(expect, answered),
            };
            let place = |spanned: serde_saphyr::Location| (spanned.line(), spanned.column());
            let (line, column) = place(case.referenced);
            results.push(CaseResult {
                file: self.file.clone(),
                line,
                column,
                name: case.value.name.clone(),
                plugin: self.plugin.clone(),
                came: answered.ok().map(|answered| answered.came),
                failure,
                expectation: place(case.value.expect.referenced),
            });
        }
        results
    }

    /// The cases by name, to be asked again and again: the first of each name.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&str, &Case)> {
        self.content.cases.iter().map(|case| (case.value.name.as_str(), &case.value))
    }

    pub(crate) fn plugin(&self) -> Option<&str> {
        self.plugin.as_deref()
    }

    /// Values of secrets that are written down: of the file first, and then those that only a case has.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = (String, String)> {
        let cases = self.content.cases.iter().rev().flat_map(|case| &case.value.secrets);
        cases.chain(&self.content.secrets).map(|(name, value)| (name.clone(), value.clone()))
    }

    /// A case, ready to be asked.
    pub(crate) async fn asking(&self, case: &Case, setting: &Setting<'_>, configured: &mut Configured) -> Result<Asking, String> {
        let only = self.plugin.as_deref();
        let (canned, tap) = (Arc::new(Canned::new(&case.answers)), Arc::new(Tap::default()));
        let surroundings = ask::surroundings(&self.content, case)?;
        let around = Arc::new(Around { surroundings: surroundings.clone(), http: canned.clone(), tap: tap.clone() });
        let configuration = case.configuration.as_ref().or(self.content.configuration.as_ref());
        // What a case sends is shown when it does not hold, so no case is asked of a plugin that has the operator's secrets.
        let refers = only.is_some_and(|only| setting.generation.plugins().any(|plugin| &*plugin.name == only && plugin.secrets.is_some()));
        let plugins: Vec<Plugin> = match (only, configuration) {
            (None, Some(_)) => return Err("a configuration belongs to one plugin; put the case into that plugin's own file".to_owned()),
            (Some(only), configuration) if refers || configuration.is_some() => {
                let mut secrets = self.content.secrets.clone();
                secrets.extend(case.secrets.clone());
                vec![configured.plugin(only, configuration, secrets, setting).await?.beside(around, true)]
            }
            (only, _) => {
                let which = setting.generation.plugins().filter(|plugin| plugin.secrets.is_none() && only.is_none_or(|only| only == &*plugin.name));
                which.map(|plugin| plugin.beside(around.clone(), only.is_some())).collect()
            }
        };
        let world = only.and_then(|only| plugins.iter().find(|plugin| &*plugin.name == only)).map(|plugin| plugin.world);
        let question = question(&self.content, case, only.zip(world))?;
        let generation = Generation::new(0, setting.files.content(FILE), plugins, 0);
        Ok(Asking { generation, question, surroundings, canned, tap, alone: only.is_some(), times: case.times.unwrap_or(1) })
    }
}

/// Plugins that cases have configured otherwise, by name, configuration and secrets.
#[derive(Default)]
pub(crate) struct Configured(HashMap<(String, Option<String>, BTreeMap<String, String>), Plugin>);

impl Configured {
    async fn plugin(&mut self, name: &str, configuration: Option<&Value>, secrets: BTreeMap<String, String>, setting: &Setting<'_>) -> Result<&Plugin, String> {
        let key = (name.to_owned(), configuration.map(canonical), secrets.clone());
        if !self.0.contains_key(&key) && self.0.len() >= CONFIGURATIONS {
            return Err(format!("a file has at most {CONFIGURATIONS} configurations of its own; put some of the cases into another file"));
        }
        match self.0.entry(key) {
            Entry::Occupied(there) => Ok(there.into_mut()),
            Entry::Vacant(free) => Ok(free.insert(load(name, configuration, secrets, setting).await?)),
        }
    }
}

async fn load(name: &str, configuration: Option<&Value>, secrets: BTreeMap<String, String>, setting: &Setting<'_>) -> Result<Plugin, String> {
    let (name, configuration) = (name.to_owned(), configuration.cloned());
    let secrets = Secrets::given(secrets).read(&BTreeSet::new());
    let (files, engine, grants) = (setting.files.clone(), setting.engine.clone(), setting.grants.clone());
    let work = move || {
        let entry = files.manifest.plugins.iter().find(|entry| entry.name.value == name).ok_or_else(|| format!("there is no plugin `{name}`"))?;
        let loading = Loading { engine: &engine, grants: &grants, metrics: Arc::default(), configuration: configuration.as_ref(), secrets: &secrets };
        Plugin::load(entry, files.content(&entry.component.value), &loading).map_err(|error| format!("with its own configuration: {error}"))
    };
    background::run(work).await?
}

#[cfg(test)]
mod tests;
