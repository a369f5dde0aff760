//! Figures as `cargo xtask bench` reads them: one JSON object a line.

use serde_json::{Value, json};

use super::Answer;

/// Milliseconds, sorted.
#[must_use]
pub fn latencies(answers: &[Answer]) -> Vec<f64> {
    sorted(answers.iter().map(|answer| answer.latency.as_secs_f64() * 1e3).collect())
}

/// In order.
#[must_use]
pub fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

/// The value below which this share of sorted ones lies: 0.5 is the median, 1 the largest.
#[must_use]
pub fn pick(sorted: &[f64], share: f64) -> f64 {
    let index = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(index.clamp(1, sorted.len().max(1)) - 1).copied().unwrap_or(f64::NAN)
}

/// The figures of one benchmark.
pub struct Figures(pub &'static str);

impl Figures {
    /// The median of some values, with the lowest and the highest.
    pub fn print(&self, name: &str, unit: &str, values: &[f64]) {
        self.line(name, unit, values, Value::Null, None);
    }

    /// The same, beside the same rounds of something else: the ratio is the median of the rounds' own.
    pub fn beside(&self, name: &str, unit: &str, values: &[f64], against: &str, others: &[f64]) {
        let ratios = values.iter().zip(others).filter(|(_, other)| **other > 0.0).map(|(value, other)| value / other).collect();
        self.line(name, unit, values, against.into(), Some(pick(&sorted(ratios), 0.5)).filter(|ratio| ratio.is_finite()));
    }

    fn line(&self, name: &str, unit: &str, values: &[f64], against: Value, ratio: Option<f64>) {
        let values = sorted(values.to_vec());
        let round = |value: f64| (value * 1e3).round() / 1e3;
        let of = |share| round(pick(&values, share));
        let line = json!({
            "bench": self.0, "figure": name, "value": of(0.5), "unit": unit, "spread": [of(0.0), of(1.0)], "against": against, "ratio": ratio.map(round),
        });
        println!("{line}");
    }
}
