//! `cargo xtask test`: sets up what the tests need, and runs them all.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::{browser, cluster, quickstart, tools};

/// Options.
#[derive(clap::Args)]
pub struct Args {}

/// The suites that need a real Kubernetes.
const NEED_KUBERNETES: [&str; 6] = ["kubectl", "story", "reload", "hostile", "crash", "bad_input"];
/// The suite that needs a browser.
const NEED_BROWSER: &str = "page";
/// The suites that need nothing beside the binary and a kubectl.
const NEED_KUBECTL: &str = "quickstart";

/// Sets up, builds, runs. What cannot be had here is said at the end; in CI a missing Kubernetes is a failure.
///
/// # Errors
/// When a test fails.
pub fn run(root: &Path, _args: &Args) -> Result<()> {
    let strict = std::env::var("CI").is_ok_and(|value| value == "true");
    let mut skipped: Vec<(String, String)> = Vec::new();
    let mut skip = |suites: &[&str], reason: String| {
        skipped.extend(suites.iter().map(|suite| ((*suite).to_owned(), reason.clone())));
    };
    if let Err(error) = tools::ensure(root) {
        ensure!(!strict, "kubectl cannot be had: {error:#}");
        skip(&NEED_KUBERNETES, format!("{error:#}"));
        skip(&[NEED_KUBECTL, NEED_BROWSER], format!("{error:#}"));
    } else {
        if let Err(error) = tools::ensure_busybox().and_then(|()| cluster::program::ensure(root).map(drop)) {
            ensure!(!strict, "the real API server cannot be had: {error:#}");
            skip(&NEED_KUBERNETES, format!("{error:#}"));
        }
        if let Err(error) = browser::ensure(root) {
            skip(&[NEED_BROWSER], format!("{error:#}"));
        }
    }
    quickstart::build(root)?;

    let mut failed = Vec::new();
    // What each crate promises, then whole systems one after the other: they start servers and measure memory.
    let units = ["test", "--release", "--workspace", "--exclude", "portcullis-tests"];
    if !cargo(root, &units)? {
        failed.push("the crates' own tests".to_owned());
    }
    let suites = ["structure", "quickstart", "page", "story", "bad_input", "hostile", "reload", "kubectl", "crash"];
    for suite in suites.into_iter().filter(|suite| !skipped.iter().any(|(name, _)| name == suite)) {
        let threads = "--test-threads=2";
        if !cargo(root, &["test", "--release", "--package", "portcullis-tests", "--test", suite, "--", threads])? {
            failed.push(format!("the suite {suite}"));
        }
    }
    for (suite, reason) in &skipped {
        println!("skipped: the suite {suite}: {reason}");
    }
    ensure!(failed.is_empty(), "these failed: {}", failed.join(", "));
    println!("everything holds{}", if skipped.is_empty() { "" } else { ", except what was skipped" });
    Ok(())
}

fn cargo(root: &Path, arguments: &[&str]) -> Result<bool> {
    eprintln!("cargo {}", arguments.join(" "));
    Ok(Command::new("cargo").args(arguments).current_dir(root).status()?.success())
}
