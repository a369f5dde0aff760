//! Budgets: counts in the state database, charged while a request is judged, and given back when it is not forwarded.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use policy::{Charge, Counter, Excess, Window, charge_all};
use store::{CounterName, Store, StoreError, now_micros};

/// Charges between two looks for counts that are over: each look is one statement by an index.
const PRUNE_EVERY: u64 = 256;

/// The counts of all policies, equal on all replicas that share the database.
#[derive(Clone)]
pub struct Counts(Arc<Inner>);

struct Inner {
    store: Arc<Store>,
    charges: AtomicU64,
}

impl Counts {
    /// Counts that are kept there.
    #[must_use]
    pub fn new(store: Arc<Store>) -> Self {
        Self(Arc::new(Inner { store, charges: AtomicU64::new(0) }))
    }

    /// For one request: what its policies charge, and the tab of it.
    pub fn open(&self) -> (Arc<dyn Counter>, Tab) {
        let page = Arc::new(Page { counts: self.clone(), state: Mutex::new(State::Open(Vec::new())) });
        (Arc::new(Charging(page.clone())), Tab(Some(page)))
    }

    /// For a request that is not made: what fits is said, and nothing charged.
    pub fn supposed(&self) -> Arc<dyn Counter> {
        Arc::new(Supposing(self.clone()))
    }

    async fn charge(&self, charges: &[(CounterName, Charge)]) -> Result<Result<Vec<Charged>, Excess>, StoreError> {
        let now = now_micros();
        let names = charges.iter().map(|(name, _)| name.clone());
        let done = self
            .0
            .store
            .change_counters(now, names, |counts| {
                let mut windows: BTreeMap<CounterName, Window> = counts.iter().map(|(name, parts)| (name.clone(), Window::of(parts.clone()))).collect();
                let parts = charge_all(&mut windows, now.div_euclid(1_000_000), charges)?;
                counts.extend(windows.into_iter().map(|(name, window)| (name, window.parts().to_vec())));
                Ok(charges.iter().zip(parts).map(|((name, charge), part)| Charged { name: name.clone(), part, amount: charge.amount }).collect())
            })
            .await?;
        if self.0.charges.fetch_add(1, Ordering::Relaxed) % PRUNE_EVERY == PRUNE_EVERY - 1 {
            let store = self.0.store.clone();
            tokio::spawn(async move {
                if let Err(error) = store.prune_counters(now_micros()).await {
                    tracing::warn!(%error, "old counts could not be forgotten; they are looked for again");
                }
            });
        }
        Ok(done)
    }

    async fn give_back(&self, charged: Vec<Charged>) -> Result<(), StoreError> {
        let names = charged.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
        let done = self.0.store.change_counters(now_micros(), names, |counts| {
            for one in &charged {
                if let Some(parts) = counts.get_mut(&one.name) {
                    let mut window = Window::of(std::mem::take(parts));
                    window.give_back(one.part, one.amount);
                    *parts = window.parts().to_vec();
                }
            }
            Ok::<_, std::convert::Infallible>(())
        });
        done.await.map(|_| ())
    }

    /// Of its own accord, so that no client waits for it. One that fails leaves the charge where it is: the budget is then smaller, never larger.
    fn give_back_later(&self, charged: Vec<Charged>) {
        if charged.is_empty() {
            return;
        }
        let counts = self.clone();
        tokio::spawn(async move {
            if let Err(error) = counts.give_back(charged).await {
                tracing::warn!(%error, "a charge of a request that was not forwarded could not be given back; it counts until its window is over");
            }
        });
    }

    async fn used(&self, name: CounterName) -> Result<u64, StoreError> {
        let parts = self.0.store.counter(&name).await?;
        Ok(Window::of(parts).used(now_micros().div_euclid(1_000_000), name.window))
    }
}

/// A charge that was made.
struct Charged {
    name: CounterName,
    part: i64,
    amount: u32,
}

/// What one request was charged.
struct Page {
    counts: Counts,
    state: Mutex<State>,
}

enum State {
    /// It is still open whether it is forwarded.
    Open(Vec<Charged>),
    /// It was not: what is charged later, by a policy that nobody waits for any more, is given back too.
    Closed,
    /// It was, or may have been.
    Kept,
}

impl Page {
    fn add(&self, charged: Vec<Charged>) {
        match &mut *self.state.lock() {
            State::Open(all) => all.extend(charged),
            State::Closed => self.counts.give_back_later(charged),
            State::Kept => {}
        }
    }

    fn close(&self) {
        if let State::Open(charged) = std::mem::replace(&mut *self.state.lock(), State::Closed) {
            self.counts.give_back_later(charged);
        }
    }
}

/// What a request was charged. Dropped, it gives everything back; [`Tab::keep`] first when the request goes out.
#[must_use = "dropping it gives the charges back"]
pub struct Tab(Option<Arc<Page>>);

impl Tab {
    /// Of a request that is charged nothing.
    pub fn empty() -> Self {
        Self(None)
    }

    /// The request is about to be sent. What comes back tells whether it was.
    pub fn keep(&self) -> Kept<'_> {
        let charged = self.0.as_ref().map(|page| match std::mem::replace(&mut *page.state.lock(), State::Kept) {
            State::Open(charged) => charged,
            State::Closed | State::Kept => Vec::new(),
        });
        Kept { page: self.0.as_ref(), charged: charged.unwrap_or_default() }
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        if let Some(page) = &self.0 {
            let open = matches!(&*page.state.lock(), State::Open(_));
            if open {
                page.close();
            }
        }
    }
}

/// A tab while its request goes out. Dropped, the charges stay: it may have been carried out.
pub struct Kept<'t> {
    page: Option<&'t Arc<Page>>,
    charged: Vec<Charged>,
}

impl Kept<'_> {
    /// Nothing was sent after all.
    pub fn not_sent(self) {
        if let Some(page) = self.page {
            *page.state.lock() = State::Open(self.charged);
        }
    }
}

struct Charging(Arc<Page>);

impl Counter for Charging {
    fn spend(&self, plugin: &Arc<str>, charges: Vec<Charge>) -> BoxFuture<'static, Result<Option<Excess>, String>> {
        let (page, charges) = (self.0.clone(), named(plugin, charges));
        // A task of its own: whoever waits may stop in the middle of a commit, and what was charged must still come to the tab.
        let task = tokio::spawn(async move {
            match page.counts.charge(&charges).await {
                Ok(Ok(charged)) => {
                    page.add(charged);
                    Ok(None)
                }
                Ok(Err(excess)) => Ok(Some(excess)),
                Err(error) => Err(unreachable(&error)),
            }
        });
        Box::pin(async move { task.await.unwrap_or_else(|_| Err("the gateway is stopping".to_owned())) })
    }

    fn used(&self, plugin: &Arc<str>, key: String, window: u32) -> BoxFuture<'static, Result<u64, String>> {
        used(self.0.counts.clone(), plugin, key, window)
    }
}

struct Supposing(Counts);

impl Counter for Supposing {
    fn spend(&self, plugin: &Arc<str>, charges: Vec<Charge>) -> BoxFuture<'static, Result<Option<Excess>, String>> {
        let (counts, charges) = (self.0.clone(), named(plugin, charges));
        Box::pin(async move {
            let mut windows = BTreeMap::new();
            for (name, _) in &charges {
                let parts = counts.0.store.counter(name).await.map_err(|e| unreachable(&e))?;
                windows.insert(name.clone(), Window::of(parts));
            }
            Ok(charge_all(&mut windows, now_micros().div_euclid(1_000_000), &charges).err())
        })
    }

    fn used(&self, plugin: &Arc<str>, key: String, window: u32) -> BoxFuture<'static, Result<u64, String>> {
        used(self.0.clone(), plugin, key, window)
    }
}

fn used(counts: Counts, plugin: &Arc<str>, key: String, window: u32) -> BoxFuture<'static, Result<u64, String>> {
    let name = CounterName { plugin: plugin.to_string(), key, window };
    Box::pin(async move { counts.used(name).await.map_err(|e| unreachable(&e)) })
}

fn named(plugin: &Arc<str>, charges: Vec<Charge>) -> Vec<(CounterName, Charge)> {
    charges.into_iter().map(|charge| (CounterName { plugin: plugin.to_string(), key: charge.key.clone(), window: charge.window }, charge)).collect()
}

/// The database's own words may name its address: they are for the operator's log.
fn unreachable(error: &StoreError) -> String {
    tracing::error!(%error, "counts cannot be kept");
    "the counts cannot be reached".to_owned()
}

#[cfg(test)]
mod tests;
