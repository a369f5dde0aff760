//! Memory, by the kernel's count of resident pages: idle, and with a list of 200 MB that passes.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::figure::{Figure, Report};
use super::place::{self, Certificate};
use super::throughput::SMALL;
use super::{answers, gateway, nginx};

/// The list's size in bytes, about.
const LARGE: usize = 200_000_000;
/// Memory is looked at this long after the start, and after the last byte.
const REST: Duration = Duration::from_secs(5);

/// A gateway to a static upstream, one large list.
pub fn run(portcullis: &Path, report: &mut Report) -> Result<()> {
    let scratch = place::scratch("memory")?;
    let folder = scratch.path();
    let list = folder.join("secrets.json");
    let written = answers::write_secrets(&list, LARGE)?;
    let certificate = Certificate::make(folder)?;
    let upstream = nginx::upstream(&folder.join("upstream"), &certificate, SMALL, &[("/api/v1/secrets", &list)])?;
    let kubeconfig = folder.join("upstream.kubeconfig");
    place::kubeconfig(&kubeconfig, &upstream.url, &certificate.certificate, "bench")?;
    let gateway = gateway::start(portcullis, folder, Some(&kubeconfig))?;

    answers::get(&gateway, "/api/v1/namespaces/default")?;
    std::thread::sleep(REST);
    let (idle, _) = gateway.process.resident()?;
    report.add(&Figure::new("memory", "resident, idle", "MB", &[idle]));
    gateway.process.forget_most()?;
    let begun = Instant::now();
    let read = answers::get(&gateway, "/api/v1/secrets")?;
    let took = begun.elapsed().as_secs_f64();
    if read < written / 100 {
        bail!("of a list of {written} bytes only {read} came: see {}", folder.display());
    }
    std::thread::sleep(REST);
    let (after, most) = gateway.process.resident()?;
    report.add(&Figure::new("memory", "resident, after a SecretList of 200 MB", "MB", &[after]).beside("idle", &[after], &[idle]));
    report.add(&Figure::new("memory", "resident, at most while it passed", "MB", &[most]).beside("idle", &[most], &[idle]));
    report.add(&Figure::new("memory", "masking and recording that list", "MB/s", &[written as f64 / 1e6 / took]));
    Ok(())
}
