//! Paths of a plan: RFC 6901 with `*` and `**`.

use crate::PlanError;

/// Longest path, in bytes.
pub(crate) const PATH_LENGTH: usize = 1024;
/// Most segments in one path: deeper than any Kubernetes type.
pub(crate) const PATH_SEGMENTS: usize = 48;

/// One segment of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Segment {
    /// This key, or this index of an array in decimal.
    Literal(String),
    /// Any one key or index.
    Any,
    /// Any number of keys or indices, none included.
    Deep,
}

/// Parses a path. `owner` is the rule that has it, for the error.
pub(crate) fn parse(owner: &str, path: &str) -> Result<Vec<Segment>, PlanError> {
    let bad = |why: &'static str| PlanError::Path { rule: owner.to_owned(), path: shorten(path), why };
    if path.is_empty() {
        return Ok(Vec::new());
    }
    if path.len() > PATH_LENGTH {
        return Err(bad("it is longer than 1024 bytes; shorten it with `**`"));
    }
    let Some(rest) = path.strip_prefix('/') else {
        return Err(bad("it does not begin with a slash; write `/data/*`, say"));
    };
    let mut segments = Vec::new();
    for part in rest.split('/') {
        let segment = match part {
            "*" => Segment::Any,
            "**" => Segment::Deep,
            _ => Segment::Literal(unescape(part).ok_or_else(|| bad("`~` is followed by neither 0 nor 1; write `~0` for `~` and `~1` for `/`"))?),
        };
        // `**/**` says no more than `**` and would only make the automaton larger.
        if segment == Segment::Deep && segments.last() == Some(&Segment::Deep) {
            continue;
        }
        segments.push(segment);
    }
    if segments.len() > PATH_SEGMENTS {
        return Err(bad("it has more than 48 segments; shorten it with `**`"));
    }
    Ok(segments)
}

pub(crate) fn unescape(part: &str) -> Option<String> {
    let mut out = String::with_capacity(part.len());
    let mut chars = part.chars();
    while let Some(c) = chars.next() {
        match c {
            '~' => match chars.next()? {
                '0' => out.push('~'),
                '1' => out.push('/'),
                _ => return None,
            },
            c => out.push(c),
        }
    }
    Some(out)
}

/// A plan's text in an error, at a length that fits a log line.
pub(crate) fn shorten(text: &str) -> String {
    const ROOM: usize = 120;
    if text.chars().count() <= ROOM {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(ROOM).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests;
