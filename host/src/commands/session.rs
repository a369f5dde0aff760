//! `session open|list|show|revoke`.

use clap::Subcommand;
use serde::Deserialize;
use serde_json::{Value, json};

use super::connection::chosen;
use super::duration::seconds;
use super::failure::Failure;
use super::gateway::GatewayArgs;
use super::output::{self, Column, OutputArgs, Row, clean, details, text, time};
use crate::client::Client;

/// Sessions: what an agent does between opening one and its end is recorded together.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    gateway: GatewayArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// What a session is asked for with.
#[derive(Debug, Clone, clap::Args)]
pub struct Asking {
    /// The cluster; may be left out when the gateway has only one.
    #[arg(long, short, value_name = "CONNECTION")]
    pub connection: Option<String>,
    /// What it is for, in your own words; approvers and auditors read it.
    #[arg(long, value_name = "TEXT")]
    pub purpose: Option<String>,
    /// How long it may live: 30m, 1h30m. Policies may allow less.
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    pub ttl: Option<u32>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Open a session. Its token is shown once, here.
    Open(Asking),
    /// List sessions: yours and your agents', or everybody's for operators and auditors.
    List {
        /// Those that have ended too.
        #[arg(long)]
        all: bool,
        /// Of one cluster only.
        #[arg(long, short, value_name = "CONNECTION")]
        connection: Option<String>,
    },
    /// Show a session.
    Show {
        /// The session.
        #[arg(value_name = "ID")]
        id: String,
    },
    /// End a session now: your own, your agent's, or anybody's for operators.
    Revoke {
        /// The session.
        #[arg(value_name = "ID")]
        id: String,
    },
}

const COLUMNS: [Column; 8] = [
    ("ID", |s| text(s, "/id")),
    ("STATE", |s| text(s, "/state")),
    ("CONNECTION", |s| text(s, "/connection")),
    ("IDENTITY", |s| text(s, "/identity/subject")),
    ("OPENED", |s| time(s, "/opened")),
    ("EXPIRES", |s| time(s, "/expires")),
    ("REQUESTS", |s| text(s, "/requests")),
    ("PURPOSE", |s| text(s, "/purpose")),
];

/// Runs it.
///
/// # Errors
/// As the gateway says.
pub async fn run(args: Args) -> Result<(), Failure> {
    let client = args.gateway.connect().await?.client;
    let output = args.output.output;
    match args.command {
        Command::Open(asking) => {
            let row: Row = ask(&client, asking).await?;
            output::object(&row, output, shown)
        }
        Command::List { all, connection } => {
            let mut query = Vec::new();
            if all {
                query.push(("all", "true"));
            }
            if let Some(connection) = &connection {
                query.push(("connection", connection));
            }
            let rows: Vec<Row> = client.get(&["sessions"], &query).await?;
            output::list(&rows, output, &COLUMNS, "no session; `portcullis session open` opens one")
        }
        Command::Show { id } => {
            let row: Row = client.get(&["sessions", &id], &[]).await?;
            output::object(&row, output, shown)
        }
        Command::Revoke { id } => {
            let row: Row = client.delete(&["sessions", &id]).await?;
            output::object(&row, output, shown)
        }
    }
}

fn shown(session: &Value) -> String {
    details(&[
        ("ID", clean(&text(session, "/id"))),
        ("State", clean(&text(session, "/state"))),
        ("Connection", clean(&text(session, "/connection"))),
        ("Identity", clean(&text(session, "/identity/subject"))),
        ("Kind", clean(&text(session, "/identity/kind"))),
        ("Sponsor", clean(&text(session, "/identity/sponsor"))),
        ("Purpose", clean(&text(session, "/purpose"))),
        ("Opened", time(session, "/opened")),
        ("Expires", time(session, "/expires")),
        ("Last used", time(session, "/last_used")),
        ("Requests", requests(session)),
        ("Ended", time(session, "/ended")),
        ("Ended by", clean(&text(session, "/ended_by"))),
        ("Server", clean(&text(session, "/server"))),
        ("Token", clean(&text(session, "/token"))),
    ])
}

fn requests(session: &Value) -> String {
    match text(session, "/request_limit") {
        limit if limit.is_empty() => text(session, "/requests"),
        limit => format!("{} of {limit}", text(session, "/requests")),
    }
}

/// An opened session with its token. No `Debug`: the token is the session.
#[derive(Deserialize)]
pub struct Opened {
    /// Its id.
    pub id: String,
    /// When it ends at the latest, RFC 3339.
    pub expires: String,
    /// The cluster.
    pub connection: String,
    /// What requests carry.
    pub token: String,
}

/// Opens a session at the connection that is asked for, or the only one.
///
/// # Errors
/// As the gateway says.
pub async fn ask<T: serde::de::DeserializeOwned>(client: &Client, asking: Asking) -> Result<T, Failure> {
    let connection = chosen(client, asking.connection).await?;
    let body = json!({ "connection": connection, "purpose": asking.purpose, "ttl": asking.ttl });
    Ok(client.post(&["sessions"], &body).await?)
}

#[cfg(test)]
mod tests;
