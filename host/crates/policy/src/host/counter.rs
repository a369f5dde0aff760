//! `portcullis:policy/counter`: durable counts, for budgets. The gateway gives the counts of a request, so this crate knows no database; what
//! is charged is given back by whoever gave them, when the request is not forwarded.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker, Lower};

use crate::failure::{Misuse, MustWait};
use crate::host::{CallState, Linking};

/// Calls of `spend` and `used` together, in one call of a component. Each is a transaction.
const CALLS: u32 = 16;

/// Charges of one `spend`.
const CHARGES: usize = 16;

/// Bytes of a key.
const KEY_BYTES: usize = 256;

/// The longest window in seconds: 31 days.
pub(crate) const WINDOW_MAX: u32 = 31 * 24 * 3600;

/// Something that a request uses up.
#[derive(Clone, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(record)]
pub struct Charge {
    /// What is counted.
    pub key: String,
    /// How much of it: 1 or more.
    pub amount: u32,
    /// The most within the window, this charge included.
    pub limit: u64,
    /// Seconds back from now that count.
    pub window: u32,
}

/// A charge that does not fit any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ComponentType, Lower)]
#[component(record)]
pub struct Excess {
    /// Which of the charges.
    pub index: u32,
    /// How much of the window is used already.
    pub used: u64,
    /// Seconds until it fits again; the whole window when it never will.
    #[component(name = "fits-after")]
    pub fits_after: u32,
}

/// The counts that one request may charge. Keys of one plugin are no other's.
pub trait Counter: Send + Sync {
    /// Charges all of these, or none. May wait for a database. A caller that stops waiting has charged nothing, or what it charged is given back. An error says why
    /// the counts could not be reached; it ends the component's call, so that no policy can pass over it (P1).
    fn spend(&self, plugin: &Arc<str>, charges: Vec<Charge>) -> BoxFuture<'static, Result<Option<Excess>, String>>;

    /// How much of a key is used within a window that ends now.
    fn used(&self, plugin: &Arc<str>, key: String, window: u32) -> BoxFuture<'static, Result<u64, String>>;
}

/// The counts of one call.
pub(crate) struct CounterAccess {
    counter: Option<Arc<dyn Counter>>,
    plugin: Arc<str>,
    calls: u32,
    /// A charge of this call did not fit.
    pub excess: Option<Excess>,
}

impl CounterAccess {
    pub(super) fn new(counter: Option<Arc<dyn Counter>>, plugin: Arc<str>) -> CounterAccess {
        CounterAccess { counter, plugin, calls: 0, excess: None }
    }

    fn next(&mut self) -> wasmtime::Result<Arc<dyn Counter>> {
        self.calls += 1;
        if self.calls > CALLS {
            return Err(misuse(format!("it used its counts more than {CALLS} times")));
        }
        self.counter.clone().ok_or_else(|| misuse("it used its counts where there are none: they are there while the gateway judges a request".to_owned()))
    }
}

type Store<'a> = StoreContextMut<'a, CallState>;
type Spent = (Option<Excess>,);
type Used = (u64,);

/// `name` is the interface's, as the component imports it.
pub(super) fn link(linker: &mut Linker<CallState>, name: &str, linking: Linking) -> wasmtime::Result<()> {
    let mut instance = linker.instance(name)?;
    match linking {
        Linking::Immediate => {
            instance.func_wrap("spend", |_: Store<'_>, (_,): (Vec<Charge>,)| -> wasmtime::Result<Spent> { Err(wasmtime::Error::new(MustWait)) })?;
            instance.func_wrap("used", |_: Store<'_>, (_, _): (String, u32)| -> wasmtime::Result<Used> { Err(wasmtime::Error::new(MustWait)) })
        }
        Linking::Waiting => {
            instance.func_wrap_async("spend", |mut store: Store<'_>, (charges,): (Vec<Charge>,)| {
                Box::new(async move {
                    check(&charges)?;
                    let access = store.data_mut().counter()?;
                    let (counter, plugin) = (access.next()?, access.plugin.clone());
                    let excess = counter.spend(&plugin, charges).await.map_err(misuse)?;
                    if excess.is_some() {
                        store.data_mut().counter()?.excess = excess;
                    }
                    Ok((excess,))
                })
            })?;
            instance.func_wrap_async("used", |mut store: Store<'_>, (key, window): (String, u32)| {
                Box::new(async move {
                    check_key(&key)?;
                    check_window(window)?;
                    let access = store.data_mut().counter()?;
                    let (counter, plugin) = (access.next()?, access.plugin.clone());
                    Ok((counter.used(&plugin, key, window).await.map_err(misuse)?,))
                })
            })
        }
    }
}

fn check(charges: &[Charge]) -> wasmtime::Result<()> {
    if charges.is_empty() || charges.len() > CHARGES {
        return Err(misuse(format!("it made {} charges at once; 1 to {CHARGES} are allowed", charges.len())));
    }
    for charge in charges {
        check_key(&charge.key)?;
        check_window(charge.window)?;
        if charge.amount == 0 {
            return Err(misuse("it charged nothing; an amount is 1 or more".to_owned()));
        }
    }
    Ok(())
}

fn check_key(key: &str) -> wasmtime::Result<()> {
    // A database's text holds no NUL.
    if (1..=KEY_BYTES).contains(&key.len()) && !key.contains('\0') {
        return Ok(());
    }
    Err(misuse(format!("it charged a key of {} bytes; 1 to {KEY_BYTES} are allowed, and none is zero", key.len())))
}

fn check_window(window: u32) -> wasmtime::Result<()> {
    if (1..=WINDOW_MAX).contains(&window) {
        return Ok(());
    }
    Err(misuse(format!("it counted over {window} seconds; 1 to {WINDOW_MAX} are allowed")))
}

fn misuse(text: String) -> wasmtime::Error {
    wasmtime::Error::new(Misuse(text))
}
