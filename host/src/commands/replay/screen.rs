//! What the agent saw of one request, as kubectl would have put it on a screen.

use serde_json::Value;

use super::super::output::{clean, clean_lines, grid, text};

/// One request's output, as it comes.
pub struct Screen {
    raw: bool,
    /// A watch: JSON documents, a line each.
    is_watch: bool,
    /// A terminal or a log: text as it comes.
    is_text: bool,
    /// Of a watch, the line that has no end yet.
    rest: String,
    /// A table's titles were shown.
    titled: bool,
    /// What was shown does not end a line.
    open: bool,
}

impl Screen {
    /// For a record's output.
    pub fn new(record: &Value, raw: bool) -> Self {
        let is_watch = text(record, "/request/verb") == "watch";
        let subresource = text(record, "/request/subresource");
        let is_text = matches!(subresource.as_str(), "log" | "exec" | "attach" | "portforward");
        Self { raw, is_watch, is_text, rest: String::new(), titled: false, open: false }
    }

    /// What some bytes show.
    pub fn push(&mut self, channel: &str, bytes: &str) -> String {
        if !ledger::is_given(channel) {
            // A terminal shows what is typed by itself, and what is piped in is not on the screen; nor is a window's size.
            return String::new();
        }
        if self.is_watch {
            self.rest.push_str(bytes);
            let mut shown = String::new();
            while let Some(end) = self.rest.find('\n') {
                let line: String = self.rest.drain(..=end).collect();
                shown.push_str(&self.document(line.trim()));
            }
            return shown;
        }
        if self.is_text || channel != ledger::OUT {
            return self.plain(bytes);
        }
        self.document(bytes)
    }

    /// What is left, and the end of the line.
    pub fn finish(mut self) -> String {
        let rest = std::mem::take(&mut self.rest);
        let mut shown = self.document(rest.trim());
        if self.open {
            shown.push('\n');
        }
        shown
    }

    fn plain(&mut self, text: &str) -> String {
        let shown = if self.raw { text.to_owned() } else { clean_lines(&text.replace("\r\n", "\n")) };
        if let Some(last) = shown.chars().last() {
            self.open = last != '\n';
        }
        shown
    }

    /// A JSON document: a table as a table, a refusal as kubectl says it, an event with its type, anything else as it is.
    fn document(&mut self, body: &str) -> String {
        if body.is_empty() {
            return String::new();
        }
        let Ok(json) = serde_json::from_str::<Value>(body) else { return self.plain(body) };
        if let (Some(kind), Some(object)) = (json["type"].as_str(), json.get("object")) {
            return if object["kind"] == "Table" {
                self.table(object)
            } else {
                format!("{}\n", clean(&format!("{kind} {}", named(object))))
            };
        }
        match json["kind"].as_str() {
            Some("Table") => self.table(&json),
            Some("Status") if json["status"] == "Failure" => {
                format!("{}\n", clean_lines(&format!("Error from server ({}): {}", text(&json, "/reason"), text(&json, "/message"))))
            }
            _ => format!("{}\n", clean_lines(&serde_json::to_string_pretty(&json).unwrap_or_default())),
        }
    }

    /// `meta.k8s.io/v1` `Table`: the columns that kubectl shows without `-o wide`.
    fn table(&mut self, table: &Value) -> String {
        let none = Vec::new();
        let list = |name: &str| table[name].as_array().unwrap_or(&none);
        let wanted: Vec<(usize, String)> = list("columnDefinitions")
            .iter()
            .enumerate()
            .filter(|(_, column)| column["priority"].as_i64().unwrap_or(0) == 0)
            .map(|(at, column)| (at, clean(&text(column, "/name").to_uppercase())))
            .collect();
        let rows: Vec<Vec<String>> = list("rows")
            .iter()
            .map(|row| wanted.iter().map(|(at, _)| clean(&text(row, &format!("/cells/{at}")))).collect())
            .collect();
        if rows.is_empty() && !self.is_watch {
            return "No resources found\n".to_owned();
        }
        let titles: Vec<String> = wanted.into_iter().map(|(_, title)| title).collect();
        let shown = grid(&titles, &rows);
        // The events of a watch have no titles of their own after the first.
        let skip = if std::mem::replace(&mut self.titled, true) { shown.find('\n').map_or(0, |end| end + 1) } else { 0 };
        shown[skip..].to_owned()
    }
}

fn named(object: &Value) -> String {
    let name = text(object, "/metadata/name");
    let kind = text(object, "/kind").to_lowercase();
    match text(object, "/metadata/namespace") {
        namespace if namespace.is_empty() => format!("{kind}/{name}"),
        namespace => format!("{kind}/{name} -n {namespace}"),
    }
}
