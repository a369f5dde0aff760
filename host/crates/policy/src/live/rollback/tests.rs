use super::*;
use crate::generation::Decision;
use crate::testing::{Bundle, engine, facts, guard};
use crate::{Grants, OpenError};

const ENTRY: &str = "  - { name: one, world: guard, component: guard.wasm }";

fn allow() -> Vec<u8> {
    guard("", "(call $allow (i32.const 1104) (i32.const 7))")
}

fn deny() -> Vec<u8> {
    guard("", "(call $finding (i32.const 3) (i32.const 1072) (i32.const 13))")
}

/// A bundle, and beside it the folder for former sets.
struct Place {
    bundle: Bundle,
    kept: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        let place = Place { bundle: Bundle::new(), kept: tempfile::tempdir().unwrap() };
        place.bundle.write("guard.wasm", allow()).plugins(ENTRY);
        place
    }

    async fn open(&self) -> Result<Live, OpenError> {
        Live::open_keeping(engine(), self.bundle.path(), Grants::default(), self.kept.path()).await
    }
}

/// The generation that is live once the folder was looked at: by this call, or by the watcher a moment before it.
async fn looked(live: &Live) -> u64 {
    match live.reload().await.unwrap() {
        Reload::Swapped(number) | Reload::Unchanged(number) => number,
    }
}

/// Generation, decision, and whether it is pinned.
async fn state(live: &Live) -> (u64, Decision, bool) {
    let decision = live.current().judge(&facts(), None).await.decision;
    let status = live.status();
    (status.generation, decision, status.pinned.is_some())
}

#[tokio::test]
async fn a_former_set_is_live_again_until_the_folder_changes() {
    let place = Place::new();
    let live = place.open().await.unwrap();
    let first = live.status().digest;
    place.bundle.write("guard.wasm", deny());
    assert_eq!(looked(&live).await, 2);

    assert_eq!(live.rollback(&first, "alice").await.unwrap(), Reload::Swapped(3));
    assert_eq!(state(&live).await, (3, Decision::Allow, true));
    assert_eq!(live.status().pinned.unwrap().by, "alice");
    // The folder still says what it said: looking at it again, or saving the same once more, changes nothing.
    place.bundle.write("guard.wasm", deny());
    assert_eq!(looked(&live).await, 3);
    assert_eq!(state(&live).await, (3, Decision::Allow, true));

    place.bundle.plugins("  - { name: two, world: guard, component: guard.wasm }");
    assert_eq!(looked(&live).await, 4);
    assert_eq!(state(&live).await, (4, Decision::Deny, false));
    let history: Vec<(Vec<u64>, bool)> = live.history().into_iter().map(|set| (set.generations, set.digest == first)).collect();
    assert_eq!(history, [(vec![2], false), (vec![1, 3], true), (vec![4], false)]);
}

#[tokio::test]
async fn released_the_folder_holds_again() {
    let place = Place::new();
    let live = place.open().await.unwrap();
    let first = live.status().digest;
    place.bundle.write("guard.wasm", deny());
    live.reload().await.unwrap();
    assert!(matches!(live.release().await, Err(RollbackError::NotPinned)));
    live.rollback(&first[..20], "alice").await.unwrap();
    assert_eq!(live.release().await.unwrap(), Reload::Swapped(4));
    assert_eq!(state(&live).await, (4, Decision::Deny, false));
}

#[tokio::test]
async fn a_restart_comes_back_rolled_back_with_the_same_number() {
    let place = Place::new();
    let live = place.open().await.unwrap();
    let first = live.status().digest;
    place.bundle.write("guard.wasm", deny());
    live.reload().await.unwrap();
    live.rollback(&first, "alice").await.unwrap();
    drop(live);
    let live = place.open().await.unwrap();
    assert_eq!(state(&live).await, (3, Decision::Allow, true));
    drop(live);

    // The folder changed while the gateway was down: broken, the pinned set is the last good one; mended, the folder holds.
    place.bundle.write("guard.wasm", "no component");
    let live = place.open().await.unwrap();
    assert_eq!(state(&live).await, (3, Decision::Allow, true));
    assert!(live.status().rejected.is_some());
    drop(live);
    place.bundle.plugins("  - { name: two, world: guard, component: guard.wasm }").write("guard.wasm", deny());
    let live = place.open().await.unwrap();
    assert_eq!(state(&live).await, (4, Decision::Deny, false));
}

#[tokio::test]
async fn a_broken_change_of_the_folder_leaves_the_pin() {
    let place = Place::new();
    let live = place.open().await.unwrap();
    let first = live.status().digest;
    place.bundle.write("guard.wasm", deny());
    live.reload().await.unwrap();
    live.rollback(&first, "alice").await.unwrap();
    place.bundle.write("guard.wasm", "no component");
    assert!(live.reload().await.is_err());
    assert_eq!(state(&live).await, (3, Decision::Allow, true));
    assert!(matches!(live.release().await, Err(RollbackError::Load { .. })));
    assert_eq!(state(&live).await, (3, Decision::Allow, true));
}

#[tokio::test]
async fn what_cannot_be_rolled_back_to_is_said() {
    let place = Place::new();
    let live = place.open().await.unwrap();
    let error = live.rollback("sha256:0123456789", "alice").await.unwrap_err().to_string();
    assert_eq!(error, "no kept set has the digest `sha256:0123456789`; `portcullis policy history` lists those there are");
    let keeps_nothing = place.bundle.open().await;
    assert!(matches!(keeps_nothing.rollback("sha256:0123456789", "alice").await, Err(RollbackError::Kept(KeptError::Nowhere))));
    assert!(keeps_nothing.history().is_empty());
}
