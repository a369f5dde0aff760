use std::time::Duration;

use super::*;
use crate::generation::Decision;
use crate::testing::{Bundle, engine, facts, guard, manifest};
use crate::EngineOptions;

mod saving;

/// Long enough for a machine that is busy with other things.
const LONG: Duration = Duration::from_secs(60);

fn allow() -> Vec<u8> {
    guard("", "(call $allow (i32.const 1104) (i32.const 7))")
}

fn deny() -> Vec<u8> {
    guard("", "(call $finding (i32.const 3) (i32.const 1072) (i32.const 13))")
}

const ENTRY: &str = "  - { name: one, world: guard, component: guard.wasm }";

async fn decision(live: &Live) -> Decision {
    live.current().judge(&facts(), None).await.decision
}

async fn until(changes: &mut watch::Receiver<Change>, done: impl FnMut(&Change) -> bool) -> Change {
    *tokio::time::timeout(LONG, changes.wait_for(done)).await.expect("nothing was noticed").unwrap()
}

#[tokio::test]
async fn saving_a_component_changes_the_decision() {
    let bundle = Bundle::new();
    bundle.write("guard.wasm", allow()).plugins(ENTRY);
    let live = bundle.open().await;
    let mut changes = live.changes();
    let before = live.current();
    assert_eq!((decision(&live).await, before.number), (Decision::Allow, 1));

    bundle.save("guard.wasm", deny());
    until(&mut changes, |c| c.generation == 2).await;
    assert_eq!(decision(&live).await, Decision::Deny);
    // A request that began before keeps its generation to the end.
    assert_eq!(before.judge(&facts(), None).await.decision, Decision::Allow);
    assert_ne!(before.digest, live.current().digest);
    assert_eq!(live.metrics().reloads, 1);
}

#[tokio::test]
async fn a_broken_save_changes_nothing_but_the_status() {
    let bundle = Bundle::new();
    bundle.write("guard.wasm", allow()).plugins(ENTRY);
    let live = bundle.open().await;
    let mut changes = live.changes();
    let half = deny();

    bundle.write("guard.wasm", &half[..half.len() / 2]);
    until(&mut changes, |c| c.rejected == 1).await;
    let status = live.status();
    let rejected = status.rejected.clone().unwrap();
    assert!(rejected.message.starts_with("bundle.yaml:4: plugin `one` (guard.wasm): it is not a WebAssembly component"), "{}", rejected.message);
    assert_eq!((status.generation, decision(&live).await), (1, Decision::Allow));
    let json = serde_json::to_value(&status).unwrap();
    assert_eq!(json["plugins"][0]["world"], "guard");
    assert!(json["rejected"]["at"].as_str().unwrap().ends_with('Z'));

    // The other half arrives.
    bundle.write("guard.wasm", &half);
    until(&mut changes, |c| c.generation == 2).await;
    assert!(live.status().rejected.is_none());
    assert_eq!(decision(&live).await, Decision::Deny);
}

#[tokio::test]
async fn a_configmap_swap_is_one_reload() {
    let bundle = Bundle::new();
    let dir = bundle.path();
    for (version, wasm) in [("..v1", allow()), ("..v2", deny())] {
        bundle.write(&format!("{version}/guard.wasm"), wasm).write(&format!("{version}/bundle.yaml"), manifest(ENTRY));
    }
    let swap = |to: &str| {
        std::os::unix::fs::symlink(to, dir.join("..data_tmp")).unwrap();
        std::fs::rename(dir.join("..data_tmp"), dir.join("..data")).unwrap();
    };
    swap("..v1");
    for file in ["guard.wasm", "bundle.yaml"] {
        std::os::unix::fs::symlink(format!("..data/{file}"), dir.join(file)).unwrap();
    }
    let live = bundle.open().await;
    let mut changes = live.changes();
    swap("..v2");
    let change = until(&mut changes, |c| c.generation > 1).await;
    assert_eq!((change.staged, change.rejected, decision(&live).await), (2, 0, Decision::Deny));
}

/// `policies` may itself be a link that a deployment moves; the kernel gives no word of that.
#[tokio::test]
async fn a_replaced_folder_is_noticed() {
    let bundle = Bundle::new();
    for (version, wasm) in [("v1", allow()), ("v2", deny())] {
        bundle.write(&format!("{version}/guard.wasm"), wasm).write(&format!("{version}/bundle.yaml"), manifest(ENTRY));
    }
    let link = bundle.path().join("policies");
    std::os::unix::fs::symlink("v1", &link).unwrap();
    let live = Live::open(engine(), &link, Grants::default()).await.unwrap();
    let mut changes = live.changes();
    std::os::unix::fs::symlink("v2", bundle.path().join("next")).unwrap();
    std::fs::rename(bundle.path().join("next"), &link).unwrap();
    until(&mut changes, |c| c.generation == 2).await;
    assert_eq!(decision(&live).await, Decision::Deny);
    // And the new folder is watched.
    bundle.write("v2/guard.wasm", allow());
    until(&mut changes, |c| c.generation == 3).await;
    assert_eq!(decision(&live).await, Decision::Allow);
}

#[tokio::test]
async fn an_equal_set_is_no_new_generation() {
    let bundle = Bundle::new();
    bundle.write("guard.wasm", allow()).plugins(ENTRY);
    let live = bundle.open().await;
    assert_eq!(live.reload().await.unwrap(), Reload::Unchanged(1));
    bundle.write("guard.wasm", "no component");
    assert!(live.reload().await.is_err());
    bundle.write("guard.wasm", allow());
    assert_eq!(live.reload().await.unwrap(), Reload::Unchanged(1));
    assert!(live.status().rejected.is_none());
}

/// P8, under load: two guards change together, and no judgement shows one of each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_judged_by_a_mixture() {
    let bundle = Bundle::new();
    let entries = |n: usize| {
        let entry = |name| format!("  - {{ name: {name}, world: guard, component: guard.wasm, configuration: {{ n: {n} }} }}\n");
        format!("{}{}", entry("a"), entry("b"))
    };
    bundle.write("guard.wasm", guard("", "(call $allow (global.get $config) (global.get $config_len))")).plugins(&entries(0));
    let live = Arc::new(bundle.open().await);
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let load: Vec<_> = (0..2)
        .map(|_| {
            let (live, stop) = (live.clone(), stop.clone());
            tokio::spawn(async move {
                let mut seen = std::collections::BTreeSet::new();
                while !stop.load(Ordering::Relaxed) {
                    let generation = live.current();
                    let judgement = generation.judge(&facts(), None).await;
                    assert_eq!(judgement.decision, Decision::Allow, "{judgement:?}");
                    assert_eq!(judgement.by[0].rule, judgement.by[1].rule);
                    assert_eq!(judgement.by[0].rule.as_deref(), Some(format!(r#"{{"n":{}}}"#, generation.number - 1).as_str()));
                    seen.insert(generation.number);
                    tokio::task::yield_now().await;
                }
                seen
            })
        })
        .collect();
    let mut changes = live.changes();
    for n in 1..=10 {
        bundle.save("bundle.yaml", manifest(&entries(n)));
        until(&mut changes, |c| c.generation == n as u64 + 1).await;
        bundle.save("bundle.yaml", "plugins: [");
        until(&mut changes, |c| c.rejected == n as u64).await;
    }
    stop.store(true, Ordering::Relaxed);
    for task in load {
        assert!(task.await.unwrap().len() > 2);
    }
}

#[tokio::test]
async fn sets_that_cannot_go_live() {
    let with = async |entry: &str, wasm: &[u8]| {
        let bundle = Bundle::new();
        bundle.write("x.wasm", wasm).plugins(&format!("  - {{ name: x, component: x.wasm, {entry} }}"));
        bundle.rejected().await
    };
    let text = |text: &str| wat::parse_str(text).unwrap();
    for (entry, wasm, expected) in [
        ("world: masker", allow(), "it is a guard, and bundle.yaml says masker"),
        ("world: session-policy", crate::testing::masker("(i32.const 200)", "(i32.const 200)"), "it is a masker, and bundle.yaml says session-policy"),
        ("world: guard", text("(component)"), "does not export `portcullis:policy/plugin@0.1.0"),
        ("world: guard", text("(module)"), "it is not a WebAssembly component"),
        ("world: guard", b"#!/bin/sh".to_vec(), "it is not a WebAssembly component"),
        (
            "world: guard",
            text(r#"(component (import "wasi:filesystem/types@0.2.0" (instance)))"#),
            "it imports `wasi:filesystem/types@0.2.0`: there are no files",
        ),
        ("world: guard", text(r#"(component (import "open" (func)))"#), "it imports `open`: the gateway has nothing of that name"),
        ("world: guard", text(r#"(component (import "portcullis:policy/http@0.1.0" (instance)))"#), "only an audit-sink or a notifier"),
        ("world: guard", text(r#"(component (import "portcullis:policy/log@0.2.0" (instance)))"#), "nothing of that name"),
        (
            "world: guard",
            text(r#"(component (import "portcullis:policy/log@0.1.0" (instance (export "write" (func (param "x" string))))))"#),
            "it does not fit its world",
        ),
        ("world: guard, configuration: true", allow(), "it refused its configuration: no such thing"),
        ("world: guard, limits: { memory: 1GiB }", allow(), "it asks for memory of 1073741824 bytes, and the operator allows 67108864 bytes"),
        ("world: guard, limits: { deadline: 5m }", allow(), "it asks for a deadline of 300s"),
        ("world: guard, limits: { memory: 64KiB }", allow(), "asked for 196608 bytes of memory and may have 65536"),
        ("world: guard, capabilities: { http: { origins: [] } }", allow(), "which only an audit-sink or a notifier may have"),
    ] {
        let message = with(entry, &wasm).await;
        assert!(message.contains(expected), "{entry}: {message}");
    }
}

/// A component that declares 4 GiB from the start never becomes an instance.
#[tokio::test]
async fn four_gibibytes_from_the_start_are_refused() {
    let bundle = Bundle::new();
    let wasm = guard(r#"(memory $big 65536)"#, "(call $no_opinion)");
    bundle.write("guard.wasm", wasm).plugins(ENTRY);
    let message = bundle.rejected().await;
    assert!(message.contains("guard.wasm"), "{message}");
}

/// A restart compiles nothing and runs no `configure`: the folder of compiled components says it all.
#[tokio::test]
async fn a_warm_cache_serves_the_next_start() {
    let bundle = Bundle::new();
    bundle.write("guard.wasm", guard("", "(call $allow (global.get $config) (global.get $config_len))"));
    bundle.plugins("  - { name: one, world: guard, component: guard.wasm, configuration: { a: 1 } }");
    let cache = bundle.path().join("cache");
    let options = || EngineOptions { cache_dir: Some(cache.clone()), instances: 200, ..EngineOptions::default() };
    for _ in 0..2 {
        let live = Live::open(Engine::new(options()).unwrap(), bundle.path(), Grants::default()).await.unwrap();
        assert_eq!(live.current().judge(&facts(), None).await.by[0].rule.as_deref(), Some(r#"{"a":1}"#));
        // The snapshot and the instrumented component.
        assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 2);
    }
}

#[tokio::test]
async fn remembering_can_be_switched_off() {
    let bundle = Bundle::new();
    bundle.write("guard.wasm", allow()).plugins(ENTRY);
    let engine = Engine::new(EngineOptions { remember: 0, instances: 150, ..EngineOptions::default() }).unwrap();
    let live = Live::open(engine, bundle.path(), Grants::default()).await.unwrap();
    for _ in 0..2 {
        assert!(!live.current().judge(&facts(), None).await.by[0].remembered);
    }
}

/// A component that cannot be snapshotted serves as well, only slower.
#[tokio::test]
async fn without_a_snapshot_every_instance_is_configured() {
    let bundle = Bundle::new();
    bundle.write("guard.wasm", guard("", "(call $allow (global.get $config) (global.get $config_len))"));
    bundle.plugins("  - { name: one, world: guard, component: guard.wasm, configuration: { a: 1 } }");
    let engine = Engine::new(EngineOptions { snapshot: false, instances: 150, ..EngineOptions::default() }).unwrap();
    let live = Live::open(engine.clone(), bundle.path(), Grants::default()).await.unwrap();
    assert_eq!(live.current().judge(&facts(), None).await.by[0].rule.as_deref(), Some(r#"{"a":1}"#));
    bundle.plugins("  - { name: one, world: guard, component: guard.wasm, configuration: true }");
    let error = live.reload().await.unwrap_err().to_string();
    assert!(error.contains("it refused its configuration: no such thing"), "{error}");
}

/// Copying a bundle, `bundle.yaml` may come first.
#[tokio::test]
async fn a_file_that_was_missing_is_noticed_when_it_comes() {
    let bundle = Bundle::new();
    bundle.write("guard.wasm", allow()).plugins(ENTRY);
    let live = bundle.open().await;
    let mut changes = live.changes();
    bundle.plugins("  - { name: one, world: guard, component: other.wasm }");
    let change = until(&mut changes, |c| c.rejected > 0).await;
    assert!(live.status().rejected.unwrap().message.contains("other.wasm"));
    bundle.write("other.wasm", deny());
    until(&mut changes, |c| c.staged > change.staged && c.generation == 2).await;
    assert_eq!(decision(&live).await, Decision::Deny);
}

/// A plugin may use all that the operator allows, and still be snapshotted.
#[tokio::test]
async fn a_snapshot_of_a_full_memory() {
    let bundle = Bundle::new();
    bundle.write("guard.wasm", allow());
    bundle.plugins("  - { name: one, world: guard, component: guard.wasm, limits: { memory: 192KiB } }");
    let engine = Engine::new(EngineOptions { max_memory: 192 << 10, instances: 150, ..EngineOptions::default() }).unwrap();
    let live = Live::open(engine, bundle.path(), Grants::default()).await.unwrap();
    assert_eq!(decision(&live).await, Decision::Allow);
}
