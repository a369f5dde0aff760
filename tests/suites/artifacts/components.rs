//! One component as an artifact: as `wkg` and cosign lay it out, signed, and named by a bundle.

use std::fs;
use std::path::Path;
use std::time::Duration;

use portcullis_tests::component::{NO_OPINION, OBSERVE, guard, save};
use portcullis_tests::{places, process, until};
use serde_json::{Value, json};

use super::followed::{Follower, SOON};
use super::registry::{self, Registry};
use super::{cli, json_of};

/// A registry, and the default guard beside it.
struct Stage {
    place: tempfile::TempDir,
    registry: Registry,
}

impl Stage {
    fn new() -> Stage {
        Stage::with(Registry::start())
    }

    fn with(registry: Registry) -> Stage {
        let place = places::folder();
        fs::copy(places::bundle("observe").join("deny-list.wasm"), place.path().join("guard.wasm")).expect("the default guard is built");
        // A core module, empty; and an artifact as Kubewarden's policies are one.
        fs::write(place.path().join("module.wasm"), b"\0asm\x01\0\0\0").expect("it can be written");
        Stage { place, registry }
    }

    fn path(&self, name: &str) -> String {
        self.place.path().join(name).display().to_string()
    }

    fn reference(&self) -> String {
        self.registry.reference("team/guard:v1")
    }

    fn run(&self, arguments: &[&str]) -> process::Output {
        cli::run(self.place.path(), arguments)
    }

    fn push(&self) -> Value {
        json_of(self.run(&["plugin", "push", &self.path("guard.wasm"), &self.reference(), "-o", "json"]))
    }

    fn cosign(&self, arguments: &[&str]) -> process::Output {
        registry::cosign(self.place.path(), arguments)
    }

    fn upload(&self, file: &str, reference: &str) {
        self.cosign(&["upload", "wasm", "-f", file, "--allow-http-registry", reference.trim_start_matches("oci://")]).expect_ok();
    }

    /// A bundle of a guard whose component is this, and that allows or refuses everything.
    fn bundle(&self, component: &str, list: &str) -> String {
        let folder = self.place.path().join("policies");
        fs::create_dir_all(&folder).expect("it can be made");
        save(&folder, "bundle.yaml", &entry(component, list));
        folder.display().to_string()
    }
}

fn entry(component: &str, list: &str) -> String {
    let why = if list == "deny" { ", message: not today" } else { "" };
    format!(
        "apiVersion: portcullis.dev/v1\nkind: Bundle\nplugins:\n  - name: one\n    world: guard\n    component: {component}\n    configuration: {{ {list}: [{{ rule: everything, match: [{{}}]{why} }}] }}\n"
    )
}

#[test]
fn a_component_is_pushed_as_others_know_it_and_comes_back() {
    let stage = Stage::new();
    let pushed = stage.push();
    let manifest = stage.registry.get_manifest("team/guard", "v1");
    let layers = manifest["layers"].as_array().expect("layers");
    assert_eq!((layers.len(), &layers[0]["mediaType"], &layers[0]["digest"]), (1, &json!("application/wasm"), &pushed["component"]));
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.wasm.config.v0+json");
    let config: Value = serde_json::from_slice(&stage.registry.blob(manifest["config"]["digest"].as_str().expect("a digest"))).expect("JSON");
    assert_eq!((&config["architecture"], &config["os"], &config["layerDigests"]), (&json!("wasm"), &json!("wasip2"), &json!([pushed["component"]])));
    assert_eq!(config["component"]["exports"], json!(["evaluate", "portcullis:policy/plugin@0.1.0"]), "{config}");
    let told = |name: &str| manifest["annotations"][name].as_str().unwrap_or_default().to_owned();
    assert_eq!((told("org.opencontainers.image.title"), told("dev.portcullis.world")), ("deny-list".to_owned(), "guard".to_owned()), "{manifest}");
    assert!(!told("org.opencontainers.image.version").is_empty());

    let pulled = json_of(stage.run(&["plugin", "pull", &stage.reference(), &stage.path("pulled.wasm"), "-o", "json"]));
    assert_eq!(pulled["pinned"], pushed["pinned"]);
    assert_eq!(fs::read(stage.path("pulled.wasm")).expect("it is there"), fs::read(stage.path("guard.wasm")).expect("it is there"));
    assert_eq!(stage.push()["digest"], pushed["digest"], "the same component is the same artifact");
    let again = stage.run(&["plugin", "pull", &stage.reference(), &stage.path("pulled.wasm")]);
    assert!(again.code == 2 && again.stderr.contains("--force"), "{again:?}");

    // A component is no bundle, and what is none of ours is not pushed.
    let bundle = stage.run(&["bundle", "pull", &stage.reference(), &stage.path("bundle")]);
    assert!(bundle.code == 1 && bundle.stderr.contains("`portcullis plugin pull`"), "{bundle:?}");
    let module = stage.run(&["plugin", "push", &stage.path("module.wasm"), &stage.reference()]);
    assert!(module.code == 1 && module.stderr.contains("is no component"), "{module:?}");
}

#[test]
fn what_others_pushed_is_pulled_unless_it_is_no_component() {
    let stage = Stage::new();
    let (good, module) = (stage.registry.reference("team/older:v1"), stage.registry.reference("team/module:v1"));
    stage.upload("guard.wasm", &good);
    stage.upload("module.wasm", &module);
    let manifest = stage.registry.get_manifest("team/older", "v1");
    assert_eq!(manifest["layers"][0]["mediaType"], "application/vnd.wasm.content.layer.v1+wasm");
    stage.run(&["plugin", "pull", &good, &stage.path("pulled.wasm")]).expect_ok();
    let told = stage.run(&["plugin", "pull", &module, &stage.path("module-pulled.wasm")]);
    assert!(told.code == 1 && told.stderr.contains("core WebAssembly module") && !Path::new(&stage.path("module-pulled.wasm")).exists(), "{told:?}");
}

#[test]
fn a_component_is_signed_and_verified_as_a_bundle_is() {
    let stage = Stage::new();
    let pinned = stage.push()["pinned"].as_str().expect("a reference").to_owned();
    stage.run(&["bundle", "keygen", &stage.path("ours")]).expect_ok();
    stage.cosign(&["generate-key-pair"]).expect_ok();
    let image = pinned.trim_start_matches("oci://");
    let verify = |key: &str| stage.run(&["bundle", "verify", &pinned, "--key", &stage.path(key)]);
    assert!(verify("ours.pub").stderr.contains("is not signed"));
    stage.run(&["bundle", "sign", &pinned, "--key", &stage.path("ours.key")]).expect_ok();
    stage.cosign(&["verify", "--key", "ours.pub", "--insecure-ignore-tlog", image]).expect_ok();
    stage.cosign(&["sign", "--yes", "--key", "cosign.key", "--use-signing-config=false", "--tlog-upload=false", image]).expect_ok();
    for key in ["ours.pub", "cosign.pub"] {
        verify(key).expect_ok();
        stage.run(&["plugin", "pull", &pinned, &stage.path("pulled.wasm"), "--force", "--key", &stage.path(key)]).expect_ok();
    }
    stage.run(&["bundle", "keygen", &stage.path("other")]).expect_ok();
    let stranger = stage.run(&["plugin", "pull", &pinned, &stage.path("strange.wasm"), "--key", &stage.path("other.pub")]);
    assert!(stranger.code == 1 && stranger.stderr.contains("none of the keys") && !Path::new(&stage.path("strange.wasm")).exists(), "{stranger:?}");
}

#[test]
fn a_bundle_names_a_component_by_its_digest() {
    let mut stage = Stage::new();
    let pinned = stage.push()["pinned"].as_str().expect("a reference").to_owned();
    let check = |stage: &Stage, component: &str| stage.run(&["bundle", "check", &stage.bundle(component, "allow")]);
    // A tag alone is refused, with what to write.
    let tag = check(&stage, &stage.reference());
    assert!(tag.code == 1 && tag.stderr.contains("bundle.yaml:6: plugin `one` (`component`)") && tag.stderr.contains(&format!("write {pinned}")), "{tag:?}");
    let module = stage.registry.reference("team/module:v1");
    stage.upload("module.wasm", &module);
    let digest = stage.registry.digest("team/module", "v1");
    let module = check(&stage, &stage.registry.reference(&format!("team/module@{digest}")));
    assert!(module.code == 1 && module.stderr.contains("bundle.yaml:6") && module.stderr.contains("core WebAssembly module"), "{module:?}");

    // Kept by its digest: a second time no registry is asked.
    check(&stage, &pinned).expect_ok();
    stage.registry.go_away();
    check(&stage, &pinned).expect_ok();
    let other = pinned.replace(&pinned[pinned.len() - 6..], "000000");
    let away = check(&stage, &other);
    assert!(away.code == 1 && away.stderr.contains("cannot be used"), "{away:?}");
    // So a bundle is pushed without it, and is the same wherever it is pulled.
    stage.registry.come_back();
    let bundle = stage.registry.reference("team/policies:v1");
    stage.run(&["bundle", "push", &stage.bundle(&pinned, "allow"), &bundle]).expect_ok();
    assert_eq!(stage.registry.get_manifest("team/policies", "v1")["layers"].as_array().map(Vec::len), Some(1));
    stage.run(&["bundle", "check", &bundle]).expect_ok();
}

#[test]
fn a_gateway_serves_a_named_component_whether_or_not_its_registry_is_there() {
    let mut stage = Stage::new();
    let pinned = stage.push()["pinned"].as_str().expect("a reference").to_owned();
    let folder = stage.bundle(&pinned, "allow");
    let mut gateway = Follower::start(&folder, "").unwrap_or_else(|log| panic!("{log}"));
    assert_eq!(gateway.read(), 200);
    let live = gateway.policy();

    // What cannot be had changes nothing, and is told with its place.
    stage.bundle(&stage.reference(), "deny");
    gateway.rejected(&format!("write {pinned}"));
    stage.registry.go_away();
    stage.bundle(&pinned.replace(&pinned[pinned.len() - 6..], "000000"), "deny");
    let status = gateway.rejected("bundle.yaml:6: plugin `one` (`component`): the registry");
    assert_eq!((&status["generation"], gateway.read()), (&live["generation"], 200));

    // The registry stays away over a restart, and another configuration of what is kept goes live.
    stage.bundle(&pinned, "allow");
    gateway.kill();
    gateway.serve().unwrap_or_else(|log| panic!("{log}"));
    assert_eq!(gateway.read(), 200);
    stage.bundle(&pinned, "deny");
    until(SOON, "for the other configuration", || (gateway.read() == 403).then_some(()));

    // A component that is away comes with its registry: nobody saves anything.
    stage.registry.come_back();
    fs::write(stage.path("guard.wasm"), guard(NO_OPINION)).expect("it can be written");
    let next = stage.push()["pinned"].as_str().expect("a reference").to_owned();
    stage.registry.go_away();
    save(&stage.place.path().join("policies"), "bundle.yaml", &format!("apiVersion: portcullis.dev/v1\nkind: Bundle\nplugins:\n{OBSERVE}  - {{ name: two, world: guard, component: '{next}' }}\n").replace("deny-list.wasm", &pinned));
    gateway.rejected("plugin `two` (`component`)");
    let counted = gateway.rejections();
    stage.registry.come_back();
    until(Duration::from_secs(60), "for the registry to be asked again", || (gateway.read() == 200).then_some(()));
    assert_eq!(gateway.rejections(), counted, "asking again is no further rejection");
}

#[test]
fn a_named_component_needs_a_trusted_signature_of_its_own() {
    let stage = Stage::new();
    let pinned = stage.push()["pinned"].as_str().expect("a reference").to_owned();
    stage.run(&["bundle", "keygen", &stage.path("ours")]).expect_ok();
    let folder = stage.bundle(&pinned, "allow");
    stage.run(&["bundle", "sign", &folder, "--key", &stage.path("ours.key")]).expect_ok();
    let trust = format!("trust: {{ keys: [{{ name: release, file: {} }}] }}", stage.path("ours.pub"));
    let log = Follower::start(&folder, &trust).err().expect("a component that nobody signed is not served");
    assert!(log.contains(&format!("the component {pinned}: it is not signed")), "{log}");
    stage.run(&["bundle", "sign", &pinned, "--key", &stage.path("ours.key")]).expect_ok();
    let gateway = Follower::start(&folder, &trust).unwrap_or_else(|log| panic!("{log}"));
    assert_eq!(gateway.read(), 200);

    // Another component, that is signed a little later: nothing is saved then.
    fs::write(stage.path("guard.wasm"), guard(NO_OPINION)).expect("it can be written");
    let next = stage.push()["pinned"].as_str().expect("a reference").to_owned();
    save(&stage.place.path().join("policies"), "bundle.yaml", &format!("apiVersion: portcullis.dev/v1\nkind: Bundle\nplugins: [{{ name: two, world: guard, component: '{next}' }}]\n"));
    stage.run(&["bundle", "sign", &folder, "--key", &stage.path("ours.key")]).expect_ok();
    gateway.rejected(&format!("the component {next}: it is not signed"));
    stage.run(&["bundle", "sign", &next, "--key", &stage.path("ours.key")]).expect_ok();
    // It has no opinion, and then the connection refuses.
    until(Duration::from_secs(60), "for the signed one", || (gateway.read() == 403).then_some(()));
}

/// A registry that lists what refers to a manifest: nobody keeps that list by a tag there.
#[test]
fn signatures_are_found_where_the_registry_lists_them() {
    let stage = Stage::with(Registry::start_listing());
    let pinned = stage.push()["pinned"].as_str().expect("a reference").to_owned();
    let image = pinned.trim_start_matches("oci://");
    stage.run(&["bundle", "keygen", &stage.path("ours")]).expect_ok();
    stage.cosign(&["generate-key-pair"]).expect_ok();
    let verify = |key: &str| stage.run(&["bundle", "verify", &pinned, "--key", &stage.path(key)]);
    assert!(verify("ours.pub").stderr.contains("is not signed"));
    stage.cosign(&["sign", "--yes", "--key", "cosign.key", "--use-signing-config=false", "--tlog-upload=false", image]).expect_ok();
    stage.run(&["bundle", "sign", &pinned, "--key", &stage.path("ours.key")]).expect_ok();
    assert_eq!(stage.registry.tags("team/guard"), ["v1"], "the list is the registry's own");
    for key in ["ours.pub", "cosign.pub"] {
        verify(key).expect_ok();
        stage.cosign(&["verify", "--key", key, "--insecure-ignore-tlog", image]).expect_ok();
    }
    // cosign's older form is a tag there as anywhere.
    stage.run(&["bundle", "keygen", &stage.path("older")]).expect_ok();
    assert!(verify("older.pub").stderr.contains("none of the keys"));
}
