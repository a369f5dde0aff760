//! `connection list`, and the choice of a connection for commands that need one.

use clap::Subcommand;
use serde_json::Value;

use super::failure::Failure;
use super::gateway::GatewayArgs;
use super::output::{self, Column, OutputArgs, Row, clean, parsed, text};
use crate::client::Client;

/// The clusters that the gateway knows.
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
    /// List the registered clusters.
    List,
}

const COLUMNS: [Column; 4] = [
    ("NAME", |c| text(c, "/name")),
    ("URL", |c| text(c, "/url")),
    ("UPSTREAM", |c| text(c, "/upstream")),
    ("IMPERSONATES", |c| if c["impersonates"] == true { "yes".to_owned() } else { "no".to_owned() }),
];

/// Runs it.
///
/// # Errors
/// As the gateway says.
pub async fn run(args: Args) -> Result<(), Failure> {
    let client = args.gateway.connect().await?.client;
    let Command::List = args.command;
    let rows: Vec<Row> = client.get(&["connections"], &[]).await?;
    output::list(&rows, args.output.output, &COLUMNS, "no cluster is registered")
}

/// The connection that was asked for, or the only one there is.
///
/// # Errors
/// When several could be meant.
pub async fn chosen(client: &Client, wanted: Option<String>) -> Result<String, Failure> {
    if let Some(wanted) = wanted {
        return Ok(wanted);
    }
    let rows: Vec<Row> = client.get(&["connections"], &[]).await?;
    let values = rows.iter().map(|row| parsed(row.get())).collect::<Result<Vec<Value>, _>>()?;
    let mut names: Vec<String> = values.iter().map(|value| text(value, "/name")).collect();
    match names.len() {
        0 => Err(Failure::No("no cluster is registered with this gateway; ask its operator".to_owned())),
        1 => Ok(names.remove(0)),
        _ => Err(Failure::Usage(format!("this gateway has several clusters; choose one with --connection: {}", clean(&names.join(", "))))),
    }
}
