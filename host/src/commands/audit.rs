//! `audit query|show|tail|verify|export`.

mod export;
mod show;
mod tail;
mod verify;

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use serde_json::Value;

use super::duration;
use super::failure::Failure;
use super::gateway::GatewayArgs;
use super::output::{self, Column, Output, OutputArgs, Row, clean, short_digest, size, text, time};
use crate::client::Client;

/// How many records a query shows unless it is told.
const NEWEST: usize = 100;

/// The log: what was asked, by whom, what was decided and why, and what the agent saw.
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
    /// Find records; the newest ones, unless told otherwise, and the newest last.
    Query {
        #[command(flatten)]
        filter: FilterArgs,
        /// How many at most, counted from the newest.
        #[arg(long, value_name = "N", conflicts_with = "all")]
        limit: Option<usize>,
        /// All of them, however many.
        #[arg(long)]
        all: bool,
    },
    /// Show a record with everything: who decided, and the bodies as the agent saw them.
    Show {
        /// The record; the `Portcullis-Request-Id` of the response.
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Follow the log as it grows, until you stop it. For auditors.
    Tail,
    /// Prove offline that nothing was changed: exit code 0 whole, 1 tampered, 2 could not check.
    Verify(verify::Args),
    /// Print the log in the words of compliance tools, oldest first, one JSON object a line.
    Export {
        /// `jsonl` as `audit query`, `kubernetes` as the API server's own audit log, `ocsf` as API Activity.
        #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
        format: export::Format,
        /// Read a ledger's folder or a copy of it, and ask no gateway.
        #[arg(long, value_name = "DIR")]
        copy: Option<PathBuf>,
        #[command(flatten)]
        filter: FilterArgs,
    },
}

/// Which records.
#[derive(Debug, Clone, Default, clap::Args)]
struct FilterArgs {
    /// Of one session.
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// By one subject.
    #[arg(long, value_name = "SUBJECT")]
    identity: Option<String>,
    /// To one cluster.
    #[arg(long, short, value_name = "CONNECTION")]
    connection: Option<String>,
    /// Of one verb: get, list, watch, create, update, patch, delete, deletecollection.
    #[arg(long, value_name = "VERB")]
    verb: Option<String>,
    /// Of one resource, in the plural.
    #[arg(long, value_name = "RESOURCE")]
    resource: Option<String>,
    /// In one namespace.
    #[arg(long, short, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// Decided so.
    #[arg(long, value_enum, value_name = "DECISION")]
    decision: Option<Decision>,
    /// From then on: 2026-11-22T14:30:00Z, or so long ago: 15m, 2h, 7d.
    #[arg(long, value_name = "TIME", value_parser = duration::time)]
    since: Option<jiff::Timestamp>,
    /// Before then; written as for --since.
    #[arg(long, value_name = "TIME", value_parser = duration::time)]
    until: Option<jiff::Timestamp>,
    /// With this text in the command, path, name or message, whatever its case.
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Decision {
    Allow,
    Deny,
    Hold,
}

impl Decision {
    fn as_str(self) -> &'static str {
        match self {
            Decision::Allow => "allow",
            Decision::Deny => "deny",
            Decision::Hold => "hold",
        }
    }
}

impl FilterArgs {
    /// As the gateway's API takes it.
    fn query(&self) -> Vec<(&'static str, String)> {
        let mut query = Vec::new();
        let texts = [
            ("session", &self.session),
            ("identity", &self.identity),
            ("connection", &self.connection),
            ("verb", &self.verb),
            ("resource", &self.resource),
            ("namespace", &self.namespace),
            ("text", &self.text),
        ];
        query.extend(texts.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
        query.extend(self.decision.map(|decision| ("decision", decision.as_str().to_owned())));
        query.extend(self.since.map(|time| ("since", time.to_string())));
        query.extend(self.until.map(|time| ("until", time.to_string())));
        query
    }

    /// As the ledger takes it.
    fn filter(&self) -> ledger::Filter {
        ledger::Filter {
            id: None,
            session: self.session.clone(),
            identity: self.identity.clone(),
            connection: self.connection.clone(),
            kind: None,
            verb: self.verb.clone(),
            resource: self.resource.clone(),
            namespace: self.namespace.clone(),
            decision: self.decision.map(|decision| match decision {
                Decision::Allow => ledger::Decision::Allow,
                Decision::Deny => ledger::Decision::Deny,
                Decision::Hold => ledger::Decision::Hold,
            }),
            since: self.since,
            until: self.until,
            text: self.text.clone(),
            limit: None,
        }
    }
}

const COLUMNS: [Column; 8] = [
    ("TIME", |r| time(r, "/time")),
    ("IDENTITY", |r| text(r, "/identity/subject")),
    ("DECISION", |r| text(r, "/decision")),
    ("COMMAND", command),
    ("CLAIMED", |r| text(r, "/command/claimed")),
    ("BY", decider),
    ("RESPONSE", response),
    ("ID", |r| text(r, "/id")),
];

/// Runs it; gives the code to exit with.
///
/// # Errors
/// As the gateway says, or a copy.
pub async fn run(args: Args) -> Result<u8, Failure> {
    let output = args.output.output;
    match args.command {
        // Needs no gateway: that is what makes it a proof.
        Command::Verify(verify) => return verify::run(verify, output),
        Command::Export { format, copy: Some(copy), filter } => export::from_copy(&copy, filter.filter(), format)?,
        Command::Export { format, copy: None, filter } => {
            let client = args.gateway.connect().await?.client;
            export::from_gateway(&client, &filter.query(), format).await?;
        }
        Command::Query { filter, limit, all } => {
            let client = args.gateway.connect().await?.client;
            query(&client, &filter, limit, all, output).await?;
        }
        Command::Show { id } => {
            let client = args.gateway.connect().await?.client;
            let row: Row = client.get(&["audit", "records", &id], &[]).await?;
            output::object(&row, output, show::record)?;
        }
        Command::Tail => {
            let client = args.gateway.connect().await?.client;
            tail::follow(&client, output).await?;
        }
    }
    Ok(0)
}

async fn query(client: &Client, filter: &FilterArgs, limit: Option<usize>, all: bool, output: Output) -> Result<(), Failure> {
    let mut query = filter.query();
    if !all {
        query.push(("latest", "true".to_owned()));
        query.push(("limit", limit.unwrap_or(NEWEST).to_string()));
    }
    let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut lines = client.lines(&["audit"], &query).await?;
    let mut rows: Vec<Row> = Vec::new();
    while let Some(line) = lines.next().await? {
        if all && output == Output::Json {
            // They come oldest first, and there may be many.
            output::say(&output::json_line(&line))?;
            continue;
        }
        rows.push(serde_json::value::RawValue::from_string(line).map_err(|e| anyhow::anyhow!("the gateway's answer is no JSON: {e}"))?);
    }
    if all && output == Output::Json {
        return Ok(());
    }
    if !all {
        rows.reverse();
    }
    output::list(&rows, output, &COLUMNS, "no record fits")?;
    if output == Output::Table && limit.is_none() && !all && rows.len() == NEWEST {
        eprintln!("these are the newest {NEWEST}; --limit N or --all shows more");
    }
    Ok(())
}

/// The command line, or what was done instead of one.
fn command(record: &Value) -> String {
    let command = text(record, "/command/rendered");
    if !command.is_empty() {
        return command;
    }
    let (kind, message, path) = (text(record, "/kind"), text(record, "/message"), text(record, "/request/path"));
    let what = [message, path, text(record, "/refusal/message")].into_iter().find(|text| !text.is_empty());
    match (kind.as_str(), what) {
        ("request" | "command" | "stream", Some(what)) => what,
        (_, Some(what)) => format!("{kind}: {what}"),
        (_, None) => kind,
    }
}

/// The plugin whose word it was, its rule, and enough of its component's digest.
fn decider(record: &Value) -> String {
    let verdict = match record["decision"].as_str() {
        Some("deny") => ["deny", "failed"],
        Some("hold") => ["require-approval", "require-approval"],
        _ => ["allow", "require-approval"],
    };
    let by = record["by"].as_array().map(Vec::as_slice).unwrap_or_default();
    let spoke = verdict.iter().find_map(|verdict| by.iter().find(|one| one["verdict"] == **verdict));
    spoke.map(by_line).unwrap_or_default()
}

/// `deny-list/no-namespace-deletion@sha256:0123456789ab`
fn by_line(by: &Value) -> String {
    let rule = text(by, "/rule");
    let rule = if rule.is_empty() { rule } else { format!("/{rule}") };
    format!("{}{rule}@{}", text(by, "/plugin"), short_digest(&text(by, "/component")))
}

/// `200, 1234 B, 2 masked`
fn response(record: &Value) -> String {
    let Some(response) = record.get("response").filter(|response| !response.is_null()) else { return String::new() };
    let mut parts = vec![text(response, "/status")];
    if let Some(bytes) = response["bytes"].as_u64().filter(|bytes| *bytes > 0) {
        parts.push(size(bytes));
    }
    if let Some(masked) = response["masked"].as_u64().filter(|masked| *masked > 0) {
        parts.push(format!("{masked} masked"));
    }
    parts.retain(|part| !part.is_empty());
    clean(&parts.join(", "))
}

#[cfg(test)]
mod tests;
