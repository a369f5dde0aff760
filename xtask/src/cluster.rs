//! `cargo xtask cluster`: the real Kubernetes that the tests use.
//!
//! All of it is the Go program in `tests/cluster`, which starts, supervises and stops a cluster by itself. This builds that
//! program, and calls it so that a cluster outlives the command that started it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::tools;

pub mod program;

/// Where a cluster's state is when nothing else is said.
const FOLDER: &str = "target/cluster/run";

/// How long a cluster may take to start: the program gives up by itself after two minutes.
const START_LIMIT: Duration = Duration::from_secs(150);

/// How often the ready file is looked for.
const POLL: Duration = Duration::from_millis(50);

/// Options of `cargo xtask cluster`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Start a cluster, or find the one that runs, and print its administrator's kubeconfig on the last line.
    Up {
        #[command(flatten)]
        place: Place,
        /// What to print: the way to the kubeconfig, or the whole description of the cluster.
        #[arg(long, value_enum, default_value = "text")]
        output: Output,
        /// How much the API server's audit log holds: Metadata, Request or RequestResponse.
        #[arg(long, default_value = "Metadata")]
        audit_level: String,
    },
    /// Stop the cluster. Its logs stay.
    Down {
        #[command(flatten)]
        place: Place,
    },
    /// Print the description of the cluster that runs; exit with 3 when none does.
    Status {
        #[command(flatten)]
        place: Place,
    },
    /// Build the program and print where it is.
    Build,
}

#[derive(clap::Args)]
struct Place {
    /// The folder for the cluster's state; each has a cluster of its own.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Place {
    fn folder(self, root: &Path) -> PathBuf {
        self.dir.unwrap_or_else(|| root.join(FOLDER))
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Output {
    Text,
    Json,
}

/// Start or stop a cluster, or tell about it.
pub fn run(args: Args) -> Result<()> {
    let root = workspace();
    match args.action {
        Action::Up { place, output, audit_level } => up(&root, &place.folder(&root), output, &audit_level),
        Action::Down { place } => {
            // A cluster that runs was started by a program that is there; building one to find nothing would take minutes.
            let Some(program) = program::built(&root) else { return Ok(()) };
            succeed(Command::new(program).arg("down").arg("--dir").arg(place.folder(&root)))
        }
        Action::Status { place } => {
            let program = program::ensure(&root)?;
            let status = Command::new(program).arg("status").arg("--dir").arg(place.folder(&root)).status()?;
            std::process::exit(status.code().unwrap_or(1));
        }
        Action::Build => {
            println!("{}", program::ensure(&root)?.display());
            Ok(())
        }
    }
}

fn up(root: &Path, folder: &Path, output: Output, audit_level: &str) -> Result<()> {
    let program = program::ensure(root)?;
    tools::ensure_busybox()?;
    let ready = folder.join("ready.json");
    if running(&program, folder)? {
        eprintln!("xtask: a cluster runs already in {}", folder.display());
    } else {
        start(root, &program, folder, audit_level, &ready)?;
    }
    let text = fs::read_to_string(&ready).with_context(|| format!("cannot read {}", ready.display()))?;
    if let Output::Json = output {
        print!("{text}");
        return Ok(());
    }
    let description: serde_json::Value = serde_json::from_str(&text)?;
    let field = |name: &str| description[name].as_str().unwrap_or_default().to_owned();
    println!("Kubernetes {} at {}; stop it with `cargo xtask cluster down`", field("version"), field("server"));
    println!("{}", field("kubeconfig"));
    Ok(())
}

fn running(program: &Path, folder: &Path) -> Result<bool> {
    let status = Command::new(program).arg("status").arg("--dir").arg(folder).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    Ok(status.success())
}

/// Start a cluster that outlives this process, and wait until everything in it answers.
fn start(root: &Path, program: &Path, folder: &Path, audit_level: &str, ready: &Path) -> Result<()> {
    use std::os::unix::process::CommandExt;

    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    // A cluster that was killed could not take its description away, and this one must not be taken for it.
    if ready.exists() {
        fs::remove_file(ready)?;
    }
    let log = folder.join("cluster.log");
    let output = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut command = Command::new(program);
    command.args(["up", "--audit-level", audit_level, "--dir"]).arg(folder);
    // Only those that are here: a cluster needs none of them.
    for (version, kubectl) in tools::kubectls(root) {
        command.arg("--kubectl").arg(format!("{version}={}", kubectl.display()));
    }
    // A group of its own: Ctrl-C in this terminal later is not meant for it.
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).process_group(0);
    let mut child = command.spawn().with_context(|| format!("cannot run {}", program.display()))?;
    let begun = Instant::now();
    while !ready.is_file() {
        give_up(&mut child, &log, begun)?;
        thread::sleep(POLL);
    }
    Ok(())
}

/// Fail when the cluster has ended, or takes too long.
fn give_up(child: &mut Child, log: &Path, begun: Instant) -> Result<()> {
    if let Some(status) = child.try_wait()? {
        let said = fs::read_to_string(log).unwrap_or_default();
        bail!("the cluster did not start ({status}): {}", said.trim());
    }
    if begun.elapsed() > START_LIMIT {
        child.kill()?;
        child.wait()?;
        bail!("the cluster did not start within {} s: see {}", START_LIMIT.as_secs(), log.display());
    }
    Ok(())
}

/// Run a command that says itself what is wrong.
fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    if !status.success() {
        bail!("{} failed ({status})", command.get_program().to_string_lossy());
    }
    Ok(())
}

/// The folder of the workspace: above this crate's.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}
