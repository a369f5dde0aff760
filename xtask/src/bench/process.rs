//! What a process costs, by the kernel's own books (proc(5)).

use std::fs;
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Context, Result};

use super::place;

/// The kernel counts processor time in hundredths of a second for user space, on every architecture that Linux has.
const TICKS_A_SECOND: f64 = 100.0;

/// How long a process may take to end after it was asked to.
const END_LIMIT: Duration = Duration::from_secs(15);

/// A process that is asked to end, and waited for, when this is dropped: most have children of their own to end.
pub struct Process(pub Child);

impl Process {
    /// Asks it to end, and waits until it has.
    pub fn stop(mut self) -> Result<()> {
        self.end()
    }

    fn end(&mut self) -> Result<()> {
        if self.0.try_wait()?.is_some() {
            return Ok(());
        }
        place::output(Command::new("kill").arg("-TERM").arg(self.0.id().to_string()))?;
        place::wait("a process that was asked to end", END_LIMIT, || Ok(self.0.try_wait()?.is_some()))
    }

    /// Microseconds of processor time so far, its children's included.
    pub fn processor(&self) -> Result<f64> {
        let id = self.0.id();
        let mut ticks = ticks(&fs::read_to_string(format!("/proc/{id}/stat"))?).unwrap_or(0);
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        for child in children.split_whitespace() {
            ticks += fs::read_to_string(format!("/proc/{child}/stat")).ok().and_then(|stat| self::ticks(&stat)).unwrap_or(0);
        }
        Ok(ticks as f64 / TICKS_A_SECOND * 1e6)
    }

    /// Lets the most that was resident be counted anew from now on.
    pub fn forget_most(&self) -> Result<()> {
        Ok(fs::write(format!("/proc/{}/clear_refs", self.0.id()), "5")?)
    }

    /// Megabytes: resident now, and at most since its start.
    pub fn resident(&self) -> Result<(f64, f64)> {
        let file = format!("/proc/{}/status", self.0.id());
        let status = fs::read_to_string(&file)?;
        let field = |name| kilobytes(&status, name).map(|kb| kb as f64 / 1024.0).with_context(|| format!("{file} has no {name}"));
        Ok((field("VmRSS:")?, field("VmHWM:")?))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.end().is_err() {
            // Nobody is left to tell.
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

/// `utime` and `stime` of a line of `/proc/PID/stat`: the twelfth and thirteenth after the name, which may hold anything but
/// ends with the last parenthesis.
fn ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

fn kilobytes(status: &str, name: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests;
