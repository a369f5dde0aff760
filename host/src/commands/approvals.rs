//! `approvals list|show|approve|deny|watch`.

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::failure::Failure;
use super::gateway::GatewayArgs;
use super::output::{self, Column, Output, OutputArgs, Row, clean, clean_lines, details, json_line, parsed, say, text, time};
use crate::client::Client;

/// Requests that wait for a person, and what people said.
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
    /// List approvals that you may see: yours, your agents', and those that you may decide.
    List {
        /// Only those in this state.
        #[arg(long, value_enum, value_name = "STATE")]
        state: Option<State>,
        /// Only those of one session.
        #[arg(long, value_name = "ID")]
        session: Option<String>,
    },
    /// Show an approval: who asks, for what, and what people said.
    Show {
        /// The approval.
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Say yes. The request goes through once, when it is made again.
    Approve(Answer),
    /// Say no.
    Deny(Answer),
    /// Show those that wait, then every change, until you stop it.
    Watch,
}

#[derive(Debug, clap::Args)]
struct Answer {
    /// The approval.
    #[arg(value_name = "ID")]
    id: String,
    /// Why; whoever asked reads it, and it is recorded.
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    Pending,
    Approved,
    Used,
    Denied,
    Expired,
    Withdrawn,
}

const COLUMNS: [Column; 8] = [
    ("ID", |a| text(a, "/id")),
    ("STATE", |a| text(a, "/state")),
    ("REQUESTER", |a| text(a, "/requester")),
    ("COMMAND", |a| text(a, "/command")),
    ("RULE", rule),
    ("APPROVED BY", approved_by),
    ("EXPIRES", |a| time(a, "/expires")),
    ("PURPOSE", |a| text(a, "/purpose")),
];

/// Runs it.
///
/// # Errors
/// As the gateway says: 403 when it is not theirs to decide.
pub async fn run(args: Args) -> Result<(), Failure> {
    let client = args.gateway.connect().await?.client;
    let output = args.output.output;
    match args.command {
        Command::List { state, session } => {
            let state = state.and_then(|state| state.to_possible_value()).map(|value| value.get_name().to_owned());
            let mut query = Vec::new();
            if let Some(state) = &state {
                query.push(("state", state.as_str()));
            }
            if let Some(session) = &session {
                query.push(("session", session));
            }
            let rows: Vec<Row> = client.get(&["approvals"], &query).await?;
            output::list(&rows, output, &COLUMNS, "no approval")
        }
        Command::Show { id } => {
            let row: Row = client.get(&["approvals", &id], &[]).await?;
            output::object(&row, output, shown)
        }
        Command::Approve(answer) => decide(&client, answer, "approve", output).await,
        Command::Deny(answer) => decide(&client, answer, "deny", output).await,
        Command::Watch => watch(&client, output).await,
    }
}

async fn decide(client: &Client, answer: Answer, verb: &str, output: Output) -> Result<(), Failure> {
    let row: Row = client.post(&["approvals", &answer.id, verb], &json!({ "comment": answer.comment })).await?;
    output::object(&row, output, |approval| {
        let (state, needed) = (text(approval, "/state"), text(approval, "/needed"));
        let more = if state == "pending" { format!(", {} said yes", approved_by(approval)) } else { String::new() };
        let id = text(approval, "/id");
        clean(&match state.as_str() {
            "pending" => format!("{id} still waits: {needed} people are needed{more}"),
            _ => format!("{id} is {state}: {}", text(approval, "/command")),
        })
    })
}

async fn watch(client: &Client, output: Output) -> Result<(), Failure> {
    let mut lines = client.lines(&["approvals", "watch"], &[]).await?;
    while let Some(line) = lines.next().await? {
        match output {
            Output::Json => say(&json_line(&line))?,
            Output::Table => say(&changed(&parsed(&line)?))?,
        }
    }
    Err(Failure::Unreachable("the gateway ended the watch; it may be restarting: run the command again".to_owned()))
}

/// One line of the watch.
fn changed(approval: &Value) -> String {
    let by = |who: &str| if who.is_empty() { String::new() } else { format!(" (yes: {who})") };
    clean(&format!(
        "{}  {:<9}  {}  {}{}",
        text(approval, "/id"),
        text(approval, "/state"),
        text(approval, "/requester"),
        text(approval, "/command"),
        by(&text(approval, "/approved_by")),
    ))
}

/// `plugin/rule`
fn rule(approval: &Value) -> String {
    match text(approval, "/plugin") {
        plugin if plugin.is_empty() => text(approval, "/rule"),
        plugin => format!("{plugin}/{}", text(approval, "/rule")),
    }
}

/// `1 of 2: alice`
fn approved_by(approval: &Value) -> String {
    let given = approval["approved_by"].as_array().map_or(0, Vec::len);
    let who = text(approval, "/approved_by");
    let who = if who.is_empty() { who } else { format!(": {who}") };
    format!("{given} of {}{who}", text(approval, "/needed"))
}

fn shown(approval: &Value) -> String {
    let asker = text(approval, "/requester");
    let kind = text(approval, "/requester_kind");
    let said: Vec<String> = approval["decisions"].as_array().map(Vec::as_slice).unwrap_or_default().iter().map(said).collect();
    details(&[
        ("ID", clean(&text(approval, "/id"))),
        ("State", clean(&text(approval, "/state"))),
        ("Command", clean(&text(approval, "/command"))),
        ("Connection", clean(&text(approval, "/connection"))),
        ("Requester", clean(&if kind.is_empty() { asker } else { format!("{asker} ({kind})") })),
        ("Sponsor", clean(&text(approval, "/sponsor"))),
        ("Purpose", clean(&text(approval, "/purpose"))),
        ("Session", clean(&text(approval, "/session"))),
        ("Rule", clean(&rule(approval))),
        ("Reason", clean_lines(&text(approval, "/message"))),
        ("Approved by", clean(&approved_by(approval))),
        ("May decide", clean(&deciders(approval))),
        ("Said", said.join("\n")),
        ("Created", time(approval, "/created")),
        ("Expires", time(approval, "/expires")),
        ("Ended", time(approval, "/ended")),
        ("Why", clean_lines(&text(approval, "/ended_why"))),
        ("Used by", clean(&text(approval, "/used_by"))),
        ("Covers", clean(&text(approval, "/scope"))),
        ("Request", clean(&text(approval, "/request_hash"))),
        ("Page", clean(&text(approval, "/url"))),
    ])
}

fn deciders(approval: &Value) -> String {
    let named = |what: &str, pointer: &str| match text(approval, pointer) {
        names if names.is_empty() => None,
        names => Some(format!("{what} {names}")),
    };
    [named("group", "/groups"), named("person", "/subjects")].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn said(decision: &Value) -> String {
    let word = if decision["approves"] == true { "yes" } else { "no" };
    let comment = text(decision, "/comment");
    let comment = if comment.is_empty() { comment } else { format!(": {comment}") };
    clean(&format!("{word}, {}, {}{comment}", text(decision, "/subject"), time(decision, "/time")))
}

#[cfg(test)]
mod tests;
