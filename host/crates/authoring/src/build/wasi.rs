//! WASI for libraries that think they need it: answered inside the component, by a stub.
//!
//! Go's runtime and C's library are made for WASI's first preview. The gateway offers none of it, so that there is nothing to escape to;
//! `wit-component` puts this adapter between them, and drops of it what is not used. Time is a counter, randomness a fixed sequence, there are no files and
//! no arguments, and what is printed is dropped.

use wit_component::StringEncoding;
use wit_parser::Resolve;

use super::interface::Interface;
use super::{BuildError, Job};
use crate::component;

/// The import that the adapter stands in for.
const IMPORT: &str = "wasi_snapshot_preview1";

const STUB: &str = include_str!("wasi/stub.wat");

/// A component from a core module that carries its interface.
pub(super) fn encode(job: &Job<'_>, module: &[u8]) -> Result<Vec<u8>, BuildError> {
    let stub = wat::parse_str(STUB).map_err(|e| BuildError::file("wasi/stub.wat", e))?;
    Ok(component::encode_with(job.name, module, &[(IMPORT, &stub)])?)
}

/// The core module with the interface put into it.
pub(super) fn embed(mut module: Vec<u8>, interface: &Interface) -> Result<Vec<u8>, BuildError> {
    let failed = |error| BuildError::file(&interface.dir, format!("{error:#}"));
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(&interface.dir).map_err(failed)?;
    let world = resolve.select_world(&[package], Some(interface.world.as_str())).map_err(failed)?;
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).map_err(failed)?;
    Ok(module)
}

#[cfg(test)]
mod tests;
