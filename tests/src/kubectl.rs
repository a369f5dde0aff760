//! kubectl, unmodified, in two versions.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::places;
use crate::process::terminal::quoted;
use crate::process::{LIMIT, Output, Running, run};

/// The versions that the suites run.
pub const VERSIONS: [&str; 2] = ["1.32", "1.37"];

/// A kubectl with a kubeconfig.
#[derive(Debug, Clone)]
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
    cache: PathBuf,
    namespace: Option<String>,
}

impl Kubectl {
    /// Of a version, with a kubeconfig. What it caches of the API stands beside the kubeconfig.
    #[must_use]
    pub fn new(version: &str, kubeconfig: &Path) -> Self {
        Self {
            program: places::kubectl(version),
            kubeconfig: kubeconfig.to_owned(),
            cache: kubeconfig.with_extension(format!("cache-{version}")),
            namespace: None,
        }
    }

    /// The same in a namespace.
    #[must_use]
    pub fn within(&self, namespace: &str) -> Self {
        Self { namespace: Some(namespace.to_owned()), ..self.clone() }
    }

    /// The command for these arguments.
    #[must_use]
    pub fn command<S: AsRef<str>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(&self.program);
        command.env("KUBECONFIG", &self.kubeconfig).env("KUBECACHEDIR", &self.cache).env("HOME", &self.cache).env_remove("KUBECTL_KUBERC");
        if let Some(namespace) = &self.namespace {
            command.args(["--namespace", namespace]);
        }
        command.args(arguments.iter().map(AsRef::as_ref));
        command
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When it does not end in time.
    #[track_caller]
    pub fn run<S: AsRef<str>>(&self, arguments: &[S]) -> Output {
        self.run_with(arguments, "")
    }

    /// Runs it with something to read.
    ///
    /// # Panics
    /// When it does not end in time.
    #[track_caller]
    pub fn run_with<S: AsRef<str>>(&self, arguments: &[S], stdin: &str) -> Output {
        run(&mut self.command(arguments), stdin.as_bytes(), LIMIT)
    }

    /// Runs it, and it succeeds.
    ///
    /// # Panics
    /// When it fails.
    #[track_caller]
    pub fn must<S: AsRef<str>>(&self, arguments: &[S]) -> String {
        self.run(arguments).expect_ok().stdout
    }

    /// `apply -f -`, and it succeeds.
    ///
    /// # Panics
    /// When it fails.
    #[track_caller]
    pub fn apply(&self, yaml: &str) -> String {
        self.run_with(&["apply", "-f", "-"], yaml).expect_ok().stdout
    }

    /// Starts it.
    ///
    /// # Panics
    /// When it cannot be started.
    #[track_caller]
    pub fn start<S: AsRef<str>>(&self, arguments: &[S]) -> Running {
        Running::start(&mut self.command(arguments))
    }

    /// Runs it on a terminal, by the program `script`; what `stdin` says is typed.
    ///
    /// # Panics
    /// When it does not end in time.
    #[track_caller]
    pub fn on_terminal<S: AsRef<str>>(&self, arguments: &[S], stdin: &str) -> Output {
        let words = self.command(arguments);
        let mut line = vec![quoted(&self.program.to_string_lossy())];
        line.extend(words.get_args().map(|word| quoted(&word.to_string_lossy())));
        let mut command = Command::new("script");
        command.env("KUBECONFIG", &self.kubeconfig).env("KUBECACHEDIR", &self.cache).env("HOME", &self.cache);
        command.args(["--quiet", "--return", "--command", &line.join(" "), "/dev/null"]);
        run(&mut command, stdin.as_bytes(), Duration::from_secs(30))
    }
}
