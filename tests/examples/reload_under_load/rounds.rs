//! Sets that can be told apart in the log: two guards that only monitor, beside the default bundle, carry the round's number. One has it
//! in its component, the other in its configuration.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use portcullis_tests::component::{self, save};
use portcullis_tests::{Gateway, places, until};

/// How long a save may take to be live, or to be rejected.
const LIMIT: Duration = Duration::from_secs(60);

/// A set that was saved.
pub struct Save {
    /// The two rules that every record of it has.
    pub marks: String,
    /// Microseconds since 1970, when its last byte was written.
    pub at: i64,
    /// How it was saved.
    pub how: &'static str,
}

/// The sets so far.
pub struct Rounds {
    template: String,
    dir: PathBuf,
    /// The round that the component on disk is of.
    component: usize,
    number: usize,
    saves: Vec<Save>,
    rejected: usize,
    /// The digest that is live, and when sets were rejected since.
    last: String,
}

impl Rounds {
    /// Writes the first set.
    pub fn begin(dir: &Path) -> Self {
        let default = places::bundle("default");
        places::copy(&default, dir);
        let template = fs::read_to_string(default.join("bundle.yaml")).expect("the default bundle is built");
        let mut rounds =
            Self { template, dir: dir.to_owned(), component: 0, number: 0, saves: Vec::new(), rejected: 0, last: String::new() };
        save_bytes(dir, "one.wasm", &marked(0));
        save(dir, "bundle.yaml", &rounds.manifest("one.wasm", ""));
        save_bytes(dir, "traps.wasm", &component::Parts::guard("(unreachable)").configures(component::TRAPS).build());
        save_bytes(dir, "masker.wasm", &component::masker(component::TRAPS));
        fs::write(dir.join("wrong.yaml"), WRONG_CASE).expect("the bundle can be written");
        rounds.saved("the first");
        rounds
    }

    /// From now on the set is saved there.
    pub fn live_in(&mut self, dir: &Path) {
        dir.clone_into(&mut self.dir);
    }

    /// Saves the next set in the next way, and waits until it is live, or rejected when it is a broken one.
    pub fn save(&mut self, gateway: &Gateway) {
        self.number += 1;
        let dir = self.dir.clone();
        let n = self.number;
        let broken = match n % 10 {
            1 => Some(self.manifest("one.wasm", "").replace("kind: Bundle", "kind: [Bundle")),
            3 => Some(self.manifest("one.wasm", ", cases: wrong.yaml")),
            5 => Some(self.manifest("traps.wasm", "")),
            7 => Some(self.manifest("masker.wasm", "")),
            _ => None,
        };
        if let Some(text) = broken {
            save(&dir, "bundle.yaml", &text);
            self.wait(gateway, true);
            self.rejected += 1;
            return;
        }
        let how = match n % 10 {
            0 | 6 => {
                save(&dir, "bundle.yaml", &self.manifest("one.wasm", ""));
                "one file, by rename"
            }
            2 | 8 => {
                self.component = n;
                save_bytes(&dir, "one.wasm", &marked(n));
                save(&dir, "bundle.yaml", &self.manifest("one.wasm", ""));
                "component and bundle.yaml, by rename"
            }
            _ => {
                self.component = n;
                in_pieces(&dir.join("bundle.yaml"), self.manifest("one.wasm", "").as_bytes());
                in_pieces(&dir.join("one.wasm"), &marked(n));
                "bundle.yaml and component, in place and in pieces"
            }
        };
        self.saved(how);
        self.wait(gateway, false);
    }

    /// What was saved to go live, the first set included, and how many were rejected.
    pub fn over(self) -> (Vec<Save>, usize) {
        (self.saves, self.rejected)
    }

    fn saved(&mut self, how: &'static str) {
        let marks = format!("one-{:06} two-{}", self.component, self.number);
        self.saves.push(Save { marks, at: jiff::Timestamp::now().as_microsecond(), how });
    }

    fn manifest(&self, component: &str, more: &str) -> String {
        let n = self.number;
        let plugins = format!(
            "plugins:\n  - {{ name: one, world: guard, mode: monitor, component: {component} }}\n  \
             - {{ name: two, world: guard, mode: monitor, component: deny-list.wasm, \
             configuration: {{ allow: [{{ rule: two-{n}, match: [{{}}] }}] }}{more} }}\n"
        );
        self.template.replacen("plugins:\n", &plugins, 1)
    }

    fn wait(&mut self, gateway: &Gateway, broken: bool) {
        let alice = gateway.api("alice");
        let what = if broken { "/rejected/at" } else { "/digest" };
        self.last = until(LIMIT, &format!("for round {} to show in {what}", self.number), || {
            let status = alice.policy();
            let now = status.pointer(what)?.as_str()?.to_owned();
            (status["rejected"].is_null() != broken && !self.last.contains(&now)).then(|| if broken { self.last.clone() + &now } else { now })
        });
    }
}

/// A guard that names its round, and allows.
fn marked(n: usize) -> Vec<u8> {
    let name = format!("one-{n:06}");
    let bytes: String = name.bytes().enumerate().map(|(i, b)| format!("(i32.store8 (i32.const {}) (i32.const {b}))", 1200 + i)).collect();
    component::guard(&format!(
        "{bytes} (i32.store8 (i32.const 64) (i32.const 1)) (i32.store (i32.const 68) (i32.const 1200)) \
         (i32.store (i32.const 72) (i32.const {})) (i32.const 64)",
        name.len()
    ))
}

const WRONG_CASE: &str = "apiVersion: portcullis.dev/v1\nkind: Cases\ncases:\n  \
    - { name: refused it says, request: GET /api/v1/namespaces/shop/pods, expect: { verdict: deny } }\n";

/// As a copy over a slow line writes: emptied, then filled piece by piece.
fn in_pieces(file: &Path, content: &[u8]) {
    let mut open = fs::File::create(file).expect("the bundle can be written");
    for piece in content.chunks(content.len().div_ceil(4)) {
        open.write_all(piece).expect("the bundle can be written");
        thread::sleep(Duration::from_millis(15));
    }
}

fn save_bytes(dir: &Path, name: &str, content: &[u8]) {
    let draft = dir.join(format!(".{name}.draft"));
    fs::write(&draft, content).expect("the bundle can be written");
    fs::rename(draft, dir.join(name)).expect("the bundle can be written");
}

/// Microseconds since 1970 of a record's time.
pub fn microseconds(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().map_or(i64::MAX, jiff::Timestamp::as_microsecond)
}
