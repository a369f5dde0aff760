use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::testing;

fn key() -> Key {
    Key::new(Stage::Plain, "sha256:aa", "")
}

fn compiled(engine: &wasmtime::Engine) -> Component {
    Component::new(engine, "(component)".as_bytes().to_vec()).or_else(|_| Component::new(engine, wat::parse_str("(component)").unwrap())).unwrap()
}

#[test]
fn what_is_put_is_got_and_what_is_damaged_is_not() {
    let engine = testing::engine();
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("cache");
    let cache = CompileCache::open(Some(&folder), engine.wasmtime()).unwrap();
    assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
    assert!(cache.get(engine.wasmtime(), &key()).is_none());
    cache.put(&key(), &compiled(engine.wasmtime()));
    assert!(cache.get(engine.wasmtime(), &key()).is_some());
    assert!(cache.get(engine.wasmtime(), &Key::new(Stage::Instrumented, "sha256:aa", "")).is_none());

    let file = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    let whole = fs::read(&file).unwrap();
    for cut in [0, 10, DIGEST_BYTES, whole.len() - 1] {
        fs::write(&file, &whole[..cut]).unwrap();
        assert!(cache.get(engine.wasmtime(), &key()).is_none(), "cut at {cut}");
    }
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&file, &changed).unwrap();
    assert!(cache.get(engine.wasmtime(), &key()).is_none());
    fs::write(&file, &whole).unwrap();
    assert!(cache.get(engine.wasmtime(), &key()).is_some());
}

/// Somebody who may write here could have the gateway run any code.
#[test]
fn a_place_where_others_may_write_is_not_trusted() {
    let engine = testing::engine();
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("cache");
    let cache = CompileCache::open(Some(&folder), engine.wasmtime()).unwrap();
    cache.put(&key(), &compiled(engine.wasmtime()));
    let file = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o620)).unwrap();
    assert!(cache.get(engine.wasmtime(), &key()).is_none());
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o770)).unwrap();
    assert!(matches!(CompileCache::open(Some(&folder), engine.wasmtime()), Err(CacheError::Untrusted { .. })));
}

#[test]
fn the_oldest_files_go_first() {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..KEPT + 3 {
        let path = dir.path().join(format!("{i:04}.cwasm"));
        fs::write(&path, "x").unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(i as u64);
        fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    }
    prune(dir.path()).unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), KEPT);
    assert!(!dir.path().join("0002.cwasm").exists());
    assert!(dir.path().join("0003.cwasm").exists());
}
