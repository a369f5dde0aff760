//! `policy status|reload|history|rollback|diff|backtest`.

mod diff;
mod recorded;
mod replayed;

use clap::Subcommand;
use serde_json::{Value, json};

use super::failure::Failure;
use super::gateway::GatewayArgs;
use super::output::{self, Column, OutputArgs, Row, clean, clean_lines, details, short_digest, size, text, time};
use crate::client::ClientError;

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
    /// Show what is live, by generation and digest, what is being made ready, and what was rejected since.
    Status,
    /// Read the bundle again now. For operators; the gateway does it by itself when the folder changes.
    Reload,
    /// List the sets that were live and can be again, the newest first.
    History,
    /// Make a former set live again until the folder changes. For operators; it is recorded.
    Rollback(RollbackArgs),
    /// Compare the live set with a folder or a former set: what they say, and how they decide what was recorded. For operators.
    Diff(diff::DiffArgs),
    /// Judge recorded requests by a candidate, and list each decision that would change.
    Backtest(diff::BacktestArgs),
}

#[derive(Debug, clap::Args)]
struct RollbackArgs {
    /// The set, by its digest or at least six digits of it; `policy history` lists them.
    #[arg(value_name = "DIGEST", required_unless_present = "release", conflicts_with = "release")]
    digest: Option<String>,
    /// End a roll-back: what the folder says goes live.
    #[arg(long)]
    release: bool,
}

const COLUMNS: [Column; 10] = [
    ("PLUGIN", |p| text(p, "/name")),
    ("WORLD", |p| text(p, "/world")),
    ("MODE", mode),
    ("STATE", |p| text(p, "/state")),
    ("COMPONENT", |p| short_digest(&text(p, "/component"))),
    ("CONFIGURATION", |p| short_digest(&text(p, "/configuration"))),
    ("SIZE", |p| p["bytes"].as_u64().map(size).unwrap_or_default()),
    ("INTERFACE", |p| text(p, "/interface")),
    ("LOADED", loaded),
    ("MESSAGE", |p| text(p, "/message")),
];

const HISTORY: [Column; 4] = [
    ("DIGEST", |s| text(s, "/digest").chars().take("sha256:".len() + 12).collect()),
    ("GENERATIONS", |s| s["generations"].as_array().into_iter().flatten().map(Value::to_string).collect::<Vec<_>>().join(", ")),
    ("LIVE SINCE", |s| time(s, "/live_since") + if s["live"] == true { " (now)" } else { "" }),
    ("PLUGINS", |s| s["plugins"].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")),
];

/// `enforce`, `monitor`, or for a canary `for 10%, instead of deny-list`
fn mode(plugin: &Value) -> String {
    let Some(canary) = plugin["canary"].as_str() else { return text(plugin, "/mode") };
    let instead = plugin["replaces"].as_str().map(|old| format!(", instead of {old}")).unwrap_or_default();
    format!("for {canary}{instead}")
}

/// `in 120 ms`, `in 3 ms from the cache, configured in each call`
fn loaded(plugin: &Value) -> String {
    let loaded = &plugin["loaded"];
    let Some(ms) = loaded["milliseconds"].as_u64() else { return String::new() };
    let cache = if loaded["from_cache"] == true { " from the cache" } else { "" };
    let each = if loaded["born_configured"] == false { ", configured in each call" } else { "" };
    format!("in {ms} ms{cache}{each}")
}

/// Runs it.
///
/// # Errors
/// As the gateway says; a reload that is rejected is one.
pub async fn run(args: Args) -> Result<(), Failure> {
    let client = args.gateway.connect().await?.client;
    let output = args.output.output;
    let answered = match args.command {
        Command::History => {
            let rows: Vec<Row> = client.get(&["policy", "history"], &[]).await?;
            return output::list(&rows, output, &HISTORY, "no set was kept");
        }
        Command::Diff(diff) => return diff::diff(&client, diff, output).await,
        Command::Backtest(backtest) => return diff::backtest(&client, backtest, output).await,
        Command::Status => client.get(&["policy"], &[]).await,
        Command::Reload => client.post(&["policy", "reload"], &json!({})).await,
        Command::Rollback(RollbackArgs { digest: Some(digest), .. }) => client.post(&["policy", "rollback"], &json!({ "digest": digest })).await,
        Command::Rollback(RollbackArgs { digest: None, .. }) => client.delete(&["policy", "rollback"]).await,
    };
    let row: Row = match answered {
        // The gateway read it, and the answer is no: what was typed is right.
        Err(ClientError::Status { code: 400 | 422, message, .. }) => return Err(Failure::No(message)),
        other => other?,
    };
    output::object(&row, output, shown)
}

/// A policy set for people.
#[must_use]
pub fn shown(status: &Value) -> String {
    let mut shown = details(&[
        ("Generation", clean(&text(status, "/generation"))),
        ("Digest", clean(&text(status, "/digest"))),
        ("Live since", time(status, "/live_since")),
    ]);
    if status["source"].is_object() {
        shown.push_str(&format!("Pulled from:  {}\n", clean(&text(status, "/source/reference"))));
        shown.push_str(&format!("Artifact:  {}, asked for at {}\n", clean(&text(status, "/source/digest")), time(status, "/source/checked")));
        if status["source"]["error"].is_string() {
            shown.push_str(&format!("Registry:  {}\n", clean_lines(&text(status, "/source/error"))));
        }
    }
    if status["pinned"].is_object() {
        shown.push_str(&format!(
            "Rolled back:  at {} by {}, until the folder changes or `portcullis policy rollback --release`\n",
            time(status, "/pinned/at"),
            clean(&text(status, "/pinned/by"))
        ));
    }
    if status["staging"].is_object() {
        let compiling = status["staging"]["compiling"].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(", ");
        shown.push_str(&format!("Staging:  since {}, {} {}\n", time(status, "/staging/since"), clean(&text(status, "/staging/doing")), clean(&compiling)));
    }
    let plugins = status["plugins"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !plugins.is_empty() {
        shown.push('\n');
        shown.push_str(&output::table(plugins, &COLUMNS));
        let secrets = |plugin: &Value| plugin["secrets"].as_array().into_iter().flatten().filter_map(Value::as_str).map(clean).collect::<Vec<_>>().join(", ");
        for plugin in plugins.iter().filter(|plugin| !secrets(plugin).is_empty()) {
            shown.push_str(&format!("Secrets of {}:  {}\n", clean(&text(plugin, "/name")), secrets(plugin)));
        }
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
