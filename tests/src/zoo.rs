//! Components that try to escape, exhaust, stall or lie: each with what it tries, and what the gateway must say of it.
//!
//! Those of [`at_load`] never go live. Those of [`at_request`] do, and each meets the requests to one namespace, which has its name.

mod at_load;
mod at_request;

pub use at_load::at_load;
pub use at_request::{at_request, waits_for_the_cluster};

/// One of them.
#[derive(Clone, Debug)]
pub struct Animal {
    /// In kebab case: a plugin's name, a file's and a namespace's.
    pub name: &'static str,
    /// The world that `bundle.yaml` says it is of.
    pub world: &'static str,
    /// The component.
    pub wasm: Vec<u8>,
    /// What must be said of it. One that tries something that leads nowhere is not refused: nothing.
    pub told: Option<&'static str>,
    /// More of its entry in `bundle.yaml`: capabilities, limits.
    pub more: &'static str,
    /// The request about it has a body.
    pub body: bool,
}

impl Animal {
    fn new(name: &'static str, world: &'static str, wasm: Vec<u8>, told: Option<&'static str>) -> Animal {
        Animal { name, world, wasm, told, more: "", body: false }
    }

    /// Its entry in a bundle, asked about its own namespace only; a masker about a resource of its own.
    #[must_use]
    pub fn entry(&self) -> String {
        let name = self.name;
        let only = match self.world {
            "guard" => format!(", match: {{ namespaces: [{name}] }}"),
            "masker" => format!(", match: {{ resources: [{}] }}", self.resource()),
            _ => String::new(),
        };
        format!("  - {{ name: {name}, world: {}, component: {name}.wasm{only}{} }}\n", self.world, self.more)
    }

    /// The resource that a masker is asked about, and requests about it are for.
    #[must_use]
    pub fn resource(&self) -> &'static str {
        match self.name {
            "plan-with-a-pattern-bomb" => "serviceaccounts",
            "plan-of-one-text-over-and-over" => "services",
            "plan-that-loops" => "deployments",
            "plan-of-a-list-without-end" => "endpoints",
            _ => "configmaps",
        }
    }
}

/// The bundle of all that go live, written to a folder; a guard that allows everything is there too.
///
/// # Panics
/// When it cannot be written.
pub fn write_bundle(folder: &std::path::Path) {
    let animals = at_request();
    let entries: String = animals.iter().map(Animal::entry).collect();
    let files: Vec<String> = animals.iter().map(|animal| format!("{}.wasm", animal.name)).collect();
    let components: Vec<(&str, Vec<u8>)> = files.iter().zip(&animals).map(|(file, animal)| (file.as_str(), animal.wasm.clone())).collect();
    crate::component::bundle(folder, &entries, &components);
}
