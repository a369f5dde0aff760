//! The audit sink `audit-splunk`: delivers records of the ledger to Splunk's HTTP Event Collector, in order, at least once.
//!
//! A batch is one `POST` of events to `/services/collector/event`, each with the time of its record. The collector's own reason for a
//! refusal (`Invalid token`, `Incorrect index`) is told, its address and the token are not.
//!
//! ```yaml
//! url: https://splunk.example.com:8088
//! token: 00000000-0000-0000-0000-000000000000
//! index: audit
//! ```

use portcullis_sdk::delivery::{self, Address, Secret};
use portcullis_sdk::http::{self, Incoming};
use portcullis_sdk::record::Record;
use portcullis_sdk::{Batch, Failure, JsonSchema, audit_sink};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Bytes of events in one request: Splunk's own limit was a megabyte for long.
const MOST: usize = 900_000;

/// Where events go on a collector whose address says nothing else.
const PATH: &str = "services/collector/event";

/// What a sourcetype is when nobody says: a search for it finds these records and no others.
const SOURCETYPE: &str = "portcullis:audit";

/// The configuration of `audit-splunk`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The collector: `https://splunk.example.com:8088`. Its origin must be among the bundle's and the operator's.
    pub url: Address,
    /// A token of the collector.
    pub token: Secret,
    /// The index; without it the token's own.
    pub index: Option<String>,
    /// The sourcetype; without it `portcullis:audit`.
    pub sourcetype: Option<String>,
    /// The source; without it `portcullis`.
    pub source: Option<String>,
    /// The host that the events are of: this gateway's name.
    pub host: Option<String>,
    /// A channel (a GUID), for a token with indexer acknowledgement. It is sent; acknowledgements are not waited for.
    pub channel: Option<String>,
}

/// The sink.
pub fn deliver(config: &Config, batch: &Batch) -> Result<u64, Failure> {
    let about = about(config);
    let records = delivery::fitting(&batch.records, MOST, about.len() + 40);
    if records.is_empty() {
        return Ok(batch.first);
    }
    let body: String = records.iter().map(|record| event(record, &about)).collect();
    let mut headers = vec![("authorization".to_owned(), format!("Splunk {}", config.token.reveal()))];
    if let Some(channel) = &config.channel {
        headers.push(("x-splunk-request-channel".to_owned(), channel.clone()));
    }
    delivery::send("Splunk", &http::post_json(&config.url.join(PATH), &headers, body), said)?;
    Ok(batch.first + records.len() as u64)
}

/// What all events have in common: JSON members with a comma behind each.
fn about(config: &Config) -> String {
    let source = config.source.as_deref().unwrap_or("portcullis");
    let sourcetype = config.sourcetype.as_deref().unwrap_or(SOURCETYPE);
    let given = [("source", Some(source)), ("sourcetype", Some(sourcetype)), ("index", config.index.as_deref()), ("host", config.host.as_deref())];
    let members: Map<String, Value> = given.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.into()))).collect();
    let object = Value::Object(members).to_string();
    format!("{},", object.trim_start_matches('{').trim_end_matches('}'))
}

/// One event. The record stands in it as it is in the ledger, byte for byte.
fn event(record: &str, about: &str) -> String {
    let time = Record::read(record).ok().and_then(|record| record.micros());
    let time = time.map(|micros| format!("\"time\":{}.{:06},", micros / 1_000_000, micros % 1_000_000)).unwrap_or_default();
    format!("{{{time}{about}\"event\":{record}}}\n")
}

/// `{"text": "Invalid token", "code": 4}`.
fn said(answer: &Incoming) -> Option<String> {
    let answer: Value = serde_json::from_slice(&answer.body).ok()?;
    Some(answer["text"].as_str()?.to_owned())
}

/// What the types cannot say.
fn validate(config: &Config) -> Result<(), String> {
    if config.url.as_str().contains("/services/") {
        return Err("url: write the collector's address alone, such as https://splunk.example.com:8088; the path is added".to_owned());
    }
    Ok(())
}

audit_sink! { config: Config, schema: "../schema.json", validate: validate, deliver: deliver }

#[cfg(test)]
mod tests;
