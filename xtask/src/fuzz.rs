//! `cargo xtask fuzz`: the targets of `tests/fuzz`, one after the other, on stable Rust.
//!
//! What `cargo-fuzz` asks a nightly compiler for is only the address sanitizer, which finds what safe Rust does not do.
//! Coverage comes from a pass of LLVM's that the stable compiler has as well; the flags below are what libFuzzer reads.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

mod corpus;
mod outcome;

use outcome::Outcome;

/// Edges, with a counter and a place in a table for each, and what is compared with what.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";

/// The longest input, in bytes: what needs more to be found is a case for a test of its own.
const LONGEST: &str = "-max_len=4096";

/// MiB that a target may hold: ten times what they do.
const MEMORY: &str = "-rss_limit_mb=2048";

/// Seconds that one input may take: ten thousand times what they do.
const TIME: &str = "-timeout=10";

/// Options of `cargo xtask fuzz`.
#[derive(clap::Args)]
pub struct Args {
    /// Which one: a folder in `tests/fuzz/corpus`. All of them when left out.
    target: Option<String>,
    /// Seconds for each.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
    /// Afterwards keep the fewest inputs that reach as much, of the corpus and of what was found.
    #[arg(long)]
    minimise: bool,
}

/// Builds the targets, runs them, and tells.
///
/// # Errors
/// When a target found something, or cannot be built or run.
pub fn run(root: &Path, args: &Args) -> Result<()> {
    let all = corpus::targets(root)?;
    let wanted: Vec<&String> = all.iter().filter(|name| args.target.as_ref().is_none_or(|only| only == *name)).collect();
    if wanted.is_empty() {
        bail!("there is no such target: name one of {}", all.join(", "));
    }
    let programs = build(root)?;
    let mut outcomes = Vec::new();
    for name in wanted {
        let target = Target::new(root, &programs, name)?;
        eprintln!("xtask: fuzzing {name} for {} s", args.seconds);
        let outcome = target.fuzz(args.seconds)?;
        if args.minimise && outcome.is_clean() {
            println!("{}", corpus::minimise(&target)?);
        }
        outcomes.push((name.clone(), outcome));
    }
    println!("{}", outcome::table(&outcomes));
    let found: Vec<String> = outcomes.iter().filter_map(|(name, outcome)| outcome.complaint(name)).collect();
    if !found.is_empty() {
        bail!("{}", found.join("\n"));
    }
    Ok(())
}

/// Builds all programs, in a folder of their own: the flags are others than everybody else's.
fn build(root: &Path) -> Result<PathBuf> {
    let host = host()?;
    let folder = root.join("target/fuzz");
    eprintln!("xtask: building the targets");
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(root)
        .args(["build", "--profile", "fuzz", "--package", "portcullis-fuzz", "--features", "libfuzzer", "--bins"])
        // With a target named, the flags are not for build scripts and macros.
        .args(["--target", &host])
        .env("CARGO_TARGET_DIR", &folder)
        .env("RUSTFLAGS", COVERAGE)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .stdin(Stdio::null())
        .status()
        .context("cannot run cargo")?;
    if !status.success() {
        bail!("the targets cannot be built ({status}): a C++ compiler is needed too, for libFuzzer");
    }
    Ok(folder.join(host).join("fuzz"))
}

/// The machine that this is, as the compiler names it.
fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("cannot run rustc")?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned).context("rustc does not say what machine this is")
}

/// A target and its folders.
struct Target {
    program: PathBuf,
    /// What is committed.
    corpus: PathBuf,
    /// What was found here so far, from one run to the next.
    finds: PathBuf,
    /// Words that the target knows, if there is a list.
    words: Option<PathBuf>,
    /// What libFuzzer printed.
    log: PathBuf,
    /// Before the name of an input that broke a promise.
    crashes: PathBuf,
}

impl Target {
    fn new(root: &Path, programs: &Path, name: &str) -> Result<Self> {
        let (sources, built) = (root.join("tests/fuzz"), root.join("target/fuzz"));
        let target = Target {
            program: programs.join(name),
            corpus: sources.join("corpus").join(name),
            finds: built.join("finds").join(name),
            words: Some(sources.join("words").join(format!("{name}.txt"))).filter(|words| words.is_file()),
            log: built.join(format!("{name}.log")),
            crashes: built.join("crashes").join(format!("{name}-")),
        };
        fs::create_dir_all(&target.finds)?;
        fs::create_dir_all(built.join("crashes"))?;
        Ok(target)
    }

    /// Runs it, with what it prints in its log.
    fn fuzz(&self, seconds: u32) -> Result<Outcome> {
        let mut command = self.command();
        command.arg(&self.finds).arg(&self.corpus).arg(format!("-max_total_time={seconds}")).arg("-print_final_stats=1");
        if let Some(words) = &self.words {
            command.arg(format!("-dict={}", words.display()));
        }
        let clean = self.logged(command)?;
        Ok(Outcome::read(&fs::read_to_string(&self.log)?, &self.program, clean))
    }

    /// The program, with the bounds that hold for everything that it does.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args([LONGEST, MEMORY, TIME]).arg(format!("-artifact_prefix={}", self.crashes.display())).stdin(Stdio::null());
        command
    }

    /// Whether a command succeeds, with all that it prints in the log.
    fn logged(&self, mut command: Command) -> Result<bool> {
        let log = File::create(&self.log).with_context(|| format!("cannot write {}", self.log.display()))?;
        let status = command.stdout(log.try_clone()?).stderr(log).status();
        Ok(status.with_context(|| format!("cannot run {}", self.program.display()))?.success())
    }
}
