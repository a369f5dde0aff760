//! Load by wrk: kept-alive TLS connections, one request after the other on each.

use std::process::Command;

use anyhow::{Context, Result, bail};

use super::place;

/// Threads of wrk; more than processors would only take time from what is measured.
const THREADS: u32 = 2;
/// Connections, as the design's figures say.
const CONNECTIONS: u32 = 16;

/// What wrk saw in one round.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// Requests answered.
    pub requests: f64,
    /// Requests a second.
    pub rate: f64,
    /// Microseconds from a request to its answer: half of the requests were faster.
    pub p50: f64,
    /// 99 of 100 were faster.
    pub p99: f64,
}

/// Asks for one address over and over.
///
/// # Errors
/// When an answer was none of 2xx or 3xx: then nothing of use was measured.
pub fn run(url: &str, token: Option<&str>, seconds: u32) -> Result<Load> {
    let mut command = Command::new("wrk");
    command.args(["--latency", "-t", &THREADS.to_string(), "-c", &CONNECTIONS.to_string(), "-d", &format!("{seconds}s")]);
    if let Some(token) = token {
        command.args(["-H", &format!("Authorization: Bearer {token}")]);
    }
    let text = place::output(command.arg(url))?;
    parse(&text).with_context(|| format!("wrk on {url} printed:\n{text}"))
}

fn parse(text: &str) -> Result<Load> {
    for trouble in ["Non-2xx", "Socket errors"] {
        if let Some(line) = text.lines().find(|line| line.trim_start().starts_with(trouble)) {
            bail!("not every request was answered: {}", line.trim());
        }
    }
    let after = |name: &str| text.lines().find_map(|line| line.trim_start().strip_prefix(name)).map(str::trim);
    let requests = text.lines().find_map(|line| line.trim_start().split_once(" requests in ")).map(|(n, _)| n);
    Ok(Load {
        requests: requests.context("no count of requests")?.parse()?,
        rate: after("Requests/sec:").context("no rate")?.parse()?,
        p50: microseconds(after("50%").context("no median")?)?,
        p99: microseconds(after("99%").context("no 99th percentile")?)?,
    })
}

/// `812.00us`, `1.25ms`, `2.00s`.
fn microseconds(text: &str) -> Result<f64> {
    for (unit, factor) in [("us", 1.0), ("ms", 1e3), ("s", 1e6)] {
        if let Some(number) = text.strip_suffix(unit) {
            return Ok(number.parse::<f64>()? * factor);
        }
    }
    bail!("`{text}` is no time")
}

#[cfg(test)]
mod tests;
