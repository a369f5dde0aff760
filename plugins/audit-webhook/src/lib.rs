//! The audit sink `audit-webhook`: posts records of the ledger to an HTTP endpoint, in order, at least once.
//!
//! A batch is one `POST`, either JSON Lines or one JSON array, with the ledger position of its first record in `Portcullis-Position`, so that
//! a receiver can drop what it has already. An answer of 2xx takes the batch; 408, 425, 429 and 5xx mean later; anything else
//! means never, and the operator is told.
//!
//! ```yaml
//! url: https://siem.example.com/ingest
//! format: jsonl
//! headers: [{ name: Authorization, value: "Splunk 0000" }]
//! ```

use portcullis_sdk::delivery::{self, Address, Header};
use portcullis_sdk::{Batch, Failure, JsonSchema, audit_sink, http};
use serde::Deserialize;

/// Bytes of records in one request: most receivers take a megabyte.
const MOST: usize = 900_000;

/// The configuration of `audit-webhook`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where records are posted; its origin must be among the bundle's and the operator's.
    pub url: Address,
    /// How a batch is written.
    #[serde(default)]
    pub format: Format,
    /// More headers: authorization, for one.
    #[serde(default)]
    pub headers: Vec<Header>,
}

/// How a batch is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One record a line.
    #[default]
    Jsonl,
    /// One JSON array.
    Json,
}

/// The sink.
pub fn deliver(config: &Config, batch: &Batch) -> Result<u64, Failure> {
    let records = delivery::fitting(&batch.records, MOST, 1);
    if records.is_empty() {
        return Ok(batch.first);
    }
    let (kind, body) = match config.format {
        Format::Jsonl => ("application/x-ndjson", records.join("\n") + "\n"),
        Format::Json => ("application/json", format!("[{}]", records.join(","))),
    };
    let mut headers = vec![("content-type".to_owned(), kind.to_owned()), ("portcullis-position".to_owned(), batch.first.to_string())];
    headers.extend(delivery::as_sent(&config.headers));
    let request = http::Outgoing { method: "POST".to_owned(), url: config.url.as_str().to_owned(), headers, body: body.into_bytes() };
    delivery::send("the endpoint", &request, |_| None)?;
    Ok(batch.first + records.len() as u64)
}

/// What the types cannot say.
fn validate(config: &Config) -> Result<(), String> {
    delivery::check_headers(&config.headers, &["content-type", "portcullis-position"])
}

audit_sink! { config: Config, schema: "../schema.json", validate: validate, deliver: deliver }

#[cfg(test)]
mod tests;
