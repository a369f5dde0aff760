use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::testing;

fn key() -> Key {
    Key::new(Stage::Plain, "sha256:aa", "")
}

fn compiled(engine: &wasmtime::Engine) -> Component {
    Component::new(engine, "(component)".as_bytes()).or_else(|_| Component::new(engine, wat::parse_str("(component)").unwrap())).unwrap()
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

/// A file of so many bytes that was used so long ago; of large ones only the length is on the disk.
fn used(dir: &Path, name: &str, bytes: u64, ago: Duration) -> PathBuf {
    let path = dir.join(name);
    let file = fs::File::create(&path).unwrap();
    file.set_len(bytes).unwrap();
    file.set_modified(SystemTime::now() - ago).unwrap();
    path
}

#[test]
fn files_that_were_used_longest_ago_go_first() {
    let dir = tempfile::tempdir().unwrap();
    let files: Vec<_> = (0..KEPT as u64 + 3).map(|i| used(dir.path(), &format!("{i:04}.cwasm"), 1, Duration::from_secs(1000 - i))).collect();
    prune(dir.path()).unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), KEPT);
    assert!(!files[2].exists());
    assert!(files[3].exists());
}

#[test]
fn large_files_are_fewer_and_the_last_one_stays_whatever_its_size() {
    let dir = tempfile::tempdir().unwrap();
    let files: Vec<_> = (0..4).map(|i| used(dir.path(), &format!("{i}.cwasm"), BYTES / 3, Duration::from_secs(100 - i))).collect();
    prune(dir.path()).unwrap();
    assert_eq!(files.iter().map(|file| file.exists()).collect::<Vec<_>>(), [false, true, true, true]);
    let huge = used(dir.path(), "huge.cwasm", 2 * BYTES, Duration::ZERO);
    prune(dir.path()).unwrap();
    assert!(huge.exists());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_file_that_is_used_counts_as_new() {
    let engine = testing::engine();
    let dir = tempfile::tempdir().unwrap();
    let cache = CompileCache::open(Some(dir.path()), engine.wasmtime()).unwrap();
    cache.put(&key(), &compiled(engine.wasmtime()));
    let path = fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
    let long_ago = SystemTime::now() - Duration::from_secs(1000);
    fs::File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
    assert!(cache.get(engine.wasmtime(), &key()).is_some());
    assert!(fs::metadata(&path).unwrap().modified().unwrap() > long_ago + Duration::from_secs(900));
}

#[test]
fn what_a_killed_gateway_left_half_written_goes() {
    let dir = tempfile::tempdir().unwrap();
    let left = used(dir.path(), "a.1.0.tmp", 10, WRITING + Duration::from_secs(1));
    let at_work = used(dir.path(), "b.2.0.tmp", 10, Duration::from_secs(1));
    prune(dir.path()).unwrap();
    assert!(!left.exists());
    assert!(at_work.exists());
}
