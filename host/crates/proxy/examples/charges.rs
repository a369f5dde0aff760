//! What a budget costs a request: charges in the state database, beside the disk's own sync in the same rounds.
//!
//! `cargo xtask bench charges` runs it; by itself it prints one figure a line, as JSON. An argument is the number of rounds.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use policy::{Charge, Counter};
use proxy::capabilities::Counts;
use store::testing::Postgres;
use store::{Location, Store};

/// Charges of one round, for each kind.
const EACH: usize = 200;
/// Charges at one time, where many are made.
const AT_ONCE: usize = 16;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rounds = std::env::args().nth(1).map_or(Ok(5), |text| text.parse::<usize>())?;
    // Below `target`, whose file system is a real one, as a gateway's state is.
    let parent = std::env::current_dir()?.join("target");
    std::fs::create_dir_all(&parent)?;
    let folder = tempfile::tempdir_in(parent)?;
    let sqlite = Counts::new(Arc::new(Store::open(&Location::Sqlite(folder.path().join("state.db"))).await?));
    let disk = File::create(folder.path().join("sync"))?;
    let server = Postgres::start();
    let postgres = match &server {
        Some(server) => Some(Counts::new(Arc::new(Store::open(&server.location()).await?))),
        None => None,
    };

    let mut syncs = Figures::new("an append of 4 KiB and its sync, by this disk");
    let mut kept = Figures::new("a charge that fits, SQLite");
    let mut refused = Figures::new("a charge that does not fit, SQLite");
    let mut supposed = Figures::new("a charge that is only supposed, SQLite");
    let mut given_back = Figures::new("a charge and its giving back, SQLite");
    let mut remote = Figures::new("a charge that fits, PostgreSQL on this machine, fsync off");
    let mut many = Vec::new();
    for round in 0..rounds {
        syncs.round(EACH, async |_| {
            (&disk).write_all(&[7; 4096])?;
            disk.sync_data()?;
            Ok(())
        })
        .await?;
        kept.round(EACH, async |i| charged(&sqlite, &format!("kept/{}", i % 50), 1 << 30, true).await).await?;
        charged(&sqlite, &format!("full/{round}"), 1, true).await?;
        refused.round(EACH, async |_| charged(&sqlite, &format!("full/{round}"), 1, true).await).await?;
        let guess = sqlite.supposed();
        supposed.round(EACH, async |i| spend(&*guess, &format!("kept/{}", i % 50), 1 << 30).await).await?;
        given_back.round(EACH, async |i| charged(&sqlite, &format!("back/{}", i % 50), 1 << 30, false).await).await?;
        if let Some(postgres) = &postgres {
            remote.round(EACH, async |i| charged(postgres, &format!("kept/{}", i % 50), 1 << 30, true).await).await?;
        }
        let begun = Instant::now();
        let tasks: Vec<_> = (0..AT_ONCE)
            .map(|task| {
                let sqlite = sqlite.clone();
                tokio::spawn(async move {
                    for i in 0..EACH / 4 {
                        charged(&sqlite, &format!("many/{task}/{i}"), 1 << 30, true).await.map_err(|e| e.to_string())?;
                    }
                    Ok::<(), String>(())
                })
            })
            .collect();
        for task in tasks {
            task.await??;
        }
        many.push((AT_ONCE * (EACH / 4)) as f64 / begun.elapsed().as_secs_f64());
    }
    let base = syncs.p50.clone();
    for figures in [&syncs, &kept, &refused, &supposed, &given_back, &remote] {
        figures.print("p50", &figures.p50, (!std::ptr::eq(figures, &syncs)).then_some(&base));
        figures.print("p99", &figures.p99, None);
    }
    print("charges of 16 tasks at once, SQLite", "1/s", &many, None);
    Ok(())
}

/// As a request is: charged, then forwarded or not.
async fn charged(counts: &Counts, key: &str, limit: u64, forwarded: bool) -> Result<(), Box<dyn std::error::Error>> {
    let (counter, tab) = counts.open();
    spend(&*counter, key, limit).await?;
    if forwarded {
        drop(tab.keep());
    }
    Ok(())
}

async fn spend(counter: &dyn Counter, key: &str, limit: u64) -> Result<(), Box<dyn std::error::Error>> {
    let charge = Charge { key: key.to_owned(), amount: 1, limit, window: 3600 };
    counter.spend(&"budgets".into(), vec![charge]).await?;
    Ok(())
}

/// Microseconds of one kind, round by round.
struct Figures {
    name: &'static str,
    p50: Vec<f64>,
    p99: Vec<f64>,
}

impl Figures {
    fn new(name: &'static str) -> Figures {
        Figures { name, p50: Vec::new(), p99: Vec::new() }
    }

    async fn round(&mut self, times: usize, mut one: impl AsyncFnMut(usize) -> Result<(), Box<dyn std::error::Error>>) -> Result<(), Box<dyn std::error::Error>> {
        let mut took = Vec::with_capacity(times);
        for i in 0..times {
            let begun = Instant::now();
            one(i).await?;
            took.push(begun.elapsed().as_secs_f64() * 1e6);
        }
        took.sort_by(f64::total_cmp);
        self.p50.push(took[times / 2]);
        self.p99.push(took[times * 99 / 100]);
        Ok(())
    }

    fn print(&self, which: &str, rounds: &[f64], against: Option<&Vec<f64>>) {
        if !rounds.is_empty() {
            print(&format!("{}, {which}", self.name), "us", rounds, against);
        }
    }
}

fn print(figure: &str, unit: &str, rounds: &[f64], against: Option<&Vec<f64>>) {
    let round = |value: f64| (value * 100.0).round() / 100.0;
    let ratio = against.map(|others| round(median(rounds.iter().zip(others).map(|(own, other)| own / other).collect())));
    let spread = [rounds.iter().copied().fold(f64::INFINITY, f64::min), rounds.iter().copied().fold(0.0, f64::max)].map(round);
    let line = serde_json::json!({
        "bench": "charges", "figure": figure, "value": round(median(rounds.to_vec())), "unit": unit, "spread": spread,
        "against": against.map(|_| "this disk's sync"), "ratio": ratio,
    });
    println!("{line}");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
