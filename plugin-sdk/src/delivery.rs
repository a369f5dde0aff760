//! What sinks and notifiers have in common: addresses and credentials in a configuration, batches that fit, and what an answer means.
//!
//! ```
//! use portcullis_sdk::delivery::{self, Address, Refused, Secret};
//! use portcullis_sdk::{Batch, Failure, JsonSchema, http};
//!
//! #[derive(serde::Deserialize, JsonSchema)]
//! struct Config {
//!     url: Address,
//!     token: Secret,
//! }
//!
//! fn deliver(config: &Config, batch: &Batch) -> Result<u64, Failure> {
//!     // At most 500,000 bytes in one request, with a line's end behind each record.
//!     let records = delivery::fitting(&batch.records, 500_000, 1);
//!     let headers = [("authorization".to_owned(), format!("Bearer {}", config.token.reveal()))];
//!     let request = http::post_json(config.url.as_str(), &headers, records.join("\n"));
//!     delivery::send("the archive", &request, |_| None)?;
//!     Ok(batch.first + records.len() as u64)
//! }
//!
//! portcullis_sdk::audit_sink! { config: Config, deliver: deliver }
//! ```

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use crate::http::{self, Incoming, Outgoing};
use crate::{Failure, NotifyFailure};

/// The most that is told of what an endpoint said about a refusal, in characters.
const SAID: usize = 200;

/// A credential in a configuration. It is printed nowhere, and its schema is marked `writeOnly`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The credential itself, for the request that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // What would end a header's line would be part of the next one.
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err(de::Error::custom("a credential is empty or has a line's end in it: write it in one line"));
        }
        Ok(Secret(text))
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "minLength": 1, "format": "password", "writeOnly": true})
    }
}

/// A whole `http` or `https` address. It is printed nowhere either: a webhook's address often is its credential.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// As it is written in the configuration.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// With a path behind it, and one slash between the two.
    pub fn join(&self, path: &str) -> String {
        format!("{}/{}", self.0.trim_end_matches('/'), path.trim_start_matches('/'))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(address)")
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        if rest.is_none_or(|rest| rest.is_empty() || rest.contains(|c: char| c.is_whitespace() || c.is_control())) {
            return Err(de::Error::custom("write a whole address such as https://hooks.example.com/in"));
        }
        Ok(Address(text))
    }
}

impl JsonSchema for Address {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Address".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "uri", "pattern": "^https?://[^\\s]+$"})
    }
}

/// A header. Its value often is a credential.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Secret,
}

/// The headers of a configuration behind those of the plugin itself.
///
/// # Errors
///
/// A sentence, when one has no name or is one that the plugin sets.
pub fn check_headers(headers: &[Header], own: &[&str]) -> Result<(), String> {
    for header in headers {
        if header.name.is_empty() || header.name.contains(|c: char| !c.is_ascii_graphic() || c == ':') {
            return Err("headers: a header needs a name of letters, digits and hyphens".to_owned());
        }
        if own.iter().any(|own| header.name.eq_ignore_ascii_case(own)) {
            return Err(format!("headers: {} is set by the plugin itself: leave it out", header.name.to_ascii_lowercase()));
        }
    }
    Ok(())
}

/// The headers of a configuration as a request takes them.
pub fn as_sent(headers: &[Header]) -> impl Iterator<Item = (String, String)> {
    headers.iter().map(|header| (header.name.clone(), header.value.reveal().to_owned()))
}

/// As many records from the first one on as fit into `room` bytes, with `each` bytes around every one; and one at least, when there is
/// one, since what is left comes again with the next call.
pub fn fitting(records: &[String], room: usize, each: usize) -> &[String] {
    let mut bytes = 0_usize;
    let fit = records.iter().take_while(|record| {
        bytes = bytes.saturating_add(record.len()).saturating_add(each);
        bytes <= room
    });
    let count = fit.count().max(1).min(records.len());
    &records[..count]
}

/// Why something was not delivered: becomes a sink's or a notifier's failure by `?`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// A sentence for the operator, without an address.
    pub message: String,
    /// Whether sending the same again may help.
    pub retry: bool,
}

impl Refused {
    /// Sending the same again can never help.
    pub fn for_good(message: impl Into<String>) -> Refused {
        Refused { message: message.into(), retry: false }
    }

    /// It may help later.
    pub fn for_now(message: impl Into<String>) -> Refused {
        Refused { message: message.into(), retry: true }
    }
}

impl From<Refused> for Failure {
    fn from(Refused { message, retry }: Refused) -> Failure {
        Failure { message, retry }
    }
}

impl From<Refused> for NotifyFailure {
    fn from(Refused { message, retry }: Refused) -> NotifyFailure {
        NotifyFailure { message, retry }
    }
}

/// Send a request, and take every status but 2xx for a refusal: for now when [`http::may_help_again`] says so, else for good. `whom` names
/// the endpoint in the sentence, since its address may not; `said` reads the endpoint's own reason out of its answer, of which one line is told.
///
/// # Errors
///
/// With the sentence.
pub fn send(whom: &str, request: &Outgoing, said: impl FnOnce(&Incoming) -> Option<String>) -> Result<Incoming, Refused> {
    let answer = http::send(request).map_err(|why| Refused::for_now(format!("{whom} could not be reached: {why}")))?;
    if (200..300).contains(&answer.status) {
        return Ok(answer);
    }
    let status = answer.status;
    let message = match said(&answer).map(|said| one_line(&said, SAID)).filter(|said| !said.is_empty()) {
        Some(said) => format!("{whom} answered {status}: {said}"),
        None => format!("{whom} answered {status}"),
    };
    Err(Refused { message, retry: http::may_help_again(status) })
}

/// A text on one line, of at most so many characters: what is beyond is cut, and shown to be.
pub fn one_line(text: &str, most: usize) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    shortened(&words.collect::<Vec<_>>().join(" "), most)
}

/// A text of at most so many characters: what is beyond is cut, and shown to be.
pub fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests;
