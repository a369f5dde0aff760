//! The notifier `notify-teams`: tells a channel or a chat of Microsoft Teams when something waits for approval, and how it ended.
//!
//! It posts an adaptive card to a workflow's webhook ("Send webhook alerts to a channel" in Teams' Workflows). Texts are runs without markup,
//! so that nothing an agent wrote is taken for a link, a mention or a date.
//!
//! ```yaml
//! workflow: https://prod-00.westeurope.logic.azure.com/workflows/…
//! occasions: [requested, denied]
//! ```

use portcullis_sdk::delivery::{self, Address, one_line, shortened};
use portcullis_sdk::http::{self, Incoming};
use portcullis_sdk::notice::{Approval, Occasions};
use portcullis_sdk::{JsonSchema, Notice, NotifyFailure as Failure, Occasion, notifier};
use serde::Deserialize;
use serde_json::{Value, json};

/// Characters of a command, and of a fact beside it: a message of Teams has at most 28 KB, in which a character may take six bytes.
const COMMAND: usize = 2000;
const FACT: usize = 200;

/// The configuration of `notify-teams`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The address of the workflow's webhook. Its origin must be among the bundle's and the operator's.
    pub workflow: Address,
    /// Of what it tells; without it, of everything.
    #[serde(default)]
    pub occasions: Occasions,
}

/// The notifier.
pub fn notify(config: &Config, notice: &Notice) -> Result<(), Failure> {
    if !config.occasions.has(notice.occasion) {
        return Ok(());
    }
    let message = message(&Approval::of(notice)?, notice);
    delivery::send("the workflow", &http::post_json(config.workflow.as_str(), &[], message.to_string()), said)?;
    Ok(())
}

/// A message with one card (adaptivecards.io/explorer): a headline, the command, the facts beside it, and where to answer.
fn message(approval: &Approval, notice: &Notice) -> Value {
    let asked = notice.occasion == Occasion::Requested;
    let headline = plain(&approval.headline(notice.occasion), FACT);
    let mut body = vec![
        text(json!([{"type": "TextRun", "text": headline, "weight": "Bolder", "size": "Medium", "color": if asked { "Attention" } else { "Default" }}])),
        text(json!([{"type": "TextRun", "text": shortened(&no_template(&approval.command), COMMAND), "fontType": "Monospace"}])),
    ];
    body.extend(approval.facts().iter().map(|(name, value)| {
        text(json!([
            {"type": "TextRun", "text": format!("{name}: "), "weight": "Bolder"},
            {"type": "TextRun", "text": plain(value, FACT)},
        ]))
    }));
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": plain(&approval.sentence(notice.occasion), FACT),
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": if asked { "Answer it" } else { "Look at it" }, "url": notice.url}],
        "msteams": {"width": "Full"},
    });
    json!({
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card}],
    })
}

/// A line of runs: unlike a `TextBlock`, Teams reads no Markdown in it.
fn text(runs: Value) -> Value {
    json!({"type": "RichTextBlock", "inlines": runs})
}

fn plain(text: &str, most: usize) -> String {
    no_template(&one_line(text, most))
}

/// A text in which nothing begins a date function (`{{DATE(…)}}`) or a template's expression (`${…}`).
fn no_template(text: &str) -> String {
    // Twice, since of three braces the first pass leaves two.
    text.replace("{{", "{\u{200b}{").replace("{{", "{\u{200b}{").replace("${", "$\u{200b}{")
}

/// `{"error": {"code": "WorkflowTriggerIsNotEnabled", "message": …}}`: the code; the message names the workflow.
fn said(answer: &Incoming) -> Option<String> {
    let answer: Value = serde_json::from_slice(&answer.body).ok()?;
    let code = answer["error"]["code"].as_str()?;
    code.bytes().all(|byte| byte.is_ascii_alphanumeric()).then(|| code.to_owned())
}

notifier! { config: Config, schema: "../schema.json", notify: notify }

#[cfg(test)]
mod tests;
