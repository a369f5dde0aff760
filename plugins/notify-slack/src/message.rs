//! A notice as a message of Slack's blocks (docs.slack.dev/reference/block-kit/blocks).

use portcullis_sdk::delivery::{one_line, shortened};
use portcullis_sdk::notice::Approval;
use portcullis_sdk::{Notice, Occasion};
use serde_json::{Value, json};

/// Characters that Slack takes: in a header, in the text of a section, and in one of its fields. Escaping makes them more.
const HEADER: usize = 150;
const SECTION: usize = 3000;
const FIELD: usize = 2000;

/// The message: a headline, the command, the facts beside it, and where to answer.
pub fn message(approval: &Approval, notice: &Notice) -> Value {
    let headline = one_line(&approval.headline(notice.occasion), HEADER);
    let mut blocks = vec![
        json!({"type": "header", "text": {"type": "plain_text", "text": headline, "emoji": false}}),
        section(&format!("```{}```", fitting(&no_fence(&approval.command), SECTION - 6))),
    ];
    let facts: Vec<Value> = approval
        .facts()
        .into_iter()
        .map(|(name, value)| markdown(&format!("*{name}*\n{}", fitting(&one_line(&value, FIELD), FIELD - 20))))
        .collect();
    blocks.push(json!({"type": "section", "fields": facts}));
    let ask = if notice.occasion == Occasion::Requested { "Answer it" } else { "Look at it" };
    blocks.push(section(&format!("<{}|{ask}>", escaped(&notice.url))));
    json!({
        // For notifications and screen readers, which show no blocks.
        "text": fitting(&one_line(&approval.sentence(notice.occasion), SECTION), SECTION),
        "blocks": blocks,
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

fn section(text: &str) -> Value {
    json!({"type": "section", "text": markdown(text)})
}

/// `verbatim`: Slack makes no links of what looks like one, and no mentions of names.
fn markdown(text: &str) -> Value {
    json!({"type": "mrkdwn", "text": text, "verbatim": true})
}

/// Slack's three control characters as it wants them written.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Escaped, and of at most so many characters then.
fn fitting(text: &str, most: usize) -> String {
    let mut length = most;
    loop {
        let escaped = escaped(&shortened(text, length));
        let over = escaped.chars().count().saturating_sub(most);
        if over == 0 {
            return escaped;
        }
        // An escape is five characters at most, so this ends soon.
        length = length.saturating_sub(over.div_ceil(5).max(1));
    }
}

/// A command in which no three backticks follow each other: they would end the block that it stands in.
fn no_fence(command: &str) -> String {
    command.replace("``", "`\u{200b}`")
}

#[cfg(test)]
mod tests;
