//! Components for tests, written as text: small, quick to compile, and as hostile as needed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::{Resolve, WorldId};

use crate::facts::{Facts, IdentityFacts, IdentityKind, RequestFacts, SessionFacts};
use crate::{Engine, EngineOptions, Grants, Live};

/// The version that most tests are about.
const VERSION: &str = "0.1.0";

/// The interface's text in a version of its folder, said to be of another version.
fn interface(folder: &str, version: &str) -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../wit").join(format!("v{folder}"));
    let read = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap().replace(&format!("portcullis:policy@{folder};"), &format!("portcullis:policy@{version};"));
    let worlds = read("worlds.wit");
    let (_, worlds) = worlds.split_once(';').unwrap();
    read("types.wit") + worlds
}

/// The interface, and one of its worlds.
pub(crate) fn world(name: &str) -> (Resolve, WorldId) {
    world_of(VERSION, VERSION, name)
}

/// The same, with the text of the version `folder` said to be of `version`.
pub(crate) fn world_of(folder: &str, version: &str, name: &str) -> (Resolve, WorldId) {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("policy.wit", &interface(folder, version)).unwrap();
    let world = resolve.select_world(&[package], Some(name)).unwrap();
    (resolve, world)
}

/// A component of `world` from a core module.
pub(crate) fn component(world_name: &str, module: Vec<u8>) -> Vec<u8> {
    component_of(world(world_name), module)
}

fn component_of((resolve, world): (Resolve, WorldId), mut module: Vec<u8>) -> Vec<u8> {
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap()
}

/// What every module here has: memory, a bump allocator, `describe` with an empty schema, `configure` that keeps what it is given in the
/// globals `$config` and `$config_len`, and the globals `$a` and `$b` for the test.
fn module(imports: &str, functions: &str) -> Vec<u8> {
    wat::parse_str(text(imports, functions)).unwrap()
}

fn text(imports: &str, functions: &str) -> String {
    format!(
        r#"(module
        {imports}
        (memory (export "memory") 3)
        (global $heap (mut i32) (i32.const 65536))
        (global $config (mut i32) (i32.const 0))
        (global $config_len (mut i32) (i32.const 0))
        (global $a (mut i32) (i32.const 0))
        (global $b (mut i32) (i32.const 0))
        (data (i32.const 1024) "test-plugin")
        (data (i32.const 1040) "1.2.3")
        (data (i32.const 1056) "aaaaaaaaaaaaaaaa")
        (data (i32.const 1072) "no such thing")
        (data (i32.const 1088) "/spec/replicas")
        (data (i32.const 1104) "my-rule")
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
            (local $at i32)
            (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
            (global.set $heap (i32.add (local.get $at) (local.get 3)))
            (if (i32.gt_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536)))
                (then (drop (memory.grow (i32.add (i32.div_u (local.get 3) (i32.const 65536)) (i32.const 1))))))
            (local.get $at))
        (func (export "portcullis:policy/plugin@0.1.0#describe") (result i32)
            (i32.store (i32.const 16) (i32.const 1024)) (i32.store (i32.const 20) (i32.const 11))
            (i32.store (i32.const 24) (i32.const 1040)) (i32.store (i32.const 28) (i32.const 5))
            (i32.store (i32.const 32) (i32.const 1072)) (i32.store (i32.const 36) (i32.const 13))
            (i32.store (i32.const 40) (i32.const 1072)) (i32.store (i32.const 44) (i32.const 0))
            (i32.const 16))
        (func (export "portcullis:policy/plugin@0.1.0#configure") (param i32 i32) (result i32)
            (global.set $config (local.get 0))
            (global.set $config_len (local.get 1))
            ;; A configuration of exactly four bytes (`true`) is refused, with the text at 1072.
            (i32.store8 (i32.const 48) (i32.eq (local.get 1) (i32.const 4)))
            (i32.store (i32.const 52) (i32.const 1072)) (i32.store (i32.const 56) (i32.const 13))
            (i32.const 48))
        ;; Answers: a verdict at 64.
        (func $no_opinion (result i32) (i32.store8 (i32.const 64) (i32.const 0)) (i32.const 64))
        (func $allow (param i32 i32) (result i32)
            (i32.store8 (i32.const 64) (i32.const 1))
            (i32.store (i32.const 68) (local.get 0)) (i32.store (i32.const 72) (local.get 1))
            (i32.const 64))
        (func $finding (param $tag i32) (param $message i32) (param $len i32) (result i32)
            (i32.store8 (i32.const 64) (local.get $tag))
            (i32.store (i32.const 68) (i32.const 1104)) (i32.store (i32.const 72) (i32.const 7))
            (i32.store (i32.const 76) (local.get $message)) (i32.store (i32.const 80) (local.get $len))
            (i32.store8 (i32.const 84) (i32.const 0))
            (i32.const 64))
        {functions})"#
    )
}

/// A guard whose `evaluate(facts: i32) -> i32` has this body. The handle of the document is at offset 212 of the facts, the verb at 88.
pub(crate) fn guard(imports: &str, evaluate: &str) -> Vec<u8> {
    let functions = format!(r#"(func (export "evaluate") (param $facts i32) (result i32) (local $x i32) {evaluate})"#);
    component("guard", module(imports, &functions))
}

/// A guard without an opinion whose `configure` does this first.
pub(crate) fn guard_that_configures(first: &str) -> Vec<u8> {
    let functions = r#"(func (export "evaluate") (param $facts i32) (result i32) (call $no_opinion))"#;
    let module = text("", functions).replace("(global.set $config (local.get 0))", &format!("{first} (global.set $config (local.get 0))"));
    component("guard", wat::parse_str(module).unwrap())
}

/// A guard without imports, built against the text of the version `folder` and said to be of `version`.
pub(crate) fn guard_of(folder: &str, version: &str, evaluate: &str) -> Vec<u8> {
    let functions = format!(r#"(func (export "evaluate") (param $facts i32) (result i32) (local $x i32) {evaluate})"#);
    let module = text("", &functions).replace("@0.1.0#", &format!("@{version}#"));
    component_of(world_of(folder, version, "guard"), wat::parse_str(module).unwrap())
}

/// A masker from the bodies of `plan-masking(kind…) -> i32` and `inspect(i32, i32) -> i32`.
pub(crate) fn masker(plan: &str, inspect: &str) -> Vec<u8> {
    // connection, verb, is-resource, group, version, resource: five strings and a bool; then an optional string.
    let params = "(param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)";
    let functions = format!(
        r#"(func (export "plan-masking") {params} (result i32) {plan})
           (func (export "inspect") (param $list i32) (param $len i32) (result i32) {inspect})"#
    );
    component("masker", module("", &functions))
}

/// A sink from the body of `deliver(first: i64, records: i32, len: i32) -> i32`.
pub(crate) fn sink(imports: &str, deliver: &str) -> Vec<u8> {
    let functions = format!(r#"(func (export "deliver") (param $first i64) (param $records i32) (param $len i32) (result i32) {deliver})"#);
    component("audit-sink", module(imports, &functions))
}

/// A sink whose module's text is changed before it is built.
pub(crate) fn sink_changed(imports: &str, deliver: &str, change: impl Fn(String) -> String) -> Vec<u8> {
    let functions = format!(r#"(func (export "deliver") (param $first i64) (param $records i32) (param $len i32) (result i32) {deliver})"#);
    component("audit-sink", wat::parse_str(change(text(imports, &functions))).unwrap())
}

/// A notifier from the body of `notify(id, occasion, approval, url) -> i32`; the occasion is its number.
pub(crate) fn notifier(body: &str) -> Vec<u8> {
    let functions = format!(r#"(func (export "notify") (param i32 i32) (param $occasion i32) (param i32 i32 i32 i32) (result i32) {body})"#);
    component("notifier", module("", &functions))
}

/// An approval router from the body of `route-approval(params: i32) -> i32`. The findings are at offset 216 of the parameters.
pub(crate) fn router(body: &str) -> Vec<u8> {
    let functions = format!(r#"(func (export "route-approval") (param $facts i32) (result i32) {body})"#);
    component("approval-router", module("", &functions))
}

/// A session policy from the body of `open-session(ask: i32) -> i32`.
pub(crate) fn session_policy(body: &str) -> Vec<u8> {
    // The ask has 16 flattened parameters or more, so it comes by pointer or by value as its size says: 17 values, by pointer.
    let functions = format!(r#"(func (export "open-session") (param $ask i32) (result i32) {body})"#);
    component("session-policy", module("", &functions))
}

/// An engine without a cache that serves drafts too, shared by tests: its pool reserves addresses by the terabyte.
pub(crate) fn engine() -> Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new(EngineOptions { instances: 200, drafts: crate::drafts().into_iter().map(str::to_owned).collect(), ..EngineOptions::default() }).unwrap()).clone()
}

/// A bundle in a temporary folder.
pub(crate) struct Bundle {
    pub dir: tempfile::TempDir,
}

impl Bundle {
    pub(crate) fn new() -> Bundle {
        Bundle { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().to_owned()
    }

    /// Writes a file in place.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Bundle {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        self
    }

    /// Writes a file as most editors do: beside it, then renamed over it.
    pub(crate) fn save(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let temporary = self.dir.path().join(format!(".{name}.swp"));
        std::fs::write(&temporary, bytes).unwrap();
        std::fs::rename(temporary, self.dir.path().join(name)).unwrap();
    }

    /// Writes `bundle.yaml` from the entries below `plugins:`.
    pub(crate) fn plugins(&self, entries: &str) -> &Bundle {
        self.write("bundle.yaml", manifest(entries))
    }

    pub(crate) async fn open(&self) -> Live {
        Live::open(engine(), self.path(), Grants::default()).await.unwrap()
    }

    pub(crate) async fn rejected(&self) -> String {
        match Live::open(engine(), self.path(), Grants::default()).await {
            Ok(_) => panic!("the bundle went live"),
            Err(error) => error.to_string(),
        }
    }
}

pub(crate) fn manifest(entries: &str) -> String {
    format!("apiVersion: portcullis.dev/v1\nkind: Bundle\nplugins:\n{entries}\n")
}

/// A live set of one guard, `{}` its configuration.
pub(crate) async fn live_guard(wasm: &[u8]) -> (Bundle, Live) {
    let bundle = Bundle::new();
    bundle.write("guard.wasm", wasm).plugins("  - { name: one, world: guard, component: guard.wasm }");
    let live = bundle.open().await;
    (bundle, live)
}

/// Some facts: `devin` deletes the deployment `web`.
pub(crate) fn facts() -> Facts {
    Facts {
        identity: IdentityFacts {
            issuer: "https://issuer.example".into(),
            subject: "devin".into(),
            kind: IdentityKind::Agent,
            sponsor: Some("bob".into()),
            groups: vec!["agents".into(), "team-a".into()],
        },
        session: SessionFacts { id: "s-1".into(), purpose: None, opened: 1, expires: 2 },
        request: RequestFacts {
            connection: "demo".into(),
            verb: "delete".into(),
            is_resource: true,
            group: "apps".into(),
            version: "v1".into(),
            resource: "deployments".into(),
            subresource: None,
            namespace: Some("shop".into()),
            name: Some("web".into()),
            path: "/apis/apps/v1/namespaces/shop/deployments/web".into(),
            query: vec![("propagationPolicy".into(), "Background".into())],
            dry_run: false,
            hash: "sha256:00".into(),
            command: "kubectl delete deployment web -n shop".into(),
            claimed_command: None,
        },
    }
}

/// A document of this JSON.
pub(crate) fn document(json: &str) -> Arc<dyn crate::Document> {
    Arc::new(crate::JsonDocument::new(Arc::new(kube_request::Json::parse(json.as_bytes()).unwrap())))
}
