//! From the start of the process to its ready file.

use std::path::Path;

use anyhow::Result;

use super::figure::{Figure, Report};
use super::{gateway, place};

/// A first start compiles the components; every later one finds them compiled, and a ledger and a store to open.
pub fn run(portcullis: &Path, rounds: u32, report: &mut Report) -> Result<()> {
    let scratch = place::scratch("start")?;
    let one = || -> Result<f64> {
        let gateway = gateway::start(portcullis, scratch.path(), None)?;
        let took = gateway.ready_after.as_secs_f64() * 1000.0;
        gateway.process.stop()?;
        Ok(took)
    };
    let cold = one()?;
    report.add(&Figure::new("start", "start to ready, nothing compiled", "ms", &[cold]));
    let warm = (0..rounds).map(|_| one()).collect::<Result<Vec<_>>>()?;
    report.add(&Figure::new("start", "start to ready, warm component cache", "ms", &warm));
    Ok(())
}
