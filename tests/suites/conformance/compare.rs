//! Whether two outputs are equal when all is taken out that two runs cannot have in common, and how they differ.

use portcullis_tests::Output;
use portcullis_tests::normal::normal;
use regex_automata::meta::Regex;
use regex_automata::util::interpolate;

use super::script::{Difference, Rule};

/// What the comparison of one step came to.
#[derive(Debug)]
pub enum Verdict {
    /// Both ways the same, down to the exit code.
    Equal(i32),
    /// Exactly the difference that is written down, with its reason.
    Meant(String),
    /// Anything else, with what there was.
    Wrong(String),
}

/// Takes out of an output what is no difference.
pub struct Smoother {
    rules: Vec<(Regex, String)>,
    near: String,
    far: String,
}

impl Smoother {
    /// By a script's rules; the namespaces of the sides become one.
    ///
    /// # Panics
    /// When a rule is no regular expression.
    pub fn new(rules: &[Rule], near: &str, far: &str) -> Self {
        let compiled = |rule: &Rule| (Regex::new(&rule.pattern).unwrap_or_else(|error| panic!("{}: {error}", rule.pattern)), rule.with.clone());
        Self { rules: rules.iter().map(compiled).collect(), near: near.to_owned(), far: far.to_owned() }
    }

    /// The lines that are compared.
    pub fn lines(&self, text: &str, sorted: bool) -> Vec<String> {
        let mut text = normal(&text.replace(&self.far, &self.near));
        for (pattern, with) in &self.rules {
            let mut out = String::with_capacity(text.len());
            let mut from = 0;
            for found in pattern.captures_iter(&text) {
                let whole = found.get_match().expect("a match has a place");
                out.push_str(&text[from..whole.start()]);
                let group = |index: usize, out: &mut String| out.push_str(found.get_group(index).map_or("", |span| &text[span.range()]));
                interpolate::string(with, group, |name| pattern.group_info().to_index(whole.pattern(), name), &mut out);
                from = whole.end();
            }
            out.push_str(&text[from..]);
            text = out;
        }
        let mut lines: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
        if sorted {
            lines.sort();
        }
        lines
    }

    /// Compares what the two sides came to.
    pub fn compare(&self, straight: &Output, gated: &Output, sorted: bool, meant: Option<&Difference>) -> Verdict {
        let both = |read: fn(&Output) -> &str| (self.lines(read(straight), sorted), self.lines(read(gated), sorted));
        let (stdout, stderr) = (both(|output| &output.stdout), both(|output| &output.stderr));
        if stdout.0 == stdout.1 && stderr.0 == stderr.1 && straight.code == gated.code {
            return match meant {
                None => Verdict::Equal(gated.code),
                Some(meant) => Verdict::Wrong(format!("equal, and should not be: {}", meant.because)),
            };
        }
        let found = (only(&stdout.0, &stdout.1, &stderr.0, &stderr.1), only(&stdout.1, &stdout.0, &stderr.1, &stderr.0));
        if let Some(meant) = meant
            && found == (meant.straight.clone(), meant.gated.clone())
            && gated.code == meant.exit.unwrap_or(straight.code)
        {
            return Verdict::Meant(meant.because.clone());
        }
        let (near, far) = found;
        let codes = if straight.code == gated.code { String::new() } else { format!("  exit code {} without, {} with\n", straight.code, gated.code) };
        let order = if near.is_empty() && far.is_empty() { "  the same lines in another order\n" } else { "" };
        let listed = |sign: &str, lines: &[String]| lines.iter().map(|line| format!("  {sign} {line}\n")).collect::<String>();
        Verdict::Wrong(format!("{codes}{order}{}{}", listed("-", &near), listed("+", &far)))
    }
}

/// The lines of one side that the other does not have as often: of what was printed, then of what was complained about.
fn only(stdout: &[String], other_stdout: &[String], stderr: &[String], other_stderr: &[String]) -> Vec<String> {
    let mut left = missing(stdout, other_stdout);
    left.extend(missing(stderr, other_stderr));
    left
}

fn missing(these: &[String], those: &[String]) -> Vec<String> {
    let mut those = those.to_vec();
    let mut left = Vec::new();
    for line in these {
        match those.iter().position(|one| one == line) {
            Some(at) => drop(those.swap_remove(at)),
            None => left.push(line.clone()),
        }
    }
    left
}
