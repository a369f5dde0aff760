//! The gateway, as the program that is shipped.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;

use crate::api::Api;
use crate::cluster::Cluster;
use crate::https::Client;
use crate::kubectl::Kubectl;
use crate::process::{self, LIMIT, Output, Watchdog, end, signal, wait};
use crate::{places, until};

/// The first start compiles the components, without a cache to help.
const START_LIMIT: Duration = Duration::from_secs(90);
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// How a gateway is started.
#[derive(Debug, Default, Clone)]
pub struct Options {
    /// The cluster behind it; the demo cluster when there is none.
    pub kubeconfig: Option<PathBuf>,
    /// The policies at its first start; the default ones when there are none.
    pub bundle: Option<PathBuf>,
}

/// The ready file.
#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "INTERFACE.md says what each is")]
pub struct Ready {
    pub gateway: String,
    pub ca_file: PathBuf,
    pub connection: String,
    pub console: String,
    pub issuer: String,
    pub public_key_file: PathBuf,
    pub policies_dir: PathBuf,
    pub metrics: String,
    pub pid: u32,
    pub identities: serde_json::Map<String, Value>,
}

/// A gateway's folder, and the gateway that runs in it. Ends when dropped, or with the test process.
pub struct Gateway {
    /// What it says of itself; of the latest start.
    pub ready: Ready,
    /// How long that start took until everything answered.
    pub started_in: Duration,
    options: Options,
    folder: tempfile::TempDir,
    process: Option<(Child, Watchdog)>,
}

impl Gateway {
    /// Starts one in a new folder, on a free port.
    ///
    /// # Panics
    /// When it does not start; with its log.
    #[must_use]
    pub fn start(options: Options) -> Self {
        let folder = places::folder();
        let (ready, started_in, process) = spawn(&options, folder.path());
        Self { ready, started_in, options, folder, process: Some(process) }
    }

    /// Starts one before a cluster that allows everything, masks nothing, and records.
    ///
    /// # Panics
    /// As [`Gateway::start`].
    #[must_use]
    pub fn observing(cluster: &Cluster) -> Self {
        Self::start(Options { kubeconfig: Some(cluster.ready.gateway_kubeconfig.clone()), bundle: Some(places::bundle("observe")) })
    }

    /// Kills it as a power cut would, and starts it again in the same folder.
    ///
    /// # Panics
    /// When it does not come back.
    pub fn kill_and_restart(&mut self) {
        self.kill();
        self.restart();
    }

    /// Kills it as a power cut would.
    pub fn kill(&mut self) {
        if let Some((mut child, watchdog)) = self.process.take() {
            drop(watchdog);
            end(&mut child);
        }
    }

    /// Asks it to stop, and waits until it has.
    ///
    /// # Panics
    /// When it does not stop, or says that something went wrong.
    pub fn stop(&mut self) {
        if let Some((mut child, watchdog)) = self.process.take() {
            signal(child.id(), "TERM");
            let status = wait(&mut child, STOP_LIMIT);
            drop(watchdog);
            let Some(status) = status else {
                end(&mut child);
                panic!("the gateway did not stop when asked: {}", self.log());
            };
            assert!(status.success(), "the gateway stopped with {status}: {}", self.log());
        }
    }

    /// Starts it again in the same folder.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&mut self) {
        let (ready, started_in, process) = spawn(&self.options, self.folder.path());
        (self.ready, self.started_in, self.process) = (ready, started_in, Some(process));
    }

    /// Its folder: `--dir`.
    #[must_use]
    pub fn dir(&self) -> PathBuf {
        dir(self.folder.path())
    }

    /// A folder beside it for a test's own files, removed with it.
    #[must_use]
    pub fn scratch(&self) -> &Path {
        self.folder.path()
    }

    /// The file that it writes once everything answers.
    #[must_use]
    pub fn ready_file(&self) -> PathBuf {
        self.folder.path().join("ready.json")
    }

    /// The ledger's folder.
    #[must_use]
    pub fn ledger(&self) -> PathBuf {
        self.ready.public_key_file.parent().map(Path::to_path_buf).unwrap_or_default()
    }

    /// What it logged, over all its starts.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("gateway.log")).unwrap_or_default()
    }

    /// Somebody's kubeconfig.
    #[must_use]
    pub fn kubeconfig(&self, who: &str) -> PathBuf {
        self.identity(who, "kubeconfig")
    }

    /// The file with somebody's token.
    #[must_use]
    pub fn token_file(&self, who: &str) -> PathBuf {
        self.identity(who, "token_file")
    }

    /// Somebody's token.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn token(&self, who: &str) -> String {
        fs::read_to_string(self.token_file(who)).expect("there is a token").trim().to_owned()
    }

    /// kubectl as somebody.
    #[must_use]
    pub fn kubectl(&self, version: &str, who: &str) -> Kubectl {
        Kubectl::new(version, &self.kubeconfig(who))
    }

    /// A client of its address.
    ///
    /// # Panics
    /// When the ready file's certificate cannot be read.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(&self.ready.gateway, &self.ready.ca_file)
    }

    /// The gateway's own API, as somebody.
    #[must_use]
    pub fn api(&self, who: &str) -> Api {
        Api::new(self.client(), &self.token(who))
    }

    /// The path of a resource behind it, for [`Client`].
    #[must_use]
    pub fn path(&self, path: &str) -> String {
        format!("/clusters/{}{path}", self.ready.connection)
    }

    /// The program's command line, as somebody.
    pub fn cli<S: AsRef<str>>(&self, who: &str, arguments: &[S]) -> Output {
        process::run(&mut self.cli_command(who, arguments), b"", LIMIT)
    }

    /// The same, to be started.
    #[must_use]
    pub fn cli_command<S: AsRef<str>>(&self, who: &str, arguments: &[S]) -> Command {
        let mut command = Command::new(places::portcullis());
        command
            .args(arguments.iter().map(AsRef::as_ref))
            .env("PORTCULLIS_GATEWAY", &self.ready.gateway)
            .env("PORTCULLIS_CA_FILE", &self.ready.ca_file)
            .env("PORTCULLIS_TOKEN_FILE", self.token_file(who))
            .env("HOME", self.folder.path())
            .env_remove("XDG_CONFIG_HOME");
        command
    }

    /// Checks the ledger, or a copy of it, offline.
    #[must_use]
    pub fn verify(&self, ledger: &Path) -> Output {
        let mut command = Command::new(places::portcullis());
        command.args(["audit", "verify", "--copy"]).arg(ledger).arg("--public-key").arg(&self.ready.public_key_file);
        process::run(command.env("HOME", self.folder.path()), b"", LIMIT)
    }

    /// Memory of its own, in bytes.
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    pub fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.ready.pid)).expect("the gateway runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the kernel says how much");
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().expect("a number") * 1024
    }

    fn identity(&self, who: &str, field: &str) -> PathBuf {
        self.ready.identities[who][field].as_str().expect("the ready file names it").into()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!("--- the gateway's log ends with\n{}\n---", lines[lines.len().saturating_sub(40)..].join("\n"));
        }
        if let Some((mut child, watchdog)) = self.process.take() {
            drop(watchdog);
            end(&mut child);
        }
    }
}

fn dir(folder: &Path) -> PathBuf {
    folder.join("gateway")
}

fn spawn(options: &Options, folder: &Path) -> (Ready, Duration, (Child, Watchdog)) {
    let file = folder.join("ready.json");
    let log = folder.join("gateway.log");
    fs::remove_file(&file).ok();
    let output = File::options().create(true).append(true).open(&log).expect("the folder can be written");
    let mut command = Command::new(places::portcullis());
    command.args(["quickstart", "--listen", "127.0.0.1:0", "--dir"]).arg(dir(folder)).arg("--ready-file").arg(&file);
    if let Some(kubeconfig) = &options.kubeconfig {
        command.arg("--kubeconfig").arg(kubeconfig);
    }
    if let Some(bundle) = &options.bundle {
        command.arg("--bundle").arg(bundle);
    }
    let begun = Instant::now();
    let mut child = command
        .env("HOME", folder)
        .env_remove("XDG_STATE_HOME")
        .stdin(std::process::Stdio::null())
        .stdout(output.try_clone().expect("a file can be shared"))
        .stderr(output)
        .spawn()
        .expect("the gateway's program runs");
    let watchdog = Watchdog::over(child.id(), folder);
    let ready = until(START_LIMIT, "for the gateway's ready file", || {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            panic!("the gateway did not start ({status}): {}", fs::read_to_string(&log).unwrap_or_default());
        }
        fs::read(&file).ok().map(|bytes| serde_json::from_slice::<Ready>(&bytes).expect("the ready file is whole"))
    });
    let took = begun.elapsed();
    assert_eq!(fs::metadata(&file).expect("it is there").mode() & 0o777, 0o600, "the ready file is its owner's alone");
    (ready, took, (child, watchdog))
}
