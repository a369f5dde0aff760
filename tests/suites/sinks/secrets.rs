//! Credentials that the operator keeps: a bundle refers to them, and nothing that the gateway writes has them.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use portcullis_tests::{places, until};

use super::with_real_receivers::{KEY, PATIENCE, Stage, in_order, lines, objects, s3, s3_sink};

/// Another key than the storage's.
const WRONG: &str = "hunter3-another-key";

/// A Secret as a kubelet mounts it: a link to a link to a folder, which is swapped for another.
struct Mount(tempfile::TempDir);

impl Mount {
    fn new(value: &str) -> Mount {
        let mount = Mount(places::folder());
        mount.put("..one", value);
        symlink("..data/key", mount.file()).expect("it can be linked");
        mount
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("key")
    }

    fn put(&self, version: &str, value: &str) {
        let folder = self.0.path();
        let key = folder.join(version).join("key");
        fs::create_dir(folder.join(version)).expect("it can be made");
        fs::write(&key, value).expect("it can be written");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("it is ours");
        symlink(version, folder.join("..data_tmp")).expect("it can be linked");
        fs::rename(folder.join("..data_tmp"), folder.join("..data")).expect("it can be swapped");
    }

    fn grants(&self, port: u16, plugin: &str) -> String {
        format!("grants: {{ httpOrigins: [\"http://127.0.0.1:{port}\"], secrets: [{{ name: s3-key, file: \"{}\", plugins: [{plugin}] }}] }}", self.file().display())
    }
}

/// Files below a folder that hold a text.
fn holding(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else if fs::read(&path).unwrap_or_default().windows(text.len()).any(|part| part == text.as_bytes()) {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_key_is_read_from_its_file_and_is_in_nothing_that_the_gateway_writes() {
    let port = places::free_port();
    let mount = Mount::new(WRONG);
    let mut stage = Stage::with(&s3_sink(port, "{ secret: s3-key }"), |_| mount.grants(port, "audit-s3"));
    let folder = stage.folder.path().join("s3");
    let _storage = s3(&folder, port);
    let mut ids = stage.ask(10);
    until(PATIENCE, "for the storage to refuse the key", || Some(stage.served.log()).filter(|log| log.contains("403: SignatureDoesNotMatch")));
    assert!(objects(&folder).is_empty());

    // The right one, by a swap of a link: a reload, by which what was given up is tried again.
    mount.put("..two", &format!("{}\n", KEY.1));
    ids.extend(stage.ask(10));
    let arrived = |ids: &[String]| {
        until(PATIENCE, "for the records", || {
            let records: Vec<_> = objects(&folder).values().flat_map(|content| lines(content)).collect();
            in_order(&records, ids).then_some(())
        });
    };
    arrived(&ids);
    let generation = |stage: &Stage| stage.served.api(&stage.stage, "alice").get("/policy").json()["generation"].as_u64();
    assert_eq!(generation(&stage), Some(2));
    stage.served.kill_and_restart();
    ids.extend(stage.ask(10));
    arrived(&ids);
    assert_eq!(generation(&stage), Some(2), "the same values are the same generation, over a restart");

    let alice = stage.served.api(&stage.stage, "alice");
    let (status, history) = (alice.get("/policy"), alice.get("/policy/history"));
    let sink = status.json()["plugins"].as_array().and_then(|all| all.iter().find(|one| one["name"] == "audit-s3").cloned()).expect("it is live");
    assert_eq!(sink["secrets"], serde_json::json!(["s3-key"]));
    assert_eq!(history.json().as_array().map(Vec::len), Some(1), "{}", history.text());
    for value in ["hunter2", "hunter3"] {
        assert!(!status.text().contains(value) && !history.text().contains(value));
        // Configuration, log, ledger, state, kept sets and compiled components.
        assert_eq!(holding(stage.served.folder.path(), value), Vec::<PathBuf>::new());
    }
    assert!(!holding(&stage.served.folder.path().join("state/policy"), "{ secret: s3-key }").is_empty(), "what is kept has the reference");
    assert!(fs::read_dir(stage.served.folder.path().join("state/components")).expect("it is there").count() > 0);
}

#[test]
fn a_gateway_does_not_start_without_a_secret_and_says_what_is_missing() {
    let port = places::free_port();
    let mount = Mount::new(WRONG);
    let refused = |grants: String| Stage::refused(&s3_sink(port, "{ secret: s3-key }"), &grants);
    let log = refused(mount.grants(port, "another"));
    assert!(log.contains("bundle.yaml:8: plugin `audit-s3` (audit-s3.wasm): it refers to the secret `s3-key`, which the operator has not granted to `audit-s3`"), "{log}");
    fs::set_permissions(mount.file(), fs::Permissions::from_mode(0o644)).expect("it is ours");
    let log = refused(mount.grants(port, "audit-s3"));
    assert!(log.contains("is open to others (mode 644); run `chmod 600` on it") && !log.contains("hunter3"), "{log}");
    fs::remove_file(mount.file()).expect("it is there");
    let log = refused(mount.grants(port, "audit-s3"));
    assert!(log.contains("the secret `s3-key` cannot be read from") && log.contains("No such file"), "{log}");
}
