use wit_component::DecodedWasm;

use super::*;

/// A module that uses all that Go's and C's libraries do, and has an interface of its own.
const MODULE: &str = r#"(module
    (import "wasi_snapshot_preview1" "clock_time_get" (func (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open" (func (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "run") (result i32) i32.const 7)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 8))"#;

#[test]
fn nothing_of_wasi_is_left() {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("world.wit", "package a:b; world w { export run: func() -> u32; }").expect("an interface");
    let world = resolve.select_world(&[package], None).expect("a world");
    let mut module = wat::parse_str(MODULE).expect("a module");
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("it is put in");
    let job = Job { dir: ".".as_ref(), name: "test", short: false, messages: crate::tool::Messages::Kept };
    let component = encode(&job, &module).expect("a component");
    let Ok(DecodedWasm::Component(resolve, world)) = wit_component::decode(&component) else { panic!("it is a component") };
    assert!(resolve.worlds[world].imports.is_empty(), "{:?}", resolve.worlds[world].imports);
}
