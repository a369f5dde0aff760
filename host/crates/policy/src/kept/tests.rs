use super::*;
use crate::bundle::FILE;
use crate::testing::manifest;

const ENTRY: &str = "  - { name: one, world: guard, component: guard.wasm }";

fn files(component: &str) -> Files {
    let contents = HashMap::from([(FILE.to_owned(), manifest(ENTRY).into_bytes()), ("guard.wasm".to_owned(), component.as_bytes().to_vec())]);
    Files::kept(contents).unwrap()
}

fn digest(n: usize) -> String {
    sha256(format!("{n}").as_bytes())
}

#[test]
fn a_set_is_given_back_as_it_was_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let kept = Kept::open(dir.path()).unwrap();
    assert_eq!(kept.put(&files("one"), &digest(1), None, None).unwrap(), 1);
    assert_eq!(kept.put(&files("two"), &digest(2), None, None).unwrap(), 2);
    let kept = Kept::open(dir.path()).unwrap();
    let former = kept.find(&digest(1)).unwrap();
    assert_eq!((former.generations.as_slice(), former.plugins.as_slice()), (&[1][..], &["one".to_owned()][..]));
    assert_eq!(kept.files(&former).unwrap().content("guard.wasm"), b"one");
}

#[test]
fn the_live_set_keeps_its_number_and_one_that_comes_again_gets_another() {
    let dir = tempfile::tempdir().unwrap();
    let numbers: Vec<u64> = [1, 1, 2, 1].map(|n| Kept::open(dir.path()).unwrap().put(&files("one"), &digest(n), None, None).unwrap()).into();
    assert_eq!(numbers, [1, 1, 2, 3]);
    assert_eq!(Kept::open(dir.path()).unwrap().find(&digest(1)).unwrap().generations, [1, 3]);
}

#[test]
fn the_oldest_go_first_and_their_files_with_them() {
    let dir = tempfile::tempdir().unwrap();
    let kept = Kept::open(dir.path()).unwrap();
    for n in 0..SETS + 5 {
        kept.put(&files(&format!("component {n}")), &digest(n), None, None).unwrap();
    }
    assert_eq!(kept.sets().len(), SETS);
    assert!(matches!(kept.find(&digest(4)), Err(KeptError::Unknown(_))));
    // Of each set its component, and one bundle.yaml for all.
    assert_eq!(fs::read_dir(dir.path().join("files")).unwrap().count(), SETS + 1);
}

#[test]
fn a_digest_may_be_shortened_as_long_as_it_means_one_set() {
    let dir = tempfile::tempdir().unwrap();
    let kept = Kept::open(dir.path()).unwrap();
    for digest in ["sha256:aaaaaa01", "sha256:aaaaaa02"] {
        kept.put(&files("one"), digest, None, None).unwrap();
    }
    assert_eq!(kept.find("aaaaaa01").unwrap().digest, "sha256:aaaaaa01");
    assert!(matches!(kept.find("sha256:aaaaaa"), Err(KeptError::Ambiguous(_))));
    assert!(matches!(kept.find("aaaaa"), Err(KeptError::Unknown(_))), "too short to mean anything");
    assert!(matches!(kept.find(""), Err(KeptError::Unknown(_))));
}

#[test]
fn what_was_changed_on_disk_is_not_given_out() {
    let dir = tempfile::tempdir().unwrap();
    let kept = Kept::open(dir.path()).unwrap();
    kept.put(&files("one"), &digest(1), None, None).unwrap();
    let former = kept.find(&digest(1)).unwrap();
    fs::write(kept.file(&former.files["guard.wasm"]), "eno").unwrap();
    assert!(matches!(kept.files(&former), Err(KeptError::Damaged { .. })));
    fs::write(dir.path().join("sets.json"), "{").unwrap();
    assert!(matches!(Kept::open(dir.path()), Err(KeptError::Damaged { .. })));
}

#[test]
fn it_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let kept = Kept::open(&dir.path().join("kept")).unwrap();
    kept.put(&files("one"), &digest(1), None, None).unwrap();
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(kept.dir.clone()), 0o700);
    assert_eq!(mode(kept.dir.join("sets.json")), 0o600);
    assert_eq!(mode(kept.file(&sha256(b"one"))), 0o600);
}
