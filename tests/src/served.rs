//! A gateway by its configuration file: `portcullis serve`. It trusts the development issuer of a quickstart gateway, its stage.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use crate::api::Api;
use crate::gateway::Gateway;
use crate::https::Client;
use crate::kubectl::Kubectl;
use crate::process::{Watchdog, end};
use crate::{places, until};

const START_LIMIT: Duration = Duration::from_secs(90);

/// What the file says besides what every file has.
#[derive(Debug, Clone, Copy)]
pub struct Serving<'a> {
    /// The cluster's, with the gateway's credential.
    pub kubeconfig: &'a Path,
    /// The policies.
    pub bundle: &'a Path,
    /// Whether the API server is told who asks: with the prefix `portcullis:`.
    pub impersonate: bool,
    /// More of the file, as YAML at its top level.
    pub more: &'a str,
}

/// A running gateway, whose one connection is `real`. Ends when dropped, or with the test process.
pub struct Served {
    /// Its address.
    pub url: String,
    /// Its folder: the configuration, its state, its log.
    pub folder: tempfile::TempDir,
    ca_file: std::path::PathBuf,
    child: Child,
    _watchdog: Watchdog,
}

impl Served {
    /// Starts one.
    ///
    /// # Panics
    /// When it does not start; with its log.
    #[must_use]
    pub fn start(stage: &Gateway, serving: Serving<'_>) -> Self {
        Self::try_start(stage, serving).unwrap_or_else(|log| panic!("the gateway ended: {log}"))
    }

    /// Starts one that may refuse to.
    ///
    /// # Errors
    /// With its log, when it ends instead.
    ///
    /// # Panics
    /// When it does neither in time.
    pub fn try_start(stage: &Gateway, serving: Serving<'_>) -> Result<Self, String> {
        let folder = places::folder();
        for file in ["tls.crt", "tls.key"] {
            fs::copy(stage.dir().join("tls").join(file), folder.path().join(file)).expect("the stage has a certificate");
        }
        let impersonate = if serving.impersonate { "    impersonate: { userPrefix: 'portcullis:', groupPrefix: 'portcullis:' }\n" } else { "" };
        let config = format!(
            "listen: 127.0.0.1:0\nmetrics: 127.0.0.1:0\ntls: {{ certificate: tls.crt, key: tls.key }}\nstate: state\n\
             issuers: [{{ issuer: '{}', audiences: [portcullis], kinds: [{{ kind: human, group: approvers }}] }}]\n\
             connections:\n  - name: real\n    kubeconfig: {}\n{impersonate}bundle: {}\naccess: {{ operators: [approvers], auditors: [approvers] }}\n{}\n",
            stage.ready.issuer,
            serving.kubeconfig.display(),
            serving.bundle.display(),
            serving.more,
        );
        fs::write(folder.path().join("portcullis.yaml"), config).expect("it can be written");
        let (url, child, watchdog) = spawn(folder.path())?;
        Ok(Self { url, folder, ca_file: stage.ready.ca_file.clone(), child, _watchdog: watchdog })
    }

    /// Kills it as a power cut would, and starts it again in the same folder, on another port.
    ///
    /// # Panics
    /// When it does not come back; with its log.
    pub fn kill_and_restart(&mut self) {
        end(&mut self.child);
        (self.url, self.child, self._watchdog) = spawn(self.folder.path()).unwrap_or_else(|log| panic!("the gateway ended: {log}"));
    }

    /// kubectl as somebody whom the stage's issuer knows.
    ///
    /// # Panics
    /// When its kubeconfig cannot be written.
    #[must_use]
    pub fn kubectl(&self, stage: &Gateway, who: &str) -> Kubectl {
        let file = self.folder.path().join(format!("{who}.kubeconfig"));
        let own = fs::read_to_string(stage.kubeconfig(who)).expect("the stage made one");
        let there = format!("{}/clusters/{}", stage.ready.gateway, stage.ready.connection);
        fs::write(&file, own.replace(&there, &format!("{}/clusters/real", self.url))).expect("it can be written");
        Kubectl::new("1.37", &file)
    }

    /// A client of its address.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(&self.url, &self.ca_file)
    }

    /// Its own API, as somebody whom the stage's issuer knows.
    #[must_use]
    pub fn api(&self, stage: &Gateway, who: &str) -> Api {
        Api::new(self.client(), &stage.token(who))
    }

    /// What it logged.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the served gateway's log\n{}\n---", self.log());
        }
        end(&mut self.child);
    }
}

/// Runs it by the configuration in a folder, until it says its address.
fn spawn(folder: &Path) -> Result<(String, Child, Watchdog), String> {
    let log = folder.join("log");
    let output = File::options().create(true).append(true).open(&log).expect("it can be written");
    let before = output.metadata().expect("it is there").len();
    let mut child = Command::new(places::portcullis())
        .args(["serve", "--config"])
        .arg(folder.join("portcullis.yaml"))
        .stderr(output)
        .spawn()
        .expect("the gateway runs");
    let watchdog = Watchdog::over(child.id(), folder);
    let url = until(START_LIMIT, "for the gateway to serve", || {
        let ended = child.try_wait().expect("a child can be waited for").is_some();
        let text = fs::read_to_string(&log).unwrap_or_default();
        let text = text.get(usize::try_from(before).unwrap_or_default()..).unwrap_or_default();
        match text.split("url=").nth(1).and_then(|rest| rest.split_whitespace().next()) {
            Some(url) => Some(Ok(url.to_owned())),
            None => ended.then(|| Err(text.to_owned())),
        }
    })?;
    Ok((url, child, watchdog))
}
