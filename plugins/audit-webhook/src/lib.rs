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

use portcullis_sdk::{Batch, Failure, JsonSchema, audit_sink, http};
use serde::Deserialize;

/// Bytes of records in one request: most receivers take a megabyte.
const MOST: usize = 900_000;

/// The configuration of `audit-webhook`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where records are posted; its origin must be among the bundle's and the operator's.
    #[schemars(regex(pattern = "^https?://"))]
    pub url: String,
    /// How a batch is written.
    #[serde(default)]
    pub format: Format,
    /// More headers: authorization, for one.
    #[serde(default)]
    pub headers: Vec<Header>,
}

/// A header.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A header's value is often a credential: it is in no log.
impl std::fmt::Debug for Header {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Header").field("name", &self.name).finish_non_exhaustive()
    }
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
    // As many records as fit, and at least one: what is left comes again with the next call.
    let mut bytes = 0;
    let fitting = batch.records.iter().take_while(|record| {
        bytes += record.len() + 1;
        bytes <= MOST
    });
    let count = fitting.count().max(1).min(batch.records.len());
    if count == 0 {
        return Ok(batch.first);
    }
    let records = &batch.records[..count];
    let (kind, body) = match config.format {
        Format::Jsonl => ("application/x-ndjson", records.join("\n") + "\n"),
        Format::Json => ("application/json", format!("[{}]", records.join(","))),
    };
    let mut headers = vec![("content-type".to_owned(), kind.to_owned()), ("portcullis-position".to_owned(), batch.first.to_string())];
    headers.extend(config.headers.iter().map(|header| (header.name.clone(), header.value.clone())));
    let request = http::Outgoing { method: "POST".to_owned(), url: config.url.clone(), headers, body: body.into_bytes() };
    let answer = http::send(&request).map_err(|message| Failure { message, retry: true })?;
    match answer.status {
        200..300 => Ok(batch.first + count as u64),
        status => Err(Failure { message: format!("{} answered {status}", config.url), retry: http::may_help_again(status) }),
    }
}

/// What the types cannot say.
fn validate(config: &Config) -> Result<(), String> {
    if !config.url.starts_with("http://") && !config.url.starts_with("https://") {
        return Err("url: write a whole address such as https://siem.example.com/ingest".to_owned());
    }
    match config.headers.iter().find(|header| header.name.is_empty() || header.name.eq_ignore_ascii_case("content-type")) {
        Some(_) => Err("headers: a header needs a name, and content-type is set by `format`".to_owned()),
        None => Ok(()),
    }
}

audit_sink! { config: Config, schema: "../schema.json", validate: validate, deliver: deliver }

#[cfg(test)]
mod tests;
