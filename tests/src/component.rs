//! Components that misbehave, written as WebAssembly text, and bundles of them.

use std::fs;
use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::Resolve;

use crate::places;

/// What every module has: memory, a bump allocator, `describe` with an empty schema, and a `configure` that accepts.
const PRELUDE: &str = r#"
    (memory (export "memory") 3)
    (global $heap (mut i32) (i32.const 65536))
    (data (i32.const 1024) "test-plugin")
    (data (i32.const 1040) "1.2.3")
    (data (i32.const 1104) "my-rule")
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
        (global.set $heap (i32.add (local.get $at) (local.get 3)))
        (if (i32.gt_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536)))
            (then (drop (memory.grow (i32.add (i32.div_u (local.get 3) (i32.const 65536)) (i32.const 1))))))
        (local.get $at))
    (func (export "portcullis:policy/plugin@0.1.0#describe") (result i32)
        (i32.store (i32.const 16) (i32.const 1024)) (i32.store (i32.const 20) (i32.const 11))
        (i32.store (i32.const 24) (i32.const 1040)) (i32.store (i32.const 28) (i32.const 5))
        (i32.store (i32.const 32) (i32.const 1072)) (i32.store (i32.const 36) (i32.const 0))
        (i32.store (i32.const 40) (i32.const 1072)) (i32.store (i32.const 44) (i32.const 0))
        (i32.const 16))
    (func (export "portcullis:policy/plugin@0.1.0#configure") (param i32 i32) (result i32)
        (i32.store8 (i32.const 48) (i32.const 0))
        (i32.const 48))
"#;

/// A body that never returns.
pub const LOOPS: &str = "(loop $again (br $again)) (unreachable)";
/// A body that traps at once.
pub const TRAPS: &str = "(unreachable)";
/// A body that asks for 4 GiB, and for the rest of the world when it does not get them.
pub const HOARDS: &str = "(drop (memory.grow (i32.const 65533))) (unreachable)";
/// A body that calls itself without end.
pub const RECURSES: &str = "(call $again (local.get 0))";

/// A guard whose `evaluate` has this body.
///
/// # Panics
/// When it is no WebAssembly.
#[must_use]
pub fn guard(body: &str) -> Vec<u8> {
    component("guard", &format!(r#"(func $again (export "evaluate") (param $facts i32) (result i32) {body})"#))
}

/// A masker whose `plan-masking` has this body.
///
/// # Panics
/// When it is no WebAssembly.
#[must_use]
pub fn masker(body: &str) -> Vec<u8> {
    // Of the kind: five strings and a flag, then a string that may be absent.
    let parameters = "(param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)";
    let functions = format!(
        r#"(func (export "plan-masking") {parameters} (result i32) {body})
           (func (export "inspect") (param i32 i32) (result i32) (unreachable))"#
    );
    component("masker", &functions)
}

/// Writes a bundle of plugins that stand in YAML, with their components: names and bytes.
///
/// # Panics
/// When it cannot be written.
pub fn bundle(folder: &Path, plugins: &str, components: &[(&str, Vec<u8>)]) {
    fs::create_dir_all(folder).expect("the folder can be made");
    for (name, bytes) in components {
        fs::write(folder.join(name), bytes).expect("the folder can be written");
    }
    fs::copy(places::bundle("observe").join("deny-list.wasm"), folder.join("deny-list.wasm")).expect("the default guard is built");
    save(folder, "bundle.yaml", &format!("apiVersion: portcullis.dev/v1\nkind: Bundle\nplugins:\n{OBSERVE}{plugins}"));
}

/// A guard that allows everything, as entries of a bundle.
pub const OBSERVE: &str = r#"  - name: observe
    world: guard
    component: deny-list.wasm
    configuration: { allow: [{ rule: everything, match: [{}, { paths: ["*"] }] }] }
"#;

/// Saves a file of a bundle as editors do: beside it, then renamed over it.
///
/// # Panics
/// When it cannot be written.
pub fn save(folder: &Path, name: &str, content: &str) {
    let draft = folder.join(format!(".{name}.swp"));
    fs::write(&draft, content).expect("the folder can be written");
    fs::rename(draft, folder.join(name)).expect("the folder can be written");
}

/// A guard that allows, but for its `configure`, which traps.
///
/// # Panics
/// When it is no WebAssembly.
#[must_use]
pub fn traps_when_configured() -> Vec<u8> {
    let prelude = PRELUDE.replace("(i32.store8 (i32.const 48) (i32.const 0))", "(unreachable)");
    assembled("guard", &prelude, r#"(func (export "evaluate") (param $facts i32) (result i32) (i32.store8 (i32.const 64) (i32.const 0)) (i32.const 64))"#)
}

fn component(world: &str, functions: &str) -> Vec<u8> {
    assembled(world, PRELUDE, functions)
}

fn assembled(world: &str, prelude: &str, functions: &str) -> Vec<u8> {
    let mut module = wat::parse_str(format!("(module {prelude} {functions})")).expect("WebAssembly text");
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(places::workspace().join("wit/v0.1.0")).expect("the interface");
    let world = resolve.select_world(&[package], Some(world)).expect("a world of it");
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("a section");
    ComponentEncoder::default().module(&module).expect("a module").validate(true).encode().expect("a component")
}
