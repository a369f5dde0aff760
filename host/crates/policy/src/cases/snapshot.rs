//! Writing what came into a file of cases, where it says `expect: snapshot` or was written so before.
//!
//! A snapshot is an ordinary expectation on one line with `# snapshot` at the line's end. Everything else of the file stays, comments included.

/// What marks an expectation as one that may be written anew.
const MARK: &str = "# snapshot";

/// What is to stand at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Its line, from 1.
    pub line: u64,
    /// Its column, in characters, from 1.
    pub column: u64,
    /// The expectation, on one line.
    pub yaml: String,
}

/// Whether the expectation at this place may be written anew.
#[must_use]
pub fn is_snapshot(text: &str, line: u64, column: u64) -> bool {
    place(text, line, column).is_some()
}

/// The file with the snapshots in it. A place that is no snapshot's stays as it is.
#[must_use]
pub fn written(text: &str, snapshots: &[Snapshot]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for snapshot in snapshots {
        let Some((from, to)) = place(text, snapshot.line, snapshot.column) else { continue };
        let Some(line) = usize::try_from(snapshot.line).ok().and_then(|line| lines.get_mut(line.checked_sub(1)?)) else { continue };
        line.replace_range(from..to, &snapshot.yaml);
        if !line.trim_end().ends_with(MARK) {
            line.truncate(line.trim_end().len());
            line.push_str("   ");
            line.push_str(MARK);
        }
    }
    let end = if text.ends_with('\n') { "\n" } else { "" };
    lines.join("\n") + end
}

/// The bytes of an expectation within its line.
fn place(text: &str, line: u64, column: u64) -> Option<(usize, usize)> {
    let line = text.lines().nth(usize::try_from(line).ok()?.checked_sub(1)?)?;
    let (from, _) = line.char_indices().nth(usize::try_from(column).ok()?.checked_sub(1)?)?;
    let rest = &line[from..];
    if let Some(after) = rest.strip_prefix("snapshot") {
        return (!after.starts_with(|c: char| c.is_alphanumeric() || c == '-')).then_some((from, from + "snapshot".len()));
    }
    if !line.trim_end().ends_with(MARK) {
        return None;
    }
    Some((from, from + mapping(rest)?))
}

/// The length of the flow mapping at the beginning of a text; nothing when it does not end there.
fn mapping(text: &str) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0u32, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' | '[' => depth += 1,
            '}' | ']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests;
