//! Waiting: always for something, and never for ever.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(20);

/// Calls `look` until it has an answer.
///
/// # Panics
/// After `limit`, with what was waited for.
#[track_caller]
pub fn until<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "waited {} s in vain: {what}", limit.as_secs_f32());
        thread::sleep(POLL);
    }
}

/// Raises a flag when it is dropped: threads that work until the flag is up end even when the test fails.
pub struct Raise<'a>(pub &'a AtomicBool);

impl Drop for Raise<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
