//! `policy status|reload`.

use clap::Subcommand;
use serde_json::{Value, json};

use super::failure::Failure;
use super::gateway::GatewayArgs;
use super::output::{self, Column, OutputArgs, Row, clean, clean_lines, details, short_digest, text, time};

/// The live policies.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    gateway: GatewayArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what is live, by generation and digest, and what was rejected since.
    Status,
    /// Read the bundle again now. For operators; the gateway does it by itself when the folder changes.
    Reload,
}

const COLUMNS: [Column; 7] = [
    ("PLUGIN", |p| text(p, "/name")),
    ("WORLD", |p| text(p, "/world")),
    ("MODE", |p| text(p, "/mode")),
    ("STATE", |p| text(p, "/state")),
    ("COMPONENT", |p| short_digest(&text(p, "/component"))),
    ("CONFIGURATION", |p| short_digest(&text(p, "/configuration"))),
    ("MESSAGE", |p| text(p, "/message")),
];

/// Runs it.
///
/// # Errors
/// As the gateway says; a reload that is rejected is one.
pub async fn run(args: Args) -> Result<(), Failure> {
    let client = args.gateway.connect().await?.client;
    let row: Row = match args.command {
        Command::Status => client.get(&["policy"], &[]).await?,
        Command::Reload => match client.post(&["policy", "reload"], &json!({})).await {
            // The gateway read it, and the answer is no: what was typed is right.
            Err(crate::client::ClientError::Status { code: 400 | 422, message, .. }) => return Err(Failure::No(message)),
            other => other?,
        },
    };
    output::object(&row, args.output.output, shown)
}

/// A policy set for people.
#[must_use]
pub fn shown(status: &Value) -> String {
    let mut shown = details(&[
        ("Generation", clean(&text(status, "/generation"))),
        ("Digest", clean(&text(status, "/digest"))),
        ("Live since", time(status, "/live_since")),
    ]);
    let plugins = status["plugins"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !plugins.is_empty() {
        shown.push('\n');
        shown.push_str(&output::table(plugins, &COLUMNS));
    }
    if status["rejected"].is_object() {
        shown.push_str(&format!(
            "\nRejected at {}, and the set above stays live:\n{}\n",
            time(status, "/rejected/at"),
            clean_lines(&text(status, "/rejected/message"))
        ));
    }
    shown
}

#[cfg(test)]
mod tests;
