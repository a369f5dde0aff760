//! Counts within windows of time: the arithmetic of budgets, without a database and without a clock.
//!
//! A window is counted in twenty parts. What counts is every part of which any moment lies within the window, so that in no stretch of time
//! as long as the window more than the limit is charged; what was charged is forgotten up to a twentieth of the window late.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;

use crate::host::{Charge, Counter, Excess};

/// Parts of a window.
const PARTS: u32 = 20;

/// What is used of one key within one window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Numbers of parts since 1970 and what was charged in each, the oldest first.
    parts: Vec<(i64, u64)>,
}

impl Window {
    /// From what [`Window::parts`] gave before; in any order.
    pub fn of(mut parts: Vec<(i64, u64)>) -> Window {
        parts.sort_unstable();
        Window { parts }
    }

    /// What is to be kept of it: numbers of parts, and what was charged in each.
    pub fn parts(&self) -> &[(i64, u64)] {
        &self.parts
    }

    /// How much counts at `now`, in seconds since 1970, within the last `window` seconds.
    pub fn used(&self, now: i64, window: u32) -> u64 {
        let first = oldest(now, window);
        self.parts.iter().filter(|(part, _)| *part >= first).fold(0, |sum, (_, used)| sum.saturating_add(*used))
    }

    /// Charges when it fits, and says in which part; otherwise how much is used, and after how many seconds it fits.
    ///
    /// # Errors
    /// When it does not fit: then nothing was changed.
    pub fn charge(&mut self, now: i64, charge: &Charge) -> Result<i64, (u64, u32)> {
        let used = self.used(now, charge.window);
        let amount = u64::from(charge.amount);
        if used.saturating_add(amount) > charge.limit {
            return Err((used, self.fits_after(now, used, charge)));
        }
        let (part, first) = (now.div_euclid(width(charge.window)), oldest(now, charge.window));
        self.parts.retain(|(part, _)| *part >= first);
        match self.parts.binary_search_by_key(&part, |(part, _)| *part) {
            Ok(at) => self.parts[at].1 = self.parts[at].1.saturating_add(amount),
            Err(at) => self.parts.insert(at, (part, amount)),
        }
        Ok(part)
    }

    /// Takes a charge back. One that is forgotten already changes nothing.
    pub fn give_back(&mut self, part: i64, amount: u32) {
        if let Ok(at) = self.parts.binary_search_by_key(&part, |(part, _)| *part) {
            let left = self.parts[at].1.saturating_sub(u64::from(amount));
            if left == 0 {
                self.parts.remove(at);
            } else {
                self.parts[at].1 = left;
            }
        }
    }

    /// Seconds until the charge fits when nothing else comes; the whole window when it never does.
    fn fits_after(&self, now: i64, mut used: u64, charge: &Charge) -> u32 {
        let first = oldest(now, charge.window);
        for (part, of_it) in self.parts.iter().filter(|(part, _)| *part >= first) {
            used = used.saturating_sub(*of_it);
            if used.saturating_add(u64::from(charge.amount)) <= charge.limit {
                let gone = (part + 1) * width(charge.window) + i64::from(charge.window);
                return u32::try_from((gone - now).max(1)).unwrap_or(charge.window);
            }
        }
        charge.window
    }
}

/// Seconds of one part.
fn width(window: u32) -> i64 {
    i64::from(window.div_ceil(PARTS).max(1))
}

/// The oldest part that counts.
fn oldest(now: i64, window: u32) -> i64 {
    (now - i64::from(window)).div_euclid(width(window))
}

/// Charges all, or none: the first that does not fit says so. `windows` are found by the charge's place.
///
/// # Errors
/// The excess; then nothing was changed.
pub fn charge_all<K>(windows: &mut BTreeMap<K, Window>, now: i64, charges: &[(K, Charge)]) -> Result<Vec<i64>, Excess>
where
    K: Clone + Ord,
{
    let mut tried: BTreeMap<K, Window> = BTreeMap::new();
    let mut parts = Vec::with_capacity(charges.len());
    for (index, (key, charge)) in charges.iter().enumerate() {
        let window = tried.entry(key.clone()).or_insert_with(|| windows.get(key).cloned().unwrap_or_default());
        match window.charge(now, charge) {
            Ok(part) => parts.push(part),
            Err((used, fits_after)) => return Err(Excess { index: index as u32, used, fits_after }),
        }
    }
    windows.extend(tried);
    Ok(parts)
}

/// Counts in memory, which end with it: what cases and an author's tests charge. Cheap to clone; clones are the same counts.
#[derive(Clone, Default)]
pub struct MemoryCounts {
    windows: Arc<Mutex<BTreeMap<Place, Window>>>,
    now: Option<i64>,
}

/// Whose count, of what, over how many seconds.
type Place = (Arc<str>, String, u32);

impl MemoryCounts {
    /// Counts whose clock stands still at this moment, in seconds since 1970.
    pub fn at(now: i64) -> MemoryCounts {
        MemoryCounts { now: Some(now), ..MemoryCounts::default() }
    }

    /// A copy whose clock stands still at `now`, in seconds since 1970: nothing that is charged to it is charged to these.
    pub(crate) fn aside(&self, now: i64) -> MemoryCounts {
        MemoryCounts { windows: Arc::new(Mutex::new(self.windows.lock().clone())), now: Some(now) }
    }

    /// Becomes what a copy has become.
    pub(crate) fn take(&self, copy: &MemoryCounts) {
        *self.windows.lock() = copy.windows.lock().clone();
    }

    fn now(&self) -> i64 {
        self.now.unwrap_or_else(|| jiff::Timestamp::now().as_second())
    }
}

impl Counter for MemoryCounts {
    fn spend(&self, plugin: &Arc<str>, charges: Vec<Charge>) -> BoxFuture<'static, Result<Option<Excess>, String>> {
        let charges: Vec<(Place, Charge)> = charges.into_iter().map(|c| ((plugin.clone(), c.key.clone(), c.window), c)).collect();
        let outcome = charge_all(&mut self.windows.lock(), self.now(), &charges);
        Box::pin(std::future::ready(Ok(outcome.err())))
    }

    fn used(&self, plugin: &Arc<str>, key: String, window: u32) -> BoxFuture<'static, Result<u64, String>> {
        let used = self.windows.lock().get(&(plugin.clone(), key, window)).map_or(0, |w| w.used(self.now(), window));
        Box::pin(std::future::ready(Ok(used)))
    }
}

#[cfg(test)]
mod tests;
