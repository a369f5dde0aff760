//! The audit sink `audit-s3`: writes records of the ledger to S3-compatible storage, in order, at least once.
//!
//! A batch is one object of JSON Lines. Its key says the day of its first record and that record's position in the ledger, as
//! `audit/2026/11/28/00000000000000001234.jsonl`: a batch that is sent again overwrites what was written before, so a
//! retry leaves no copy, and keys sort as the ledger does. Every object carries its SHA-256, which the storage checks.
//!
//! ```yaml
//! endpoint: https://s3.eu-central-1.amazonaws.com
//! region: eu-central-1
//! bucket: portcullis-audit
//! prefix: audit/
//! access_key_id: AKIA…
//! secret_access_key: …
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis_sdk::delivery::{self, Address, Refused, Secret};
use portcullis_sdk::http::{Incoming, Outgoing};
use portcullis_sdk::record::{self, Record};
use portcullis_sdk::{Batch, Failure, JsonSchema, audit_sink, clock};
use serde::Deserialize;

mod sign;

use sign::{Signing, digest};

/// Bytes of records in one object: below the gateway's 8 MiB for a request, and above what it hands over at once.
const MOST: usize = 4_000_000;

/// Error codes that pass, beside the statuses that do: S3 says some of them with 400, 403 or 409.
const PASSING: [&str; 4] = ["RequestTimeout", "OperationAborted", "RequestTimeTooSkewed", "ConditionalRequestConflict"];

/// The configuration of `audit-s3`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The storage: `https://s3.eu-central-1.amazonaws.com`. Its origin must be among the bundle's and the operator's.
    pub endpoint: Address,
    /// The region that requests are signed for; storage of one's own mostly takes `us-east-1`.
    #[serde(default = "region")]
    pub region: String,
    /// The bucket. Left out when the endpoint's host names it already.
    pub bucket: Option<String>,
    /// What keys begin with, such as `audit/`; nothing by default.
    #[serde(default)]
    pub prefix: String,
    /// The id of the access key.
    pub access_key_id: String,
    /// The access key.
    pub secret_access_key: Secret,
    /// The session's token, with temporary credentials.
    pub session_token: Option<Secret>,
    /// The storage class: `STANDARD_IA`; without it the bucket's own.
    pub storage_class: Option<String>,
    /// Server-side encryption: `AES256` or `aws:kms`; without it the bucket's own.
    pub encryption: Option<String>,
    /// The id of the key for `aws:kms`.
    pub kms_key_id: Option<String>,
}

fn region() -> String {
    "us-east-1".to_owned()
}

/// The sink.
pub fn deliver(config: &Config, batch: &Batch) -> Result<u64, Failure> {
    let records = delivery::fitting(&batch.records, MOST, 1);
    if records.is_empty() {
        return Ok(batch.first);
    }
    let body = (records.join("\n") + "\n").into_bytes();
    let key = key(&config.prefix, &records[0], batch.first);
    let request = put(config, &key, body, clock::now() / 1000);
    let mut code = String::new();
    let answer = delivery::send("the storage", &request, |answer| {
        code = said(answer).unwrap_or_default();
        Some(code.clone())
    });
    answer.map_err(|refused| Refused { retry: refused.retry || PASSING.contains(&code.as_str()), ..refused })?;
    Ok(batch.first + records.len() as u64)
}

/// The same for the same batch, whenever it is sent: the day is the first record's, not today.
fn key(prefix: &str, first: &str, position: u64) -> String {
    let time = Record::read(first).ok().and_then(|record| record.micros()).unwrap_or(0);
    let [year, month, day, ..] = record::date(time / 1_000_000);
    format!("{prefix}{year:04}/{month:02}/{day:02}/{position:020}.jsonl")
}

/// The request that writes an object, signed for a time in seconds since 1970.
fn put(config: &Config, key: &str, body: Vec<u8>, now: u64) -> Outgoing {
    let hash = digest(&body);
    let mut headers = vec![
        ("content-type", "application/x-ndjson".to_owned()),
        ("x-amz-checksum-sha256", STANDARD.encode(hash)),
        ("x-amz-content-sha256", hex::encode(hash)),
    ];
    let more = [
        ("x-amz-security-token", config.session_token.as_ref().map(Secret::reveal)),
        ("x-amz-server-side-encryption", config.encryption.as_deref()),
        ("x-amz-server-side-encryption-aws-kms-key-id", config.kms_key_id.as_deref()),
        ("x-amz-storage-class", config.storage_class.as_deref()),
    ];
    headers.extend(more.into_iter().filter_map(|(name, value)| Some((name, value?.to_owned()))));
    let path = match &config.bucket {
        Some(bucket) => format!("/{bucket}/{key}"),
        None => format!("/{key}"),
    };
    let signing = Signing {
        key_id: &config.access_key_id,
        secret: config.secret_access_key.reveal(),
        region: &config.region,
        host: &sign::host(config.endpoint.as_str()),
        now,
    };
    let headers = signing.sign("PUT", &path, headers, &hex::encode(hash));
    Outgoing { method: "PUT".to_owned(), url: config.endpoint.join(&path), headers, body }
}

/// The code of an error in S3's XML: `NoSuchBucket`. What stands beside it may name keys and hosts.
fn said(answer: &Incoming) -> Option<String> {
    let text = String::from_utf8_lossy(&answer.body);
    let code = text.split_once("<Code>")?.1.split_once("</Code>")?.0;
    code.bytes().all(|byte| byte.is_ascii_alphanumeric()).then(|| code.to_owned())
}

/// What the types cannot say. Keys and buckets are of characters that stand for themselves in a path, so nothing is escaped.
fn validate(config: &Config) -> Result<(), String> {
    let plain = |text: &str, more: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
    let path = config.endpoint.as_str().splitn(4, '/').nth(3).unwrap_or_default();
    if !path.is_empty() || config.endpoint.as_str().contains(['?', '#', '@']) {
        return Err("endpoint: write scheme, host and port alone, such as https://s3.eu-central-1.amazonaws.com".to_owned());
    }
    if config.bucket.as_ref().is_some_and(|bucket| !(3..=63).contains(&bucket.len()) || !plain(bucket, "-.")) {
        return Err("bucket: a bucket's name has 3 to 63 letters, digits, dots and hyphens".to_owned());
    }
    if !plain(&config.prefix, "-._/=") || config.prefix.starts_with('/') || config.prefix.contains("//") || config.prefix.split('/').any(|part| part == "..") {
        return Err("prefix: write letters, digits and -._=/, with no slash in front, such as `audit/`".to_owned());
    }
    for (name, value) in [("access_key_id", &config.access_key_id), ("region", &config.region)] {
        if value.is_empty() || !plain(value, "-_") {
            return Err(format!("{name}: write letters, digits and hyphens"));
        }
    }
    let printable = |value: &Option<String>| value.as_ref().is_none_or(|value| !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic()));
    for (name, value) in [("storage_class", &config.storage_class), ("encryption", &config.encryption), ("kms_key_id", &config.kms_key_id)] {
        if !printable(value) {
            return Err(format!("{name}: write it without spaces, or leave it out"));
        }
    }
    Ok(())
}

audit_sink! { config: Config, schema: "../schema.json", validate: validate, deliver: deliver }

#[cfg(test)]
mod tests;
