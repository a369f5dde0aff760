//! Field selectors, as far as they name one object.
//!
//! The API server authorises `?fieldSelector=metadata.name=web` on a list or watch as a request for
//! the object `web`, so RBAC rules with `resourceNames` apply. The parser below is
//! `apimachinery/pkg/fields/selector.go`: terms are sorted before they are searched, which decides
//! which of two contradictory names counts.

pub(crate) mod labels;

/// A field selector that the API server would refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Invalid;

/// The name that `selector` demands by `metadata.name=`.
pub(crate) fn exact_name(selector: &str) -> Result<Option<String>, Invalid> {
    let mut terms = split_terms(selector);
    terms.sort_unstable();
    let mut name = None;
    for term in terms.into_iter().filter(|term| !term.is_empty()) {
        let (field, operator, value) = split_term(term).ok_or(Invalid)?;
        let value = unescape(value)?;
        if name.is_none() && field == "metadata.name" && operator == Operator::Equal {
            name = Some(value);
        }
    }
    Ok(name)
}

/// The fields that a selector compares, each with the value that it is compared with, but for an object's name and
/// namespace. What does not parse is refused by the API server.
pub(crate) fn compared(selector: &str) -> Vec<(&str, String)> {
    let terms = split_terms(selector).into_iter().filter_map(split_term);
    terms.filter_map(|(field, _, value)| Some((field, unescape(value).ok()?))).filter(|(field, _)| !matches!(*field, "metadata.name" | "metadata.namespace")).collect()
}

#[derive(PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
}

/// At commas that no backslash precedes.
fn split_terms(selector: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (i, byte) in selector.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b',' => {
                terms.push(&selector[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    terms.push(&selector[start..]);
    terms
}

/// At the first operator; `!=` and `==` are tried before `=`.
fn split_term(term: &str) -> Option<(&str, Operator, &str)> {
    let at = term.bytes().enumerate().position(|(i, b)| b == b'=' || (b == b'!' && term.as_bytes().get(i + 1) == Some(&b'=')))?;
    let (field, rest) = term.split_at(at);
    if let Some(value) = rest.strip_prefix("!=") {
        return Some((field, Operator::NotEqual, value));
    }
    let value = rest.strip_prefix("==").or_else(|| rest.strip_prefix('='))?;
    Some((field, Operator::Equal, value))
}

/// `\\`, `\,` and `\=` only; bare commas and equal signs are errors.
fn unescape(value: &str) -> Result<String, Invalid> {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('\\' | ',' | '=')) => out.push(c),
                _ => return Err(Invalid),
            },
            ',' | '=' => return Err(Invalid),
            c => out.push(c),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
