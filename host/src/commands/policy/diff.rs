//! `policy diff` and `policy backtest`: another set, beside the live one or beside what was recorded.

use std::path::{Path, PathBuf};

use anyhow::Context;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use policy::{Elsewhere, Described, Difference, Engine};
use serde_json::{Value, json};

use super::replayed::{self, Which};
use crate::client::Client;
use crate::commands::failure::Failure;
use crate::commands::output::{self, Column, Output, clean_lines, text};
use crate::commands::sandbox;

/// Arguments of `diff`.
#[derive(Debug, clap::Args)]
pub struct DiffArgs {
    /// A bundle's folder, or the digest of a former set.
    #[arg(value_name = "DIR|DIGEST")]
    other: String,
    /// Compare what the sets say, and judge nothing.
    #[arg(long, conflicts_with_all = ["since", "until", "limit"])]
    no_verdicts: bool,
    #[command(flatten)]
    which: Which,
}

/// Arguments of `backtest`.
#[derive(Debug, clap::Args)]
pub struct BacktestArgs {
    /// The candidate: a bundle's folder.
    #[arg(long, value_name = "DIR")]
    bundle: PathBuf,
    #[command(flatten)]
    which: Which,
}

/// Compares the live set with another.
///
/// # Errors
/// As the gateway says, or the candidate.
pub async fn diff(client: &Client, args: DiffArgs, output: Output) -> Result<(), Failure> {
    let salt = hex::encode(rand::random::<[u8; 16]>());
    let folder = Path::new(&args.other);
    let is_folder = folder.is_dir();
    let described = async |digest: &str| client.get::<Described>(&["policy", "sets", digest], &[("salt", &salt)]).await;
    let live = described("live").await?;
    let engine = sandbox::engine(sandbox::cached())?;
    let other = match is_folder {
        true => policy::described_folder(&engine, folder, salt.as_bytes()).await.map_err(|error| Failure::No(clean_lines(&error.to_string())))?,
        false => described(&args.other).await?,
    };
    let differences = policy::differences(&live, &other);
    match output {
        Output::Json => {
            for difference in &differences {
                let line = serde_json::to_string(difference).context("a difference")?;
                output::say(&line)?;
            }
        }
        Output::Table => output::say(shown(&differences).trim_end())?,
    }
    if args.no_verdicts {
        return Ok(());
    }
    let before = deciders(client, &engine, &live.digest).await?;
    let after = match is_folder {
        true => candidate(&engine, folder).await?,
        false => deciders(client, &engine, &other.digest).await?,
    };
    let outcome = replayed::run(client, &args.which, &after, Some(&before)).await?;
    if output == Output::Table {
        output::say("")?;
    }
    outcome.print(output)
}

/// Judges what was recorded by a candidate.
///
/// # Errors
/// As the gateway says, or the candidate.
pub async fn backtest(client: &Client, args: BacktestArgs, output: Output) -> Result<(), Failure> {
    let candidate = candidate(&sandbox::engine(sandbox::cached())?, &args.bundle).await?;
    replayed::run(client, &args.which, &candidate, None).await?.print(output)
}

async fn candidate(engine: &Engine, dir: &Path) -> Result<Elsewhere, Failure> {
    Elsewhere::load(engine, dir).await.map_err(|error| Failure::No(clean_lines(&error.to_string())))
}

/// What decides in a kept set, from the gateway.
async fn deciders(client: &Client, engine: &Engine, digest: &str) -> Result<Elsewhere, Failure> {
    let told: Value = client.get(&["policy", "sets", digest, "deciders"], &[]).await?;
    let folder = tempfile::tempdir().context("a folder for the set's components")?;
    for (name, content) in told["files"].as_object().into_iter().flatten() {
        let plain = Path::new(name).components().all(|part| matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir));
        let bytes = content.as_str().and_then(|text| STANDARD.decode(text).ok()).filter(|_| plain);
        let bytes = bytes.ok_or_else(|| anyhow::anyhow!("the gateway sent a file `{}` that is none", name.escape_debug()))?;
        let file = folder.path().join(name);
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(file, bytes)?;
    }
    candidate(engine, folder.path()).await
}

const COLUMNS: [Column; 5] = [
    ("PLUGIN", |d| text(d, "/plugin")),
    ("WHAT", |d| text(d, "/what")),
    ("AT", |d| text(d, "/at")),
    ("LIVE", |d| text(d, "/from")),
    ("OTHER", |d| text(d, "/to")),
];

/// What differs, for people.
#[must_use]
pub fn shown(differences: &[Difference]) -> String {
    if differences.is_empty() {
        return "both sets say the same\n".to_owned();
    }
    let rows: Vec<Value> = differences.iter().map(|difference| json!(difference)).collect();
    output::table(&rows, &COLUMNS)
}

#[cfg(test)]
mod tests;
