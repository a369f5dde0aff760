//! `cargo xtask plugins`: the default components, and the bundles that are made of them.
//!
//! A core module becomes a component by `wit-component` (the SDK's macros put the type section into it), in milliseconds.
//! Nothing is written that has not changed, so that a gateway that watches a bundle's folder is not woken for nothing,
//! and what is written appears whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail};
use wit_component::ComponentEncoder;

use crate::wasm_std;

mod sections;

/// Where bundles are put, below `target`: a folder for each.
const BUNDLES: &str = "target/bundles";

/// A stack of 64 KiB instead of 1 MiB: an instance's memory begins small, which is most of what a fresh one costs.
const STACK: &str = "-Clink-arg=-zstack-size=65536";

/// In the name of the sections that `wit-bindgen` writes for each of the SDK's worlds, whether a component is of it or not. The
/// component's own worlds have a whole section besides; with these it would import the types of all six.
const OTHER_WORLDS: &str = "-with-all-of-its-exports-removed:";

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
    let component = |name: &str| modules.get(name).map(|module| encode(name, module));
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
    write(&path, &encode(name, module)?)?;
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
    let mut flags = wasm_std::flags()?;
    flags.push(STACK.to_owned());
    // Panic messages name source files: without this machine's folders they are the same wherever they are built.
    flags.push(format!("--remap-path-prefix={}=", root.display()));
    if let Some(home) = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo"))) {
        flags.push(format!("--remap-path-prefix={}=cargo", home.display()));
    }
    let target = root.join("target/guest");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--lib", "--profile", "component", "--target", wasm_std::TARGET]);
    for name in names {
        cargo.args(["--package", name]);
    }
    let status = cargo
        .current_dir(root)
        .env_remove("RUSTFLAGS")
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
        .status()
        .context("cannot run cargo")?;
    if !status.success() {
        bail!("the components do not build: see the compiler's message above");
    }
    let folder = target.join(wasm_std::TARGET).join("component");
    Ok(names.iter().map(|name| (name.clone(), folder.join(format!("{}.wasm", name.replace('-', "_"))))).collect())
}

/// A component from a core module.
fn encode(name: &str, module: &Path) -> Result<Vec<u8>> {
    let bytes = fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
    let bytes = sections::without(&bytes, |section| section.contains(OTHER_WORLDS))
        .with_context(|| format!("{} is no WebAssembly module", module.display()))?;
    ComponentEncoder::default()
        .validate(true)
        .module(&bytes)
        .and_then(|mut encoder| encoder.encode())
        .with_context(|| format!("{name} is no component: does its lib.rs invoke one of the SDK's macros?"))
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
        written += usize::from(write(&target.join(path), bytes)?);
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

/// Write a file unless it is so already: beside, then renamed over, so that nobody reads half of it.
fn write(path: &Path, bytes: &[u8]) -> Result<bool> {
    if fs::read(path).is_ok_and(|found| found == bytes) {
        return Ok(false);
    }
    let folder = path.parent().context("a file in a folder")?;
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    std::io::Write::write_all(&mut file, bytes)?;
    file.persist(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(true)
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
