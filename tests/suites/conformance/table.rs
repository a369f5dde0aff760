//! What came of every step, for people.

use std::fmt::Write as _;
use std::io::Write as _;

use super::compare::Verdict;

/// The rows of one client.
pub struct Table {
    client: String,
    rows: Vec<(String, Verdict)>,
}

impl Table {
    /// An empty one.
    pub fn new(client: impl Into<String>) -> Self {
        Self { client: client.into(), rows: Vec::new() }
    }

    /// Adds a step and what came of it.
    pub fn add(&mut self, step: &str, verdict: Verdict) {
        self.rows.push((step.split_whitespace().collect::<Vec<_>>().join(" "), verdict));
    }

    /// Prints it, and fails where something differs that should not.
    ///
    /// # Panics
    /// With every difference.
    pub fn close(self) {
        let width = self.rows.iter().map(|(step, _)| step.chars().count().min(WIDEST)).max().unwrap_or_default();
        let mut text = format!("\n{:<14}  {:<width$}  with the gateway\n", "client", "command");
        let (mut equal, mut meant, mut wrong) = (0, 0, Vec::new());
        for (step, verdict) in &self.rows {
            let result = match verdict {
                Verdict::Equal(code) => {
                    equal += 1;
                    if *code == 0 { "equal".to_owned() } else { format!("equal, exit code {code}") }
                }
                Verdict::Meant(why) => {
                    meant += 1;
                    format!("differs: {why}")
                }
                Verdict::Wrong(how) => {
                    wrong.push(format!("{step}\n{how}"));
                    "DIFFERS, see below".to_owned()
                }
            };
            let short: String = step.chars().take(WIDEST).collect();
            writeln!(text, "{:<14}  {short:<width$}  {result}", self.client).expect("a string takes all");
        }
        let total = format!("{}: {} commands, {equal} equal, {meant} differ on purpose, {} differ", self.client, self.rows.len(), wrong.len());
        writeln!(text, "{total}").expect("a string takes all");
        // Past the test harness, which would show it only of a test that fails.
        std::io::stdout().lock().write_all(text.as_bytes()).expect("standard output takes it");
        assert!(wrong.is_empty(), "{total}\n(- without the gateway, + with it)\n{}", wrong.join("\n"));
    }
}

/// A longer command is cut in the table.
const WIDEST: usize = 100;
