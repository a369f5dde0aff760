//! A token bucket: so many lines a second, and a second's worth of them at once.

use std::time::Instant;

#[derive(Debug)]
pub(super) struct Bucket {
    /// Tokens gained a second, and the most that it holds.
    rate: f64,
    tokens: f64,
    /// When it was last looked at.
    at: Instant,
}

impl Bucket {
    /// A full one.
    pub(super) fn new(per_second: u32, now: Instant) -> Bucket {
        Bucket { rate: f64::from(per_second), tokens: f64::from(per_second), at: now }
    }

    /// Takes a token, if there is one.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let gained = now.saturating_duration_since(self.at).as_secs_f64() * self.rate;
        self.tokens = (self.tokens + gained).min(self.rate);
        self.at = now.max(self.at);
        let one = self.tokens >= 1.0;
        if one {
            self.tokens -= 1.0;
        }
        one
    }
}

#[cfg(test)]
mod tests;
