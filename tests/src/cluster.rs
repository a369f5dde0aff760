//! A real Kubernetes of a suite's own: etcd, API server, controllers, scheduler, and a node whose containers are processes.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::kubectl::Kubectl;
use crate::process::{Watchdog, end, signal, wait};
use crate::{places, until};

/// It starts in about four seconds; a busy machine gets more.
const START_LIMIT: Duration = Duration::from_secs(120);
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// What a cluster says of itself.
#[derive(Debug, Clone, Deserialize)]
pub struct Ready {
    /// The administrator's.
    pub kubeconfig: PathBuf,
    /// That of the user `gateway`, who may do everything by RBAC.
    pub gateway_kubeconfig: PathBuf,
    /// What the API server saw, in JSON lines.
    pub audit_log: PathBuf,
    /// `https://127.0.0.1:PORT`.
    pub server: String,
}

/// A running cluster. Ends when dropped, or with the test process.
pub struct Cluster {
    /// What it says of itself.
    pub ready: Ready,
    child: Child,
    folder: tempfile::TempDir,
    _watchdog: Watchdog,
}

impl Cluster {
    /// Starts one.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::recording("Metadata")
    }

    /// Starts one whose audit log holds so much of each request: `Metadata`, `Request` or `RequestResponse`.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn recording(level: &str) -> Self {
        let folder = places::folder();
        let dir = folder.path().join("cluster");
        let file = folder.path().join("ready.json");
        let log = folder.path().join("cluster.log");
        let output = File::create(&log).expect("the folder can be written");
        let mut child = Command::new(places::cluster_program())
            .args(["up", "--until-stdin-closes", "--audit-level", level, "--dir"])
            .arg(&dir)
            .arg("--ready-file")
            .arg(&file)
            .stdin(Stdio::piped())
            .stdout(output.try_clone().expect("a file can be shared"))
            .stderr(output)
            .spawn()
            .expect("the cluster's program runs");
        let ready = until(START_LIMIT, "for the cluster to start", || {
            if let Some(status) = child.try_wait().expect("a child can be waited for") {
                panic!("the cluster did not start ({status}): {}", std::fs::read_to_string(&log).unwrap_or_default());
            }
            std::fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok())
        });
        let watchdog = Watchdog::patient(child.id(), folder.path(), STOP_LIMIT);
        Self { ready, child, folder, _watchdog: watchdog }
    }

    /// kubectl as the administrator, straight to the API server.
    #[must_use]
    pub fn admin(&self) -> Kubectl {
        Kubectl::new("1.37", &self.ready.kubeconfig)
    }

    /// What the API server's audit log has about requests whose address contains `part`.
    ///
    /// # Panics
    /// When there is no log.
    #[must_use]
    pub fn seen(&self, part: &str) -> Vec<Value> {
        let log = std::fs::read_to_string(&self.ready.audit_log).expect("there is an audit log");
        let events = log.lines().filter(|line| line.contains(part)).filter_map(|line| serde_json::from_str(line).ok());
        events.filter(|event: &Value| event["requestURI"].as_str().is_some_and(|uri| uri.contains(part))).collect()
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.child.stdin = None;
        signal(self.child.id(), "TERM");
        if wait(&mut self.child, STOP_LIMIT).is_none() {
            end(&mut self.child);
        }
    }
}
