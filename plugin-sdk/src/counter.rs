//! Durable counts with windows of time, equal on all replicas of the gateway: budgets. For guards only. The bundle must ask for it
//! (`capabilities: { counter: true }`) and the operator must grant it (`grants.counter`).
//!
//! A charge is made while the request is judged, and given back when it is not forwarded after all, whatever the reason: another guard refuses it, a
//! person does, the cluster cannot be reached. A dry run and a question such as `kubectl auth can-i` learn what fits and are charged nothing.
//!
//! ```
//! use portcullis_sdk::{JsonSchema, Request, Verdict, counter};
//!
//! #[derive(serde::Deserialize, JsonSchema)]
//! struct Config { most: u64 }
//!
//! fn judge(config: &Config, request: &Request) -> Verdict {
//!     if !request.is_resource() || request.verb() != "delete" {
//!         return Verdict::NoOpinion;
//!     }
//!     let key = format!("deletes/{}", request.identity().subject);
//!     match counter::spend(&[counter::charge(key, 1).of(config.most).within_hours(1)]) {
//!         None => Verdict::NoOpinion,
//!         Some(excess) => Verdict::deny("deletes-an-hour", "this hour's deletions are used up").remedy(format!("go on in {} s", excess.fits_after)),
//!     }
//! }
//!
//! // A test counts in memory, from zero:
//! let (config, request) = (Config { most: 1 }, Request::delete("/api/v1/namespaces/shop/pods/web"));
//! assert_eq!(judge(&config, &request), Verdict::NoOpinion);
//! assert!(judge(&config, &request).is_deny());
//! ```

pub use crate::bindings::common::portcullis::policy::counter::{Charge, Excess};

/// So much of a key, to be made a [`Charge`] by its limit and window. Keys are this plugin's own; 1 to 256 bytes.
pub fn charge(key: impl Into<String>, amount: u32) -> Amount {
    Amount { key: key.into(), amount }
}

/// So much of a key: see [`charge`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    key: String,
    amount: u32,
}

impl Amount {
    /// The most within a window, this charge included.
    pub fn of(self, limit: u64) -> Limited {
        Limited { amount: self, limit }
    }
}

/// So much of a key, of so much: see [`charge`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limited {
    amount: Amount,
    limit: u64,
}

impl Limited {
    /// Within so many seconds back from now: 1 to 2,678,400 (31 days), counted to a twentieth of them.
    pub fn within_seconds(self, window: u32) -> Charge {
        let Limited { amount: Amount { key, amount }, limit } = self;
        Charge { key, amount, limit, window }
    }

    /// Within so many hours.
    pub fn within_hours(self, hours: u32) -> Charge {
        self.within_seconds(hours * 3600)
    }

    /// Within so many days.
    pub fn within_days(self, days: u32) -> Charge {
        self.within_seconds(days * 86_400)
    }
}

/// Charge all of these, 1 to 16, or none when one of them does not fit any more: the [`Excess`] says which, how much of its window is used and after how many
/// seconds it would fit. A key is counted apart for each window that it is charged with. In tests counts are kept in memory, for this thread: see
/// [`testing::reset_counts`](crate::testing::reset_counts).
///
/// A charge of nothing, an empty key, a window out of bounds, and counts that cannot be reached end the component's call, and so refuse the request.
pub fn spend(charges: &[Charge]) -> Option<Excess> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::common::portcullis::policy::counter::spend(charges);
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::spend(charges)
}

/// How much of a key is used within so many seconds that end now. Counts that cannot be reached end the component's call, and so refuse the request.
pub fn used(key: &str, window: u32) -> u64 {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::common::portcullis::policy::counter::used(key, window);
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::used(key, window)
}

#[cfg(test)]
mod tests;
