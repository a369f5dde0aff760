//! What a client that is a program of its own did: a transcript of named steps.

use portcullis_tests::Output;

use super::compare::{Smoother, Verdict};
use super::script::Script;
use super::table::Table;

/// The steps of a program and what it printed in each.
#[derive(Debug, Default)]
pub struct Transcript {
    steps: Vec<(String, String)>,
}

impl Transcript {
    /// Begins a step.
    pub fn step(&mut self, name: impl Into<String>) {
        self.steps.push((name.into(), String::new()));
    }

    /// Adds a line to the step.
    ///
    /// # Panics
    /// When none was begun.
    pub fn line(&mut self, line: impl AsRef<str>) {
        let (_, text) = self.steps.last_mut().expect("a step was begun");
        text.push_str(line.as_ref());
        text.push('\n');
    }

    /// Reads one in which a line that begins with `== ` begins a step.
    pub fn read(text: &str) -> Self {
        let mut transcript = Self::default();
        for line in text.lines() {
            match line.strip_prefix("== ") {
                Some(name) => transcript.step(name),
                None => transcript.line(line),
            }
        }
        transcript
    }

    /// How many steps there are.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Adds a row for each step, and one for a step that only one side came to.
    pub fn compare(straight: &Self, gated: &Self, script: &Script, smoother: &Smoother, table: &mut Table) {
        let output = |text: &str| Output { code: 0, stdout: text.to_owned(), stderr: String::new() };
        for ((name, near), (other, far)) in straight.steps.iter().zip(&gated.steps) {
            let verdict = if name == other {
                smoother.compare(&output(near), &output(far), false, script.differs.get(name))
            } else {
                Verdict::Wrong(format!("  with the gateway this step is {other}"))
            };
            table.add(name, verdict);
        }
        let (least, most) = (straight.len().min(gated.len()), if straight.len() > gated.len() { straight } else { gated });
        for (name, _) in &most.steps[least..] {
            table.add(name, Verdict::Wrong("  only one side came to it".to_owned()));
        }
        for name in script.differs.keys() {
            assert!(straight.steps.iter().any(|(step, _)| step == name), "no step is called {name}, and it should differ");
        }
    }
}
