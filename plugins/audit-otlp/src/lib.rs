//! The audit sink `audit-otlp`: delivers records of the ledger as OpenTelemetry logs over HTTP with JSON, in order, at least once.
//!
//! A record is a log record: its body is the record's JSON as it is in the ledger, its attributes are what is searched by. Which answers
//! mean later is OTLP's word (opentelemetry.io/docs/specs/otlp, "Failures"): 429, 502, 503 and 504. A collector that takes a batch only
//! in part stops the delivery: what it rejected would be missing.
//!
//! ```yaml
//! endpoint: https://collector.example.com:4318
//! resource: { deployment.environment.name: production }
//! ```

use std::collections::BTreeMap;

use portcullis_sdk::delivery::{self, Address, Header, Refused};
use portcullis_sdk::http::{self, Incoming};
use portcullis_sdk::record::Record;
use portcullis_sdk::{Batch, Failure, JsonSchema, audit_sink, clock};
use serde::Deserialize;
use serde_json::{Value, json};

/// Bytes of records in one request. As text in JSON they may take twice the room, and a collector takes 4 MiB and more.
const MOST: usize = 1_000_000;

/// Severity numbers of the data model for logs: INFO and WARN.
const INFO: (u8, &str) = (9, "INFO");
const WARN: (u8, &str) = (13, "WARN");

/// The configuration of `audit-otlp`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The collector, without `/v1/logs`: `https://collector.example.com:4318`. Its origin must be among the bundle's and the operator's.
    pub endpoint: Address,
    /// More headers: authorization, for one.
    #[serde(default)]
    pub headers: Vec<Header>,
    /// Attributes of the resource besides `service.name`, which is `portcullis` unless it is given here.
    #[serde(default)]
    pub resource: BTreeMap<String, String>,
}

/// The sink.
pub fn deliver(config: &Config, batch: &Batch) -> Result<u64, Failure> {
    let records = delivery::fitting(&batch.records, MOST, 1_000);
    if records.is_empty() {
        return Ok(batch.first);
    }
    let observed = format!("{}000000", clock::now());
    let logs: Vec<Value> = records.iter().map(|record| log(record, &observed)).collect();
    let mut resource = config.resource.clone();
    resource.entry("service.name".to_owned()).or_insert_with(|| "portcullis".to_owned());
    let attributes: Vec<Value> = resource.iter().map(|(key, value)| attribute(key, value)).collect();
    let body = json!({"resourceLogs": [{
        "resource": {"attributes": attributes},
        "scopeLogs": [{"scope": {"name": "portcullis.audit", "version": env!("CARGO_PKG_VERSION")}, "logRecords": logs}],
    }]});
    let headers: Vec<(String, String)> = delivery::as_sent(&config.headers).collect();
    let request = http::post_json(&config.endpoint.join("v1/logs"), &headers, body.to_string());
    let mut status = 0;
    let answer = delivery::send("the collector", &request, |answer| {
        status = answer.status;
        said(answer)
    });
    let answer = answer.map_err(|refused| Refused { retry: refused.retry && matches!(status, 0 | 429 | 502..=504), ..refused })?;
    taken_whole(&answer)?;
    Ok(batch.first + records.len() as u64)
}

/// One record as a log record of OTLP's JSON: 64-bit numbers are text there.
fn log(json: &str, observed: &str) -> Value {
    let record = Record::read(json).unwrap_or_default();
    let severity = if record.decision.as_deref() == Some("deny") { WARN } else { INFO };
    let mut log = json!({
        "observedTimeUnixNano": observed,
        "severityNumber": severity.0,
        "severityText": severity.1,
        "body": {"stringValue": json},
        "attributes": attributes(&record),
    });
    if let Some(micros) = record.micros() {
        log["timeUnixNano"] = format!("{micros}000").into();
    }
    if !record.kind.is_empty() {
        log["eventName"] = format!("portcullis.{}", record.kind).into();
    }
    log
}

/// What is searched by: OpenTelemetry's own names where it has some, the gateway's otherwise.
fn attributes(record: &Record) -> Vec<Value> {
    let request = record.request.clone().unwrap_or_default();
    let identity = record.identity.clone().unwrap_or_default();
    let mut resource = request.resource;
    if let Some(subresource) = &request.subresource {
        resource = format!("{resource}/{subresource}");
    }
    if !request.group.is_empty() {
        resource = format!("{}/{resource}", request.group);
    }
    let all = [
        ("k8s.cluster.name", record.connection.clone()),
        ("k8s.namespace.name", request.namespace),
        ("user.name", Some(identity.subject)),
        ("portcullis.record", Some(record.id.clone())),
        ("portcullis.phase", Some(record.phase.clone())),
        ("portcullis.session", record.session.clone()),
        ("portcullis.identity.kind", Some(identity.kind)),
        ("portcullis.decision", record.decision.clone()),
        ("portcullis.verb", Some(request.verb)),
        ("portcullis.resource", Some(resource)),
        ("portcullis.object", request.name),
    ];
    all.into_iter().filter_map(|(key, value)| value.filter(|value| !value.is_empty()).map(|value| attribute(key, &value))).collect()
}

fn attribute(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

/// The `message` of a `google.rpc.Status`.
fn said(answer: &Incoming) -> Option<String> {
    let answer: Value = serde_json::from_slice(&answer.body).ok()?;
    Some(answer["message"].as_str()?.to_owned())
}

/// Whether nothing of the batch was rejected.
fn taken_whole(answer: &Incoming) -> Result<(), Refused> {
    let answer: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let partial = &answer["partialSuccess"];
    let rejected = match &partial["rejectedLogRecords"] {
        Value::String(count) => count.parse().unwrap_or(0),
        count => count.as_u64().unwrap_or(0),
    };
    if rejected == 0 {
        return Ok(());
    }
    let why = delivery::one_line(partial["errorMessage"].as_str().unwrap_or("it does not say why"), 200);
    Err(Refused::for_good(format!("the collector rejected {rejected} records of a batch: {why}")))
}

/// What the types cannot say.
fn validate(config: &Config) -> Result<(), String> {
    if config.endpoint.as_str().trim_end_matches('/').ends_with("/v1/logs") {
        return Err("endpoint: write it without /v1/logs, which is added".to_owned());
    }
    delivery::check_headers(&config.headers, &["content-type"])
}

audit_sink! { config: Config, schema: "../schema.json", validate: validate, deliver: deliver }

#[cfg(test)]
mod tests;
