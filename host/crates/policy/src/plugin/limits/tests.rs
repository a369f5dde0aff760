//! Each limit, asked for in `bundle.yaml`, against a guard that goes one beyond it.

use crate::failure::FailureCause;
use crate::testing::{Bundle, document, engine, facts, guard, guard_that_configures};
use crate::{Engine, EngineOptions, Grants, Live};

const LOG: &str = r#"(import "portcullis:policy/log@0.1.0" "write" (func $log (param i32 i32 i32)))"#;
const TEXT: &str = r#"(import "portcullis:policy/documents@0.1.0" "[method]document.text" (func $text (param i32 i32)))
    (import "portcullis:policy/documents@0.1.0" "[resource-drop]document" (func $drop (param i32)))"#;

/// A bundle of one guard with these limits.
fn limited(limits: &str, imports: &str, evaluate: &str) -> Bundle {
    let bundle = Bundle::new();
    bundle.write("x.wasm", guard(imports, evaluate)).plugins(&format!("  - {{ name: x, world: guard, component: x.wasm, limits: {{ {limits} }} }}"));
    bundle
}

/// Why it failed, if it did.
async fn failure(limits: &str, imports: &str, evaluate: &str) -> Option<FailureCause> {
    let live = limited(limits, imports, evaluate).open().await;
    live.current().judge(&facts(), Some(document("{}"))).await.failure.map(|failure| failure.cause)
}

/// Reads the whole body so often, gives it back, and has no opinion.
fn reads(times: u32) -> String {
    let read = "(call $text (i32.load offset=212 (local.get $facts)) (i32.const 128))".repeat(times as usize);
    format!("{read} (call $drop (i32.load offset=212 (local.get $facts))) (call $no_opinion)")
}

#[tokio::test]
async fn host_calls_are_counted() {
    assert_eq!(failure("host-calls: 3", TEXT, &reads(3)).await, None);
    assert_eq!(failure("host-calls: 3", TEXT, &reads(4)).await, Some(FailureCause::HostCalls(3)));
}

#[tokio::test]
async fn calls_of_all_imports_count_together() {
    let body = format!("{} {}", "(call $log (i32.const 1) (i32.const 1104) (i32.const 7))".repeat(2), reads(2));
    assert_eq!(failure("host-calls: 4", &format!("{LOG}{TEXT}"), &body).await, None);
    assert_eq!(failure("host-calls: 3", &format!("{LOG}{TEXT}"), &body).await, Some(FailureCause::HostCalls(3)));
}

/// Answers and arguments alike, before they are copied.
#[tokio::test]
async fn output_is_counted() {
    let allows = "(call $drop (i32.load offset=212 (local.get $facts))) (call $allow (i32.const 1056) (i32.const 16))";
    assert_eq!(failure("output: 16", TEXT, allows).await, None);
    assert_eq!(failure("output: 15", TEXT, allows).await, Some(FailureCause::Output(15)));
    let logs = "(call $drop (i32.load offset=212 (local.get $facts))) (call $log (i32.const 1) (i32.const 1056) (i32.const 100)) (call $no_opinion)";
    assert_eq!(failure("output: 99", &format!("{LOG}{TEXT}"), logs).await, Some(FailureCause::Output(99)));
}

/// Two memories count together.
#[tokio::test]
async fn memory_is_counted_over_all_memories() {
    let grows = "(call $drop (i32.load offset=212 (local.get $facts))) (drop (memory.grow (i32.const 1))) (call $no_opinion)";
    assert_eq!(failure("memory: 256KiB", TEXT, grows).await, None);
    assert!(matches!(failure("memory: 192KiB", TEXT, grows).await, Some(FailureCause::Memory { limit: 196_608, .. })));
}

#[tokio::test]
async fn tables_are_counted() {
    let grows = |elements: u32| format!("(call $drop (i32.load offset=212 (local.get $facts))) (drop (table.grow $t (ref.null func) (i32.const {elements}))) (call $no_opinion)");
    let table = format!("{TEXT} (table $t 1 funcref)");
    assert_eq!(failure("", &table, &grows(19_999)).await, None);
    assert_eq!(failure("", &table, &grows(20_000)).await, Some(FailureCause::Table { asked: 20_001, limit: 20_000 }));
}

#[tokio::test]
async fn nobody_asks_for_more_than_the_operator_allows() {
    for (limits, expected) in [
        ("memory: 1GiB", "asks for memory of 1073741824 bytes, and the operator allows 67108864 bytes"),
        ("deadline: 5m", "asks for a deadline of 300s, and the operator allows 1s"),
        ("deadline: 0ms", "asks for a deadline of 0ns"),
        ("output: 1GiB", "asks for an output of 1073741824 bytes, and the operator allows 33554432 bytes"),
        ("host-calls: 100000", "asks for a number of host calls of 100000, and the operator allows 65536"),
        ("log-lines: 5000", "asks for a number of log lines of 5000, and the operator allows 1024"),
        ("log-lines: 0", "asks for a number of log lines of 0"),
        ("log-lines-per-second: 5000", "asks for a number of log lines per second of 5000, and the operator allows 1000"),
        ("instances: 500", "asks for a number of instances of 500, and the operator allows 128"),
        ("instances: 0", "asks for a number of instances of 0"),
    ] {
        let error = limited(limits, "", "(call $no_opinion)").rejected().await;
        assert!(error.contains(expected), "{limits}: {error}");
    }
}

/// Each with the limit that binds: the bundle's own, or the operator's above it.
#[tokio::test]
async fn a_component_that_cannot_start_for_its_memory_says_which_limit_to_raise() {
    let in_configure = "(drop (memory.grow (i32.const 8)))";
    let most = |memory: usize| Engine::new(EngineOptions { max_memory: memory, instances: 130, ..EngineOptions::default() }).unwrap();
    let own = "raise `limits.memory` in bundle.yaml";
    let both = "have the operator raise `grants.limits.memory` in the gateway's configuration, which is 262144 bytes, and raise `limits.memory` in bundle.yaml";
    for (engine, limits, configure, expected) in [
        (engine(), "memory: 128KiB", "", format!("its `start` asked for 196608 bytes of memory and may have 131072; {own}")),
        (engine(), "memory: 256KiB", in_configure, format!("its `configure` asked for 720896 bytes of memory and may have 262144; {own}")),
        (most(256 << 10), "", in_configure, format!("its `configure` asked for 720896 bytes of memory and may have 262144; {both}")),
    ] {
        let bundle = Bundle::new();
        bundle.write("x.wasm", guard_that_configures(configure)).plugins(&format!("  - {{ name: x, world: guard, component: x.wasm,\n      limits: {{\n        {limits} }} }}"));
        let error = Live::open(engine, bundle.path(), Grants::default()).await.err().expect("it does not start").to_string();
        assert!(error.contains(&expected), "{error}");
        let line = if limits.is_empty() { 5 } else { 6 };
        assert!(error.starts_with(&format!("bundle.yaml:{line}:")), "{error}");
    }
}

#[tokio::test]
async fn a_component_that_begins_with_more_than_any_may_have_says_whose_limit_that_is() {
    let engine = Engine::new(EngineOptions { max_memory: 64 << 10, instances: 130, ..EngineOptions::default() }).unwrap();
    let bundle = Bundle::new();
    let component = "(component (core module $m (memory 9)) (core instance (instantiate $m)))";
    bundle.write("x.wasm", wat::parse_str(component).unwrap()).plugins("  - { name: x, world: guard, component: x.wasm }");
    let error = Live::open(engine, bundle.path(), Grants::default()).await.err().expect("it does not start").to_string();
    assert!(error.contains("it begins with more memory than any plugin may have") && error.contains("`grants.limits.memory`"), "{error}");
}
