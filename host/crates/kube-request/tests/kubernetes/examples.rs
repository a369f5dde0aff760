//! The examples of `k8s.io/api`, in Go's cache.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use kube_request::Json;

/// The folder of the module, of the version that the test cluster is built from.
fn api() -> PathBuf {
    let module = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/cluster");
    let output = Command::new("go").current_dir(module).args(["mod", "download", "-json", "k8s.io/api"]).output().expect("go runs");
    let printed = Json::parse(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    PathBuf::from(printed.get("Dir").and_then(Json::as_str).expect("go names the folder"))
}

/// Each example's name, and what it is in a format.
pub fn examples(format: &str) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<_> = fs::read_dir(api().join("testdata/HEAD"))
        .expect("the module has examples")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == format))
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect();
    found.sort();
    found
}
