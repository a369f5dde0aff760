//! How long calls compute, and what is known of a component by its latest ones.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Who computes for so long at a stretch is slow. A slice of the time until a guest gives way is a tick or so, and other polls take microseconds.
pub(super) const SLICE: Duration = Duration::from_micros(500);

/// Who computes for so long in one call is heavy. The slowest language of our own takes a seventh of it.
const PATIENCE: Duration = Duration::from_millis(10);

/// Calls in a row that were not so, after which a component is not known as slow, or as heavy, any more.
const FORGIVEN_AFTER: u32 = 100;

/// How a call computes, the least demanding first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pace {
    Quick,
    /// For a whole slice at a stretch.
    Slow,
    /// Longer than anybody's patience in sum.
    Heavy,
}

/// What one call computed so far.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// Nanoseconds.
    total: AtomicU64,
    slow: AtomicBool,
}

impl Meter {
    pub(super) fn pace(&self) -> Pace {
        match self.slow.load(Ordering::Relaxed) {
            _ if Duration::from_nanos(self.total.load(Ordering::Relaxed)) >= PATIENCE => Pace::Heavy,
            true => Pace::Slow,
            false => Pace::Quick,
        }
    }

    /// Does `work` on this thread and adds what it computed.
    pub(super) fn watch<T>(&self, work: impl FnOnce() -> T) -> T {
        let begun = computed();
        let done = work();
        let took = computed().saturating_sub(begun);
        self.total.fetch_add(took.as_nanos().try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
        if took >= SLICE {
            self.slow.store(true, Ordering::Relaxed);
        }
        done
    }
}

/// How long this thread has computed. By the clock on the wall a thread whose processor the system gave to others would look as slow as one that computes.
pub(super) fn computed() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

/// What a component's latest calls let expect of its next.
#[derive(Debug, Default)]
pub(crate) struct Reputation {
    slow: Countdown,
    heavy: Countdown,
    suspected: AtomicBool,
}

impl Reputation {
    /// What one of the last hundred calls was.
    pub(super) fn expected(&self) -> Pace {
        match (self.heavy.runs(), self.slow.runs()) {
            (true, _) => Pace::Heavy,
            (false, true) => Pace::Slow,
            (false, false) => Pace::Quick,
        }
    }

    /// A call was so, and came to its end or to its deadline.
    pub(super) fn add(&self, pace: Pace, ended: bool) {
        for (countdown, at) in [(&self.slow, Pace::Slow), (&self.heavy, Pace::Heavy)] {
            match pace >= at {
                true => countdown.start(),
                // One that waited until its deadline says nothing of how it computes.
                false if ended => countdown.step(),
                false => {}
            }
        }
    }

    /// A call whose computing was not seen took long by the clock. The next one shows whether that was the component's doing.
    pub(super) fn suspect(&self) {
        self.suspected.store(true, Ordering::Relaxed);
    }

    /// Whether the next call is to be looked at; the one after it is not.
    pub(super) fn take_suspicion(&self) -> bool {
        self.suspected.load(Ordering::Relaxed) && self.suspected.swap(false, Ordering::Relaxed)
    }
}

/// Calls that are left.
#[derive(Debug, Default)]
struct Countdown(AtomicU32);

impl Countdown {
    fn runs(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    fn start(&self) {
        self.0.store(FORGIVEN_AFTER, Ordering::Relaxed);
    }

    fn step(&self) {
        if self.runs() {
            let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        }
    }
}

#[cfg(test)]
mod tests;
