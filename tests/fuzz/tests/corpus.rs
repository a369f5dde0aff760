//! Every input that was kept, put to the target that it was kept for: what fuzzing found once is held from then on.

use std::fs;
use std::path::Path;

use portcullis_fuzz::TARGETS;

/// A corpus is to be looked through by people, and fetched with the sources.
const MOST_FILES: usize = 60;
const MOST_BYTES: usize = 100 * 1024;

fn replay(target: &str) {
    let check = TARGETS.iter().find(|(name, _)| *name == target).expect("it is one of the targets").1;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(&folder).expect("every target has a corpus").map(|entry| entry.expect("it can be read").path()).collect();
    files.sort();
    let mut bytes = 0;
    for file in &files {
        // Printed when the test fails, and then the last one is it.
        println!("{}", file.display());
        let input = fs::read(file).expect("it can be read");
        bytes += input.len();
        check(&input);
    }
    assert!(!files.is_empty() && files.len() <= MOST_FILES, "{} files: `cargo xtask fuzz --minimise` keeps what is needed", files.len());
    assert!(bytes <= MOST_BYTES, "{bytes} bytes: `cargo xtask fuzz --minimise` keeps what is needed");
}

#[test]
fn path() {
    replay("path");
}

#[test]
fn protobuf() {
    replay("protobuf");
}

#[test]
fn yaml() {
    replay("yaml");
}

#[test]
fn spdy() {
    replay("spdy");
}

#[test]
fn channels() {
    replay("channels");
}

#[test]
fn portforward() {
    replay("portforward");
}

#[test]
fn every_corpus_is_replayed() {
    let mut names: Vec<_> = TARGETS.map(|(name, _)| name).to_vec();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut folders: Vec<_> = fs::read_dir(folder).expect("there are some").map(|entry| entry.expect("it can be read").file_name().into_string().expect("a name")).collect();
    names.sort_unstable();
    folders.sort_unstable();
    assert_eq!(names, folders);
    // One test each, by hand, so that a failure names its target.
    assert_eq!(names, ["channels", "path", "portforward", "protobuf", "spdy", "yaml"]);
}
