//! The query: decoded as Go's `url.ParseQuery` does, where that has one reading, and refused elsewhere.
//!
//! Go drops a pair that contains a semicolon or a bad escape and goes on
//! (`net/url: parseQuery`), so `?dryRun=All;x=1` is no dry run there. A gateway that reads such a
//! pair has been deceived; this one refuses it.

use crate::Refusal;
use crate::path::{hex_pair, is_deceptive, is_unreserved, push_escape};

/// The most pairs in one query. The longest real ones are the commands of exec, a pair a word.
pub const MAX_PAIRS: usize = 1024;

/// Pairs in order, decoded, repeated keys included. An absent value is an empty one, as in Go.
pub(crate) fn decode(raw: &str) -> Result<Vec<(String, String)>, Refusal> {
    if raw.is_empty() {
        return Ok(Vec::new());
    }
    let mut pairs = Vec::with_capacity(raw.bytes().filter(|b| *b == b'&').count().min(MAX_PAIRS) + 1);
    for pair in raw.split('&') {
        // Go skips `&&` too.
        if pair.is_empty() {
            continue;
        }
        if pairs.len() == MAX_PAIRS {
            return Err(bad("the query has more than 1024 pairs: send fewer"));
        }
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let key = unescape(key)?;
        if key.is_empty() || key.chars().any(is_deceptive) {
            return Err(bad("the query has a key that is empty or has invisible characters: remove it"));
        }
        let value = unescape(value)?;
        // The words of a command, and what is meant for another server, may have line ends in them.
        if value.contains('\0') || (key != "command" && value.chars().any(is_deceptive)) {
            return Err(bad("the query has a value with a control or invisible character: remove it"));
        }
        pairs.push((key, value));
    }
    Ok(pairs)
}

/// Go's `QueryUnescape`: a plus is a space.
fn unescape(raw: &str) -> Result<String, Refusal> {
    let mut out = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => hex_pair(bytes.next(), bytes.next())
                .ok_or_else(|| bad("the query has a percent sign that is not followed by two hexadecimal digits: encode it as the Kubernetes clients do"))?,
            b';' => return Err(bad("the query has a semicolon: the API server would drop the pair it stands in; write `&`, or `%3B` inside a value")),
            b'#' => return Err(bad("the query has a `#`: write `%23`")),
            0x21..=0x7e => byte,
            _ => return Err(bad("the query has a character that must be percent-encoded: see RFC 3986 section 3.4")),
        });
    }
    String::from_utf8(out).map_err(|_| bad("the query is not valid UTF-8 once decoded: encode values as UTF-8"))
}

/// Append `?key=value&…`, or nothing for an empty query.
pub(crate) fn encode(pairs: &[(String, String)], out: &mut String) {
    for (i, (key, value)) in pairs.iter().enumerate() {
        out.push(if i == 0 { '?' } else { '&' });
        escape(key, out);
        out.push('=');
        escape(value, out);
    }
}

fn escape(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if is_unreserved(byte) || matches!(byte, b'/' | b':' | b',' | b'@') {
            out.push(char::from(byte));
        } else {
            push_escape(byte, out);
        }
    }
}

/// The first value of a key.
pub(crate) fn first<'q>(pairs: &'q [(String, String)], key: &str) -> Option<&'q str> {
    pairs.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
}

/// Keep the first pair of each key for which `is_list` is false: the API server's option structs
/// take the first value of a scalar (`runtime.Convert_Slice_string_To_*`), so the rest is decoration.
pub(crate) fn keep_first(pairs: &mut Vec<(String, String)>, is_list: impl Fn(&str) -> bool) {
    let mut i = 1;
    while i < pairs.len() {
        let (before, here) = pairs.split_at(i);
        let key = &here[0].0;
        if !is_list(key) && before.iter().any(|(k, _)| k == key) {
            pairs.remove(i);
        } else {
            i += 1;
        }
    }
}

/// Kubernetes' reading of a boolean parameter that is present
/// (`runtime.Convert_Slice_string_To_bool`).
pub(crate) fn is_true(value: &str) -> bool {
    value != "0" && !value.eq_ignore_ascii_case("false")
}

fn bad(message: &str) -> Refusal {
    Refusal::malformed("query", message)
}

#[cfg(test)]
mod tests;
