//! `portcullis:policy/clock`: the time. A component that imports it is not pure.

use std::time::{SystemTime, UNIX_EPOCH};

use wasmtime::component::Linker;

use crate::host::CallState;

pub(super) fn link(linker: &mut Linker<CallState>, name: &str) -> wasmtime::Result<()> {
    linker.instance(name)?.func_wrap("now", |mut store: wasmtime::StoreContextMut<'_, CallState>, (): ()| {
        store.data_mut().usage.host_call()?;
        Ok((store.data().now.unwrap_or_else(now),))
    })
}

/// Milliseconds since 1970; a clock set before that reads as zero.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map(|d| d.as_millis() as u64).unwrap_or(0)
}
