//! `plugin test`: the cases, by the engine that would serve them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use authoring::{Language, Options};
use policy::{CaseResult, Coverage, Report, Snapshot};
use serde_json::json;

use super::trial;
use crate::commands::failure::Failure;
use crate::commands::output::{Output, clean, clean_lines, json_line, say};

/// What to test.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder of a policy or of a bundle.
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Take the component that is there, however old it is.
    #[arg(long)]
    no_build: bool,
    /// Write down what came wherever a case says `expect: snapshot`, or was written down so before.
    #[arg(long)]
    update: bool,
}

/// Builds what is stale, and runs the cases.
///
/// # Errors
/// When a case does not hold, or the bundle could not go live.
pub async fn run(args: Args, output: Output) -> Result<(), Failure> {
    if !args.no_build {
        let dir = args.dir.clone();
        tokio::task::spawn_blocking(move || fresh(&dir)).await.map_err(anyhow::Error::from)??;
    }
    let mut report = trial(&args.dir).await?.report().await;
    let mut written = Vec::new();
    if args.update {
        written = update(&args.dir, &report)?;
        if !written.is_empty() {
            // Once more, with what is written now.
            report = trial(&args.dir).await?.report().await;
        }
    }
    match output {
        Output::Json => as_json(&report)?,
        Output::Table => as_lines(&args.dir, &report, &written)?,
    }
    let failed = report.cases.iter().filter(|case| case.failure.is_some()).count();
    match failed {
        0 => Ok(()),
        n => Err(Failure::No(format!("{n} of {} cases {}; correct the policy or the cases", report.cases.len(), if n == 1 { "does not hold" } else { "do not hold" }))),
    }
}

/// Builds the folder's policy when a source is newer than its component. A bundle without a policy of its own has nothing to build.
pub(super) fn fresh(dir: &Path) -> Result<(), Failure> {
    if Language::of(dir).is_none() || !is_stale(dir) {
        return Ok(());
    }
    let built = authoring::build(dir, &Options::default()).map_err(super::build::failure)?;
    eprintln!("built {} in {:.1} s", clean(&built.path.display().to_string()), built.seconds);
    Ok(())
}

fn is_stale(dir: &Path) -> bool {
    let component = authoring::build::component(dir).ok().and_then(|file| modified(&file));
    component.is_none_or(|component| authoring::watch::newest(dir).is_none_or(|newest| newest > component))
}

fn modified(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|metadata| metadata.modified()).ok()
}

/// Writes the snapshots into their files; which were changed.
fn update(dir: &Path, report: &Report) -> Result<Vec<String>, Failure> {
    let mut by_file: BTreeMap<&str, Vec<Snapshot>> = BTreeMap::new();
    for case in &report.cases {
        if let (Some(came), Some(_)) = (&case.came, &case.failure) {
            let (line, column) = case.expectation;
            by_file.entry(&case.file).or_default().push(Snapshot { line, column, yaml: came.as_yaml() });
        }
    }
    let mut changed = Vec::new();
    for (file, snapshots) in by_file {
        let path = dir.join(file);
        let text = fs::read_to_string(&path)?;
        let new = policy::written(&text, &snapshots);
        if new != text {
            authoring::write(&path, new.as_bytes()).map_err(anyhow::Error::from)?;
            changed.push(file.to_owned());
        }
    }
    Ok(changed)
}

fn as_json(report: &Report) -> Result<(), Failure> {
    for case in &report.cases {
        say(&json_line(&json!({ "case": case }).to_string()))?;
    }
    for coverage in &report.coverage {
        say(&json_line(&json!({ "coverage": coverage }).to_string()))?;
    }
    Ok(())
}

fn as_lines(dir: &Path, report: &Report, written: &[String]) -> Result<(), Failure> {
    for file in written {
        say(&clean(&format!("wrote the snapshots of {file}")))?;
    }
    for case in &report.cases {
        let mark = if case.failure.is_some() { "FAILED" } else { "ok" };
        say(&clean(&format!("{mark:<6}  {}", case.name)))?;
        if let Some(failure) = &case.failure {
            say(&clean(&format!("        {}:{}: {failure}", case.file, case.line)))?;
            difference(dir, case)?;
        }
    }
    for coverage in &report.coverage {
        say(&clean(&covered(coverage)))?;
    }
    Ok(())
}

/// What a snapshot says, and what it would say now.
fn difference(dir: &Path, case: &CaseResult) -> Result<(), Failure> {
    let (line, column) = case.expectation;
    let (Some(came), Ok(text)) = (&case.came, fs::read_to_string(dir.join(&case.file))) else { return Ok(()) };
    if !policy::is_snapshot(&text, line, column) {
        return Ok(());
    }
    let stands = usize::try_from(line).ok().and_then(|line| text.lines().nth(line.checked_sub(1)?)).unwrap_or_default();
    say(&clean_lines(&format!("      - {}", stands.trim())))?;
    say(&clean_lines(&format!("      + expect: {}   # snapshot", came.as_yaml())))
}

/// The line that says what no case reached.
fn covered(coverage: &Coverage) -> String {
    let mut line = format!("coverage  {}: {} {}", coverage.plugin, coverage.cases, if coverage.cases == 1 { "case" } else { "cases" });
    if coverage.cases == 0 {
        return format!("coverage  {}: no case asks it", coverage.plugin);
    }
    if coverage.rules > 0 {
        let reached = coverage.rules - coverage.unreached.len();
        line.push_str(&format!(", {reached} of the {} rules that its configuration names", coverage.rules));
    }
    if !coverage.unreached.is_empty() {
        line.push_str(&format!("; no case reached {}", coverage.unreached.join(", ")));
    }
    if !coverage.unseen.is_empty() {
        line.push_str(&format!("; no case was answered {}", coverage.unseen.join(", ")));
    }
    line
}
