//! The log as it grows.

use std::collections::HashMap;

use serde_json::Value;

use super::super::failure::Failure;
use super::super::output::{Output, clean, json_line, parsed, say, text, time};
use crate::client::Client;

/// Requests under way whose names are remembered; a gateway's own bound is far below.
const UNDER_WAY_MAX: usize = 10_000;

/// Follows it until the gateway or the user ends it.
///
/// # Errors
/// When the gateway goes.
pub async fn follow(client: &Client, output: Output) -> Result<(), Failure> {
    let mut lines = client.lines(&["audit", "tail"], &[]).await?;
    let mut begun = Begun::default();
    while let Some(line) = lines.next().await? {
        match output {
            Output::Json => say(&json_line(&line))?,
            Output::Table => {
                if let Some(line) = begun.line(&parsed(&line)?) {
                    say(&line)?;
                }
            }
        }
    }
    Err(Failure::Unreachable("the gateway ended the log; it may be restarting: run the command again".to_owned()))
}

/// What requests under way are called: their later records say only what is new.
#[derive(Default)]
pub struct Begun {
    named: HashMap<String, (String, String)>,
}

impl Begun {
    /// A record as a line; nothing for the bytes of a stream.
    pub fn line(&mut self, record: &Value) -> Option<String> {
        let id = text(record, "/id");
        let mut name = (text(record, "/identity/subject"), super::command(record));
        let phase = text(record, "/phase");
        match phase.as_str() {
            "frame" => return None,
            "intent" if self.named.len() < UNDER_WAY_MAX => {
                self.named.insert(id.clone(), name.clone());
            }
            "outcome" => {
                if let Some(begun) = self.named.remove(&id) {
                    name = begun;
                }
            }
            _ => {}
        }
        let stage = match phase.as_str() {
            "intent" => "begins",
            "outcome" => "ended",
            _ => "",
        };
        let said = format!(
            "{}  {:<5}  {:<6}  {}  {}  {}  {}",
            time(record, "/time"),
            text(record, "/decision"),
            stage,
            name.0,
            name.1,
            super::response(record),
            super::decider(record),
        );
        Some(clean(said.trim_end()))
    }
}
