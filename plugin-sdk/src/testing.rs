//! What tests need in the place of the gateway. Everything here is per thread, as Rust's tests are, and exists on no component.
#![cfg(not(target_arch = "wasm32"))]

use std::cell::{Cell, RefCell};

use crate::http::{Incoming, Outgoing};
use crate::log::Level;

mod cluster;
mod counts;

pub use cluster::{set_can_i, set_objects};
pub(crate) use cluster::{can_i, get_object, list_objects};
pub use counts::reset_counts;
pub(crate) use counts::{spend, used};

type Server = Box<dyn FnMut(&Outgoing) -> Result<Incoming, String>>;

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(1_700_000_000_000) };
    static LOG: RefCell<Vec<(Level, String)>> = const { RefCell::new(Vec::new()) };
    static HTTP: RefCell<Option<Server>> = const { RefCell::new(None) };
}

/// Set what [`clock::now`](crate::clock::now) answers on this thread, in milliseconds since 1970.
pub fn set_now(milliseconds: u64) {
    NOW.set(milliseconds);
}

pub(crate) fn now() -> u64 {
    NOW.get()
}

/// Take the lines that were logged on this thread since the last call.
pub fn log() -> Vec<(Level, String)> {
    LOG.take()
}

pub(crate) fn keep_log(level: Level, message: &str) {
    LOG.with_borrow_mut(|log| log.push((level, message.to_owned())));
}

/// Answer this thread's [`http::send`](crate::http::send) with a function.
pub fn serve_http(server: impl FnMut(&Outgoing) -> Result<Incoming, String> + 'static) {
    HTTP.set(Some(Box::new(server)));
}

pub(crate) fn answer_http(request: &Outgoing) -> Result<Incoming, String> {
    HTTP.with_borrow_mut(|server| match server {
        Some(server) => server(request),
        None => Err("no server in this test: call portcullis_sdk::testing::serve_http first".to_owned()),
    })
}

/// An answer with this status and no body.
pub fn status(status: u16) -> Result<Incoming, String> {
    Ok(Incoming { status, headers: Vec::new(), body: Vec::new() })
}

/// Read a configuration as the gateway gives it, for tests: the same checks, the same messages.
pub fn configuration<C: serde::de::DeserializeOwned>(json: &str) -> Result<C, String> {
    crate::export::parse(json)
}

/// Compare a file with the JSON Schema of a configuration; with `UPDATE_SCHEMA` set, write it first. For the key `schema` of the macros.
///
/// # Panics
///
/// When they differ.
pub fn check_schema<C: schemars::JsonSchema>(file: &str) {
    let schema = serde_json::to_string_pretty(&crate::export::plain_schema::<C>()).unwrap_or_default() + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(file, &schema).unwrap_or_else(|error| panic!("cannot write {file}: {error}"));
    }
    let found = std::fs::read_to_string(file).unwrap_or_default();
    assert!(found == schema, "{file} is not the configuration's schema: run the tests once with UPDATE_SCHEMA=1, and commit the file");
}

/// Make the JSON Schema of a configuration, and write it to the file that `PORTCULLIS_SCHEMA_FILE` names: `portcullis plugin build` asks so for
/// what it puts into the component.
///
/// # Panics
///
/// When the file cannot be written.
#[doc(hidden)]
pub fn make_schema<C: schemars::JsonSchema>() {
    let schema = crate::export::schema::<C>();
    assert!(schema.starts_with('{'), "a configuration is an object: make it a struct, not {schema}");
    if let Some(file) = std::env::var_os("PORTCULLIS_SCHEMA_FILE") {
        std::fs::write(&file, schema).unwrap_or_else(|error| panic!("cannot write {}: {error}", file.display()));
    }
}
