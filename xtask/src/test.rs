//! `cargo xtask test`: everything that the tests need, then all tests, then what they came to.
//!
//! What cannot be had on this machine is skipped, and said. With `CI=true` the real Kubernetes must be had.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::{browser, cluster, plugins, protobuf, tools};

/// Tests in a module of this name need the real Kubernetes.
const CLUSTER: &str = "on_a_real_cluster";
/// Tests in a module of this name need Kubernetes' Go modules.
const MODULES: &str = "with_go_modules";
/// Tests in a module of this name need a browser.
const BROWSER: &str = "in_a_browser";
/// Tests in a module of this name need the Python client of Kubernetes.
const PYTHON: &str = "with_the_python_client";
/// Tests in a module of this name need what the sinks deliver to.
const SINKS: &str = "with_real_receivers";
/// Tests in a module of this name need a registry and cosign.
const REGISTRY: &str = "with_a_registry";
/// Tests in a module of this name need what builds policies in other languages than Rust.
const LANGUAGES: &str = "in_other_languages";

/// Options of `cargo xtask test`.
#[derive(clap::Args)]
pub struct Args {
    /// Run only tests whose name contains this.
    filter: Option<String>,
}

/// Sets up, runs everything, and tells.
///
/// # Errors
/// When a test fails, or something that must be had cannot be.
pub fn run(root: &Path, args: &Args) -> Result<()> {
    let begun = Instant::now();
    // Before anything else is built: the binary carries the default bundle.
    step("building the default components");
    plugins::build_bundles(root)?;
    let skips = set_up(root)?;
    step("building everything");
    // One call for the binary and the tests, so that nothing is built twice with other features.
    cargo(root, &["build", "--release", "--workspace", "--bins", "--tests", "--examples"])?;
    step("running the tests");
    let mut command = cargo_command(root);
    command.args(["test", "--release", "--workspace", "--no-fail-fast"]).args(&args.filter).arg("--");
    for skip in &skips {
        command.args(["--skip", skip.module]);
    }
    let (passed, results) = watched(&mut command)?;
    println!("\n{}", "-".repeat(72));
    for skip in &skips {
        println!("skipped: {}, because {}", skip.what, skip.why);
    }
    summary(&results);
    println!("after {} min", begun.elapsed().as_secs().div_ceil(60));
    if !passed {
        bail!("some tests failed; each is above, with what it saw");
    }
    Ok(())
}

/// Something that cannot be tested here.
struct Skip {
    module: &'static str,
    what: &'static str,
    why: String,
}

/// Gets what the tests need. What cannot be had is a skip, or a failure where it must not be.
fn set_up(root: &Path) -> Result<Vec<Skip>> {
    let must = env::var("CI").is_ok_and(|ci| ci == "true");
    let mut skips = Vec::new();
    step("looking for kubectl, in two versions");
    tools::ensure(root)?;
    step("looking for the real Kubernetes");
    if let Err(why) = cluster::program::ensure(root).and_then(|_| tools::ensure_busybox()) {
        if must {
            return Err(why.context("with CI=true the suites on a real Kubernetes must run"));
        }
        skips.push(Skip { module: CLUSTER, what: "the suites on a real Kubernetes", why: sentence(&why) });
    }
    step("looking for Kubernetes' Go modules");
    if let Err(why) = protobuf::ensure(root) {
        if must {
            return Err(why.context("with CI=true what is read is compared with Kubernetes' own examples"));
        }
        skips.push(Skip { module: MODULES, what: "Kubernetes' own examples of bodies", why: sentence(&why) });
    }
    step("looking for a browser");
    if let Err(why) = browser::ensure(root) {
        skips.push(Skip { module: BROWSER, what: "the approver's page in a browser", why: sentence(&why) });
    }
    step("looking for the Python client");
    if let Err(why) = tools::python::ensure(root) {
        if must {
            return Err(why.context("with CI=true the Python client must be compared"));
        }
        skips.push(Skip { module: PYTHON, what: "the Python client beside the gateway", why: sentence(&why) });
    }
    step("looking for what the sinks deliver to");
    if let Err(why) = tools::sinks::ensure(root) {
        if must {
            return Err(why.context("with CI=true the sinks must be tested"));
        }
        skips.push(Skip { module: SINKS, what: "the sinks before real receivers", why: sentence(&why) });
    }
    step("looking for a registry and cosign");
    if let Err(why) = tools::artifacts::ensure(root) {
        if must {
            return Err(why.context("with CI=true bundles in registries must be tested"));
        }
        skips.push(Skip { module: REGISTRY, what: "bundles in a real registry", why: sentence(&why) });
    }
    step("looking for what builds JavaScript, Python, Go and C");
    if let Err(why) = tools::languages::ensure(root) {
        if must {
            return Err(why.context("with CI=true the example policies must be built in every language"));
        }
        skips.push(Skip { module: LANGUAGES, what: "the example policies in other languages than Rust", why: sentence(&why) });
    }
    step("looking for PostgreSQL");
    ensure_postgres();
    Ok(skips)
}

fn sentence(why: &anyhow::Error) -> String {
    format!("{why:#}")
}

/// The tests on PostgreSQL look for it themselves, and say so when they find none.
fn ensure_postgres() {
    let here = Path::new("/usr/lib/postgresql").is_dir() || quiet(Command::new("initdb").arg("--version"));
    if here || !quiet(Command::new("sh").args(["-c", "test $(id -u) = 0 && command -v apt-get"])) {
        return;
    }
    eprintln!("xtask: installing postgresql, which the state can be kept in");
    let apt = |arguments: &[&str]| quiet(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(arguments));
    let install = ["install", "--yes", "--no-install-recommends", "postgresql"];
    let installed = apt(&install) || apt(&["update"]) && apt(&install);
    if !installed {
        println!("skipped: the tests on PostgreSQL, because it could not be installed; install the package postgresql");
    }
}

fn step(what: &str) {
    eprintln!("xtask: {what}");
}

/// The cargo that runs this, in the workspace.
fn cargo_command(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root).stdin(Stdio::null());
    command
}

/// Runs cargo, which says itself what is wrong.
fn cargo(root: &Path, arguments: &[&str]) -> Result<()> {
    let status = cargo_command(root).args(arguments).status().context("cannot run cargo")?;
    if !status.success() {
        bail!("cargo {} failed ({status})", arguments.join(" "));
    }
    Ok(())
}

/// What one test program came to.
struct Outcome {
    program: String,
    line: String,
}

/// Runs a command, passes on what it prints as it comes, and keeps each test program's result.
fn watched(command: &mut Command) -> Result<(bool, Vec<Outcome>)> {
    // Both ends into one pipe: cargo names the programs on one and they print on the other, and the order counts.
    let (reader, writer) = std::io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().context("cannot run cargo")?;
    // The command holds the writing end too; the reading one would never end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut results = Vec::new();
    let mut program = String::new();
    let mut out = std::io::stdout();
    for line in BufReader::new(reader).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        writeln!(out, "{line}")?;
        let plain = line.trim_start();
        if let Some(name) = plain.strip_prefix("Running ").or_else(|| plain.strip_prefix("Doc-tests ")) {
            program = name.to_owned();
        } else if plain.starts_with("test result: ") {
            results.push(Outcome { program: program.clone(), line: plain.to_owned() });
        }
    }
    Ok((child.wait()?.success(), results))
}

/// cargo test's own result lines once more, together.
fn summary(results: &[Outcome]) {
    let count = |word: &str| -> u64 {
        let number = |line: &str| line.split(['.', ';']).find_map(|part| part.trim().strip_suffix(word)?.trim().parse::<u64>().ok());
        results.iter().filter_map(|outcome| number(&outcome.line)).sum()
    };
    for outcome in results.iter().filter(|outcome| !outcome.line.contains(" 0 passed; 0 failed; 0 ignored")) {
        println!("{}: {}", outcome.program, outcome.line);
    }
    println!("{} passed, {} failed, {} ignored, {} skipped", count("passed"), count("failed"), count("ignored"), count("filtered out"));
}

/// Runs a command for its success alone.
fn quiet(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
