//! Rounds of several sides in turn, and the figures that they come to.

use std::time::Duration;

/// The times of one side: a sorted list for each round.
#[derive(Default)]
pub struct Times(pub Vec<Vec<Duration>>);

impl Times {
    /// One more round.
    pub fn add(&mut self, mut times: Vec<Duration>) {
        times.sort();
        self.0.push(times);
    }

    /// In each round the time, in microseconds, below which this share lies.
    pub fn quantile(&self, share: f64) -> Vec<f64> {
        let at = |times: &Vec<Duration>| times[((times.len() as f64 * share) as usize).min(times.len() - 1)].as_nanos() as f64 / 1000.0;
        self.0.iter().map(at).collect()
    }
}

/// The middle one.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// Prints a figure as `cargo xtask bench` does; with what it was measured beside, when there is something.
pub fn print(figure: &str, unit: &str, rounds: &[f64], against: Option<(&str, &[f64])>) {
    let round = |value: f64| (value * 100.0).round() / 100.0;
    let ratio = against.map(|(_, others)| {
        let ratios: Vec<f64> = rounds.iter().zip(others).map(|(own, other)| own / other).collect();
        (median(&ratios) * 1000.0).round() / 1000.0
    });
    let spread = [rounds.iter().copied().fold(f64::INFINITY, f64::min), rounds.iter().copied().fold(f64::NEG_INFINITY, f64::max)].map(round);
    let line = serde_json::json!({
        "bench": "policy", "figure": figure, "value": round(median(rounds)), "unit": unit, "spread": spread,
        "against": against.map(|(name, _)| name), "ratio": ratio,
    });
    println!("{line}");
}

/// The middle and the tail of one side, beside those of another.
pub fn print_times(figure: &str, times: &Times, against: Option<(&str, &Times)>) {
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        let others = against.map(|(side, others)| (format!("{side}, {name}"), others.quantile(share)));
        print(&format!("{figure}, {name}"), "us", &times.quantile(share), others.as_ref().map(|(side, others)| (side.as_str(), others.as_slice())));
    }
}
