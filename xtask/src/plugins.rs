//! `cargo xtask plugins`: the default components, and the bundles that are made of them.
//!
//! Each is built as `portcullis plugin build` builds a policy. Nothing is written that has not changed, so that a gateway that
//! watches a bundle's folder is not woken for nothing, and what is written appears whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use authoring::build::rust::{self, Crates};
use authoring::tool::Messages;

/// Where bundles are put, below `target`: a folder for each.
const BUNDLES: &str = "target/bundles";

/// Options of `cargo xtask plugins`.
#[derive(clap::Args)]
pub struct Args {}

/// Build the components of `plugins/`, and the bundles in `plugins/default` and `examples/bundles` with them.
pub fn run(_args: Args) -> Result<()> {
    build_bundles(&workspace())
}

/// The same, for tasks that need the bundles.
pub fn build_bundles(root: &Path) -> Result<()> {
    let names = components(root)?;
    let modules = build(root, &names)?;
    let component = |name: &str| modules.get(name).map(|module| Ok(rust::encode(name, module)?));
    bundle(&root.join("plugins/default"), &root.join(BUNDLES).join("default"), &component)?;
    let examples = root.join("examples/bundles");
    for entry in fs::read_dir(&examples).with_context(|| format!("cannot read {}", examples.display()))? {
        let entry = entry?;
        if entry.path().join("bundle.yaml").is_file() {
            let built = root.join(BUNDLES).join(entry.file_name());
            bundle(&entry.path(), &built, &component)?;
            complete(&entry.path(), &built)?;
        }
    }
    Ok(())
}

/// One component of `tests/components`, built.
pub fn test_component(root: &Path, name: &str) -> Result<PathBuf> {
    let modules = build(root, &[name.to_owned()])?;
    let module = modules.get(name).with_context(|| format!("there is no crate tests/components/{name}"))?;
    let path = root.join("target/guest/components").join(format!("{name}.wasm"));
    authoring::write(&path, &rust::encode(name, module)?)?;
    Ok(path)
}

/// Puts an example's components beside its `bundle.yaml` too, so that the folder in the repository is a whole bundle. They are
/// not tracked.
fn complete(example: &Path, built: &Path) -> Result<()> {
    for entry in fs::read_dir(built)? {
        let file = entry?.path();
        let Some(name) = file.file_name().filter(|_| file.extension().is_some_and(|extension| extension == "wasm")) else { continue };
        let (to, content) = (example.join(name), fs::read(&file)?);
        if fs::read(&to).ok().as_ref() != Some(&content) {
            fs::write(&to, content).with_context(|| format!("cannot write {}", to.display()))?;
        }
    }
    Ok(())
}

/// The folder of the workspace: above this crate's.
fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// The crates in `plugins/`.
fn components(root: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join("plugins"))? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Compile core modules, in a target folder of their own, since their flags would otherwise rebuild everything each time.
fn build(root: &Path, names: &[String]) -> Result<BTreeMap<String, PathBuf>> {
    let target = root.join("target/guest");
    let crates = Crates { dir: root, packages: names, target: Some(&target), short: false, messages: Messages::Shown };
    Ok(rust::modules(&crates)?)
}

/// Put a bundle together: its YAML files, and the components that its `bundle.yaml` names.
fn bundle(source: &Path, target: &Path, component: &dyn Fn(&str) -> Option<Result<Vec<u8>>>) -> Result<()> {
    let mut wanted: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
    for folder in [source.to_path_buf(), source.join("cases")] {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "yaml") {
                wanted.insert(path.strip_prefix(source)?.to_path_buf(), fs::read(&path)?);
            }
        }
    }
    let definition = wanted.get(Path::new("bundle.yaml")).with_context(|| format!("{} has no bundle.yaml", source.display()))?;
    for file in named(&String::from_utf8_lossy(definition)) {
        let name = file.strip_suffix(".wasm").unwrap_or(&file);
        let bytes = component(name)
            .with_context(|| format!("{}/bundle.yaml names {file}, but there is no crate plugins/{name}", source.display()))??;
        wanted.insert(PathBuf::from(&file), bytes);
    }
    let mut written = 0;
    for (path, bytes) in &wanted {
        written += usize::from(authoring::write(&target.join(path), bytes)?);
    }
    written += prune(target, target, &wanted)?;
    let state = if written == 0 { "unchanged" } else { "written" };
    println!("{} {state}", target.display());
    for (path, bytes) in wanted.iter().filter(|(path, _)| path.extension().is_some_and(|extension| extension == "wasm")) {
        println!("  {} {} KB", path.display(), bytes.len().div_ceil(1024));
    }
    Ok(())
}

/// The components that a `bundle.yaml` names, in comments too: what is commented out is there to be switched on. The engine
/// parses the file properly; here its lines are enough.
fn named(definition: &str) -> Vec<String> {
    let value = |line: &str| {
        let line = line.trim_start_matches([' ', '#', '-']);
        let value = line.strip_prefix("component:")?.split(" #").next()?.trim();
        Some(value.trim_matches(['"', '\'']).to_owned())
    };
    definition.lines().filter_map(value).collect()
}

/// Remove what an earlier build left and this one does not have; how many files.
fn prune(root: &Path, folder: &Path, wanted: &BTreeMap<PathBuf, Vec<u8>>) -> Result<usize> {
    let mut removed = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            removed += prune(root, &path, wanted)?;
        } else if !wanted.contains_key(path.strip_prefix(root)?) {
            fs::remove_file(&path)?;
            removed += 1;
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests;
