//! Components that misbehave, written as WebAssembly text, and bundles of them.

use std::fs;
use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::Resolve;

use crate::places;

/// A body that never returns.
pub const LOOPS: &str = "(loop $again (br $again)) (unreachable)";
/// A body that traps at once.
pub const TRAPS: &str = "(unreachable)";
/// A body that asks for 4 GiB, and for the rest of the world when it does not get them.
pub const HOARDS: &str = "(drop (memory.grow (i32.const 65533))) (unreachable)";
/// A body that calls itself without end.
pub const RECURSES: &str = "(call $again (local.get 0))";
/// A guard's body that has no opinion.
pub const NO_OPINION: &str = "(i32.store8 (i32.const 64) (i32.const 0)) (i32.const 64)";

/// Where a module of [`Parts`] has room: its own texts from 4096 on, what is given to it from 65536 on, and three pages in all.
const HEAP: u32 = 65_536;

/// The parts of a component, each of which a test may make as bad as it likes.
///
/// What is not said is good: three pages of memory, a bump allocator, `describe` with an empty schema, a `configure` that accepts. A body's locals are
/// its parameters alone, and `$x`.
#[derive(Clone, Debug)]
pub struct Parts {
    world: &'static str,
    version: &'static str,
    imports: String,
    memory: u32,
    start: String,
    realloc: String,
    describe: [String; 4],
    describes: Option<String>,
    configure: String,
    functions: String,
    interface: fn(String) -> String,
}

impl Parts {
    fn new(world: &'static str, functions: String) -> Parts {
        Parts {
            world,
            version: "0.1.0",
            imports: String::new(),
            memory: 3,
            start: String::new(),
            realloc: String::new(),
            describe: ["test-plugin", "1.2.3", "", ""].map(str::to_owned),
            describes: None,
            configure: "(i32.store8 (i32.const 48) (i32.const 0)) (i32.const 48)".to_owned(),
            functions,
            interface: |text| text,
        }
    }

    /// A guard from the body of `evaluate(facts) -> verdict`. The flag of the document stands at 208 of the facts, and its handle at 212.
    #[must_use]
    pub fn guard(evaluate: &str) -> Parts {
        Parts::new("guard", format!(r#"(func $again (export "evaluate") (param $facts i32) (result i32) (local $x i32) {evaluate})"#))
    }

    /// A masker from the bodies of `plan-masking` and `inspect`.
    #[must_use]
    pub fn masker(plan: &str, inspect: &str) -> Parts {
        // Of the kind: five strings and a flag, then a string that may be absent.
        let parameters = "(param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)";
        Parts::new(
            "masker",
            format!(
                r#"(func (export "plan-masking") {parameters} (result i32) (local $x i32) {plan})
                   (func (export "inspect") (param $list i32) (param $len i32) (result i32) (local $x i32) {inspect})"#
            ),
        )
    }

    /// An audit sink from the body of `deliver(first: i64, records, len)`.
    #[must_use]
    pub fn sink(deliver: &str) -> Parts {
        Parts::new("audit-sink", format!(r#"(func (export "deliver") (param $first i64) (param $records i32) (param $len i32) (result i32) {deliver})"#))
    }

    /// A session policy from the body of `open-session(ask) -> answer`.
    #[must_use]
    pub fn session_policy(open: &str) -> Parts {
        Parts::new("session-policy", format!(r#"(func (export "open-session") (param $ask i32) (result i32) {open})"#))
    }

    /// Core imports, as text.
    #[must_use]
    pub fn imports(mut self, imports: &str) -> Parts {
        self.imports.push_str(imports);
        self
    }

    /// More functions, globals, tables or data.
    #[must_use]
    pub fn also(mut self, functions: &str) -> Parts {
        self.functions.push_str(functions);
        self
    }

    /// What runs before everything else.
    #[must_use]
    pub fn start(mut self, body: &str) -> Parts {
        self.start = format!("(func $start {body}) (start $start)");
        self
    }

    /// What `cabi_realloc` does before it allocates.
    #[must_use]
    pub fn realloc(mut self, body: &str) -> Parts {
        body.clone_into(&mut self.realloc);
        self
    }

    /// The pages that it has from the start.
    #[must_use]
    pub fn pages(mut self, pages: u32) -> Parts {
        self.memory = pages;
        self
    }

    /// Its name, version, summary and schema.
    #[must_use]
    pub fn described(mut self, name: &str, version: &str, summary: &str, schema: &str) -> Parts {
        self.describe = [name, version, summary, schema].map(str::to_owned);
        self
    }

    /// The body of `describe`, instead of one that says [`Parts::described`].
    #[must_use]
    pub fn describes(mut self, body: &str) -> Parts {
        self.describes = Some(body.to_owned());
        self
    }

    /// The body of `configure(text, length) -> result`.
    #[must_use]
    pub fn configures(mut self, body: &str) -> Parts {
        body.clone_into(&mut self.configure);
        self
    }

    /// The version of the interface that it is built for.
    #[must_use]
    pub fn version(mut self, version: &'static str) -> Parts {
        self.version = version;
        self
    }

    /// What becomes of the interface's text before it is built against it.
    #[must_use]
    pub fn against(mut self, change: fn(String) -> String) -> Parts {
        self.interface = change;
        self
    }

    /// The component.
    ///
    /// # Panics
    /// When its text is no WebAssembly, or not of its world.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let mut module = wat::parse_str(self.text()).expect("WebAssembly text");
        let mut resolve = Resolve::default();
        let package = resolve.push_str("policy.wit", &(self.interface)(interface(self.version))).expect("an interface");
        let world = resolve.select_world(&[package], Some(self.world)).expect("a world of it");
        wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("a section");
        ComponentEncoder::default().module(&module).expect("a module").validate(true).encode().expect("a component")
    }

    fn text(&self) -> String {
        let mut at = 4096;
        let mut texts = String::new();
        let mut stores = String::new();
        for (i, text) in self.describe.iter().enumerate() {
            let escaped: String = text.bytes().map(|byte| format!("\\{byte:02x}")).collect();
            texts.push_str(&format!(r#"(data (i32.const {at}) "{escaped}")"#));
            stores.push_str(&format!("(i32.store (i32.const {}) (i32.const {at})) (i32.store (i32.const {}) (i32.const {}))", 16 + 8 * i, 20 + 8 * i, text.len()));
            at += text.len();
        }
        assert!(at < HEAP as usize, "the texts of a description have room");
        let describe = self.describes.clone().unwrap_or_else(|| format!("{stores} (i32.const 16)"));
        let Parts { imports, memory, start, realloc, configure, functions, version, .. } = self;
        format!(
            r#"(module
            {imports}
            (memory (export "memory") {memory})
            (global $heap (mut i32) (i32.const {HEAP}))
            (data (i32.const 1104) "my-rule")
            {texts}
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (local $at i32)
                {realloc}
                (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
                (global.set $heap (i32.add (local.get $at) (local.get 3)))
                (if (i32.gt_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536)))
                    (then (drop (memory.grow (i32.add (i32.div_u (local.get 3) (i32.const 65536)) (i32.const 1))))))
                (local.get $at))
            (func (export "portcullis:policy/plugin@{version}#describe") (result i32) {describe})
            (func (export "portcullis:policy/plugin@{version}#configure") (param i32 i32) (result i32) {configure})
            (func $allow (param $rule i32) (param $len i32) (result i32)
                (i32.store8 (i32.const 64) (i32.const 1))
                (i32.store (i32.const 68) (local.get $rule)) (i32.store (i32.const 72) (local.get $len))
                (i32.const 64))
            {start}
            {functions})"#
        )
    }
}

/// The interface's text, said to be of this version.
fn interface(version: &str) -> String {
    let folder = places::workspace().join("wit");
    let own = folder.join(format!("v{version}"));
    let folder = if own.is_dir() { own } else { folder.join("v0.1.0") };
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("the interface");
    let (types, worlds) = (read("types.wit"), read("worlds.wit"));
    let body = |text: &str| text.split_once("package portcullis:policy@").and_then(|(_, rest)| rest.split_once(';')).map(|(_, body)| body.to_owned()).expect("a package");
    format!("package portcullis:policy@{version};\n{}{}", body(&types), body(&worlds))
}

/// A guard whose `evaluate` has this body.
///
/// # Panics
/// When it is no WebAssembly.
#[must_use]
pub fn guard(body: &str) -> Vec<u8> {
    Parts::guard(body).build()
}

/// A masker whose `plan-masking` has this body.
///
/// # Panics
/// When it is no WebAssembly.
#[must_use]
pub fn masker(body: &str) -> Vec<u8> {
    Parts::masker(body, "(unreachable)").build()
}

/// Writes a bundle of plugins that stand in YAML, with their components: names and bytes.
///
/// # Panics
/// When it cannot be written.
pub fn bundle(folder: &Path, plugins: &str, components: &[(&str, Vec<u8>)]) {
    fs::create_dir_all(folder).expect("the folder can be made");
    for (name, bytes) in components {
        fs::write(folder.join(name), bytes).expect("the folder can be written");
    }
    fs::copy(places::bundle("observe").join("deny-list.wasm"), folder.join("deny-list.wasm")).expect("the default guard is built");
    save(folder, "bundle.yaml", &format!("apiVersion: portcullis.dev/v1\nkind: Bundle\nplugins:\n{OBSERVE}{plugins}"));
}

/// A guard that allows everything, as entries of a bundle.
pub const OBSERVE: &str = r#"  - name: observe
    world: guard
    component: deny-list.wasm
    configuration: { allow: [{ rule: everything, match: [{}, { paths: ["*"] }] }] }
"#;

/// Saves a file of a bundle as editors do: beside it, then renamed over it.
///
/// # Panics
/// When it cannot be written.
pub fn save(folder: &Path, name: &str, content: &str) {
    let draft = folder.join(format!(".{name}.swp"));
    fs::write(&draft, content).expect("the folder can be written");
    fs::rename(draft, folder.join(name)).expect("the folder can be written");
}
