//! Posts a sentence to a chat when an approval waits, and when it has ended.

use portcullis_sdk::{JsonSchema, Notice, NotifyFailure, Occasion, http, notifier};

/// Whom it tells.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The chat's incoming webhook; its origin must be among the bundle's and the operator's.
    url: String,
}

/// As the chat takes it.
#[derive(serde::Serialize)]
struct Message {
    text: String,
}

fn notify(config: &Config, notice: &Notice) -> Result<(), NotifyFailure> {
    let what = match notice.occasion {
        Occasion::Requested => "An approval waits for you",
        Occasion::Approved => "An approval was granted",
        Occasion::Denied => "An approval was refused",
        Occasion::Expired => "An approval expired",
        Occasion::Used => "An approved request went through",
        Occasion::Withdrawn => "An approval is no longer wanted",
    };
    let message = Message { text: format!("{what}: {}", notice.url) };
    let body = serde_json::to_string(&message).map_err(|error| NotifyFailure { message: error.to_string(), retry: false })?;
    let answer = http::send(&http::post_json(&config.url, &[], body)).map_err(|message| NotifyFailure { message, retry: true })?;
    match answer.status {
        200..300 => Ok(()),
        status => Err(NotifyFailure { message: format!("the chat answered {status}"), retry: http::may_help_again(status) }),
    }
}

notifier! { config: Config, notify: notify }
