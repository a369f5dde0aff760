//! Counters for the operator, in Prometheus' text format. No label ever holds a name that a client chose.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

mod plugins;

/// What a request came to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Outcome {
    /// The registered cluster, or nothing before one was found.
    pub connection: String,
    /// `allow`, `deny` or `hold`.
    pub decision: &'static str,
    /// The status code that the client got.
    pub code: u16,
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Refused {
    /// `PolicyDenied`, `SessionEnded`, …
    pub cause: &'static str,
}

/// The gateway's counters.
pub struct Telemetry {
    registry: Registry,
    /// Requests by outcome.
    pub requests: Family<Outcome, Counter>,
    /// Refusals by cause.
    pub refusals: Family<Refused, Counter>,
    /// Seconds from a request's head to its answer's head.
    pub seconds: Histogram,
    /// Watches, followed logs and tunnels that are open now.
    pub streams: Gauge,
    /// Requests held for a person now.
    pub held: Gauge,
    /// Values masked.
    pub masked: Counter<u64, AtomicU64>,
}

impl Default for Telemetry {
    fn default() -> Self {
        let buckets = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];
        let this = Self {
            registry: Registry::default(),
            requests: Family::default(),
            refusals: Family::default(),
            seconds: Histogram::new(buckets),
            streams: Gauge::default(),
            held: Gauge::default(),
            masked: Counter::default(),
        };
        this.registered()
    }
}

impl Telemetry {
    fn registered(mut self) -> Self {
        let mut registry = Registry::with_prefix("portcullis");
        registry.register("requests", "Requests by connection, decision and status code", self.requests.clone());
        registry.register("refusals", "Requests that the gateway itself refused, by cause", self.refusals.clone());
        registry.register("request_seconds", "From a request's head to its answer's head", self.seconds.clone());
        registry.register("open_streams", "Watches, followed logs and tunnels", self.streams.clone());
        registry.register("held_requests", "Requests that wait for a person", self.held.clone());
        registry.register("masked_values", "Values masked in answers", self.masked.clone());
        self.registry = registry;
        self
    }

    /// Everything, and what the policy engine counts, as `/metrics` serves it.
    #[must_use]
    pub fn encode(&self, policies: &policy::metrics::Reading) -> String {
        let mut out = String::new();
        // Writing into a string cannot fail.
        if text::encode_registry(&mut out, &self.registry).is_err() {
            out.clear();
        }
        plugins::write(&mut out, policies);
        let _ = text::encode_eof(&mut out);
        out
    }
}
