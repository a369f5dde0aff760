//! The notifier `notify-email`: tells people by e-mail when something waits for approval, and how it ended.
//!
//! A sandbox has no SMTP, so mail goes through the HTTP API of a provider: SendGrid's v3 Mail Send, or Postmark's e-mail API. The mail is plain
//! text, and its subject one line: nothing an agent wrote becomes a header, or a link that hides where it leads.
//!
//! ```yaml
//! provider: sendgrid
//! key: SG.…
//! from: portcullis@example.com
//! to: [on-call@example.com]
//! ```

use portcullis_sdk::delivery::{self, Address, Refused, Secret};
use portcullis_sdk::http;
use portcullis_sdk::notice::{Approval, Occasions};
use portcullis_sdk::{JsonSchema, Notice, NotifyFailure as Failure, notifier};
use serde::Deserialize;

mod mail;
mod provider;

use provider::Provider;

/// The configuration of `notify-email`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Whose API it is.
    pub provider: Provider,
    /// The API key, or the server's token.
    pub key: Secret,
    /// Whom the mail is from: an address that the provider has verified.
    pub from: String,
    /// Who gets it.
    pub to: Vec<String>,
    /// Where the provider's API is, when it is elsewhere: `https://api.eu.sendgrid.com`. Its origin must be among the bundle's and the operator's.
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
    let approval = Approval::of(notice)?;
    let mail = mail::Mail { from: &config.from, to: &config.to, subject: mail::subject(&approval, notice), text: mail::text(&approval, notice), notice: &notice.id };
    let provider = config.provider;
    let url = match &config.api {
        Some(api) => api.join(provider.path()),
        None => format!("{}/{}", provider.api(), provider.path()),
    };
    let request = http::post_json(&url, &[provider.authorization(config.key.reveal())], provider.body(&mail).to_string());
    let answer = delivery::send(provider.name(), &request, |answer| provider.said(&answer.body))?;
    if let Some(why) = provider.refused(&answer.body) {
        return Err(Refused::for_good(format!("{} refused: {}", provider.name(), delivery::one_line(&why, 200))).into());
    }
    Ok(())
}

/// What the types cannot say.
fn validate(config: &Config) -> Result<(), String> {
    let good = |address: &String| {
        let whole = address.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'));
        whole && !address.contains(|c: char| c.is_whitespace() || c.is_control() || ",;<>".contains(c))
    };
    if config.to.is_empty() || config.to.len() > provider::MOST {
        return Err(format!("to: name 1 to {} addresses", provider::MOST));
    }
    match config.to.iter().chain([&config.from]).find(|address| !good(address)) {
        Some(wrong) => Err(format!("`{wrong}` is no address of mail: write it as name@example.com")),
        None => Ok(()),
    }
}

notifier! { config: Config, schema: "../schema.json", validate: validate, notify: notify }

#[cfg(test)]
mod tests;
