//! Memory of 10,000 open watches over the idle gateway: as client-go opens them, many on a connection of HTTP/2, and each on
//! a connection of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::figure::{Figure, Report};
use super::place::{self, Certificate};
use super::process::Process;
use super::{answers, gateway};
use crate::cluster;

const WATCHES: usize = 10_000;
/// Memory is looked at this long after the last watch has opened.
const REST: Duration = Duration::from_secs(10);

/// A gateway to a server whose watches stay open, and a client that opens them.
pub fn run(root: &Path, portcullis: &Path, report: &mut Report) -> Result<()> {
    let program = cluster::program::ensure(root)?;
    for (how, each) in [("100 on a connection", 100), ("a connection each", 1)] {
        let scratch = place::scratch("watches")?;
        let folder = scratch.path();
        let certificate = Certificate::make(folder)?;
        let mut serve = Command::new(&program);
        serve.args(["crowd", "serve", "--certificate"]).arg(&certificate.certificate).arg("--key").arg(&certificate.key);
        let (_upstream, url) = first_line(&mut serve)?;
        let kubeconfig = folder.join("upstream.kubeconfig");
        place::kubeconfig(&kubeconfig, &url, &certificate.certificate, "bench")?;
        let gateway = gateway::start(portcullis, folder, Some(&kubeconfig))?;
        answers::get(&gateway, "/api/v1/namespaces/default/configmaps/one")?;
        std::thread::sleep(REST);
        let (idle, _) = gateway.process.resident()?;

        let mut watch = Command::new(&program);
        watch.args(["crowd", "watch", "--count", &WATCHES.to_string(), "--each", &each.to_string(), "--token", &gateway.token, "--url"]);
        watch.arg(format!("{}/api/v1/namespaces/default/configmaps?watch=true", gateway.url)).stdin(Stdio::piped());
        let (mut clients, opened) = first_line(&mut watch)?;
        if opened != format!("open: {WATCHES}") {
            bail!("the watches did not all open: {opened}");
        }
        std::thread::sleep(REST);
        let (open, _) = gateway.process.resident()?;
        let one = (open - idle) * 1024.0 / WATCHES as f64;
        report.add(&Figure::new("watches", format!("10,000 watches, {how}: resident over idle, each"), "KB", &[one]));
        drop(clients.0.stdin.take());
        place::wait("the watches end", Duration::from_secs(30), || Ok(clients.0.try_wait()?.is_some()))?;
        std::thread::sleep(REST);
        let (after, _) = gateway.process.resident()?;
        report.add(&Figure::new("watches", format!("10,000 watches, {how}: resident after they ended"), "MB", &[after]).beside("idle", &[after], &[idle]));
    }
    Ok(())
}

/// Starts a command and waits for the first line that it prints.
fn first_line(command: &mut Command) -> Result<(Process, String)> {
    let mut child: Child = command.stdout(Stdio::piped()).spawn().context("cannot run the test cluster's program")?;
    let out = child.stdout.take().context("its output is piped")?;
    let process = Process(child);
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line)?;
    if line.is_empty() {
        bail!("it ended without a word: see its message above");
    }
    Ok((process, line.trim().to_owned()))
}
