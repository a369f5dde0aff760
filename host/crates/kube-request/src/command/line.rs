//! A command line under construction: words that a POSIX shell would read back as they were.

use crate::path::is_deceptive;

/// A command, and behind it, as a comment, what no word of it says.
pub(super) struct Line {
    text: String,
    notes: String,
}

impl Line {
    /// `command` is this crate's own text and is not quoted.
    pub(super) fn new(command: &str) -> Line {
        let mut text = String::with_capacity(96);
        text.push_str(command);
        Line { text, notes: String::new() }
    }

    /// A word, quoted if need be.
    pub(super) fn word(&mut self, word: &str) {
        self.text.push(' ');
        quote(word, &mut self.text);
    }

    /// An option and its value, in two words.
    pub(super) fn option(&mut self, option: &str, value: &str) {
        self.word(option);
        self.word(value);
    }

    /// Words for the comment, quoted as others are: none reads as two, nor ends the line.
    pub(super) fn note(&mut self, words: &[&str]) {
        self.notes.push_str(if self.notes.is_empty() { " #" } else { "," });
        for word in words {
            self.notes.push(' ');
            quote(word, &mut self.notes);
        }
    }

    /// `key=value` for the comment.
    pub(super) fn note_pair(&mut self, key: &str, value: &str) {
        self.note(&[&format!("{key}={value}")]);
    }

    pub(super) fn finish(mut self) -> String {
        self.text.push_str(&self.notes);
        self.text
    }
}

/// Bare where nothing in it is special, in single quotes otherwise, and as `$'…'` where it has
/// characters that a terminal would obey: a line that is shown must not move the cursor or hide a word.
fn quote(word: &str, out: &mut String) {
    if !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./:@%+=,".contains(&b)) {
        out.push_str(word);
        return;
    }
    if !word.chars().any(is_deceptive) {
        out.push('\'');
        out.push_str(&word.replace('\'', r"'\''"));
        out.push('\'');
        return;
    }
    out.push_str("$'");
    for c in word.chars() {
        match c {
            '\'' => out.push_str("\\'"),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_deceptive(c) && u32::from(c) < 0x80 => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if is_deceptive(c) => out.push_str(&format!("\\U{:08x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('\'');
}

#[cfg(test)]
mod tests;
