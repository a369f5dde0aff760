//! Components that must not go live, saved into the folder of policies one after the other.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use portcullis_tests::component::save;
use portcullis_tests::zoo::{self, Animal};
use portcullis_tests::{Gateway, places};

/// How often it is looked whether the last one was refused: a look is a request too, on a connection of its own.
const LOOK: Duration = Duration::from_millis(250);
/// One that loops in its `configure` is given ten seconds.
const LIMIT: Duration = Duration::from_secs(40);

/// Writes the bundle that is live: the default policies, and the zoo before them. Gives its `bundle.yaml`.
pub fn write(folder: &Path) -> String {
    places::copy(&places::bundle("default"), folder);
    let animals = zoo::at_request();
    for animal in &animals {
        fs::write(folder.join(format!("{}.wasm", animal.name)), &animal.wasm).expect("the bundle can be written");
    }
    let entries: String = animals.iter().map(Animal::entry).collect();
    let text = fs::read_to_string(folder.join("bundle.yaml")).expect("the default bundle is built");
    // Cases of the whole set say what the default policies alone do: the zoo's maskers fail for some of their resources.
    let text = text.replacen("plugins:\n", &format!("plugins:\n{entries}"), 1).replace("\ncases: [cases/all.yaml]", "");
    save(folder, "bundle.yaml", &text);
    text
}

/// What was saved so far.
pub struct Drops<'a> {
    gateway: &'a Gateway,
    dir: PathBuf,
    manifest: String,
    animals: Vec<Animal>,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    next: usize,
    refused: u64,
    kinds: BTreeSet<&'static str>,
    live: u64,
}

impl<'a> Drops<'a> {
    /// Of a gateway that has this set.
    pub fn into(gateway: &'a Gateway, manifest: String) -> Self {
        Self { gateway, dir: gateway.ready.policies_dir.clone(), manifest, animals: zoo::at_load(), told: Mutex::default() }
    }

    /// Saves one after the other, and waits for each to be refused, until it is told to end. The set that serves is the same all the time.
    pub fn until(&self, over: &AtomicBool) {
        while !over.load(Ordering::Relaxed) {
            let mut told = self.told.lock().expect("nobody panics");
            let animal = &self.animals[told.next % self.animals.len()];
            told.next += 1;
            match self.refused(animal) {
                true => {
                    told.refused += 1;
                    told.kinds.insert(animal.name);
                }
                false => {
                    told.live += 1;
                    eprintln!("not refused: {}", animal.name);
                }
            }
        }
    }

    fn refused(&self, animal: &Animal) -> bool {
        let alice = self.gateway.api("alice");
        let name = animal.name;
        let generation = alice.policy()["generation"].clone();
        fs::write(self.dir.join(format!("{name}.wasm")), &animal.wasm).expect("the bundle can be written");
        save(&self.dir, "bundle.yaml", &self.manifest.replacen("plugins:\n", &format!("plugins:\n{}", animal.entry()), 1));
        let end = Instant::now() + LIMIT;
        while Instant::now() < end {
            thread::sleep(LOOK);
            let status = alice.policy();
            if status["generation"] != generation {
                return false;
            }
            if status["rejected"]["message"].as_str().is_some_and(|message| message.contains(&format!("`{name}`"))) {
                return true;
            }
        }
        false
    }

    /// How many were refused, of how many different components, and how many were not.
    pub fn over(self) -> (u64, usize, u64) {
        let told = self.told.into_inner().expect("nobody panics");
        (told.refused, told.kinds.len(), told.live)
    }
}
