//! Sets the stage and waits: `cargo run --release -p demo --example stage -- KUBECONFIG` writes the kubeconfig there,
//! prints where things are, and serves until it is interrupted.

use demo::{Cluster, ClusterOptions, Issuer, IssuerOptions};
use std::{error::Error, time::Duration};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let cluster = Cluster::start(ClusterOptions::default()).await?;
    let issuer = Issuer::start(IssuerOptions::default()).await?;
    match std::env::args().nth(1) {
        Some(path) => std::fs::write(&path, cluster.kubeconfig_yaml())?,
        None => print!("{}", cluster.kubeconfig_yaml()),
    }
    eprintln!("cluster {}", cluster.url());
    eprintln!("issuer  {}", issuer.url());
    eprintln!(
        "devin   {}",
        issuer.mint("devin", Default::default(), Duration::from_secs(3600))?
    );
    tokio::signal::ctrl_c().await?;
    Ok(())
}
