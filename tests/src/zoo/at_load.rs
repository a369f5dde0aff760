//! Those that never go live.

use super::Animal;
use crate::component::{LOOPS, NO_OPINION, Parts, TRAPS};

/// All of them.
#[must_use]
pub fn at_load() -> Vec<Animal> {
    [strangers(), loads(), liars(), schemas(), loops()].concat()
}

fn refused(name: &'static str, parts: &Parts, told: &'static str) -> Animal {
    Animal::new(name, "guard", parts.build(), Some(told))
}

fn good() -> Parts {
    Parts::guard(NO_OPINION)
}

/// The interface with one more import in the world `guard`, of a package that may be given behind it.
fn importing(text: String, import: &str, package: &str) -> String {
    text.replacen("world guard {", &format!("world guard {{\n  import {import};"), 1) + package
}

/// Those that import what there is not, or what they may not have.
fn strangers() -> Vec<Animal> {
    let use_of = |module: &str, name: &str| format!(r#"(import "{module}" "{name}" (func (result i32)))"#);
    vec![
        refused(
            "wasi-files",
            &good().imports(&use_of("wasi:filesystem/preopens@0.2.0", "get-directories")).against(|text| {
                importing(text, "wasi:filesystem/preopens@0.2.0", "\npackage wasi:filesystem@0.2.0 { interface preopens { get-directories: func() -> u32; } }\n")
            }),
            "it imports `wasi:filesystem/preopens@0.2.0`: there are no files, environment or sockets here",
        ),
        refused(
            "wasi-sockets",
            &good().imports(&use_of("wasi:sockets/tcp@0.2.0", "create")).against(|text| {
                importing(text, "wasi:sockets/tcp@0.2.0", "\npackage wasi:sockets@0.2.0 { interface tcp { create: func() -> u32; } }\n")
            }),
            "it imports `wasi:sockets/tcp@0.2.0`: there are no files, environment or sockets here",
        ),
        refused(
            "import-of-another-package",
            &good().imports(&use_of("evil:host/shell@1.0.0", "run")).against(|text| {
                importing(text, "evil:host/shell@1.0.0", "\npackage evil:host@1.0.0 { interface shell { run: func() -> u32; } }\n")
            }),
            "it imports `evil:host/shell@1.0.0`: the gateway has nothing of that name",
        ),
        refused(
            "import-at-the-root",
            &good().imports(&use_of("$root", "secrets")).against(|text| importing(text, "secrets: func() -> u32", "")),
            "it imports `secrets`: the gateway has nothing of that name",
        ),
        refused(
            "network-in-a-guard",
            &good()
                .imports(r#"(import "portcullis:policy/http@0.1.0" "send" (func (param i32 i32 i32 i32 i32 i32 i32 i32 i32)))"#)
                .against(|text| importing(text, "http", "")),
            "it imports `portcullis:policy/http@0.1.0`: only an audit-sink or a notifier may use the network",
        ),
        refused(
            "clock-of-another-version",
            &good().imports(&use_of("portcullis:policy/clock@0.9.0", "now")).against(|text| {
                importing(text, "portcullis:policy/clock@0.9.0", "\npackage portcullis:policy@0.9.0 { interface clock { now: func() -> u32; } }\n")
            }),
            "it imports `portcullis:policy/clock@0.9.0`: the gateway has nothing of that name",
        ),
        refused("interface-of-tomorrow", &good().version("9.8.7"), "it was built for version 9.8.7 of the interface, and the gateway has 0.1.0"),
        refused("interface-of-a-draft", &good().version("0.2.0-draft"), "which is a draft; build it for 0.1.0, or have the operator name it under `policies.drafts`"),
        Animal::new("another-world", "masker", good().build(), Some("it is a guard, and bundle.yaml says masker")),
        refused(
            "another-shape",
            &Parts::guard(NO_OPINION).against(|text| text.replacen("allow(string),", "allow(u64),", 1)),
            "it does not fit its world: `evaluate`",
        ),
        Animal::new("no-component", "guard", b"\0asm\x0d\0\x01\0 and then nothing".to_vec(), Some("it is not a WebAssembly component")),
    ]
}

/// Those that are too large to begin with.
fn loads() -> Vec<Animal> {
    let raw = |name, text: String, told| Animal::new(name, "guard", wat::parse_str(text).expect("WebAssembly text"), Some(told));
    vec![
        refused("memory-of-17-mib", &good().pages(272), "its `start` asked for 17825792 bytes of memory and may have 16777216; raise `limits.memory` in bundle.yaml"),
        refused("memory-of-4-gib", &good().pages(65_000), "it begins with more memory than any plugin may have"),
        refused("data-of-a-gib", &good().pages(16_384).also("(data (i32.const 1073000000) \"x\")"), "it begins with more memory than any plugin may have"),
        refused(
            "memory-in-configure",
            &good().configures("(drop (memory.grow (i32.const 300))) (i32.store8 (i32.const 48) (i32.const 0)) (i32.const 48)"),
            "its `configure` asked for 19857408 bytes of memory and may have 16777216; raise `limits.memory` in bundle.yaml",
        ),
        refused(
            "memory-beyond-the-operators",
            &good().configures("(drop (memory.grow (i32.const 2000))) (i32.store8 (i32.const 48) (i32.const 0)) (i32.const 48)"),
            "have the operator raise `grants.limits.memory` in the gateway's configuration, which is 67108864 bytes",
        ),
        Animal { more: ", limits: { instances: 100000 }", ..refused("instances-without-end", &good(), "it asks for a number of instances of 100000, and the operator allows 128") },
        refused("table-of-a-million", &good().also("(table 1000000 funcref)"), "exceeds the limit"),
        raw("instances", format!("(component (core module $m) {})", "(core instance (instantiate $m))".repeat(65)), "exceeds the configured maximum of 64"),
        raw("memories", format!("(component (core module $m (memory 1)) {})", "(core instance (instantiate $m))".repeat(5)), "exceeds the configured maximum of 4"),
    ]
}

/// Those that say of themselves what they should not.
fn liars() -> Vec<Animal> {
    vec![
        refused("name-that-clears-the-screen", &good().described("x\u{1b}[2J", "1.0.0", "", ""), "its `describe` gives a name that is not 1 to 63 lower-case letters"),
        refused("version-of-two-lines", &good().described("x", "1.0.0\nlive", "", ""), "its `describe` gives a version"),
        refused("summary-of-20-kb", &good().described("x", "1.0.0", &"x".repeat(20_000), ""), "its `describe` gives a summary"),
        refused("trap-in-describe", &good().describes(TRAPS), "its `describe` panicked"),
        refused("description-beyond-its-memory", &good().describes("(i32.const -4)"), "its `describe` trapped"),
        refused(
            "refusal-that-moves-the-cursor",
            // An error at 48: a text of 20,000 bytes, which begins with an escape.
            &good()
                .also("(data (i32.const 40000) \"\\1b[2J\")")
                .configures("(i32.store8 (i32.const 48) (i32.const 1)) (i32.store (i32.const 52) (i32.const 40000)) (i32.store (i32.const 56) (i32.const 20000)) (i32.const 48)"),
            "it refused its configuration:  [2J",
        ),
        refused("trap-in-configure", &good().configures(TRAPS), "its `configure` panicked"),
    ]
}

fn schemas() -> Vec<Animal> {
    let schema = |name, schema: &str, told| refused(name, &good().described("x", "1.0.0", "", schema), told);
    let double: String = (0..40).map(|i| format!(r##""d{i}":{{"allOf":[{{"$ref":"#/$defs/d{n}"}},{{"$ref":"#/$defs/d{n}"}}]}},"##, n = i + 1)).collect();
    vec![
        schema("schema-that-is-none", "{", "the JSON Schema of its configuration cannot be used"),
        schema("schema-from-the-network", r#"{"$ref":"http://127.0.0.1:1/x.json"}"#, "the JSON Schema of its configuration cannot be used"),
        schema("schema-without-end", r##"{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#"}}}"##, "it refers to itself without end"),
        schema("schema-that-doubles", &format!(r##"{{"$ref":"#/$defs/d0","$defs":{{{double}"d40":{{}}}}}}"##), "of its subschemas hold for one value"),
        schema("schema-with-a-pattern-bomb", r#"{"properties":{"a":{"pattern":"((a{1,1000}){1,1000}){1,1000}"}}}"#, "the JSON Schema of its configuration cannot be used"),
        schema("schema-of-deep-brackets", &"[".repeat(30_000), "the JSON Schema of its configuration cannot be used"),
    ]
}

/// Those that take their time. Ten seconds each, so that an interpreter can start.
fn loops() -> Vec<Animal> {
    vec![
        refused("loop-at-the-start", &good().start("(loop $for_ever (br $for_ever))"), "its `start` did not answer within its 10s"),
        refused("loop-in-describe", &good().describes(LOOPS), "its `describe` did not answer within its 10s"),
        refused("loop-in-configure", &good().configures(LOOPS), "its `configure` did not answer within its 10s"),
    ]
}
