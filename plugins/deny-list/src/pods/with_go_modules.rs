//! Kubernetes' own examples of pods that fit a level of its Pod Security Standards, and of pods that do not.

use std::path::{Path, PathBuf};
use std::process::Command;

use portcullis_sdk::Request;
use serde_json::Value;

use super::{not_restricted, privileged};

/// The version whose standards are held here; that of the test cluster.
const VERSION: &str = "v1.37";

fn examples() -> PathBuf {
    let cluster = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cluster");
    let output = Command::new("go").current_dir(cluster).args(["mod", "download", "-json", "k8s.io/pod-security-admission"]).output();
    let output = output.expect("go runs, or `--skip with_go_modules` passes this over");
    let module: Value = serde_json::from_slice(&output.stdout).expect("go tells of the module");
    Path::new(module["Dir"].as_str().expect("it is in Go's cache")).join("test/testdata")
}

/// What is found in each example of a level that fits, or does not.
fn judged(level: &str, kind: &str, check: fn(&Request<'_>) -> Result<Option<String>, String>) -> Vec<(String, Option<String>)> {
    let folder = examples().join(level).join(VERSION).join(kind);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).expect("examples").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
        .iter()
        .map(|file| {
            let text = std::fs::read_to_string(file).expect("it can be read");
            let pod: Value = serde_saphyr::from_str(&text).expect("YAML");
            let request = Request::post("/api/v1/namespaces/shop/pods", &pod.to_string());
            (file.file_name().expect("a file").to_string_lossy().into_owned(), check(&request).expect("no preview needed"))
        })
        .collect()
}

#[test]
fn kubernetes_examples_of_the_baseline() {
    let good = judged("baseline", "pass", privileged);
    assert!(good.len() >= 15 && good.iter().all(|(_, found)| found.is_none()), "{good:#?}");
    let bad = judged("baseline", "fail", privileged);
    assert!(bad.len() >= 34 && bad.iter().all(|(_, found)| found.is_some()), "{bad:#?}");
}

#[test]
fn kubernetes_examples_of_the_restricted_level() {
    let good = judged("restricted", "pass", not_restricted);
    assert!(good.len() >= 23 && good.iter().all(|(_, found)| found.is_none()), "{good:#?}");
    let bad = judged("restricted", "fail", not_restricted);
    assert!(bad.len() >= 75 && bad.iter().all(|(_, found)| found.is_some()), "{bad:#?}");
}
