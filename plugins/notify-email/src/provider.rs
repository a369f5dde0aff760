//! The HTTP APIs that mail is sent through.
//!
//! SendGrid: www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send. Postmark: postmarkapp.com/developer/api/email-api.

use portcullis_sdk::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::mail::Mail;

/// Recipients of one mail: Postmark takes 50.
pub const MOST: usize = 50;

/// Whose API it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// SendGrid, v3 Mail Send.
    Sendgrid,
    /// Postmark, the e-mail API.
    Postmark,
}

impl Provider {
    /// As sentences call it.
    pub fn name(self) -> &'static str {
        match self {
            Provider::Sendgrid => "SendGrid",
            Provider::Postmark => "Postmark",
        }
    }

    /// Where its API is.
    pub fn api(self) -> &'static str {
        match self {
            Provider::Sendgrid => "https://api.sendgrid.com",
            Provider::Postmark => "https://api.postmarkapp.com",
        }
    }

    /// Where mail is posted.
    pub fn path(self) -> &'static str {
        match self {
            Provider::Sendgrid => "v3/mail/send",
            Provider::Postmark => "email",
        }
    }

    /// The header with the key.
    pub fn authorization(self, key: &str) -> (String, String) {
        match self {
            Provider::Sendgrid => ("authorization".to_owned(), format!("Bearer {key}")),
            Provider::Postmark => ("x-postmark-server-token".to_owned(), key.to_owned()),
        }
    }

    /// A mail as it wants it. Tracking is off where it would rewrite the link, which an approver should see as it is.
    pub fn body(self, mail: &Mail<'_>) -> Value {
        match self {
            Provider::Sendgrid => {
                let to: Vec<Value> = mail.to.iter().map(|address| json!({"email": address})).collect();
                json!({
                    "personalizations": [{"to": to}],
                    "from": {"email": mail.from},
                    "subject": mail.subject,
                    "content": [{"type": "text/plain", "value": mail.text}],
                    "custom_args": {"notice": mail.notice},
                    "tracking_settings": {"click_tracking": {"enable": false, "enable_text": false}, "open_tracking": {"enable": false}},
                })
            }
            Provider::Postmark => json!({
                "From": mail.from,
                "To": mail.to.join(","),
                "Subject": mail.subject,
                "TextBody": mail.text,
                "Metadata": {"notice": mail.notice},
                "TrackLinks": "None",
                "TrackOpens": false,
                "MessageStream": "outbound",
            }),
        }
    }

    /// Why it refused, out of an answer that says so by its status.
    pub fn said(self, body: &[u8]) -> Option<String> {
        let answer: Value = serde_json::from_slice(body).ok()?;
        let said = match self {
            Provider::Sendgrid => &answer["errors"][0]["message"],
            Provider::Postmark => &answer["Message"],
        };
        Some(said.as_str()?.to_owned())
    }

    /// Why it refused, out of an answer of 200: Postmark has a code of its own in it.
    pub fn refused(self, body: &[u8]) -> Option<String> {
        let answer: Value = serde_json::from_slice(body).ok()?;
        match self {
            Provider::Postmark if answer["ErrorCode"].as_i64().is_some_and(|code| code != 0) => {
                Some(answer["Message"].as_str().unwrap_or("it does not say why").to_owned())
            }
            _ => None,
        }
    }
}
