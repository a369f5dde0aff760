//! What commands print: tables for people, JSON Lines for programs.
//!
//! Much of what is shown was chosen by an agent: names, purposes, commands, bodies. Whatever could move the cursor, colour
//! the terminal or turn the reading direction is shown as an escape and never sent (as `kubectl` learnt by CVE-2021-25743).

use std::fmt::Write as _;
use std::io::Write as _;

use clap::ValueEnum;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;

use super::failure::Failure;

/// How a listing is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    #[default]
    Table,
    /// For programs: one JSON object a line.
    Json,
}

/// `--output`, for every command that lists or shows.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct OutputArgs {
    /// A table for people, or JSON for programs: one object a line.
    #[arg(long, short = 'o', global = true, value_enum, value_name = "FORMAT", default_value_t, hide_possible_values = false)]
    pub output: Output,
}

/// One object of a list, byte for byte as the gateway wrote it.
pub type Row = Box<RawValue>;

/// A column: its title, and what stands in it for one object.
pub type Column = (&'static str, fn(&Value) -> String);

/// Prints a line to standard output.
///
/// # Errors
/// When nobody reads any more.
pub fn say(line: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes())?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}

/// Prints a list.
///
/// # Errors
/// When an object is none, or nobody reads any more.
pub fn list(rows: &[Row], output: Output, columns: &[Column], none: &str) -> Result<(), Failure> {
    match output {
        Output::Json => rows.iter().try_for_each(|row| say(&json_line(row.get()))),
        Output::Table if rows.is_empty() => {
            eprintln!("{none}");
            Ok(())
        }
        Output::Table => {
            let values = rows.iter().map(|row| parsed(row.get())).collect::<Result<Vec<_>, _>>()?;
            say(table(&values, columns).trim_end())
        }
    }
}

/// One object as a program reads it, or through `details` as a person does.
///
/// # Errors
/// As [`list`].
pub fn object(row: &Row, output: Output, details: fn(&Value) -> String) -> Result<(), Failure> {
    match output {
        Output::Json => say(&json_line(row.get())),
        Output::Table => say(details(&parsed(row.get())?).trim_end()),
    }
}

/// Reads what the gateway wrote.
///
/// # Errors
/// When it is no JSON.
pub fn parsed(text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|e| Failure::Other(anyhow::anyhow!("the gateway's answer is no JSON: {e}")))
}

/// A table as kubectl draws them: titles, and three spaces between columns.
#[must_use]
pub fn table(values: &[Value], columns: &[Column]) -> String {
    let cells: Vec<Vec<String>> =
        values.iter().map(|value| columns.iter().map(|(_, of)| clean(&of(value))).collect()).collect();
    let titles: Vec<String> = columns.iter().map(|(title, _)| (*title).to_owned()).collect();
    grid(&titles, &cells)
}

/// Rows under titles, each column as wide as its widest cell. Cells must be clean.
#[must_use]
pub fn grid(titles: &[String], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = titles.iter().map(|title| title.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in std::iter::once(titles).chain(rows.iter().map(Vec::as_slice)) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            // Writing into a string cannot fail.
            let _ = write!(line, "{cell:<width$}   ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Names and values below each other; what is empty is left out, and further lines are indented. Values must be clean.
#[must_use]
pub fn details(pairs: &[(&str, String)]) -> String {
    let width = pairs.iter().filter(|(_, value)| !value.is_empty()).map(|(name, _)| name.chars().count()).max().unwrap_or(0) + 1;
    let mut text = String::new();
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        let mut lines = value.lines();
        let _ = writeln!(text, "{:<width$}  {}", format!("{name}:"), lines.next().unwrap_or_default());
        for line in lines {
            let _ = writeln!(text, "{:<width$}  {line}", "");
        }
    }
    text
}

/// A text that a terminal shows and does not obey. Line ends are escaped too.
#[must_use]
pub fn clean(text: &str) -> String {
    escaped(text, |_| false)
}

/// The same for text of several lines: line feeds and tabs stay.
#[must_use]
pub fn clean_lines(text: &str) -> String {
    escaped(text, |c| matches!(c, '\n' | '\t'))
}

fn escaped(text: &str, stays: fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if stays(c) || !obeyed(c) { out.push(c) } else { out.extend(c.escape_default()) }
    }
    out
}

/// Control characters, what turns the reading direction or cannot be seen, and line ends of other scripts.
fn obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{061c}')
}

/// One object of JSON Lines: the same value, with what a terminal would obey written as JSON escapes. Line breaks between
/// tokens go, so that it stays one line.
#[must_use]
pub fn json_line(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            // Within strings JSON allows none of these, so they stand between tokens.
            '\n' | '\r' | '\t' => {}
            c if obeyed(c) => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// A text member at a pointer; empty when there is none.
#[must_use]
pub fn text(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect::<Vec<_>>().join(",")
        }
        Some(other) => other.to_string(),
    }
}

/// A time member, to the second; as `--since` takes it back.
#[must_use]
pub fn time(value: &Value, pointer: &str) -> String {
    let text = text(value, pointer);
    match text.parse::<Timestamp>() {
        Ok(time) => time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        Err(_) => text,
    }
}

/// Enough of a digest to tell one from another.
#[must_use]
pub fn short_digest(digest: &str) -> String {
    digest.chars().take("sha256:".len() + 12).collect()
}

/// A count of bytes for people.
#[must_use]
pub fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests;
