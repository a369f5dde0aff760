//! The notifier `notify-webhook`: posts to an HTTP endpoint when something waits for approval, and when it has ended.
//!
//! The body is `{"id", "occasion", "text", "url", "approval": {…}}`: `approval` as `portcullis approvals list --output json`
//! prints it, `text` a sentence for people (chat services show it), `url` where a person answers. The same `id` comes with every attempt, in the
//! header `Idempotency-Key` too.
//!
//! ```yaml
//! url: https://chat.example.com/hooks/abc
//! occasions: [requested, denied]
//! ```

use portcullis_sdk::delivery::{self, Address, Header, Refused};
use portcullis_sdk::notice::{self, Approval, Occasions};
use portcullis_sdk::{JsonSchema, Notice, NotifyFailure as Failure, http, notifier};
use serde::Deserialize;
use serde_json::{Value, json};

/// The configuration of `notify-webhook`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where notices are posted; its origin must be among the bundle's and the operator's.
    pub url: Address,
    /// Of what it tells; without it, of everything.
    #[serde(default)]
    pub occasions: Occasions,
    /// More headers: authorization, for one.
    #[serde(default)]
    pub headers: Vec<Header>,
}

/// The notifier.
pub fn notify(config: &Config, notice: &Notice) -> Result<(), Failure> {
    if !config.occasions.has(notice.occasion) {
        return Ok(());
    }
    let approval = Approval::of(notice)?;
    let whole: Value = serde_json::from_str(&notice.approval).map_err(|_| Refused::for_good("the approval is not JSON"))?;
    let body = json!({
        "id": notice.id,
        "occasion": notice::word(notice.occasion),
        "text": format!("{}: {}", approval.sentence(notice.occasion), notice.url),
        "url": notice.url,
        "approval": whole,
    });
    let mut headers = vec![("idempotency-key".to_owned(), notice.id.clone())];
    headers.extend(delivery::as_sent(&config.headers));
    delivery::send("the webhook", &http::post_json(config.url.as_str(), &headers, body.to_string()), |_| None)?;
    Ok(())
}

/// What the types cannot say.
fn validate(config: &Config) -> Result<(), String> {
    delivery::check_headers(&config.headers, &["content-type", "idempotency-key"])
}

notifier! { config: Config, schema: "../schema.json", validate: validate, notify: notify }

#[cfg(test)]
mod tests;
