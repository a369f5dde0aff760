//! A small GET through the full default chain, beside nginx as a plain TLS reverse proxy to the same upstream.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::figure::{Figure, Report};
use super::place::{self, Certificate};
use super::process::Process;
use super::wrk::{self, Load};
use super::{gateway, nginx};
use crate::cluster;

/// What the static upstream answers: a small object of a kind that the default plan looks into.
pub const SMALL: &str = r#"{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"default","uid":"5cb0d5a7-8d42-4f2e-9a34-5d0a1ce1a1c4","resourceVersion":"38","creationTimestamp":"2026-01-01T00:00:00Z","labels":{"kubernetes.io/metadata.name":"default"},"managedFields":[{"manager":"kube-apiserver","operation":"Update","apiVersion":"v1","time":"2026-01-01T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:labels":{".":{},"f:kubernetes.io/metadata.name":{}}}}}]},"spec":{"finalizers":["kubernetes"]},"status":{"phase":"Active"}}"#;

/// The object that is asked for: it is in every cluster.
const PATH: &str = "/api/v1/namespaces/default";

/// How long the real API server may take to start.
const CLUSTER_LIMIT: Duration = Duration::from_secs(150);

/// A round of this length first, so that nothing is measured cold.
const WARM_UP: u32 = 1;

/// Both comparisons.
pub fn run(root: &Path, portcullis: &Path, rounds: u32, seconds: u32, report: &mut Report) -> Result<()> {
    let scratch = place::scratch("throughput")?;
    let folder = scratch.path();
    let certificate = Certificate::make(folder)?;

    let upstream = nginx::upstream(&folder.join("upstream"), &certificate, SMALL, &[])?;
    let kubeconfig = folder.join("static.kubeconfig");
    place::kubeconfig(&kubeconfig, &upstream.url, &certificate.certificate, "bench")?;
    let to = To { name: "a static upstream", url: &upstream.url, token: "bench", kubeconfig: &kubeconfig };
    compare(portcullis, &folder.join("static"), &certificate, &to, (rounds, seconds), report)?;
    drop(upstream);

    let server = real(root, &folder.join("cluster"))?;
    let field = |name: &str| server.1[name].as_str().with_context(|| format!("the cluster's ready file has no {name}"));
    let to = To {
        name: "the real API server",
        url: field("server")?,
        token: field("token")?,
        kubeconfig: Path::new(field("gateway_kubeconfig")?),
    };
    compare(portcullis, &folder.join("real"), &certificate, &to, (rounds, seconds), report)
}

/// An upstream, and how to reach it.
struct To<'a> {
    name: &'static str,
    url: &'a str,
    token: &'a str,
    kubeconfig: &'a Path,
}

fn compare(
    portcullis: &Path,
    folder: &Path,
    certificate: &Certificate,
    to: &To<'_>,
    (rounds, seconds): (u32, u32),
    report: &mut Report,
) -> Result<()> {
    let proxy = nginx::proxy(&folder.join("proxy"), certificate, to.url, to.token)?;
    let gateway = gateway::start(portcullis, folder, Some(to.kubeconfig))?;
    let sides = [
        Side { process: &proxy.process, url: format!("{}{PATH}", proxy.url), token: None },
        Side { process: &gateway.process, url: format!("{}{PATH}", gateway.url), token: Some(&gateway.token) },
    ];
    let mut taken = [Taken::default(), Taken::default()];
    for side in &sides {
        side.round(WARM_UP)?;
    }
    for _ in 0..rounds {
        for (side, taken) in sides.iter().zip(&mut taken) {
            let (load, processor) = side.round(seconds)?;
            taken.add(load, processor);
        }
    }
    let [nginx, own] = &taken;
    let what = |figure: &str| format!("{figure}, to {}", to.name);
    let mut add = |figure: &str, unit: &str, own: &[f64], other: &[f64]| {
        report.add(&Figure::new("throughput", what(&format!("nginx: {figure}")), unit, other));
        report.add(&Figure::new("throughput", what(figure), unit, own).beside("nginx", own, other));
    };
    add("small GET", "1/s", &own.rate, &nginx.rate);
    add("processor time for one", "us", &own.processor, &nginx.processor);
    add("latency p50", "us", &own.p50, &nginx.p50);
    add("latency p99", "us", &own.p99, &nginx.p99);
    Ok(())
}

struct Side<'a> {
    process: &'a Process,
    url: String,
    token: Option<&'a str>,
}

impl Side<'_> {
    /// One round of load: what wrk saw, and microseconds of processor time for each request.
    fn round(&self, seconds: u32) -> Result<(Load, f64)> {
        let before = self.process.processor()?;
        let load = wrk::run(&self.url, self.token, seconds)?;
        Ok((load, (self.process.processor()? - before) / load.requests))
    }
}

#[derive(Default)]
struct Taken {
    rate: Vec<f64>,
    processor: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
}

impl Taken {
    fn add(&mut self, load: Load, processor: f64) {
        self.rate.push(load.rate);
        self.processor.push(processor);
        self.p50.push(load.p50);
        self.p99.push(load.p99);
    }
}

/// Starts a real Kubernetes of this benchmark's own, which ends with it.
fn real(root: &Path, folder: &Path) -> Result<(Process, Value)> {
    let program = cluster::program::ensure(root)?;
    fs::create_dir_all(folder)?;
    let log_file = folder.join("cluster.log");
    let log = File::create(&log_file)?;
    let mut command = Command::new(program);
    command.arg("up").arg("--dir").arg(folder).arg("--until-stdin-closes");
    command.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log);
    let mut process = Process(command.spawn()?);
    let ready = folder.join("ready.json");
    place::wait("the real API server is up", CLUSTER_LIMIT, || {
        if let Some(status) = process.0.try_wait()? {
            bail!("the cluster did not start ({status}): {}", fs::read_to_string(&log_file)?.trim());
        }
        Ok(ready.is_file())
    })?;
    let told = serde_json::from_str(&fs::read_to_string(&ready)?)?;
    Ok((process, told))
}
