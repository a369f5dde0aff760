//! The time. A component that asks for it is no longer a pure function, so its verdicts are not remembered.

/// Milliseconds since 1970-01-01T00:00:00Z, by the gateway's clock; in tests what [`testing::set_now`](crate::testing::set_now) says.
pub fn now() -> u64 {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::common::portcullis::policy::clock::now();
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::now()
}
