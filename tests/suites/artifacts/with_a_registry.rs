//! Before a real registry, with the real cosign.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use portcullis_tests::{places, process};
use serde_json::{Value, json};

use super::{bundle, cli};

#[path = "components.rs"]
mod components;
#[path = "followed.rs"]
mod followed;
#[path = "registry.rs"]
mod registry;

use registry::Registry;

fn json_of(output: process::Output) -> Value {
    serde_json::from_str(&output.expect_ok().stdout).expect("JSON")
}

/// The files below a folder, with their contents.
fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        match path.is_dir() {
            true => found.extend(files(&path).into_iter().map(|(below, bytes)| (format!("{name}/{below}"), bytes))),
            false => found.push((name, fs::read(&path).expect("it can be read"))),
        }
    }
    found.sort();
    found
}

/// A folder, pushed to a new registry.
struct Stage {
    place: tempfile::TempDir,
    registry: Registry,
    reference: String,
    digest: String,
}

impl Stage {
    fn new() -> Stage {
        let (place, registry) = (places::folder(), Registry::start());
        bundle(&place.path().join("policies"), "allow");
        let reference = registry.reference("team/policies:v1");
        let mut stage = Stage { place, registry, reference, digest: String::new() };
        stage.digest = stage.push("policies");
        stage
    }

    fn path(&self, name: &str) -> String {
        self.place.path().join(name).display().to_string()
    }

    fn push(&self, folder: &str) -> String {
        let pushed = json_of(self.run(&["bundle", "push", &self.path(folder), &self.reference, "-o", "json"]));
        pushed["digest"].as_str().expect("a digest").to_owned()
    }

    fn run(&self, arguments: &[&str]) -> process::Output {
        cli::run(self.place.path(), arguments)
    }

    fn pinned(&self) -> String {
        self.registry.reference(&format!("team/policies@{}", self.digest))
    }

    fn cosign(&self, arguments: &[&str]) -> process::Output {
        registry::cosign(self.place.path(), arguments)
    }
}

#[test]
fn a_bundle_comes_back_as_it_went() {
    let stage = Stage::new();
    let pulled = json_of(stage.run(&["bundle", "pull", &stage.reference, &stage.path("pulled"), "-o", "json"]));
    assert_eq!((&pulled["digest"], &pulled["signers"]), (&json!(stage.digest), &json!([])));
    let mut there = files(&stage.place.path().join("pulled"));
    let origin = there.iter().position(|(name, _)| name == "bundle.oci.json").expect("where it came from is kept");
    there.remove(origin);
    let mut here = files(&stage.place.path().join("policies"));
    // What the bundle does not name stays at home.
    here.retain(|(name, _)| name != "README.md");
    assert_eq!(there, here);

    // A pulled folder is the same artifact when it is pushed again, and as good as the one that it was pulled from.
    assert_eq!(stage.push("pulled"), stage.digest);
    stage.run(&["bundle", "check", &stage.path("pulled")]).expect_ok();
    stage.run(&["bundle", "check", &stage.pinned()]).expect_ok();
    let again = stage.run(&["bundle", "pull", &stage.reference, &stage.path("pulled")]);
    assert!(again.code == 2 && again.stderr.contains("--force"), "{again:?}");
    stage.run(&["bundle", "pull", &stage.reference, &stage.path("pulled"), "--force"]).expect_ok();
}

#[test]
fn the_artifact_is_laid_out_as_others_know_it() {
    let stage = Stage::new();
    let manifest = stage.registry.get_manifest("team/policies", "v1");
    let layers: Vec<_> = manifest["layers"].as_array().expect("layers").iter().map(|layer| (&layer["mediaType"], &layer["annotations"]["org.opencontainers.image.title"])).collect();
    assert_eq!(
        json!(layers),
        json!([
            ["application/wasm", "deny-list.wasm"],
            ["application/vnd.portcullis.cases.v1+yaml", "cases/one.yaml"],
            ["application/vnd.portcullis.bundle.v1+yaml", "bundle.yaml"]
        ])
    );
    assert_eq!(manifest["artifactType"], "application/vnd.portcullis.bundle.v1");
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.wasm.config.v0+json");
}

#[test]
fn what_is_not_there_or_not_named_is_told() {
    let stage = Stage::new();
    let to = stage.path("nowhere");
    let other = stage.registry.reference("team/policies:v2");
    let unknown = stage.registry.reference(&format!("team/policies@sha256:{}", "0".repeat(64)));
    for (reference, code, expected) in [
        (other.as_str(), 1, "is not there"),
        (&unknown, 1, "is not there"),
        ("oci://127.0.0.1:1/team/policies:v1", 3, "cannot be used"),
        ("oci://team/policies:v1", 2, "does not name its registry"),
        ("oci://registry.example/policies", 2, "neither a tag nor a digest"),
    ] {
        let told = stage.run(&["bundle", "pull", reference, &to]);
        assert!(told.code == code && told.stderr.contains(expected), "{reference}: {told:?}");
        assert!(!Path::new(&to).exists(), "{reference}");
    }
}

#[test]
fn bytes_that_are_not_what_their_digest_says_are_never_written() {
    let stage = Stage::new();
    let manifest = stage.registry.get_manifest("team/policies", "v1");
    for index in 0..3 {
        let digest = manifest["layers"][index]["digest"].as_str().expect("a digest");
        let title = &manifest["layers"][index]["annotations"]["org.opencontainers.image.title"];
        let good = stage.registry.blob(digest);
        let mut wrong = good.clone();
        *wrong.last_mut().expect("a byte") ^= 1;
        stage.registry.put_blob(digest, &wrong);
        let told = stage.run(&["bundle", "pull", &stage.reference, &stage.path("pulled")]);
        assert!(told.code == 1 && told.stderr.contains("is not what its digest says") && told.stderr.contains(title.as_str().expect("a title")), "{told:?}");
        assert!(!stage.place.path().join("pulled").exists());
        stage.registry.put_blob(digest, &good);
    }
    stage.run(&["bundle", "pull", &stage.reference, &stage.path("pulled")]).expect_ok();
}

#[test]
fn a_manifest_cannot_name_a_file_outside_the_folder() {
    let stage = Stage::new();
    let good = stage.registry.get_manifest("team/policies", "v1");
    for title in ["../escaped", "/tmp/escaped", "a/../../escaped", "", "bundle.oci.json"] {
        let mut wrong = good.clone();
        wrong["layers"][1]["annotations"]["org.opencontainers.image.title"] = json!(title);
        stage.registry.put_manifest("team/policies", "wrong", &wrong);
        let told = stage.run(&["bundle", "pull", &stage.registry.reference("team/policies:wrong"), &stage.path("pulled")]);
        assert!(told.code == 1 && told.stderr.contains("no path inside a folder"), "{title:?}: {told:?}");
    }
    let mut others = good.clone();
    others["layers"].as_array_mut().expect("layers").truncate(2);
    stage.registry.put_manifest("team/policies", "wrong", &others);
    let told = stage.run(&["bundle", "pull", &stage.registry.reference("team/policies:wrong"), &stage.path("pulled")]);
    assert!(told.code == 1 && told.stderr.contains("has no bundle.yaml"), "{told:?}");
    assert!(!stage.place.path().join("pulled").exists() && !stage.place.path().join("escaped").exists() && !Path::new("/tmp/escaped").exists());
}

#[test]
fn what_cosign_signs_is_verified_in_both_of_its_forms() {
    for form in ["--new-bundle-format=true", "--new-bundle-format=false"] {
        let stage = Stage::new();
        let image = stage.pinned().trim_start_matches("oci://").to_owned();
        stage.cosign(&["generate-key-pair"]).expect_ok();
        stage.run(&["bundle", "keygen", &stage.path("other")]).expect_ok();
        let (key, other) = (stage.path("cosign.pub"), stage.path("other.pub"));
        let before = stage.run(&["bundle", "verify", &stage.reference, "--key", &key]);
        assert!(before.code == 1 && before.stderr.contains("is not signed"), "{before:?}");

        stage.cosign(&["sign", "--yes", "--key", "cosign.key", "--use-signing-config=false", "--tlog-upload=false", form, &image]).expect_ok();
        let verified = json_of(stage.run(&["bundle", "verify", &stage.reference, "--key", &other, "--key", &key, "-o", "json"]));
        assert_eq!((&verified["signers"], &verified["digest"]), (&json!([key]), &json!(stage.digest)), "{form}");
        stage.run(&["bundle", "check", &stage.reference, "--key", &key]).expect_ok();
        stage.run(&["bundle", "pull", &stage.reference, &stage.path("pulled"), "--key", &key]).expect_ok();
        // The pulled folder proves it without the registry.
        stage.run(&["bundle", "verify", &stage.path("pulled"), "--key", &key]).expect_ok();
        let stranger = stage.run(&["bundle", "pull", &stage.reference, &stage.path("more"), "--key", &other]);
        assert!(stranger.code == 1 && stranger.stderr.contains("none of the keys") && !stage.place.path().join("more").exists(), "{stranger:?}");

        // A signature is of one artifact: what the tag stands for next is not signed.
        bundle(&stage.place.path().join("policies"), "deny");
        stage.push("policies");
        let next = stage.run(&["bundle", "verify", &stage.reference, "--key", &key]);
        assert!(next.code == 1 && next.stderr.contains("is not signed"), "{next:?}");
    }
}

#[test]
fn what_is_signed_here_is_verified_by_cosign() {
    let stage = Stage::new();
    let image = stage.pinned().trim_start_matches("oci://").to_owned();
    stage.run(&["bundle", "keygen", &stage.path("ours")]).expect_ok();
    let cosign = |key: &str| stage.cosign(&["verify", "--key", key, "--insecure-ignore-tlog", &image]);
    assert!(!cosign("ours.pub").ok(), "nobody has signed it yet");
    let signed = json_of(stage.run(&["bundle", "sign", &stage.reference, "--key", &stage.path("ours.key"), "-o", "json"]));
    assert_eq!(signed["digest"], stage.digest.as_str());
    cosign("ours.pub").expect_ok();
    stage.run(&["bundle", "verify", &stage.reference, "--key", &stage.path("ours.pub")]).expect_ok();

    // Beside cosign's own, which stays good.
    stage.cosign(&["generate-key-pair"]).expect_ok();
    stage.cosign(&["sign", "--yes", "--key", "cosign.key", "--use-signing-config=false", "--tlog-upload=false", &image]).expect_ok();
    stage.run(&["bundle", "keygen", &stage.path("third")]).expect_ok();
    stage.run(&["bundle", "sign", &stage.reference, "--key", &stage.path("third.key")]).expect_ok();
    for key in ["ours.pub", "third.pub", "cosign.pub"] {
        cosign(key).expect_ok();
        stage.run(&["bundle", "verify", &stage.reference, "--key", &stage.path(key)]).expect_ok();
    }
    // OpenSSL's keys do as well as cosign's.
    let key = stage.path("openssl.key");
    let mut openssl = Command::new("openssl");
    openssl.args(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", &key]);
    if process::run(&mut openssl, b"", Duration::from_secs(20)).ok() {
        stage.run(&["bundle", "sign", &stage.reference, "--key", &key]).expect_ok();
    }
    // A key that cosign encrypted is cosign's to use.
    let encrypted = stage.run(&["bundle", "sign", &stage.reference, "--key", &stage.path("cosign.key")]);
    assert!(encrypted.code == 2 && encrypted.stderr.contains("`cosign sign --key"), "{encrypted:?}");
}

#[test]
fn a_registry_with_a_door_wants_a_name() {
    let (place, registry) = (places::folder(), Registry::start_for("devin", "sesame"));
    bundle(&place.path().join("policies"), "allow");
    let (dir, reference) = (place.path().join("policies").display().to_string(), registry.reference("team/policies:v1"));
    let push = |extra: &[&str], environment: &[(&str, &str)]| cli::run_with(place.path(), &[&["bundle", "push", &dir, &reference], extra].concat(), environment);
    let nobody = push(&[], &[]);
    assert!(nobody.code == 4 && nobody.stderr.contains("docker login"), "{nobody:?}");
    let wrong = push(&["--username", "devin"], &[("PORTCULLIS_REGISTRY_PASSWORD", "open")]);
    assert!(wrong.code == 4 && !wrong.all().contains("open\n"), "{wrong:?}");
    let none = push(&["--username", "devin"], &[]);
    assert!(none.code == 2 && none.stderr.contains("PORTCULLIS_REGISTRY_PASSWORD"), "{none:?}");
    push(&["--username", "devin"], &[("PORTCULLIS_REGISTRY_PASSWORD", "sesame")]).expect_ok();

    // As `docker login` leaves it: `devin:sesame`.
    let config = json!({ "auths": { registry.host(): { "auth": "ZGV2aW46c2VzYW1l" } } });
    fs::create_dir(place.path().join(".docker")).expect("it can be made");
    fs::write(place.path().join(".docker/config.json"), config.to_string()).expect("it can be written");
    push(&[], &[]).expect_ok();
    cli::run(place.path(), &["bundle", "pull", &reference, &place.path().join("pulled").display().to_string()]).expect_ok();
}
