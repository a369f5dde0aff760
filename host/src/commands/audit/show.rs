//! One record, whole.

use serde_json::Value;

use super::super::output::{clean, clean_lines, details, grid, size, text, time};

/// A record and its bodies.
pub fn record(record: &Value) -> String {
    let identity = [text(record, "/identity/subject"), text(record, "/identity/kind")].join(", ");
    let mut shown = details(&[
        ("ID", clean(&text(record, "/id"))),
        ("Time", time(record, "/time")),
        ("Kind", clean(&text(record, "/kind"))),
        ("Connection", clean(&text(record, "/connection"))),
        ("Session", clean(&text(record, "/session"))),
        ("Identity", if identity == ", " { String::new() } else { clean(&identity) }),
        ("Groups", clean(&text(record, "/identity/groups"))),
        ("Sponsor", clean(&text(record, "/identity/sponsor"))),
        ("Issuer", clean(&text(record, "/identity/issuer"))),
        ("Client", clean(&text(record, "/client/address"))),
        ("User agent", clean(&text(record, "/client/user_agent"))),
        ("Command", clean(&text(record, "/command/rendered"))),
        ("Claimed", clean(&text(record, "/command/claimed"))),
        ("Request", clean(&request(record))),
        ("Request hash", clean(&text(record, "/request/hash"))),
        ("Sent", not_kept(record)),
        ("Decision", clean(&text(record, "/decision"))),
        ("Generation", clean(&text(record, "/generation"))),
        ("Approval", clean(&text(record, "/approval"))),
        ("Refusal", clean_lines(&text(record, "/refusal/message"))),
        ("Message", clean_lines(&text(record, "/message"))),
        ("Upstream", clean(&text(record, "/upstream/status"))),
        ("Response", super::response(record)),
        ("Response body", clean(&text(record, "/response/body"))),
        ("Interrupted", clean(&text(record, "/response/interrupted"))),
        ("Frames", text(record, "/frames")),
        ("Took", took(record)),
    ]);
    let by = record["by"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !by.is_empty() {
        shown.push_str("\nDecided by:\n");
        let titles = ["  PLUGIN", "VERDICT", "RULE", "MICROSECONDS", "COMPONENT", "CONFIGURATION"].map(str::to_owned);
        let rows: Vec<Vec<String>> = by.iter().map(plugin).collect();
        shown.push_str(&grid(&titles, &rows));
    }
    for (title, member) in [("Request body", "request_body"), ("Response body", "response_body")] {
        if let Some(body) = record[member].as_str().filter(|body| !body.is_empty()) {
            shown.push_str(&format!("\n{title} ({}):\n{}\n", size(body.len() as u64), body_text(body)));
        }
    }
    if record["cut"] == true {
        shown.push_str("\nThe bodies were too long to show whole.\n");
    }
    shown
}

fn request(record: &Value) -> String {
    let path = text(record, "/request/path");
    let query = text(record, "/request/query");
    let method = text(record, "/request/method");
    let query = if query.is_empty() { query } else { format!("?{query}") };
    let dry = if record.pointer("/request/dry_run") == Some(&Value::Bool(true)) { " (dry run)" } else { "" };
    format!("{method} {path}{query}{dry}").trim().to_owned()
}

/// Why the body that was sent is not in the log.
fn not_kept(record: &Value) -> String {
    match record.pointer("/request/body_not_kept").and_then(Value::as_str) {
        Some("unplanned") => "a body that is not kept: a masker failed, so nobody said what to mask in it".to_owned(),
        Some(_) => "a body that is not kept: it could not be masked".to_owned(),
        None => String::new(),
    }
}

fn took(record: &Value) -> String {
    match record["microseconds"].as_u64() {
        Some(micros) if micros >= 10_000 => format!("{} ms", micros / 1000),
        Some(micros) => format!("{micros} µs"),
        None => String::new(),
    }
}

fn plugin(by: &Value) -> Vec<String> {
    let micros = if by["remembered"] == true { "remembered".to_owned() } else { text(by, "/microseconds") };
    let cells = [
        format!("  {}", text(by, "/plugin")),
        text(by, "/verdict"),
        text(by, "/rule"),
        micros,
        text(by, "/component"),
        text(by, "/configuration"),
    ];
    cells.iter().map(|cell| clean(cell)).collect()
}

/// A body as people read it: JSON with line breaks, anything else as it is; nothing that a terminal would obey.
pub fn body_text(body: &str) -> String {
    match serde_json::from_str::<Value>(body) {
        Ok(json) => clean_lines(&serde_json::to_string_pretty(&json).unwrap_or_default()),
        Err(_) => clean_lines(body.trim_end()),
    }
}
