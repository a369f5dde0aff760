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

use portcullis_sdk::{JsonSchema, Notice, NotifyFailure as Failure, http, notifier};
use serde::Deserialize;
use serde_json::{Value, json};

/// The configuration of `notify-webhook`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where notices are posted; its origin must be among the bundle's and the operator's.
    #[schemars(regex(pattern = "^https?://"))]
    pub url: String,
    /// Of what it tells; without it, of everything.
    pub occasions: Option<Vec<Occasion>>,
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

/// The address of a chat's webhook is a credential by itself, as a header's value often is: neither is in a log.
impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config").field("occasions", &self.occasions).finish_non_exhaustive()
    }
}

/// What happened to an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Occasion {
    /// Somebody wants one.
    Requested,
    /// It was granted.
    Approved,
    /// It was refused.
    Denied,
    /// Nobody answered, or nobody used it.
    Expired,
    /// What it was for went through.
    Used,
    /// Whoever wanted it no longer does.
    Withdrawn,
}

impl Occasion {
    fn of(occasion: portcullis_sdk::Occasion) -> Occasion {
        match occasion {
            portcullis_sdk::Occasion::Requested => Occasion::Requested,
            portcullis_sdk::Occasion::Approved => Occasion::Approved,
            portcullis_sdk::Occasion::Denied => Occasion::Denied,
            portcullis_sdk::Occasion::Expired => Occasion::Expired,
            portcullis_sdk::Occasion::Used => Occasion::Used,
            portcullis_sdk::Occasion::Withdrawn => Occasion::Withdrawn,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Occasion::Requested => "requested",
            Occasion::Approved => "approved",
            Occasion::Denied => "denied",
            Occasion::Expired => "expired",
            Occasion::Used => "used",
            Occasion::Withdrawn => "withdrawn",
        }
    }
}

/// The notifier.
pub fn notify(config: &Config, notice: &Notice) -> Result<(), Failure> {
    let occasion = Occasion::of(notice.occasion);
    if config.occasions.as_ref().is_some_and(|wanted| !wanted.contains(&occasion)) {
        return Ok(());
    }
    let approval: Value = serde_json::from_str(&notice.approval)
        .map_err(|error| Failure { message: format!("the approval is not JSON: {error}"), retry: false })?;
    let body = json!({
        "id": notice.id,
        "occasion": occasion.word(),
        "text": sentence(occasion, &approval, &notice.url),
        "url": notice.url,
        "approval": approval,
    });
    let mut headers = vec![("idempotency-key".to_owned(), notice.id.clone())];
    headers.extend(config.headers.iter().map(|header| (header.name.clone(), header.value.clone())));
    let answer = http::send(&http::post_json(&config.url, &headers, body.to_string()))
        .map_err(|message| Failure { message, retry: true })?;
    match answer.status {
        200..300 => Ok(()),
        status => Err(Failure { message: format!("the webhook answered {status}"), retry: http::may_help_again(status) }),
    }
}

/// One sentence that says enough to decide whether to look.
fn sentence(occasion: Occasion, approval: &Value, url: &str) -> String {
    let text = |key: &str| approval[key].as_str().unwrap_or("?").to_owned();
    let (who, command, connection) = (text("requester"), text("command"), text("connection"));
    match occasion {
        Occasion::Requested => {
            let purpose = approval["purpose"].as_str().map(|purpose| format!(" for \"{purpose}\"")).unwrap_or_default();
            format!("{who} wants to run `{command}` on {connection}{purpose} (rule {}): {url}", text("rule"))
        }
        ended => format!("`{command}` of {who} on {connection} is {}: {url}", ended.word()),
    }
}

/// What the types cannot say.
fn validate(config: &Config) -> Result<(), String> {
    if !config.url.starts_with("http://") && !config.url.starts_with("https://") {
        return Err("url: write a whole address such as https://chat.example.com/hooks/abc".to_owned());
    }
    if config.occasions.as_ref().is_some_and(Vec::is_empty) {
        return Err("occasions: an empty list tells of nothing: leave the key out for everything".to_owned());
    }
    Ok(())
}

notifier! { config: Config, schema: "../schema.json", validate: validate, notify: notify }

#[cfg(test)]
mod tests;
