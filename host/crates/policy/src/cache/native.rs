//! The one place of this crate that is `unsafe`.
#![allow(unsafe_code)]

use wasmtime::component::Component;

/// Takes up native code that this gateway compiled earlier.
///
/// wasmtime checks that the file was made by the same version for the same processor and settings, but cannot check that the
/// code in it is what its compiler wrote: somebody who chooses the bytes runs code in this process. Hence `unsafe`.
pub(super) fn load(engine: &wasmtime::Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes come from `CompileCache::get`, which reads them from a file and a folder that belong to the user of this
    // process and are writable by nobody else, so that whoever could forge them could as well replace the gateway's
    // binary; it has verified the digest that `CompileCache::write` put before the output of `Component::serialize`, so they
    // are whole. The slice is in our own memory: nobody changes it between the check and here.
    unsafe { Component::deserialize(engine, code) }
}
