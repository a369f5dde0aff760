//! What the services publish of their formats, as far as a notice uses them.

use serde_json::Value;

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

fn only(object: &Value, known: &[&str]) {
    for key in object.as_object().unwrap_or_else(|| panic!("{object} is no object")).keys() {
        assert!(known.contains(&key.as_str()), "the service does not know `{key}`: {object}");
    }
}

/// A text object of Slack's: docs.slack.dev/reference/block-kit/composition-objects/text-object.
fn composition(object: &Value, most: usize) {
    only(object, &["type", "text", "emoji", "verbatim"]);
    assert!((1..=most).contains(&text(&object["text"]).chars().count()), "{object}");
    match text(&object["type"]) {
        // Each has an option that the other has not.
        "plain_text" => assert!(object.get("verbatim").is_none()),
        "mrkdwn" => assert!(object.get("emoji").is_none()),
        other => panic!("{other}"),
    }
}

/// docs.slack.dev/reference/block-kit/blocks, and /reference/methods/chat.postMessage.
pub fn slack(message: &Value, command: &str) {
    only(message, &["text", "blocks", "channel", "unfurl_links", "unfurl_media"]);
    assert!(text(&message["text"]).chars().count() <= 4000);
    let blocks = message["blocks"].as_array().expect("blocks");
    assert!((1..=50).contains(&blocks.len()));
    for block in blocks {
        match text(&block["type"]) {
            "header" => {
                only(block, &["type", "text"]);
                assert_eq!(block["text"]["type"], "plain_text");
                composition(&block["text"], 150);
            }
            "section" => {
                only(block, &["type", "text", "fields"]);
                if let Some(text) = block.get("text") {
                    composition(text, 3000);
                }
                let fields = block.get("fields").map(|fields| fields.as_array().expect("a list")).map_or(&[][..], Vec::as_slice);
                assert!(fields.len() <= 10 && (block.get("text").is_some() || !fields.is_empty()), "{block}");
                fields.iter().for_each(|field| composition(field, 2000));
            }
            other => panic!("{other}"),
        }
    }
    let all = message.to_string();
    assert!(all.contains(command) && all.contains("|Answer it>"), "{all}");
    // Outside the gateway's own link no control character is left.
    assert_eq!(all.matches('<').count(), 1, "{all}");
}

/// learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using, "Send adaptive cards", and adaptivecards.io/explorer.
pub fn teams(message: &Value, command: &str) {
    only(message, &["type", "attachments"]);
    assert_eq!(message["type"], "message");
    let attachments = message["attachments"].as_array().expect("attachments");
    assert_eq!(attachments.len(), 1);
    only(&attachments[0], &["contentType", "contentUrl", "content"]);
    assert!(attachments[0]["contentType"] == "application/vnd.microsoft.card.adaptive" && attachments[0]["contentUrl"].is_null());
    let card = &attachments[0]["content"];
    only(card, &["$schema", "type", "version", "body", "actions", "fallbackText", "msteams"]);
    assert!(card["$schema"] == "http://adaptivecards.io/schemas/adaptive-card.json" && card["type"] == "AdaptiveCard" && card["version"] == "1.4");
    for block in card["body"].as_array().expect("a body") {
        only(block, &["type", "inlines"]);
        assert_eq!(block["type"], "RichTextBlock");
        for run in block["inlines"].as_array().expect("runs") {
            only(run, &["type", "text", "weight", "size", "color", "fontType"]);
            assert!(run["type"] == "TextRun" && !text(&run["text"]).is_empty(), "{run}");
            assert!(run.get("weight").is_none_or(|weight| ["Default", "Lighter", "Bolder"].contains(&text(weight))));
            assert!(run.get("fontType").is_none_or(|font| ["Default", "Monospace"].contains(&text(font))));
        }
    }
    let actions = card["actions"].as_array().expect("actions");
    assert_eq!(actions.len(), 1);
    only(&actions[0], &["type", "title", "url"]);
    assert!(actions[0]["type"] == "Action.OpenUrl" && text(&actions[0]["url"]).contains("/approvals/"));
    assert!(message.to_string().contains(command));
}

/// What both mails have.
fn mail(subject: &str, body: &str, command: &str) {
    assert!(!subject.contains(['\r', '\n']) && (1..=998).contains(&subject.len()), "{subject}");
    assert!(body.contains(command) && body.lines().last().is_some_and(|last| last.contains("/approvals/")), "{body}");
}

/// www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send.
pub fn sendgrid(sent: &Value, command: &str) {
    only(sent, &["personalizations", "from", "subject", "content", "custom_args", "tracking_settings"]);
    let personalizations = sent["personalizations"].as_array().expect("a list");
    assert!((1..=1000).contains(&personalizations.len()));
    assert_eq!(personalizations[0]["to"], serde_json::json!([{"email": "alice@example.com"}]));
    assert_eq!(sent["from"], serde_json::json!({"email": "gate@example.com"}));
    let content = sent["content"].as_array().expect("a list");
    assert!(content.len() == 1 && content[0]["type"] == "text/plain");
    assert!(sent["custom_args"].as_object().expect("an object").values().all(Value::is_string), "they are texts");
    assert_eq!(sent["tracking_settings"]["click_tracking"]["enable"], false, "the link is shown as it is");
    mail(text(&sent["subject"]), text(&content[0]["value"]), command);
}

/// postmarkapp.com/developer/api/email-api, "Send a single email".
pub fn postmark(sent: &Value, command: &str) {
    only(sent, &["From", "To", "Subject", "TextBody", "Metadata", "TrackLinks", "TrackOpens", "MessageStream"]);
    assert_eq!((&sent["From"], &sent["To"], &sent["MessageStream"]), (&"gate@example.com".into(), &"alice@example.com".into(), &"outbound".into()));
    assert!(["None", "HtmlAndText", "HtmlOnly", "TextOnly"].contains(&text(&sent["TrackLinks"])) && sent["TrackOpens"].is_boolean());
    for (key, value) in sent["Metadata"].as_object().expect("an object") {
        assert!(key.len() <= 20 && text(value).len() <= 80, "{key}: {value}");
    }
    mail(text(&sent["Subject"]), text(&sent["TextBody"]), command);
}
