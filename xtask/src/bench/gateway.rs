//! The gateway under measurement: `portcullis quickstart` with the default bundle and a durable ledger.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::place;
use super::process::Process;

/// A first start compiles every component.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Builds the default components, and the binary that carries them.
pub fn build(root: &Path) -> Result<PathBuf> {
    eprintln!("xtask: building the default components and the gateway");
    for arguments in [&["xtask", "plugins"][..], &["build", "--quiet", "--release", "-p", "portcullis"]] {
        let status = Command::new(place::cargo()).args(arguments).current_dir(root).stdout(Stdio::null()).status()?;
        if !status.success() {
            bail!("`cargo {}` failed ({status})", arguments.join(" "));
        }
    }
    Ok(root.join("target/release/portcullis"))
}

/// A running gateway.
pub struct Gateway {
    /// Its process.
    pub process: Process,
    /// The address of its one connection.
    pub url: String,
    /// The agent's OIDC token, as kubectl sends it.
    pub token: String,
    /// From the start of the process to its ready file.
    pub ready_after: Duration,
}

/// Starts it in a folder, on a free port.
pub fn start(portcullis: &Path, folder: &Path, kubeconfig: Option<&Path>) -> Result<Gateway> {
    fs::create_dir_all(folder)?;
    let ready = folder.join("ready.json");
    let log_file = folder.join("gateway.log");
    let log = File::create(&log_file)?;
    let mut command = Command::new(portcullis);
    command.arg("quickstart").arg("--dir").arg(folder.join("gateway")).args(["--listen", "127.0.0.1:0", "--ready-file"]).arg(&ready);
    if let Some(kubeconfig) = kubeconfig {
        command.arg("--kubeconfig").arg(kubeconfig);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let begun = Instant::now();
    let mut process = Process(command.spawn().with_context(|| format!("cannot run {}", portcullis.display()))?);
    place::wait("the gateway is ready", START_LIMIT, || {
        if let Some(status) = process.0.try_wait()? {
            bail!("the gateway did not start ({status}): {}", fs::read_to_string(&log_file)?.trim());
        }
        Ok(ready.is_file())
    })?;
    let ready_after = begun.elapsed();
    let told: Value = serde_json::from_str(&fs::read_to_string(&ready)?)?;
    let text = |pointer: &str| {
        told.pointer(pointer).and_then(Value::as_str).with_context(|| format!("the ready file has no {pointer}"))
    };
    let token = fs::read_to_string(text("/identities/devin/token_file")?)?.trim().to_owned();
    let url = format!("{}/clusters/{}", text("/gateway")?, text("/connection")?);
    Ok(Gateway { process, url, token, ready_after })
}
