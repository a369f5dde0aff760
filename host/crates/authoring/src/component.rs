//! From a core module to a component, and what a component is.

use wit_component::{ComponentEncoder, DecodedWasm};

use crate::World;

mod sections;

/// In the name of the sections that `wit-bindgen` writes for each of the SDK's worlds, whether a component is of it or not. The
/// component's own worlds have a whole section besides; with these it would import the types of all six.
const OTHER_WORLDS: &str = "-with-all-of-its-exports-removed:";

/// Why a module does not become a component.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// It is no module.
    #[error("{0} is no WebAssembly module: {1}; build it again")]
    Module(String, sections::NoModule),
    /// It has no interface, or another one than its code.
    #[error("{name} is no component: {why}; does its source invoke one of the SDK's macros, in one of the interface's worlds?")]
    Encode {
        /// Which one.
        name: String,
        /// What `wit-component` says.
        why: String,
    },
}

/// A component from a core module that carries its interface in custom sections, as `wit-bindgen` writes them. Some milliseconds.
///
/// # Errors
/// When the module has no interface.
pub fn encode(name: &str, module: &[u8]) -> Result<Vec<u8>, EncodeError> {
    encode_with(name, module, &[])
}

/// The same with adapters, by the name of the import that each of them stands in for: `wasi_snapshot_preview1`.
///
/// # Errors
/// As [`encode`].
pub fn encode_with(name: &str, module: &[u8], adapters: &[(&str, &[u8])]) -> Result<Vec<u8>, EncodeError> {
    let module = sections::without(module, |section| section.contains(OTHER_WORLDS)).map_err(|why| EncodeError::Module(name.to_owned(), why))?;
    let mut encoder = ComponentEncoder::default().validate(true);
    let failed = |error| EncodeError::Encode { name: name.to_owned(), why: format!("{error:#}") };
    encoder = encoder.module(&module).map_err(failed)?;
    for (import, adapter) in adapters {
        encoder = encoder.adapter(import, adapter).map_err(failed)?;
    }
    encoder.encode().map_err(failed)
}

/// The world that a component is of, told by what it exports. Nothing when it is of none, or no component.
#[must_use]
pub fn world(component: &[u8]) -> Option<World> {
    let Ok(DecodedWasm::Component(resolve, world)) = wit_component::decode(component) else { return None };
    let exports = &resolve.worlds[world].exports;
    World::ALL.into_iter().find(|world| exports.keys().any(|key| resolve.name_world_key(key) == world.export()))
}
