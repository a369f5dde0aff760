//! A bundle beside no gateway: what `portcullis plugin test`, `run` and `bench` are made of.
//!
//! It is the engine that serves traffic, with everything granted that the bundle asks for and nothing real behind it: no network, counts in memory, and
//! the cluster that a case writes down.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::digest;
use serde::Serialize;
use serde_json::Value;

use crate::bundle::read::Files;
use crate::cases::{Asking, Came, CaseResult, Cases, Configured, Coverage, Reached, Setting};
use crate::engine::Engine;
use crate::generation::{Decision, Generation};
use crate::grants::{ClusterRead, Grants};
use crate::host::{HttpClient, Origin};
use crate::load::{Beside, LoadError, beside};
use crate::status::PluginStatus;
use crate::wit::{HttpRequest, HttpResponse, World};

/// Calls by which one explanation says how long a plugin takes.
const EXPLAINED: usize = 25;

/// A bundle, compiled and configured. Its cases have not been run.
pub struct Trial {
    engine: Engine,
    grants: Arc<Grants>,
    files: Arc<Files>,
    generation: Generation,
    cases: Vec<Cases>,
}

/// What became of all cases.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Each case, file by file.
    pub cases: Vec<CaseResult>,
    /// What they reached of each plugin.
    pub coverage: Vec<Coverage>,
}

/// One request, explained.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explained {
    /// The canonical request as policies see it.
    pub request: Value,
    /// What each plugin that has to do with it says.
    pub plugins: Vec<Explanation>,
    /// What all guards together say.
    pub decision: Decision,
}

/// What one plugin says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// Its name.
    pub plugin: String,
    /// Its world.
    pub world: World,
    /// Its answer; none when it failed.
    #[serde(flatten)]
    pub came: Option<Came>,
    /// Why there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// The median of some calls, each with a fresh instance.
    pub microseconds: f64,
    /// Linear memory of its instance, in bytes.
    pub memory: usize,
    /// What it logged.
    pub log: Vec<String>,
}

/// How long the calls of one case take.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Timed {
    /// The case's name.
    pub case: String,
    /// The one plugin that is asked; all of them without one.
    pub plugin: Option<String>,
    /// Microseconds: the median over all rounds of each round's median.
    pub p50: f64,
    /// Microseconds: the median over all rounds of each round's 99th percentile.
    pub p99: f64,
    /// Linear memory of the largest instance, in bytes.
    pub memory: usize,
}

/// What a benchmark measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Timings {
    /// Each case.
    pub cases: Vec<Timed>,
    /// Microseconds of a fixed piece of work without any policy, measured between the cases' calls: how fast this machine was meanwhile.
    pub reference: f64,
}

impl Trial {
    /// Reads, compiles and configures a bundle. Takes as long as compiling takes, and milliseconds with a warm cache.
    ///
    /// # Errors
    /// When it could not go live, its cases aside.
    pub async fn load(engine: Engine, dir: &Path) -> Result<Trial, LoadError> {
        let Beside { files, grants, generation, cases } = beside(&engine, dir, everything, |_| true).await?;
        Ok(Trial { engine, grants, files, generation, cases })
    }

    /// Its plugins.
    pub fn plugins(&self) -> Vec<PluginStatus> {
        self.generation.plugins().map(PluginStatus::of).collect()
    }

    fn setting(&self) -> Setting<'_> {
        Setting { generation: &self.generation, files: &self.files, engine: &self.engine, grants: &self.grants }
    }

    /// Runs all cases.
    pub async fn report(&self) -> Report {
        let mut reached = Reached::default();
        let mut results = Vec::new();
        for cases in &self.cases {
            results.extend(cases.results(&self.setting(), &mut reached).await);
        }
        let coverage = |entry: &crate::bundle::PluginEntry| reached.of(&entry.name.value, entry.world, entry.configuration.as_ref().map(|given| &given.value));
        Report { cases: results, coverage: self.files.manifest.plugins.iter().map(coverage).collect() }
    }

    /// Asks every plugin about one request. `case` is a case as a file of cases has it, without `name` and `expect`.
    ///
    /// # Errors
    /// A sentence, when the request is none.
    pub async fn explain(&self, case: &Value) -> Result<Explained, String> {
        let all = self.written(case, None)?;
        let mut configured = Configured::default();
        let asking = self.asking(&all, &mut configured).await?;
        let request = asking.request().ok_or("it is no request; give a kubectl command line or METHOD /path")?;
        let mut plugins = Vec::new();
        for world in [World::Guard, World::ApprovalRouter, World::Masker] {
            let mut case = case.clone();
            if world == World::ApprovalRouter {
                // What the guards found is what routers are asked about.
                let Ok(answered) = asking.answer().await else { continue };
                if answered.came.verdict != Some(Decision::RequireApproval) {
                    continue;
                }
                let findings: Vec<_> = answered.findings.iter().map(|(_, finding)| finding).collect();
                case["findings"] = serde_json::to_value(findings).unwrap_or_default();
            }
            let names: Vec<String> = self.generation.plugins().filter(|plugin| plugin.world == world).map(|plugin| plugin.name.to_string()).collect();
            for name in names {
                let cases = self.written(&case, Some(&name))?;
                let asking = self.asking(&cases, &mut configured).await?;
                plugins.push(explanation(name, world, &asking).await);
            }
        }
        let decision = asking.answer().await.ok().and_then(|answered| answered.came.verdict).unwrap_or(Decision::Deny);
        Ok(Explained { request, plugins, decision })
    }

    /// The one case of a file that is not there.
    fn written(&self, case: &Value, plugin: Option<&str>) -> Result<Cases, String> {
        let mut case = case.clone();
        case["name"] = Value::from("the request");
        case["expect"] = Value::from("snapshot");
        let file = serde_json::json!({ "apiVersion": "portcullis.dev/v1", "kind": "Cases", "cases": [case] });
        // JSON is YAML too.
        Cases::parse("the command line", file.to_string().as_bytes(), plugin).map_err(|error| error.message)
    }

    async fn asking(&self, cases: &Cases, configured: &mut Configured) -> Result<Asking, String> {
        let (_, case) = cases.named().next().ok_or("there is no case")?;
        cases.asking(case, &self.setting(), configured).await
    }

    /// Calls what the cases ask for, `calls` times in each of `rounds` rounds, the cases one after another in each round: so what else the machine does falls on
    /// all of them alike. Only the case of this name, when one is given.
    ///
    /// # Errors
    /// A sentence, when there is no such case, or one cannot be asked.
    pub async fn time(&self, only: Option<&str>, rounds: usize, calls: usize) -> Result<Timings, String> {
        let mut configured = Configured::default();
        let mut asked = Vec::new();
        for cases in &self.cases {
            for (name, case) in cases.named().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
                let asking = cases.asking(case, &self.setting(), &mut configured).await.map_err(|why| format!("case `{name}`: {why}"))?;
                // The first call says whether it works at all.
                asking.answer().await.map_err(|why| format!("case `{name}`: {why}"))?;
                asked.push((name.to_owned(), cases.plugin().map(str::to_owned), asking, Vec::new()));
            }
        }
        if asked.is_empty() {
            return Err(only.map_or_else(|| "there is no case to measure; give the bundle cases".to_owned(), |only| format!("there is no case `{only}`")));
        }
        let mut references = Vec::new();
        for _ in 0..rounds.max(1) {
            references.push(reference());
            for (_, _, asking, measured) in &mut asked {
                let mut times = Vec::with_capacity(calls);
                for _ in 0..calls.max(1) {
                    times.push(asking.time().await);
                }
                measured.push((percentile(&mut times, 50), percentile(&mut times, 99)));
            }
        }
        let timed = asked.into_iter().map(|(case, plugin, asking, measured)| {
            let (mut p50, mut p99): (Vec<f64>, Vec<f64>) = measured.into_iter().unzip();
            Timed { case, plugin, p50: median(&mut p50), p99: median(&mut p99), memory: asking.tap.take().1 }
        });
        Ok(Timings { cases: timed.collect(), reference: median(&mut references) })
    }
}

async fn explanation(plugin: String, world: World, asking: &Asking) -> Explanation {
    let answered = asking.answer().await;
    let (log, memory) = asking.tap.take();
    let mut times = Vec::with_capacity(EXPLAINED);
    for _ in 0..EXPLAINED {
        times.push(asking.time().await);
    }
    let (came, failure) = match answered {
        Ok(answered) => (Some(answered.came), None),
        Err(why) => (None, Some(why)),
    };
    Explanation { plugin, world, came, failure, microseconds: percentile(&mut times, 50), memory, log }
}

/// In microseconds.
fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    let index = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(index).map_or(0.0, |time| time.as_secs_f64() * 1e6)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// A fixed piece of work: the best of some hashes, in microseconds.
fn reference() -> f64 {
    let bytes = vec![7u8; 64 << 10];
    let once = || {
        let start = Instant::now();
        std::hint::black_box(digest::digest(&digest::SHA256, std::hint::black_box(&bytes)));
        start.elapsed().as_secs_f64() * 1e6
    };
    (0..20).map(|_| once()).fold(f64::INFINITY, f64::min)
}

/// All that a bundle asks for, and nothing behind it.
pub(crate) fn everything(files: &Files) -> Grants {
    let http = files.manifest.plugins.iter().filter_map(|plugin| plugin.capabilities.http.as_ref());
    let origins = http.flat_map(|http| &http.origins).filter_map(|origin| Origin::parse(&origin.value).ok());
    Grants {
        http_origins: origins.collect(),
        http_client: Some(Arc::new(Nowhere)),
        cluster: Some(vec![ClusterRead::everything()]),
        counter: true,
        ..Grants::default()
    }
}

/// No network.
struct Nowhere;

impl HttpClient for Nowhere {
    fn send(&self, _: HttpRequest) -> futures_util::future::BoxFuture<'static, Result<HttpResponse, String>> {
        Box::pin(std::future::ready(Err("there is no network beside the gateway".to_owned())))
    }
}
