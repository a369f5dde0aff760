//! Memory while much passes: a list of 1 GB, and the events of a week of watching, one a second, as fast as they go.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::figure::{Figure, Report};
use super::place::{self, Certificate};
use super::throughput::SMALL;
use super::{answers, gateway, nginx};

/// The list's size in bytes, about.
const LIST: usize = 1_000_000_000;
/// One event a second for a week.
const EVENTS: usize = 7 * 24 * 60 * 60;
/// How often memory is looked at.
const TICK: Duration = Duration::from_millis(50);

/// A gateway to a static upstream.
pub fn run(portcullis: &Path, report: &mut Report) -> Result<()> {
    let scratch = place::scratch("streams")?;
    let folder = scratch.path();
    let (list, events) = (folder.join("secrets.json"), folder.join("events.json"));
    let sizes = [answers::write_secrets(&list, LIST)?, answers::write_events(&events, EVENTS)?];
    let certificate = Certificate::make(folder)?;
    let files: [(&str, &Path); 2] = [("/api/v1/secrets", &list), ("/api/v1/pods", &events)];
    let upstream = nginx::upstream(&folder.join("upstream"), &certificate, SMALL, &files)?;
    let kubeconfig = folder.join("upstream.kubeconfig");
    place::kubeconfig(&kubeconfig, &upstream.url, &certificate.certificate, "bench")?;
    let gateway = gateway::start(portcullis, folder, Some(&kubeconfig))?;
    answers::get(&gateway, "/api/v1/namespaces/default")?;
    let (idle, _) = gateway.process.resident()?;
    report.add(&Figure::new("streams", "resident, idle", "MB", &[idle]));

    for (what, path, size) in [("a list of 1 GB", "/api/v1/secrets", sizes[0]), ("a week of a watch's events", "/api/v1/pods?watch=true", sizes[1])] {
        gateway.process.forget_most()?;
        let (read, took, resident) = passing(&gateway, path)?;
        // Masked, both become shorter; a stream that was cut would be far shorter still.
        if read < size / 200 {
            bail!("{what}: of {size} bytes only {read} came; see {}", folder.display());
        }
        let (_, most) = gateway.process.resident()?;
        let quarter = (resident.len() / 4).max(1);
        let (first, last) = (&resident[..quarter], &resident[resident.len() - quarter..]);
        report.add(&Figure::new("streams", format!("{what}: resident in its first quarter"), "MB", first));
        report.add(&Figure::new("streams", format!("{what}: resident in its last quarter"), "MB", last).beside("the first", last, first));
        report.add(&Figure::new("streams", format!("{what}: resident at most"), "MB", &[most]).beside("idle", &[most], &[idle]));
        report.add(&Figure::new("streams", format!("{what}: masked and recorded"), "MB/s", &[size as f64 / 1e6 / took.as_secs_f64()]));
    }
    Ok(())
}

/// Reads an answer to its end, and looks at the gateway's memory meanwhile.
fn passing(gateway: &gateway::Gateway, path: &str) -> Result<(usize, Duration, Vec<f64>)> {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watched = scope.spawn(|| {
            let mut seen = Vec::new();
            while !over.load(Ordering::Relaxed) {
                seen.push(gateway.process.resident()?.0);
                std::thread::sleep(TICK);
            }
            anyhow::Ok(seen)
        });
        let begun = Instant::now();
        let read = answers::get(gateway, path);
        let took = begun.elapsed();
        over.store(true, Ordering::Relaxed);
        let seen = watched.join().map_err(|_| anyhow::anyhow!("memory could not be watched"))??;
        Ok((read?, took, seen))
    })
}
