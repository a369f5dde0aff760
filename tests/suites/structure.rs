//! Arrows between crates point down only, and the pure crates stay pure: read from the manifests themselves.

use std::collections::BTreeMap;
use std::fs;

use portcullis_tests::places;

/// From the ground up. A crate may use those above it in this list.
const ORDER: [&str; 14] = [
    "kube-request", "masking", "streams", "authoring", "store", "ledger", "policy", "artifacts", "identity", "approvals", "demo", "proxy", "console", "portcullis",
];

/// What the pure crates may not have: I/O, a runtime, a sandbox.
const IMPURE: [&str; 8] = ["tokio", "hyper", "hyper-util", "reqwest", "sqlx", "wasmtime", "notify", "object_store"];

/// The dependencies of each crate, tests' own left out.
fn manifests() -> BTreeMap<String, Vec<String>> {
    let host = places::workspace().join("host");
    let crates = fs::read_dir(host.join("crates")).expect("the crates are there").map(|entry| entry.expect("it can be read").path());
    crates
        .chain([host])
        .map(|folder| {
            let text = fs::read_to_string(folder.join("Cargo.toml")).expect("every crate has a manifest");
            let name = text.lines().find_map(|line| line.strip_prefix("name = ")).expect("it has a name").trim_matches('"').to_owned();
            let dependencies = text
                .lines()
                .skip_while(|line| line.trim() != "[dependencies]")
                .skip(1)
                .take_while(|line| !line.starts_with('['))
                .filter_map(|line| line.split(['.', ' ', '=']).next().filter(|name| !name.is_empty() && !name.starts_with('#')))
                .map(str::to_owned)
                .collect();
            (name, dependencies)
        })
        .collect()
}

#[test]
fn arrows_between_crates_point_down_only() {
    for (name, dependencies) in manifests() {
        let place = ORDER.iter().position(|one| *one == name).unwrap_or_else(|| panic!("{name} has no place in the order: give it one"));
        for dependency in dependencies {
            if let Some(below) = ORDER.iter().position(|one| *one == dependency) {
                assert!(below < place, "{name} uses {dependency}, which is above it");
            }
        }
    }
}

#[test]
fn the_pure_crates_know_no_io_no_runtime_and_no_sandbox() {
    let manifests = manifests();
    for pure in ["kube-request", "masking", "streams"] {
        let impure: Vec<_> = manifests[pure].iter().filter(|one| IMPURE.contains(&one.as_str())).collect();
        assert!(impure.is_empty(), "{pure} uses {impure:?}");
    }
}

#[test]
fn policy_knows_no_http_and_only_the_binary_knows_the_stage() {
    for (name, dependencies) in manifests() {
        let uses = |other: &str| dependencies.iter().any(|one| one == other);
        assert!(name != "policy" || !uses("hyper") && !uses("reqwest"), "policy must not know HTTP");
        assert!(name == "portcullis" || !uses("demo"), "{name} uses the stage");
    }
}
