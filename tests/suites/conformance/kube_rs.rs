//! kube-rs, by a program that writes a transcript of what it sees.

mod steps;

use std::path::Path;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use portcullis_tests::places;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::compare::Smoother;
use super::script::script;
use super::stage::{Side, Sides};
use super::table::Table;
use super::transcript::Transcript;

/// How long the whole program may take.
const LIMIT: Duration = Duration::from_secs(120);

/// The fewest steps that it has.
const LEAST: usize = 30;

/// Runs it both ways at once.
pub fn compare() {
    let script = script("kube-rs");
    let sides = Sides::new("kube-rs", places::kubectl("1.37").parent().expect("it is in a folder").to_owned());
    let smoother = Smoother::new(&script.smooth, &sides.straight.namespace, &sides.gated.namespace);
    let (straight, gated) = runtime().block_on(async {
        let one = |side: &Side| {
            let (kubeconfig, namespace) = (side.kubeconfig.clone(), side.namespace.clone());
            async move { timeout(LIMIT, steps::all(client(&kubeconfig).await, namespace)).await.expect("the program ends in time") }
        };
        let (straight, gated) = (tokio::spawn(one(&sides.straight)), tokio::spawn(one(&sides.gated)));
        (straight.await.expect("the program ends"), gated.await.expect("the program ends"))
    });
    let mut table = Table::new("kube-rs");
    Transcript::compare(&straight, &gated, &script, &smoother, &mut table);
    assert!(straight.len() >= LEAST, "{} steps", straight.len());
    table.close();
}

/// Two threads, as the machines of the tests have processors.
pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime starts")
}

/// What a kubeconfig says, as kube-rs reads it.
pub async fn config(kubeconfig: &Path) -> Config {
    let parsed = Kubeconfig::read_from(kubeconfig).expect("a kubeconfig");
    Config::from_custom_kubeconfig(parsed, &KubeConfigOptions::default()).await.expect("a whole kubeconfig")
}

/// kube-rs' own client.
async fn client(kubeconfig: &Path) -> Client {
    Client::try_from(config(kubeconfig).await).expect("a client")
}
