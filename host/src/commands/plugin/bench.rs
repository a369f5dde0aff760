//! `plugin bench`: what a policy costs, and whether it costs more than it did.
//!
//! The cases are measured in rounds, one after another in each, and of all rounds the median is taken. A baseline was measured at another time, so its
//! figures are scaled by a fixed piece of work that is measured along with them: what counts is how a policy did against its machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use policy::Timings;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::trial;
use crate::commands::failure::Failure;
use crate::commands::output::{Output, clean, grid, json_line, say, size};

/// Rounds, and calls of each case in a round.
const ROUNDS: usize = 31;
const CALLS: usize = 200;

/// Differences below this many microseconds are the clock's, not the policy's.
const NOISE: f64 = 1.0;

/// What to measure.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder of a policy or of a bundle, or its bundle.yaml.
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Only the case of this name.
    #[arg(long, value_name = "NAME")]
    case: Option<String>,
    /// Figures to compare with, as --save wrote them. Exits with 1 when something got worse.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Where to write the figures.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// By how much a figure may be worse than the baseline's.
    #[arg(long, value_name = "PERCENT", default_value = "20%")]
    threshold: Percent,
    /// Take the component that is there, however old it is.
    #[arg(long)]
    no_build: bool,
}

/// A share of something: `20%`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Percent(f64);

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.trim().trim_end_matches('%').trim().parse::<f64>();
        number.ok().filter(|percent| (0.0..=10_000.0).contains(percent)).map(Percent).ok_or_else(|| format!("`{text}` is no share; write it as 20%"))
    }
}

/// Figures, as they are saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Figures {
    /// Microseconds of the fixed piece of work.
    reference: f64,
    /// Bytes of each plugin's component.
    components: Vec<Component>,
    cases: Vec<Case>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Component {
    plugin: String,
    bytes: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Case {
    case: String,
    plugin: Option<String>,
    p50_us: f64,
    p99_us: f64,
    memory_bytes: usize,
}

/// Measures, and compares.
///
/// # Errors
/// When there is no case, a baseline cannot be read, or something got worse.
pub async fn run(args: Args, output: Output) -> Result<(), Failure> {
    let dir = if args.dir.is_file() { args.dir.parent().map(Path::to_owned).unwrap_or_default() } else { args.dir.clone() };
    if !args.no_build {
        let dir = dir.clone();
        tokio::task::spawn_blocking(move || super::test::fresh(&dir)).await.map_err(anyhow::Error::from)??;
    }
    // Read first: what cannot be compared need not be measured.
    let baseline = args.baseline.as_deref().map(read).transpose()?;
    let trial = trial(&dir).await?;
    let timings = trial.time(args.case.as_deref(), ROUNDS, CALLS).await.map_err(Failure::No)?;
    let components = trial.plugins().into_iter().map(|plugin| Component { plugin: plugin.name.clone(), bytes: plugin.bytes }).collect();
    let figures = Figures::of(&timings, components);
    match output {
        Output::Json => figures.cases.iter().try_for_each(|case| say(&json_line(&json!(case).to_string())))?,
        Output::Table => say(figures.table().trim_end())?,
    }
    if let Some(file) = &args.save {
        let text = serde_json::to_string_pretty(&figures).map_err(anyhow::Error::from)?;
        authoring::write(file, text.as_bytes()).map_err(anyhow::Error::from)?;
    }
    let Some(baseline) = baseline else { return Ok(()) };
    let worse = figures.worse_than(&baseline, args.threshold);
    if worse.is_empty() {
        eprintln!("nothing is worse than the baseline by more than {}%", args.threshold.0);
        return Ok(());
    }
    Err(Failure::No(clean(&format!("worse than the baseline by more than {}%: {}", args.threshold.0, worse.join("; ")))))
}

fn read(file: &Path) -> Result<Figures, Failure> {
    let shown = clean(&file.display().to_string());
    let text = fs::read_to_string(file).map_err(|e| Failure::Usage(format!("cannot read {shown}: {e}; write a baseline with --save")))?;
    serde_json::from_str(&text).map_err(|e| Failure::Usage(format!("{shown} is no baseline: {e}; write one with --save")))
}

impl Figures {
    fn of(timings: &Timings, components: Vec<Component>) -> Figures {
        let case = |timed: &policy::Timed| Case {
            case: timed.case.clone(),
            plugin: timed.plugin.clone(),
            p50_us: tenths(timed.p50),
            p99_us: tenths(timed.p99),
            memory_bytes: timed.memory,
        };
        Figures { reference: tenths(timings.reference), components, cases: timings.cases.iter().map(case).collect() }
    }

    fn table(&self) -> String {
        let titles = ["CASE", "PLUGIN", "P50", "P99", "MEMORY"].map(str::to_owned);
        let rows: Vec<Vec<String>> = self
            .cases
            .iter()
            .map(|case| {
                let plugin = case.plugin.clone().unwrap_or_else(|| "all".to_owned());
                vec![clean(&case.case), clean(&plugin), format!("{:.1} µs", case.p50_us), format!("{:.1} µs", case.p99_us), size(case.memory_bytes as u64)]
            })
            .collect();
        let sizes: Vec<String> = self.components.iter().map(|one| format!("{} {}", one.plugin, size(one.bytes as u64))).collect();
        format!("{}\nComponents: {}", grid(&titles, &rows), clean(&sizes.join(", ")))
    }

    /// What is worse, each with both figures. The 99th percentile is shown and not compared: on a shared machine it is the machine's.
    fn worse_than(&self, baseline: &Figures, threshold: Percent) -> Vec<String> {
        let allowed = 1.0 + threshold.0 / 100.0;
        // A slower machine makes both the work and the policies slower.
        let scale = if baseline.reference > 0.0 && self.reference > 0.0 { self.reference / baseline.reference } else { 1.0 };
        let mut worse = Vec::new();
        for case in &self.cases {
            let Some(before) = baseline.cases.iter().find(|one| one.case == case.case && one.plugin == case.plugin) else { continue };
            let expected = before.p50_us * scale;
            if case.p50_us > expected * allowed && case.p50_us - expected > NOISE {
                worse.push(format!("`{}` takes {:.1} µs, and took {expected:.1}", case.case, case.p50_us));
            }
            if case.memory_bytes as f64 > before.memory_bytes as f64 * allowed {
                worse.push(format!("`{}` takes {} of memory, and took {}", case.case, size(case.memory_bytes as u64), size(before.memory_bytes as u64)));
            }
        }
        for component in &self.components {
            let Some(before) = baseline.components.iter().find(|one| one.plugin == component.plugin) else { continue };
            if component.bytes as f64 > before.bytes as f64 * allowed {
                worse.push(format!("the component of {} has {}, and had {}", component.plugin, size(component.bytes as u64), size(before.bytes as u64)));
            }
        }
        worse
    }
}

fn tenths(microseconds: f64) -> f64 {
    (microseconds * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests;
