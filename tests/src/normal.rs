//! What two runs of a command cannot have in common: ages, times, uids and resource versions, and what kubectl logs of
//! itself. Nothing else is smoothed.

use std::sync::OnceLock;

use regex_automata::meta::Regex;

/// What is replaced, and by what. A match keeps its length where columns are aligned by it.
const RULES: [(&str, &str); 7] = [
    // kubectl's own race when a command ends without having printed anything; it says so in some runs.
    (r"(?m)^E[0-9]{4} [0-9:.]+ +[0-9]+ websocket\.go:[0-9]+\] Unknown stream id [0-9], discarding message\n", ""),
    // How kubectl's log begins its lines: the time, and its process id.
    (r"(?m)^[IWEF][0-9]{4} [0-9:.]+ +[0-9]+ ", "LOG "),
    // Of an object.
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UID"),
    (r#""?resourceVersion"?: ?"?[0-9]+"?"#, "resourceVersion: N"),
    // RFC 3339, and as `describe` writes it.
    (r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", "TIME"),
    (r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} [A-Z][a-z]{2} 20[0-9]{2} [0-9:]{8} [+-][0-9]{4}", "TIME"),
    // An age, where a column ends or a sentence goes on.
    (r"\b([0-9]+[smhd]){1,2}( ago)?( +|\b)", "AGE "),
];

/// The text without them.
#[must_use]
pub fn normal(text: &str) -> String {
    static COMPILED: OnceLock<Vec<(Regex, &str)>> = OnceLock::new();
    let rules = COMPILED.get_or_init(|| RULES.iter().map(|(pattern, with)| (Regex::new(pattern).expect("a pattern"), *with)).collect());
    let mut text = text.to_owned();
    for (pattern, with) in rules {
        text = replaced(pattern, &text, with);
    }
    // A column is as wide as its widest age.
    text.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

fn replaced(pattern: &Regex, text: &str, with: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for found in pattern.find_iter(text) {
        out.push_str(&text[from..found.start()]);
        out.push_str(with);
        from = found.end();
    }
    out.push_str(&text[from..]);
    out
}

#[cfg(test)]
mod tests;
