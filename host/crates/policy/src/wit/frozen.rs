//! The interface's own text: a released version never changes, and nothing in it is without a word.

use std::fs;
use std::path::PathBuf;

use aws_lc_rs::digest;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../wit")
}

/// `sha256` over all files of a version, in the order of their names, each with its name and length before it.
fn digest_of(version: &str) -> String {
    let mut files: Vec<PathBuf> = fs::read_dir(folder().join(version)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let text = fs::read(&file).unwrap();
        all.extend_from_slice(format!("{} {}\n", file.file_name().unwrap().to_string_lossy(), text.len()).as_bytes());
        all.extend_from_slice(&text);
    }
    hex::encode(digest::digest(&digest::SHA256, &all))
}

/// Policies that are in use were built against these files. What has to change becomes another version.
#[test]
fn a_released_version_never_changes() {
    let released = fs::read_to_string(folder().join("released.txt")).unwrap();
    let lines: Vec<&str> = released.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert!(!lines.is_empty());
    for line in lines {
        let (version, expected) = line.split_once(' ').unwrap();
        let found = digest_of(version);
        assert_eq!(found, expected, "wit/{version} is released and has changed: put it back, and make the change in a draft of the next version");
    }
}

/// Every folder is a released version or a draft.
#[test]
fn every_version_is_released_or_a_draft() {
    let released = fs::read_to_string(folder().join("released.txt")).unwrap();
    for entry in fs::read_dir(folder()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() {
            assert!(name.ends_with("-draft") || released.lines().any(|line| line.starts_with(&format!("{name} "))), "wit/{name} is neither in released.txt nor a draft");
        }
    }
}

#[test]
fn every_line_of_the_interface_is_documented() {
    for version in ["v0.1.0", "v0.2.0-draft"] {
        for file in ["types.wit", "worlds.wit"] {
            let text = fs::read_to_string(folder().join(version).join(file)).unwrap();
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            for (i, line) in lines.iter().enumerate() {
                let plain = line.is_empty() || *line == "}" || ["//", "use ", "import ", "export plugin;", "package "].iter().any(|start| line.starts_with(start));
                assert!(plain || i > 0 && lines[i - 1].starts_with("///"), "wit/{version}/{file}:{}: `{line}` has no word about it", i + 1);
            }
        }
    }
}
