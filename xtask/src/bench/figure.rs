//! A figure, and how it is printed.

use serde::{Deserialize, Serialize};

use super::Output;

/// One measured figure, as `--output json` prints it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Of which benchmark.
    pub bench: String,
    /// What was measured.
    pub figure: String,
    /// The median of the rounds.
    pub value: f64,
    /// Its unit: `1/s`, `us`, `ms`, `MB`.
    pub unit: String,
    /// The lowest and the highest of the rounds.
    pub spread: [f64; 2],
    /// What was measured beside it.
    pub against: Option<String>,
    /// The median of `value / value of against`, round by round.
    pub ratio: Option<f64>,
}

impl Figure {
    /// The median of several rounds.
    pub fn new(bench: &str, figure: impl Into<String>, unit: &str, rounds: &[f64]) -> Self {
        Self {
            bench: bench.to_owned(),
            figure: figure.into(),
            value: round(median(rounds)),
            unit: unit.to_owned(),
            spread: [round(rounds.iter().copied().fold(f64::INFINITY, f64::min)), round(rounds.iter().copied().fold(0.0, f64::max))],
            against: None,
            ratio: None,
        }
    }

    /// Beside the same rounds of something else. Rounds next to each other in time are divided by each other, so that
    /// what else the machine does weighs on both.
    pub fn beside(mut self, against: &str, own: &[f64], others: &[f64]) -> Self {
        let ratios: Vec<f64> = own.iter().zip(others).map(|(own, other)| own / other).collect();
        self.against = Some(against.to_owned());
        self.ratio = Some((median(&ratios) * 1000.0).round() / 1000.0);
        self
    }
}

/// The middle one.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Prints figures as they come.
pub struct Report {
    output: Output,
    begun: bool,
}

impl Report {
    /// A report on standard output.
    pub fn new(output: Output) -> Self {
        Self { output, begun: false }
    }

    /// Prints one figure.
    pub fn add(&mut self, figure: &Figure) {
        match self.output {
            Output::Json => println!("{}", line(figure)),
            Output::Table => {
                if !self.begun {
                    println!("{:<11} {:<58} {:>10} {:<5} {:>21}  RATIO", "BENCH", "FIGURE", "VALUE", "UNIT", "SPREAD");
                }
                println!("{}", row(figure));
            }
        }
        self.begun = true;
    }
}

/// The fields in the order in which they are documented.
fn line(figure: &Figure) -> String {
    // A structure of texts and numbers always has a JSON form.
    serde_json::to_string(figure).unwrap_or_default()
}

fn row(figure: &Figure) -> String {
    let spread = format!("{} to {}", figure.spread[0], figure.spread[1]);
    let ratio = match (&figure.against, figure.ratio) {
        (Some(against), Some(ratio)) => format!("  {ratio} of {against}"),
        _ => String::new(),
    };
    format!("{:<11} {:<58} {:>10} {:<5} {spread:>21}{ratio}", figure.bench, figure.figure, figure.value, figure.unit)
}

#[cfg(test)]
mod tests;
