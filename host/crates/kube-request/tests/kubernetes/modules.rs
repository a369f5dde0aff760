//! What Kubernetes' own modules carry, in Go's cache.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use kube_request::Json;

/// The folder of a module, of the version that the test cluster is built from.
pub fn module(name: &str) -> PathBuf {
    let cluster = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/cluster");
    let output = Command::new("go").current_dir(cluster).args(["mod", "download", "-json", name]).output().expect("go runs");
    let printed = Json::parse(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    PathBuf::from(printed.get("Dir").and_then(Json::as_str).expect("go names the folder"))
}

/// Each example of `k8s.io/api`: its name, and what it is in a format.
pub fn examples(format: &str) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<_> = fs::read_dir(module("k8s.io/api").join("testdata/HEAD"))
        .expect("the module has examples")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == format))
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect();
    found.sort();
    found
}
