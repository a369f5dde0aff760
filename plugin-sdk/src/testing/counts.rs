//! Counts in memory, in the place of the gateway's.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::counter::{Charge, Excess};

/// What was charged of each key within each window: when, in seconds since 1970, and how much. The gateway counts the parts of a window instead, which forgets up
/// to a twentieth of it later.
type Counts = BTreeMap<(String, u32), Vec<(u64, u64)>>;

thread_local! {
    static COUNTS: RefCell<Counts> = RefCell::default();
}

/// Begin this thread's counts at zero. Each test thread begins there.
pub fn reset_counts() {
    COUNTS.take();
}

pub(crate) fn spend(charges: &[Charge]) -> Option<Excess> {
    assert!((1..=16).contains(&charges.len()), "{} charges at once; 1 to 16 are allowed", charges.len());
    let now = crate::clock::now() / 1000;
    COUNTS.with_borrow_mut(|counts| {
        let mut tried = counts.clone();
        for (index, charge) in charges.iter().enumerate() {
            assert!((1..=256).contains(&charge.key.len()), "a key has 1 to 256 bytes: {:?}", charge.key);
            assert!((1..=2_678_400).contains(&charge.window), "a window has 1 to 2,678,400 seconds: {}", charge.window);
            assert!(charge.amount > 0, "a charge of nothing");
            let made = tried.entry((charge.key.clone(), charge.window)).or_default();
            let mut used = within(made, now, charge.window);
            if used + u64::from(charge.amount) > charge.limit {
                let excess = Excess { index: index as u32, used, fits_after: charge.window };
                for (at, amount) in made.iter().filter(|(at, _)| at + u64::from(charge.window) > now) {
                    used -= amount;
                    if used + u64::from(charge.amount) <= charge.limit {
                        return Some(Excess { fits_after: (at + u64::from(charge.window) - now) as u32, ..excess });
                    }
                }
                return Some(excess);
            }
            made.push((now, u64::from(charge.amount)));
        }
        *counts = tried;
        None
    })
}

pub(crate) fn used(key: &str, window: u32) -> u64 {
    let now = crate::clock::now() / 1000;
    COUNTS.with_borrow(|counts| counts.get(&(key.to_owned(), window)).map_or(0, |made| within(made, now, window)))
}

fn within(made: &[(u64, u64)], now: u64, window: u32) -> u64 {
    made.iter().filter(|(at, _)| at + u64::from(window) > now).map(|(_, amount)| amount).sum()
}
