//! How much a JSON value holds.

use kube_request::Json;
use kube_request::json::MAX_DEPTH;

/// What of a value is bounded.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Weight {
    /// All values, those within others too.
    pub(crate) values: usize,
    /// Bytes of all strings, numbers and keys.
    pub(crate) text: usize,
    /// Arrays and objects within each other.
    pub(crate) depth: usize,
}

impl Weight {
    pub(crate) fn of(json: &Json) -> Self {
        let (text, within): (usize, Vec<Weight>) = match json {
            Json::Null | Json::Bool(_) => (0, Vec::new()),
            Json::Number(text) | Json::String(text) => (text.len(), Vec::new()),
            Json::Array(items) => (0, items.iter().map(Weight::of).collect()),
            Json::Object(members) => {
                (members.iter().map(|(key, _)| key.len()).sum(), members.iter().map(|(_, value)| Weight::of(value)).collect())
            }
        };
        let nested = usize::from(matches!(json, Json::Array(_) | Json::Object(_)));
        within.iter().fold(Weight { values: 1, text, depth: nested }, |all, one| Weight {
            values: all.values + one.values,
            text: all.text + one.text,
            depth: all.depth.max(one.depth + nested),
        })
    }

    /// Within the bound on depth, and no more than so many values and so much text for each byte that was read.
    pub(crate) fn assert_within(json: &Json, read: usize, values: usize, text: usize) {
        let weight = Weight::of(json);
        assert!(weight.depth <= MAX_DEPTH, "nested deeper than is allowed: {weight:?}");
        assert!(weight.values <= 64 + read * values, "more values than {read} bytes may cost: {weight:?}");
        assert!(weight.text <= 1024 + read * text, "more text than {read} bytes may cost: {weight:?}");
    }
}
