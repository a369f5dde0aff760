//! The notifier `notify-slack`: tells a Slack channel when something waits for approval, and how it ended.
//!
//! By an incoming webhook (`webhook`), or by `chat.postMessage` with a bot's token (`token` and `channel`). The message has the
//! command, who asks, why, and a link to where it is answered. What an agent wrote is escaped as Slack says, cut to Slack's lengths, and not
//! searched for links, so that it can neither mention anybody nor lead anywhere.
//!
//! ```yaml
//! webhook: https://hooks.slack.com/services/T000/B000/XXXX
//! occasions: [requested, denied]
//! ```

use portcullis_sdk::delivery::{self, Address, Refused, Secret};
use portcullis_sdk::http::{self, Incoming, Outgoing};
use portcullis_sdk::notice::{Approval, Occasions};
use portcullis_sdk::{JsonSchema, Notice, NotifyFailure as Failure, notifier};
use serde::Deserialize;
use serde_json::Value;

mod message;

/// Errors of `chat.postMessage` that pass (docs.slack.dev/reference/methods/chat.postMessage).
const PASSING: [&str; 6] = ["ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"];

/// The configuration of `notify-slack`: `webhook`, or `token` and `channel`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// An incoming webhook. Its origin, `https://hooks.slack.com`, must be among the bundle's and the operator's.
    pub webhook: Option<Address>,
    /// A bot's token with the scope `chat:write`: `xoxb-…`.
    pub token: Option<Secret>,
    /// The id of the channel that the bot writes to: `C0123456789`.
    pub channel: Option<String>,
    /// Where Slack's API is; `https://slack.com/api` without it. Its origin must be among the bundle's and the operator's.
    pub api: Option<Address>,
    /// Of what it tells; without it, of everything.
    #[serde(default)]
    pub occasions: Occasions,
}

/// The notifier.
pub fn notify(config: &Config, notice: &Notice) -> Result<(), Failure> {
    if !config.occasions.has(notice.occasion) {
        return Ok(());
    }
    let message = message::message(&Approval::of(notice)?, notice);
    if let Some(webhook) = &config.webhook {
        let request = http::post_json(webhook.as_str(), &[], message.to_string());
        delivery::send("Slack", &request, |answer| code(&String::from_utf8_lossy(&answer.body)))?;
        return Ok(());
    }
    let answer = delivery::send("Slack", &post_message(config, message), reason)?;
    match reason(&answer) {
        None => Ok(()),
        Some(error) if PASSING.contains(&error.as_str()) => Err(Refused::for_now(format!("Slack answered {error}")).into()),
        Some(error) => Err(Refused::for_good(format!("Slack answered {error}")).into()),
    }
}

fn post_message(config: &Config, mut message: Value) -> Outgoing {
    message["channel"] = config.channel.clone().into();
    let url = config.api.as_ref().map_or_else(|| "https://slack.com/api/chat.postMessage".to_owned(), |api| api.join("chat.postMessage"));
    let token = config.token.as_ref().map(Secret::reveal).unwrap_or_default();
    let mut request = http::post_json(&url, &[("authorization".to_owned(), format!("Bearer {token}"))], message.to_string());
    // Slack warns of a missing charset.
    for (name, value) in &mut request.headers {
        if name == "content-type" {
            value.push_str("; charset=utf-8");
        }
    }
    request
}

/// The error of `{"ok": false, "error": "channel_not_found"}`; nothing when it is ok.
fn reason(answer: &Incoming) -> Option<String> {
    let answer: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer["ok"] == true {
        return None;
    }
    Some(answer["error"].as_str().and_then(code).unwrap_or_else(|| "something that is not JSON".to_owned()))
}

/// A word such as `no_service`; anything else is not told.
fn code(text: &str) -> Option<String> {
    let text = text.trim();
    let word = !text.is_empty() && text.len() <= 80 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    word.then(|| text.to_owned())
}

/// What the types cannot say.
fn validate(config: &Config) -> Result<(), String> {
    match (&config.webhook, &config.token, &config.channel, &config.api) {
        (Some(_), None, None, None) | (None, Some(_), Some(_), _) => Ok(()),
        (None, None, _, _) => Err("give a `webhook`, or a `token` and a `channel`".to_owned()),
        (None, Some(_), None, _) => Err("channel: a token says who writes, and not where to: name the channel by its id".to_owned()),
        (Some(_), ..) => Err("webhook: it says already where to write: leave `token`, `channel` and `api` out".to_owned()),
    }
}

notifier! { config: Config, schema: "../schema.json", validate: validate, notify: notify }

#[cfg(test)]
mod tests;
