//! Rust: cargo compiles a core module with its interface in it, which becomes a component in milliseconds.
//!
//! The SDK's macros put the type section into the module, so that nothing is needed but cargo and the standard library of the target.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde::Deserialize;

use super::{BuildError, Job};
use crate::tool::{self, Messages};
use crate::{component, wasm_std};

mod schema;

/// A stack of 64 KiB instead of 1 MiB: an instance's memory begins small, which is most of what a fresh one costs.
const STACK: &str = "-Clink-arg=-zstack-size=65536";

/// The profile of components, given on the command line so that an author's Cargo.toml need not have it: small, and no unwinding tables.
const PROFILE: [&str; 7] = [
    "inherits=\"release\"",
    "opt-level=\"s\"",
    "lto=true",
    "codegen-units=1",
    "panic=\"abort\"",
    "strip=true",
    "debug=false",
];

/// What cargo is to compile.
#[derive(Clone, Debug)]
pub struct Crates<'a> {
    /// The folder of the Cargo.toml.
    pub dir: &'a Path,
    /// These packages of it; its own one when there are none.
    pub packages: &'a [String],
    /// Another target folder than cargo's own.
    pub target: Option<&'a Path>,
    /// Short messages: a line for each mistake.
    pub short: bool,
    /// Where cargo's messages go.
    pub messages: Messages,
}

pub(super) fn build(job: &Job<'_>) -> Result<Vec<u8>, BuildError> {
    let crates = Crates { dir: job.dir, packages: &[], target: None, short: job.short, messages: job.messages };
    let schema = schema::of(job.dir);
    let modules = compiled(&crates, schema.as_deref())?;
    let manifest = job.dir.join("Cargo.toml");
    // A package's own `cargo build` makes its own library only, whatever else is in its workspace.
    let (_, module) = modules.first_key_value().ok_or_else(|| no_library(&manifest))?;
    encode(job.name, module)
}

/// A component from a core module's file.
///
/// # Errors
/// When it cannot be read, or has no interface.
pub fn encode(name: &str, module: &Path) -> Result<Vec<u8>, BuildError> {
    let bytes = fs::read(module).map_err(|e| BuildError::file(module, format!("{e}; build it again")))?;
    Ok(component::encode(name, &bytes)?)
}

/// Compiles core modules: their files by the packages' names.
///
/// # Errors
/// When cargo says no.
pub fn modules(crates: &Crates<'_>) -> Result<BTreeMap<String, PathBuf>, BuildError> {
    compiled(crates, None)
}

/// With the schema of the one policy's configuration, where it is known.
fn compiled(crates: &Crates<'_>, schema: Option<&str>) -> Result<BTreeMap<String, PathBuf>, BuildError> {
    let manifest = crates.dir.join("Cargo.toml");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--lib", "--target", wasm_std::TARGET]);
    cargo.args(["--profile", "component"]);
    for setting in PROFILE {
        cargo.arg("--config").arg(format!("profile.component.{setting}"));
    }
    // Rendered to standard error for people; what was made goes to standard output for this program.
    cargo.arg(match crates.short {
        true => "--message-format=json-diagnostic-short,json-render-diagnostics",
        false => "--message-format=json-render-diagnostics",
    });
    cargo.arg("--manifest-path").arg(&manifest);
    for package in crates.packages {
        cargo.args(["--package", package]);
    }
    if let Some(target) = crates.target {
        cargo.env("CARGO_TARGET_DIR", target);
    }
    match schema {
        Some(schema) => cargo.env(schema::VARIABLE, schema),
        None => cargo.env_remove(schema::VARIABLE),
    };
    let mut flags = wasm_std::flags(&|what| eprintln!("{what}"))?;
    flags.push(STACK.to_owned());
    flags.extend(remapped(crates.dir));
    cargo.current_dir(crates.dir).env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    let output = tool::run(&mut cargo, wasm_std::INSTALL, crates.messages)?;
    let modules = made(&String::from_utf8_lossy(&output), crates.packages, &manifest);
    if modules.is_empty() { Err(no_library(&manifest)) } else { Ok(modules) }
}

/// Panic messages name source files: without this machine's folders they are the same wherever they are built.
fn remapped(dir: &Path) -> Vec<String> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")));
    let mut flags = vec![format!("--remap-path-prefix={}=", dir.display())];
    flags.extend(home.map(|home| format!("--remap-path-prefix={}=cargo", home.display())));
    flags
}

/// As much of cargo's messages as is needed.
#[derive(Deserialize)]
struct Message {
    reason: String,
    manifest_path: Option<PathBuf>,
    target: Option<Target>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    crate_types: Vec<String>,
}

/// The modules of the packages, or of the manifest's own one.
fn made(output: &str, packages: &[String], manifest: &Path) -> BTreeMap<String, PathBuf> {
    let messages = output.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok()).filter(|m| m.reason == "compiler-artifact");
    let mut modules = BTreeMap::new();
    for message in messages {
        let Some(target) = message.target.filter(|target| target.crate_types.iter().any(|kind| kind == "cdylib")) else { continue };
        let Some(file) = message.filenames.into_iter().find(|file| file.extension().is_some_and(|extension| extension == "wasm")) else { continue };
        let package = packages.iter().find(|package| package.replace('-', "_") == target.name);
        match package {
            Some(package) => modules.insert(package.clone(), file),
            None if packages.is_empty() && message.manifest_path.as_deref() == Some(manifest) => modules.insert(target.name, file),
            None => continue,
        };
    }
    modules
}

fn no_library(manifest: &Path) -> BuildError {
    BuildError::file(manifest, "it makes no component; give it `[lib]` with `crate-type = [\"cdylib\", \"rlib\"]`")
}

#[cfg(test)]
mod tests;
