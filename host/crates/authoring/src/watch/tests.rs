use std::fs;

use super::*;

#[test]
fn sources_are_told_from_what_builds_and_editors_write() {
    for (path, expected) in [
        ("src/lib.rs", true),
        ("bundle.yaml", true),
        ("cases/a.yaml", true),
        ("Cargo.toml", true),
        ("policy.py", true),
        ("target/debug/a", false),
        ("node_modules/a/index.js", false),
        ("few-replicas.wasm", false),
        ("Cargo.lock", false),
        ("src/.lib.rs.swp", false),
        ("src/lib.rs~", false),
        ("src/.#lib.rs", false),
    ] {
        assert_eq!(is_source(Path::new("/p"), &Path::new("/p").join(path)), expected, "{path}");
    }
    assert!(!is_source(Path::new("/p"), Path::new("/q/lib.rs")));
}

#[test]
fn a_save_is_told_once_and_a_build_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(folder.path().join("src")).expect("made");
    fs::create_dir_all(folder.path().join("target")).expect("made");
    let sources = Sources::watch(folder.path()).expect("watched");
    fs::write(folder.path().join("target/made"), "").expect("written");
    fs::write(folder.path().join("p.wasm"), "").expect("written");
    assert!(!sources.saved(Duration::from_millis(100)));
    fs::write(folder.path().join("src/new"), "a").expect("written");
    fs::rename(folder.path().join("src/new"), folder.path().join("src/lib.rs")).expect("renamed");
    assert!(sources.saved(Duration::from_secs(10)));
    assert!(!sources.saved(Duration::from_millis(100)));
}
