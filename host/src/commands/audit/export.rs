//! The log in the words of other tools.

use std::path::Path;

use clap::ValueEnum;
use ledger::{Entry, Filter, Reader};

use super::super::failure::Failure;
use super::super::output::{json_line, say};
use crate::client::Client;

/// The words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// As `audit query` prints it.
    #[default]
    Jsonl,
    /// `Event` of audit.k8s.io/v1.
    Kubernetes,
    /// OCSF 1.3, API Activity.
    Ocsf,
}

/// From a ledger's folder or a copy of it, line by line.
///
/// # Errors
/// When it cannot be read.
pub fn from_copy(copy: &Path, filter: Filter, format: Format) -> Result<(), Failure> {
    let unread = |e: ledger::ReadError| Failure::Other(anyhow::Error::new(e).context(format!("the ledger in {}", copy.display())));
    for entry in Reader::open(copy).query(filter).map_err(unread)? {
        say(&written(&entry.map_err(unread)?, format)?)?;
    }
    Ok(())
}

/// From a gateway, line by line.
///
/// # Errors
/// As the gateway says.
pub async fn from_gateway(client: &Client, query: &[(&'static str, String)], format: Format) -> Result<(), Failure> {
    let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut lines = client.lines(&["audit"], &query).await?;
    while let Some(line) = lines.next().await? {
        if format == Format::Jsonl {
            say(&json_line(&line))?;
            continue;
        }
        let entry: Entry = serde_json::from_str(&line)
            .map_err(|e| anyhow::anyhow!("a record cannot be read: {e}; use a portcullis of the gateway's version"))?;
        say(&written(&entry, format)?)?;
    }
    Ok(())
}

fn written(entry: &Entry, format: Format) -> Result<String, Failure> {
    let text = match format {
        Format::Jsonl => serde_json::to_string(entry),
        Format::Kubernetes => serde_json::to_string(&ledger::export::kubernetes(entry)),
        Format::Ocsf => serde_json::to_string(&ledger::export::ocsf(entry)),
    };
    Ok(json_line(&text.map_err(anyhow::Error::from)?))
}
