//! Posts the records of the audit log to an HTTP endpoint, as JSON Lines.

use portcullis_sdk::{Batch, Failure, JsonSchema, audit_sink, http};

/// Where records go.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The address; its origin must be among the bundle's and the operator's.
    url: String,
}

fn deliver(config: &Config, batch: &Batch) -> Result<u64, Failure> {
    let request = http::Outgoing {
        method: "POST".into(),
        url: config.url.clone(),
        headers: vec![("content-type".into(), "application/x-ndjson".into()), ("portcullis-first".into(), batch.first.to_string())],
        body: batch.records.join("\n").into_bytes(),
    };
    let answer = http::send(&request).map_err(|message| Failure { message, retry: true })?;
    match answer.status {
        200..300 => Ok(batch.first + batch.records.len() as u64),
        status => Err(Failure { message: format!("the endpoint answered {status}"), retry: http::may_help_again(status) }),
    }
}

audit_sink! { config: Config, deliver: deliver }
