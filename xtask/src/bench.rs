//! `cargo xtask bench`: the figures of the design, each beside what it is compared with and in the same run.
//!
//! A machine is never quiet, so nothing here is an absolute promise: rounds of the gateway and of what it is measured
//! against follow each other in turn, and their ratio is the figure. Every figure is the median of its rounds, with
//! the lowest and the highest as its spread.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::cluster;

mod answers;
mod charges;
mod example;
mod figure;
mod gateway;
mod languages;
mod memory;
mod nginx;
mod place;
mod policy;
mod process;
mod reload;
mod span;
mod start;
mod streams;
mod throughput;
mod watches;
mod wrk;
mod zoo;

use figure::Report;

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
pub struct Args {
    /// Which one; all of them when left out.
    #[arg(value_enum)]
    name: Option<Name>,
    /// How to print the figures.
    #[arg(long, value_enum, default_value = "table")]
    output: Output,
    /// Rounds of each side.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Seconds of each round of load.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// A gateway built before, instead of building one now.
    #[arg(long, value_name = "FILE")]
    portcullis: Option<PathBuf>,
}

/// The benchmarks, in the order in which they run.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    /// How long is it from the start of the process to its ready file, with components compiled before and without?
    Start,
    /// What does one judgement by guards in fresh state cost, beside the same rules in Kubewarden's way?
    Policy,
    /// What do the metrics and the span of a plugin cost, apart from its call?
    Span,
    /// What does one rule cost in each of five languages: to build, to load, to call?
    Languages,
    /// What does a charge of a budget cost in the state database, beside the disk's own sync?
    Charges,
    /// How many requests a second, how late and for how much processor time, beside nginx as a plain TLS reverse proxy?
    Throughput,
    /// How much memory does an idle gateway take, and one after a list of 200 MB?
    Memory,
    /// Does memory stay the same while a list of 1 GB passes, and a week of a watch's events?
    Streams,
    /// Does any of 200 reloads, some broken, drop, delay or mix requests that come 1,000 a second?
    Reload,
    /// How late are ordinary requests while hostile components stall, exhaust and lie beside them?
    Zoo,
    /// How much memory does an open watch take, of 10,000?
    Watches,
}

/// How figures are printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// One JSON object a line.
    Json,
    /// For people.
    Table,
}

/// Run one benchmark, or all.
pub fn run(args: Args) -> Result<()> {
    let root = cluster::workspace();
    let mut report = Report::new(args.output);
    let wanted = |name| args.name.is_none_or(|only| only == name);
    // Building comes before everything that is measured.
    let portcullis = match args.portcullis {
        Some(file) => file,
        None => gateway::build(&root)?,
    };
    if !portcullis.is_file() {
        bail!("there is no gateway at {}; leave --portcullis out to build one", portcullis.display());
    }
    if wanted(Name::Start) {
        start::run(&portcullis, args.rounds, &mut report)?;
    }
    if wanted(Name::Policy) {
        policy::run(&root, args.rounds, &mut report)?;
    }
    if wanted(Name::Span) {
        span::run(&root, args.rounds, &mut report)?;
    }
    if wanted(Name::Languages) {
        languages::run(&root, &mut report)?;
    }
    if wanted(Name::Charges) {
        charges::run(&root, args.rounds, &mut report)?;
    }
    if wanted(Name::Throughput) {
        throughput::run(&root, &portcullis, args.rounds, args.seconds, &mut report)?;
    }
    if wanted(Name::Memory) {
        memory::run(&portcullis, &mut report)?;
    }
    if wanted(Name::Streams) {
        streams::run(&portcullis, &mut report)?;
    }
    if wanted(Name::Reload) {
        reload::run(&root, &portcullis, &mut report)?;
    }
    if wanted(Name::Zoo) {
        zoo::run(&root, &portcullis, args.rounds, args.seconds, &mut report)?;
    }
    if wanted(Name::Watches) {
        watches::run(&root, &portcullis, &mut report)?;
    }
    Ok(())
}
