use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;

use super::*;
use crate::generation::Decision;
use crate::testing::{Bundle, facts, guard, manifest};
use crate::{Engine, EngineOptions, Grants, Live, bundle_files};

/// Where components are got from here, and what was asked for.
#[derive(Debug, Default)]
struct Shelf {
    has: Mutex<HashMap<String, Vec<u8>>>,
    asked: Mutex<Vec<String>>,
}

impl Components for Arc<Shelf> {
    fn get(&self, reference: &str) -> BoxFuture<'static, Result<Fetched, String>> {
        self.asked.lock().push(reference.to_owned());
        let found = self.has.lock().get(reference).cloned().map(|wasm| Fetched { wasm, proof: b"proof".to_vec() });
        Box::pin(std::future::ready(found.ok_or_else(|| "it is not there".to_owned())))
    }
}

impl Shelf {
    fn put(&self, reference: &str, wasm: Vec<u8>) {
        self.has.lock().insert(reference.to_owned(), wasm);
    }
}

fn allow() -> Vec<u8> {
    guard("", "(call $allow (i32.const 1104) (i32.const 7))")
}

fn deny() -> Vec<u8> {
    guard("", "(call $finding (i32.const 3) (i32.const 1072) (i32.const 13))")
}

const ONE: &str = "oci://registry.example/one@sha256:1";
const TWO: &str = "oci://registry.example/two@sha256:2";

fn named(reference: &str) -> String {
    manifest(&format!("  - name: one\n    world: guard\n    component: {reference}"))
}

fn engine(shelf: &Arc<Shelf>) -> Engine {
    Engine::new(EngineOptions { instances: 150, components: Some(Arc::new(shelf.clone())), ..EngineOptions::default() }).unwrap()
}

async fn decision(live: &Live) -> Decision {
    live.current().judge(&facts(), None).await.decision
}

#[tokio::test]
async fn a_component_is_got_by_its_reference_and_one_that_is_away_changes_nothing_until_it_comes() {
    let (bundle, shelf) = (Bundle::new(), Arc::new(Shelf::default()));
    shelf.put(ONE, allow());
    bundle.write("bundle.yaml", named(ONE));
    let kept = tempfile::tempdir().unwrap();
    let live = Live::open_keeping(engine(&shelf), bundle.path(), Grants::default(), kept.path()).await.unwrap();
    let mut changes = live.changes();
    assert_eq!(decision(&live).await, Decision::Allow);
    // It is no file of the bundle.
    assert_eq!(bundle_files(&bundle.path()).unwrap().1, [""; 0]);

    bundle.save("bundle.yaml", named(TWO));
    tokio::time::timeout(Duration::from_secs(30), changes.wait_for(|change| change.rejected == 1)).await.unwrap().unwrap();
    let status = live.status();
    assert_eq!(status.rejected.unwrap().message, "bundle.yaml:6: plugin `one` (`component`): it is not there");
    assert_eq!((status.generation, decision(&live).await), (1, Decision::Allow));

    // Nobody saves anything, and the same answer is no news.
    shelf.put(TWO, deny());
    let change = tokio::time::timeout(Duration::from_secs(60), changes.wait_for(|change| change.generation == 2)).await.unwrap();
    assert_eq!((change.unwrap().rejected, decision(&live).await), (1, Decision::Deny));

    // A set that was live comes back without asking anybody.
    let (former, asked) = (live.history()[0].digest.clone(), shelf.asked.lock().len());
    live.rollback(&former, "bob").await.unwrap();
    assert_eq!((decision(&live).await, shelf.asked.lock().len()), (Decision::Allow, asked));
}

#[tokio::test]
async fn what_decides_comes_with_its_components() {
    let (bundle, shelf) = (Bundle::new(), Arc::new(Shelf::default()));
    shelf.put(ONE, allow());
    bundle.write("bundle.yaml", named(ONE));
    let kept = tempfile::tempdir().unwrap();
    let live = Live::open_keeping(engine(&shelf), bundle.path(), Grants::default(), kept.path()).await.unwrap();
    let deciders = live.deciders("live").await.unwrap();
    let elsewhere = Bundle::new();
    for (name, bytes) in &deciders.files {
        elsewhere.write(name, bytes);
    }
    assert!(deciders.files.keys().any(|name| name.starts_with("components/")), "{:?}", deciders.files.keys());
    assert_eq!(decision(&elsewhere.open().await).await, Decision::Allow);
}

#[tokio::test]
async fn without_anybody_to_ask_a_reference_is_refused() {
    let bundle = Bundle::new();
    for (reference, expected) in [(ONE, "are not got from registries here"), ("'oci://r.example/a b@sha256:1'", "is no reference"), ("'oci://r.example/a#b'", "is no reference")] {
        bundle.write("bundle.yaml", named(reference));
        let told = Live::open(crate::testing::engine(), bundle.path(), Grants::default()).await.err().unwrap().to_string();
        assert!(told.starts_with("bundle.yaml:6:") && told.contains(expected), "{told}");
    }
}

/// Whoever fills the folder says so, and the watcher looks as well: a set that is refused counts once.
#[tokio::test]
async fn what_was_seen_already_is_not_staged_again() {
    let bundle = Bundle::new();
    bundle.write("guard.wasm", allow()).plugins("  - { name: one, world: guard, component: guard.wasm }");
    let live = bundle.open().await;
    bundle.save("guard.wasm", b"no component");
    let first = live.catch_up().await.unwrap_err().to_string();
    assert_eq!(live.catch_up().await.unwrap_err().to_string(), first);
    assert_eq!((live.metrics().rejections, live.changes().borrow().rejected), (1, 1));
    // An operator who asks for it gets a look of their own.
    assert!(live.reload().await.is_err());
    assert_eq!(live.metrics().rejections, 2);
    bundle.save("guard.wasm", deny());
    live.catch_up().await.unwrap();
    live.catch_up().await.unwrap();
    assert_eq!((live.current().number, decision(&live).await), (2, Decision::Deny));
}
