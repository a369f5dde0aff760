//! Memory, by the kernel's count of resident pages: idle, and with a list of 200 MB that passes.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::figure::{Figure, Report};
use super::place::{self, Certificate};
use super::throughput::SMALL;
use super::{gateway, nginx};

/// The list's size in bytes, about.
const LARGE: usize = 200_000_000;
/// The value of one Secret: etcd takes 1.5 MiB, people keep certificates.
const VALUE: usize = 12_000;
/// Memory is looked at this long after the start, and after the last byte.
const REST: Duration = Duration::from_secs(5);

/// A gateway to a static upstream, one large list.
pub fn run(portcullis: &Path, report: &mut Report) -> Result<()> {
    let scratch = place::scratch("memory")?;
    let folder = scratch.path();
    let list = folder.join("secrets.json");
    let written = write_list(&list)?;
    let certificate = Certificate::make(folder)?;
    let upstream = nginx::upstream(&folder.join("upstream"), &certificate, SMALL, Some(&list))?;
    let kubeconfig = folder.join("upstream.kubeconfig");
    place::kubeconfig(&kubeconfig, &upstream.url, &certificate.certificate, "bench")?;
    let gateway = gateway::start(portcullis, folder, Some(&kubeconfig))?;

    get(&gateway, "/api/v1/namespaces/default")?;
    std::thread::sleep(REST);
    let (idle, _) = gateway.process.resident()?;
    report.add(&Figure::new("memory", "resident, idle", "MB", &[idle]));
    gateway.process.forget_most()?;
    let begun = Instant::now();
    let read = get(&gateway, "/api/v1/secrets")?;
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

/// Reads an answer to its end: how many bytes it had.
fn get(gateway: &gateway::Gateway, path: &str) -> Result<usize> {
    let mut command = Command::new("curl");
    command
        .args(["--silent", "--show-error", "--fail-with-body", "--insecure", "--output", "/dev/null", "--write-out", "%{size_download}"])
        .args(["--header", &format!("Authorization: Bearer {}", gateway.token)])
        .arg(format!("{}{path}", gateway.url))
        .stdin(Stdio::null());
    Ok(place::output(&mut command)?.trim().parse()?)
}

/// A SecretList with values of a common size, no two alike.
fn write_list(file: &Path) -> Result<usize> {
    let mut out = BufWriter::new(File::create(file)?);
    let mut written = 0;
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut put = |text: &[u8]| -> Result<()> {
        written += text.len();
        Ok(out.write_all(text)?)
    };
    put(br#"{"kind":"SecretList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":["#)?;
    let mut value = vec![0; VALUE];
    for number in 0..LARGE / (VALUE + 250) {
        for place in &mut value {
            // xorshift64: no two values are alike, and they do not compress.
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            *place = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[(random >> 40) as usize % 64];
        }
        let separator = if number == 0 { "" } else { "," };
        put(format!(
            "{separator}{{\"metadata\":{{\"name\":\"secret-{number}\",\"namespace\":\"default\",\"uid\":\"00000000-0000-0000-0000-{number:012}\",\
             \"resourceVersion\":\"{number}\",\"creationTimestamp\":\"2026-01-01T00:00:00Z\"}},\"data\":{{\"value\":\""
        )
        .as_bytes())?;
        put(&value)?;
        put(b"\"},\"type\":\"Opaque\"}")?;
    }
    put(b"]}")?;
    out.flush()?;
    Ok(written)
}
