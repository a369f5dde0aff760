//! What a run came to, by what libFuzzer printed.

use std::path::Path;

/// What a run came to.
pub struct Outcome {
    runs: String,
    a_second: String,
    /// Edges of the program that were reached.
    edges: String,
    /// Inputs that reached something new.
    new: String,
    memory: String,
    crash: Option<Crash>,
}

/// Something was found.
struct Crash {
    /// What was said of it.
    why: String,
    /// What does it again.
    again: String,
}

impl Outcome {
    /// By the log of a run of `program`, which was `clean` or not.
    pub fn read(log: &str, program: &Path, clean: bool) -> Self {
        let figure = |name: &str| {
            let line = log.lines().rev().find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name)?.strip_prefix(':'));
            line.map_or_else(|| "-".to_owned(), |value| value.trim().to_owned())
        };
        let edges = log.lines().rev().find_map(|line| line.split_once("cov: ")?.1.split(' ').next());
        Outcome {
            runs: figure("number_of_executed_units"),
            a_second: figure("average_exec_per_sec"),
            edges: edges.unwrap_or("-").to_owned(),
            new: figure("new_units_added"),
            memory: figure("peak_rss_mb"),
            crash: (!clean).then(|| Crash::read(log, program)),
        }
    }

    /// Whether every promise was kept.
    pub fn is_clean(&self) -> bool {
        self.crash.is_none()
    }

    /// What was found, and how to see it again.
    pub fn complaint(&self, name: &str) -> Option<String> {
        self.crash.as_ref().map(|crash| format!("{name}: {}\n  again: {}", crash.why, crash.again))
    }
}

impl Crash {
    fn read(log: &str, program: &Path) -> Self {
        // A panic says where on one line and why on the next ones; running out of time or memory is libFuzzer's to say.
        let panicked = log.lines().skip_while(|line| !line.contains(" panicked at ")).take_while(|line| !line.starts_with("stack backtrace")).take(4);
        let panicked: Vec<String> = panicked.map(|line| line.chars().take(300).collect()).collect();
        let error = log.lines().find(|line| line.contains("ERROR: libFuzzer: ")).unwrap_or("it could not be run; see its log in target/fuzz");
        let why = if panicked.is_empty() { error.to_owned() } else { panicked.join("\n  ") };
        let input = log.lines().find_map(|line| Some(line.split_once("Test unit written to ")?.1));
        Crash { why, again: format!("{} {}", program.display(), input.unwrap_or_default()) }
    }
}

/// A line for each target.
pub fn table(outcomes: &[(String, Outcome)]) -> String {
    let line = |cells: [&str; 7]| {
        let [name, runs, a_second, edges, new, memory, result] = cells;
        format!("{name:<12} {runs:>12} {a_second:>9} {edges:>7} {new:>7} {memory:>7}   {result}\n")
    };
    let mut out = line(["TARGET", "RUNS", "RUNS/S", "EDGES", "NEW", "MIB", "RESULT"]);
    for (name, outcome) in outcomes {
        let result = if outcome.is_clean() { "clean" } else { "found something" };
        out += &line([name, &outcome.runs, &outcome.a_second, &outcome.edges, &outcome.new, &outcome.memory, result]);
    }
    out
}
