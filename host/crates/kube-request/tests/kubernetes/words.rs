//! YAML from words that readers differ about.

use super::random::Random;

const WORDS: [&str; 74] = [
    "a", "b c", "true", "True", "yes", "No", "on", "y", "null", "~", "NULL", "0", "-0", "1", "01", "0777", "0o7", "0x1F", "0b1", "+1", "-1", "1_000", "1.0", "1.50", ".5", "5.", "1e3", "1E-7", "1e21", "1e400", "-2.5e-3", "12345678901234567890", "123456789012345678901",
    "1:30", "1:30:15", "2001-12-14", "2001-12-14 21:59:43", ".inf", ".nan", "nan", "<<", "=", "1.2.3", "10Gi", "500m", "a:b", "a#b", "a #b", "http://x/y?z", "'a'", "'it''s'", "\"a\"", "\"a\\tb\\u00e9\"", "\"a\\\n  b\"", "'a\n  b'", "a\n  b", "''", "\"\"", "-a", "?a", ":a", "- a", "@a",
    "`a", "%a", "!a b", "&x a", "*x", "a, b", "{a", "a]", "\\x", "\"\\x41\\/\"", "a\tb",
];

const BLOCKS: [&str; 14] = [
    "|\n  a\n  b\n", "|-\n  a\n\n  b\n\n", "|+\n  a\n\n", ">\n  a\n  b\n\n  c\n", ">-\n  a\n   b\n  c\n", "|2\n   a\n  b\n", "|\n\n  a\n", ">+\n  a\n\n\n", "|\n  a\tb\n  \tc\n", "| # why\n  a\n", "|\n  a", ">\n\n  a\n  - b\n", "|1\n a\n", "|\n   a\n  b\n",
];

/// A document.
pub fn document(random: &mut Random) -> String {
    let mut out = String::new();
    if random.one_in(12) {
        out += *random.pick(&["---\n", "--- ", "# x\n", "\n", "---\n# x\n", "%YAML 1.1\n---\n", "\t\n", " \n"]);
    }
    block(random, 0, 3, &mut out);
    if random.one_in(12) {
        out += *random.pick(&["...\n", "---\n", "# end", "\n\n", " ", "\t", "--- a\n", "...\n# x\n"]);
    }
    if random.one_in(10) { String::from_utf8_lossy(&mutated(out.as_bytes(), random)).into_owned() } else { out }
}

/// A mapping or a sequence over lines, each `indent` deep.
fn block(random: &mut Random, indent: usize, depth: usize, out: &mut String) {
    let is_list = random.one_in(3);
    for number in 0..=random.below(3) {
        let pad = " ".repeat(if random.one_in(60) { indent + 1 } else { indent });
        *out += &pad;
        if is_list {
            *out += *random.pick(&["- ", "- ", "- ", "-  ", "-\t"]);
        } else {
            let key = if random.one_in(6) { (*random.pick(&WORDS)).to_owned() } else { format!("k{number}") };
            *out += &key;
            *out += *random.pick(&[": ", ": ", ": ", ": ", ":  ", " : ", ":\t"]);
        }
        match random.below(10) {
            0 | 1 if depth > 0 => {
                *out += "\n";
                block(random, indent + 2, depth - 1, out);
                continue;
            }
            2 if depth > 0 => flow(random, 2, out),
            3 => {
                *out += &random.pick(&BLOCKS).replace("\n ", &format!("\n{} ", " ".repeat(indent)));
                continue;
            }
            4 if is_list && depth > 0 => {
                // On the dash's own line.
                let mut inner = String::new();
                block(random, indent + 2, depth - 1, &mut inner);
                *out += inner.trim_start();
                continue;
            }
            _ => *out += &random.pick(&WORDS).replace('\n', &format!("\n{}", " ".repeat(indent))),
        }
        if random.one_in(15) {
            *out += *random.pick(&[" # why", "#no", " ", "\t", "\t# x", "\r"]);
        }
        *out += "\n";
    }
}

/// Within brackets.
fn flow(random: &mut Random, depth: usize, out: &mut String) {
    let is_list = random.one_in(2);
    *out += if is_list { "[" } else { "{" };
    for number in 0..random.below(4) {
        if number > 0 {
            *out += *random.pick(&[", ", ",", " , ", ",\n   "]);
        }
        if !is_list || random.one_in(8) {
            *out += &format!("k{number}");
            *out += *random.pick(&[": ", ": ", ":", " : ", ""]);
        }
        if depth > 0 && random.one_in(3) { flow(random, depth - 1, out) } else { *out += *random.pick(&WORDS) }
    }
    if random.one_in(10) {
        *out += ",";
    }
    *out += if is_list { "]" } else { "}" };
}

/// A document with something changed, which may be anything.
pub fn mutated(yaml: &[u8], random: &mut Random) -> Vec<u8> {
    let mut text = yaml.to_vec();
    for _ in 0..=random.below(2) {
        let at = random.below(text.len());
        match random.below(5) {
            0 => {
                text.splice(at..at, random.pick(&WORDS).bytes());
            }
            1 => {
                text.insert(at, *random.pick(b" \t\n:-#'\"[]{},&*!|>%?@`~\\\r"));
            }
            2 => {
                text.drain(at..(at + 1 + random.below(4)).min(text.len()));
            }
            3 => {
                // A line once more.
                let from = text[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |found| found + 1);
                let to = text[at..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |found| at + found + 1);
                let line = text[from..to].to_vec();
                text.splice(from..from, line);
            }
            _ => {
                // Another value on the line.
                if let Some(colon) = text[at..].windows(2).position(|pair| pair == b": ") {
                    let from = at + colon + 2;
                    let to = text[from..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |found| from + found);
                    text.splice(from..to, random.pick(&WORDS).bytes());
                }
            }
        }
        if text.is_empty() {
            text.push(b'a');
        }
    }
    text
}
