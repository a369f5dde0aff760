//! Secrets in a set that is live.

use std::time::Duration;

use super::{VALUE, granted, private};
use crate::testing::{Bundle, guard, sink, sink_changed};
use crate::{DeliveryError, Engine, EngineOptions, Grants, Live, Reload, Secrets, Trial};

/// Long enough for a machine that is busy with other things.
const LONG: Duration = Duration::from_secs(60);

const ENTRY: &str = "  - name: s\n    world: audit-sink\n    component: s.wasm\n    configuration:\n      token: { secret: token }";

/// Says that as many records are delivered as its configuration has bytes.
const LENGTH: &str = "(i32.store8 (i32.const 200) (i32.const 0))
    (i64.store (i32.const 208) (i64.add (local.get $first) (i64.extend_i32_u (global.get $config_len)))) (i32.const 200)";

/// Fails, in the words of its configuration.
const TELLS: &str = "(i32.store8 (i32.const 200) (i32.const 1)) (i32.store (i32.const 208) (global.get $config)) (i32.store (i32.const 212) (global.get $config_len))
    (i32.store8 (i32.const 216) (i32.const 1)) (i32.const 200)";

/// A bundle, the file of its secret, and what a gateway writes.
struct Place {
    bundle: Bundle,
    folder: tempfile::TempDir,
}

impl Place {
    fn new(component: Vec<u8>) -> Place {
        let place = Place { bundle: Bundle::new(), folder: tempfile::tempdir().unwrap() };
        place.bundle.write("s.wasm", component).plugins(ENTRY);
        std::fs::create_dir(place.folder.path().join("secrets")).unwrap();
        place.put(VALUE);
        place
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("secrets/token")
    }

    fn put(&self, value: &str) {
        private(&self.file(), value);
    }

    fn grants(&self) -> Grants {
        Grants { secrets: granted(&self.file()), ..Grants::default() }
    }

    fn engine(&self) -> Engine {
        Engine::new(EngineOptions { instances: 200, cache_dir: Some(self.folder.path().join("state/components")), ..EngineOptions::default() }).unwrap()
    }

    async fn open(&self) -> Live {
        Live::open_keeping(self.engine(), self.bundle.path(), self.grants(), self.folder.path().join("state/policy")).await.unwrap()
    }

    async fn refused(&self) -> String {
        Live::open(crate::testing::engine(), self.bundle.path(), self.grants()).await.err().expect("it went live").to_string()
    }
}

/// Bytes of the configuration that the sink has.
async fn length(live: &Live) -> u64 {
    let records: Vec<String> = (0..500).map(|n| n.to_string()).collect();
    live.current().deliver("s", 0, &records).await.unwrap()
}

fn bytes(value: &str) -> u64 {
    format!(r#"{{"token":"{value}"}}"#).len() as u64
}

async fn generation(live: &Live, wanted: u64) {
    let mut changes = live.changes();
    tokio::time::timeout(LONG, changes.wait_for(|change| change.generation == wanted)).await.expect("nothing was noticed").unwrap();
}

/// Files below a folder that hold a text.
fn holding(folder: &std::path::Path, text: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(holding(&path, text)),
            path => {
                let bytes = std::fs::read(&path).unwrap();
                if bytes.windows(text.len()).any(|part| part == text.as_bytes()) {
                    found.push(path);
                }
            }
        }
    }
    found
}

#[tokio::test]
async fn a_plugin_has_the_value_and_neither_words_nor_files_do() {
    let place = Place::new(sink("", TELLS));
    let live = place.open().await;
    let Err(DeliveryError::Later { message, .. }) = live.current().deliver("s", 0, &[]).await else { panic!("it fails") };
    assert_eq!(message, r#"{"token":"(the secret token)"}"#);
    let status = live.status();
    assert_eq!((status.plugins[0].secrets.as_slice(), status.plugins[0].loaded.born_configured), (["token".to_owned()].as_slice(), false));
    for text in [format!("{status:?}"), serde_json::to_string(&status).unwrap(), serde_json::to_string(&live.history()).unwrap(), format!("{:?}", place.grants())] {
        assert!(!text.contains(VALUE) && !text.contains("hunter2"), "{text}");
    }
    let described = live.described("live", b"salt").await.unwrap();
    assert_eq!(described.plugins[0].says["/configuration/token"], "(the secret token)");
    // What is kept and compiled is there, and without the value.
    assert!(!holding(&place.folder.path().join("state"), "secret: token").is_empty());
    assert!(std::fs::read_dir(place.folder.path().join("state/components")).unwrap().count() > 0);
    assert_eq!(holding(&place.folder.path().join("state"), "hunter2"), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn a_panics_words_are_without_the_value() {
    let log = r#"(import "portcullis:policy/log@0.1.0" "write" (func $log (param i32 i32 i32)))"#;
    let place = Place::new(sink(log, "(call $log (i32.const 3) (global.get $config) (global.get $config_len)) (unreachable)"));
    let error = place.open().await.current().deliver("s", 0, &[]).await.unwrap_err().to_string();
    assert!(error.contains(r#"panicked: {"token":"(the secret token)"}"#), "{error}");
}

#[tokio::test]
async fn a_refusal_of_the_configuration_is_without_the_value() {
    let text = "(i32.store (i32.const 52) (i32.const 1072)) (i32.store (i32.const 56) (i32.const 13))";
    let refuses = "(i32.store8 (i32.const 48) (i32.const 1)) (i32.store (i32.const 52) (global.get $config)) (i32.store (i32.const 56) (global.get $config_len))";
    let place = Place::new(sink_changed("", LENGTH, |module| module.replace(text, refuses)));
    let error = place.refused().await;
    assert!(error.contains(r#"it refused its configuration: {"token":"(the secret token)"}"#) && error.starts_with("bundle.yaml:"), "{error}");
}

#[tokio::test]
async fn a_schemas_error_names_the_key_and_not_the_value() {
    let none = "(i32.store (i32.const 40) (i32.const 1072)) (i32.store (i32.const 44) (i32.const 0))";
    for token in [
        r#"{"type":"string","pattern":"^https://"}"#,
        r#"{"enum":["a","b"]}"#,
        r#"{"const":"a"}"#,
        r#"{"type":"number"}"#,
        r#"{"maxLength":3}"#,
        r#"{"anyOf":[{"type":"number"},{"maxLength":3}]}"#,
        r#"{"oneOf":[{"type":"number"},{"maxLength":3}]}"#,
        r#"{"not":{"type":"string"}}"#,
        r#"{"allOf":[{"format":"uri","pattern":"^x"}]}"#,
        r#"false"#,
    ] {
        let schema = format!(r#"{{"type":"object","properties":{{"token":{token}}}}}"#);
        let place = Place::new(sink_changed("", LENGTH, |module| {
            let given = format!("(i32.store (i32.const 40) (i32.const 4096)) (i32.store (i32.const 44) (i32.const {}))", schema.len());
            let data = format!("(data (i32.const 4096) \"{}\")\n        (func (export \"cabi_realloc\")", schema.replace('"', "\\22"));
            module.replace(none, &given).replace("(func (export \"cabi_realloc\")", &data)
        }));
        let error = place.refused().await;
        assert!(error.starts_with("bundle.yaml:8:") && error.contains("its configuration at `/token` is wrong"), "{token}: {error}");
        assert!(!error.contains("hunter2"), "{token}: {error}");
    }
    // What the schema is held against is the value, not the reference.
    let place = Place::new(sink_changed("", LENGTH, |module| {
        let schema = r#"{"properties":{"token":{"type":"string","pattern":"^hunter2"}}}"#;
        let given = format!("(i32.store (i32.const 40) (i32.const 4096)) (i32.store (i32.const 44) (i32.const {}))", schema.len());
        let data = format!("(data (i32.const 4096) \"{}\")\n        (func (export \"cabi_realloc\")", schema.replace('"', "\\22"));
        module.replace(none, &given).replace("(func (export \"cabi_realloc\")", &data)
    }));
    assert_eq!(length(&place.open().await).await, bytes(VALUE));
}

#[tokio::test]
async fn a_changed_file_is_a_new_generation_of_the_same_set() {
    let place = Place::new(sink("", LENGTH));
    let live = place.open().await;
    let before = live.status();
    assert_eq!(length(&live).await, bytes(VALUE));
    place.put("another");
    generation(&live, 2).await;
    assert_eq!(length(&live).await, bytes("another"));
    let status = live.status();
    assert!(status.digest == before.digest && status.secrets.is_some() && status.secrets != before.secrets, "{status:?}");
    // The same value once more is no news.
    place.put("another\n");
    assert_eq!(live.reload().await.unwrap(), Reload::Unchanged(2));
    let history: Vec<(String, Vec<u64>)> = live.history().into_iter().map(|set| (set.digest, set.generations)).collect();
    assert_eq!(history, [(before.digest, vec![1, 2])]);
    // Over a restart the number stays, unless the value changed meanwhile.
    drop(live);
    assert_eq!(place.open().await.status().generation, 2);
    place.put("a third one");
    assert_eq!(place.open().await.status().generation, 3);
}

#[tokio::test]
async fn a_swap_of_a_link_is_a_change_as_a_kubernetes_mount_makes_it() {
    let place = Place::new(sink("", LENGTH));
    let mount = place.folder.path().join("secrets");
    std::fs::remove_file(place.file()).unwrap();
    for (version, value) in [("..one", "first"), ("..two", "the second")] {
        std::fs::create_dir(mount.join(version)).unwrap();
        private(&mount.join(version).join("token"), value);
    }
    std::os::unix::fs::symlink("..one", mount.join("..data")).unwrap();
    std::os::unix::fs::symlink("..data/token", place.file()).unwrap();
    let live = place.open().await;
    assert_eq!(length(&live).await, bytes("first"));
    std::os::unix::fs::symlink("..two", mount.join("..data_tmp")).unwrap();
    std::fs::rename(mount.join("..data_tmp"), mount.join("..data")).unwrap();
    std::fs::remove_dir_all(mount.join("..one")).unwrap();
    generation(&live, 2).await;
    assert_eq!(length(&live).await, bytes("the second"));
}

#[tokio::test]
async fn without_the_secret_the_last_good_set_stays() {
    let place = Place::new(sink("", LENGTH));
    let live = place.open().await;
    let mut changes = live.changes();
    std::fs::remove_file(place.file()).unwrap();
    tokio::time::timeout(LONG, changes.wait_for(|change| change.rejected == 1)).await.unwrap().unwrap();
    let rejected = live.status().rejected.unwrap().message;
    assert!(rejected.starts_with("bundle.yaml:8: plugin `s` (s.wasm): the secret `token` cannot be read from"), "{rejected}");
    assert_eq!(length(&live).await, bytes(VALUE));
    place.put("it is back");
    generation(&live, 2).await;
    assert_eq!((length(&live).await, live.status().rejected), (bytes("it is back"), None));

    // Nor is a reference live that the operator has not granted.
    place.bundle.plugins(&ENTRY.replace("secret: token", "secret: other"));
    let error = live.reload().await.unwrap_err().to_string();
    assert!(error.starts_with("bundle.yaml:8: plugin `s` (s.wasm): it refers to the secret `other`, which the operator has not granted"), "{error}");
    assert_eq!(length(&live).await, bytes("it is back"));
}

#[tokio::test]
async fn a_set_that_was_rolled_back_to_has_what_its_secrets_are_now() {
    let place = Place::new(sink("", LENGTH));
    let live = place.open().await;
    let first = live.status().digest;
    place.bundle.write("g.wasm", guard("", "(call $allow (i32.const 1104) (i32.const 7))"));
    place.bundle.plugins(&format!("{ENTRY}\n  - {{ name: g, world: guard, component: g.wasm }}"));
    generation(&live, 2).await;
    place.put("another");
    generation(&live, 3).await;
    assert_eq!(live.rollback(&first, "alice").await.unwrap(), Reload::Swapped(4));
    assert_eq!(length(&live).await, bytes("another"));
    // A change while it is pinned is the pinned set's, too.
    place.put("a third one");
    generation(&live, 5).await;
    let status = live.status();
    assert_eq!((length(&live).await, status.digest == first, status.pinned.is_some()), (bytes("a third one"), true, true));
}

fn with_cases(place: &Place, cases: &str) {
    place.bundle.plugins(&format!("{ENTRY}\n    cases: cases.yaml"));
    place.bundle.write("cases.yaml", format!("apiVersion: portcullis.dev/v1\nkind: Cases\n{cases}"));
}

#[tokio::test]
async fn cases_have_values_of_their_own_and_never_the_operators() {
    let place = Place::new(sink("", TELLS));
    // What a plugin says is without the values of cases, too: they read as they would at the gateway.
    with_cases(&place, "secrets: { token: abc }\ncases:\n  - { name: a, records: { of: [] }, expect: { delivered: later, message: something else } }\n");
    let error = place.refused().await;
    assert!(error.contains("(the secret token)") && !error.contains("abc") && !error.contains("hunter2"), "{error}");

    let place = Place::new(sink("", LENGTH));
    let twenty: Vec<String> = (0..30).map(|n| n.to_string()).collect();
    let case = |secrets: &str, delivered: u64| format!("cases:\n  - {{ name: a{secrets}, records: {{ of: [{}] }}, expect: {{ delivered: {delivered} }} }}\n", twenty.join(", "));
    with_cases(&place, &case(", secrets: { token: abc }", bytes("abc")));
    assert_eq!(length(&place.open().await).await, bytes(VALUE));
    let trial = Trial::load(crate::testing::engine(), &place.bundle.path()).await.unwrap();
    assert_eq!(trial.report().await.cases[0].failure, None);

    // A case without them is asked of nobody.
    with_cases(&place, &case("", bytes("abc")));
    let error = place.refused().await;
    assert!(error.contains("it refers to the secret `token`, which has no value here; give it one under `secrets` in the plugin's cases"), "{error}");
    let error = Trial::load(crate::testing::engine(), &place.bundle.path()).await.err().unwrap().to_string();
    assert!(error.starts_with("bundle.yaml:8:") && error.contains("has no value here"), "{error}");
}

/// A set is judged elsewhere by its guards; what holds credentials is not even loaded.
#[tokio::test]
async fn a_candidate_is_judged_elsewhere_without_its_secrets() {
    let place = Place::new(sink("", LENGTH));
    assert!(crate::Elsewhere::load(&crate::testing::engine(), &place.bundle.path()).await.is_ok());
    assert_eq!(format!("{:?}", Secrets::default()), "[]");
}
