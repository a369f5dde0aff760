//! Everything that sets up, builds, tests and measures Portcullis: `cargo xtask --help`.

use clap::Parser;

mod bench;
mod browser;
mod cluster;
mod fuzz;
mod interface;
mod plugins;
mod protobuf;
mod quickstart;
mod test;
mod tools;

/// Set up, build, test and measure Portcullis.
#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Task {
    /// Build the default components and the gateway, and start it with everything embedded.
    Quickstart(quickstart::Args),
    /// Set up what the tests need, and run them all.
    Test(test::Args),
    /// Build the default components into the default bundle, `target/bundles/default`.
    Plugins(plugins::Args),
    /// Start and stop the real Kubernetes that the tests use.
    Cluster(cluster::Args),
    /// Fetch the kubectl, helm and Python client that the tests use into `target/tools`.
    Tools(tools::Args),
    /// Write the table by which the gateway reads Kubernetes' protobuf, from Kubernetes' own sources.
    Protobuf(protobuf::Args),
    /// Write the reference pages of the interface, beside its folders in `wit`.
    Interface(interface::Args),
    /// Put made-up input to the gateway's readers, and see whether their promises hold.
    Fuzz(fuzz::Args),
    /// Measure the gateway beside what it is compared with.
    Bench(bench::Args),
}

fn main() -> anyhow::Result<()> {
    let root = cluster::workspace();
    match Task::parse() {
        Task::Quickstart(args) => quickstart::run(&root, &args),
        Task::Test(args) => test::run(&root, &args),
        Task::Plugins(args) => plugins::run(args),
        Task::Cluster(args) => cluster::run(args),
        Task::Tools(args) => tools::run(args),
        Task::Protobuf(args) => protobuf::run(&root, &args),
        Task::Interface(args) => interface::run(&root, &args),
        Task::Fuzz(args) => fuzz::run(&root, &args),
        Task::Bench(args) => bench::run(args),
    }
}
