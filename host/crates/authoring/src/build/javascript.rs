//! JavaScript and TypeScript: StarlingMonkey and the policy's modules in one component, by `componentize-js` from npm.
//!
//! QuickJS (`componentize-qjs` 0.4.5) would be smaller, 1.1 MB instead of 12 MB, but it does not give back the body that a guard is lent before it
//! answers, which traps. Born configured, StarlingMonkey takes less than a third of a millisecond for a fresh call. All that it has of WASI is
//! switched off: what JavaScript can reach is what its world imports.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use super::interface::{self, GENERATED};
use super::{BuildError, Job};
use crate::tool::{self, Messages};
use crate::{Language, World, files};

/// How to get what runs the tools.
const INSTALL: &str = "install Node.js 20 or newer with npm";

/// Calls the tool.
const SCRIPT: &str = include_str!("javascript/componentize.mjs");

/// Stands between the policy and its caller.
const TOLD: &str = include_str!("javascript/told.mjs");

/// The package of the tool.
const TOOL: &str = "@bytecodealliance/componentize-js";

/// The types of the interface, as the module `portcullis`.
const TYPES: &str = include_str!("javascript/portcullis.d.ts");

/// As much of a package.json as is needed here.
#[derive(Deserialize)]
struct Package {
    main: Option<PathBuf>,
}

pub(super) fn build(job: &Job<'_>, language: Language) -> Result<Vec<u8>, BuildError> {
    let source = entry(job.dir, language)?;
    let modules = modules(job)?;
    files::write(&job.dir.join(GENERATED).join("portcullis.d.ts"), TYPES.as_bytes())?;
    let policy = match language {
        Language::TypeScript => compiled(job, &modules, &source)?,
        _ => Path::new("..").join(&source),
    };
    let sources = interface::sources(job.dir, &["js", "mjs", "ts"]);
    let interface = interface::write(job, |capability| capability == "log" || sources.contains(&format!("portcullis:policy/{capability}@")))?;
    // It is a library without a command; modules are looked for in the policy's folder and above it.
    let generated = job.dir.join(GENERATED);
    let script = generated.join("componentize.mjs");
    files::write(&script, SCRIPT.as_bytes())?;
    let told = generated.join("told.mjs");
    files::write(&told, telling(&policy, interface.world).as_bytes())?;
    let out = generated.join("component.wasm");
    let mut command = Command::new("node");
    command.current_dir(job.dir).arg(&script).arg(&told).arg(&interface.dir).arg(interface.world.as_str()).arg(&out);
    tool::run(&mut command, INSTALL, job.messages)?;
    fs::read(&out).map_err(|e| BuildError::file(out, format!("{e}; it was to be written by componentize-js")))
}

/// The module that is the policy: `main` of the package.json, by default `policy.js` or `policy.ts`.
fn entry(dir: &Path, language: Language) -> Result<PathBuf, BuildError> {
    let file = dir.join("package.json");
    let text = fs::read_to_string(&file).map_err(|e| BuildError::file(&file, e))?;
    let package: Package = serde_json::from_str(&text).map_err(|e| BuildError::file(&file, e))?;
    let default = if language == Language::TypeScript { "policy.ts" } else { "policy.js" };
    let entry = package.main.unwrap_or_else(|| default.into());
    if dir.join(&entry).is_file() { Ok(entry) } else { Err(BuildError::file(&file, format!("`main` is {}, which is not there", entry.display()))) }
}

/// The module that exports what the policy does, and tells what it throws.
fn telling(policy: &Path, world: World) -> String {
    let policy = serde_json::Value::from(policy.to_string_lossy());
    let names: Vec<_> = world.exports().iter().map(|name| lower_camel(name)).collect();
    let imported: String = names.iter().map(|name| format!(", {name} as {name}Itself")).collect();
    let exported: String = names.iter().map(|name| format!("export const {name} = told({name}Itself, {});\n", world.fails())).collect();
    format!("{TOLD}\nimport {{ plugin as itself{imported} }} from {policy};\n{exported}")
}

/// `plan-masking` as JavaScript writes it.
fn lower_camel(name: &str) -> String {
    let mut words = name.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
}

/// The `node_modules` that has the tools: the policy's own, or one above it as in a workspace. npm fills it when there is none.
fn modules(job: &Job<'_>) -> Result<PathBuf, BuildError> {
    let found = || job.dir.ancestors().map(|above| above.join("node_modules")).find(|modules| modules.join(TOOL).join("package.json").is_file());
    if let Some(modules) = found() {
        return Ok(modules);
    }
    let mut npm = Command::new("npm");
    let locked = job.dir.join("package-lock.json").is_file();
    npm.arg(if locked { "ci" } else { "install" }).args(["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]).current_dir(job.dir);
    tool::run(&mut npm, INSTALL, job.messages)?;
    found().ok_or_else(|| BuildError::file(job.dir.join("package.json"), format!("it does not have the tools among its devDependencies; add \"{TOOL}\": \"0.23.0\" and \"@bytecodealliance/preview2-shim\": \"0.25.0\", which it needs")))
}

/// Checks and compiles TypeScript; the policy's module as JavaScript, from the folder of what is generated.
fn compiled(job: &Job<'_>, modules: &Path, source: &Path) -> Result<PathBuf, BuildError> {
    let compiler = modules.join("typescript/bin/tsc");
    if !compiler.is_file() {
        return Err(BuildError::file(job.dir.join("package.json"), "it does not have typescript among its devDependencies; add \"typescript\": \"7.0.2\""));
    }
    let out = job.dir.join(GENERATED).join("js");
    let mut command = Command::new("node");
    command.arg(compiler).args(["--project", "tsconfig.json", "--noEmit", "false", "--rootDir", ".", "--outDir"]).arg(&out).current_dir(job.dir);
    // It complains on standard output.
    tool::run(&mut command, INSTALL, Messages::Kept)?;
    Ok(Path::new("./js").join(source.with_extension("js")))
}

#[cfg(test)]
mod tests;
