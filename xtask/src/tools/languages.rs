//! What builds the example policies that are not in Rust: npm's and PyPI's packages for JavaScript, Python and C, and Go's module.
//!
//! They lie above the folder in which the tests build, where `portcullis plugin build` looks for an author's own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{FOLDER, python, quiet};

/// What is installed: names, versions, and npm's digests.
const WANTED: &str = "tests/languages";

/// The folder with `node_modules` and `.venv`, installed now if they are not. Needs Node.js with npm, Python with venv and pip, and Go, and
/// their indices the first time.
///
/// # Errors
/// With what is missing and how to get it.
pub fn ensure(root: &Path) -> Result<PathBuf> {
    let wanted = root.join(WANTED);
    let mut state = String::new();
    for file in ["package-lock.json", "requirements.txt"] {
        state.push_str(&fs::read_to_string(wanted.join(file)).with_context(|| format!("cannot read {WANTED}/{file}"))?);
    }
    let folder = root.join(FOLDER).join("languages");
    // The note is written last: without it what is there is not whole.
    let note = folder.join("installed");
    if fs::read_to_string(&note).is_ok_and(|installed| installed == state) {
        return Ok(folder);
    }
    if !quiet(Command::new("go").arg("version")) {
        bail!("the example in Go needs its compiler: install Go 1.25 or newer");
    }
    if !quiet(Command::new("node").arg("--version")) || !quiet(Command::new("npm").arg("--version")) {
        bail!("the example in JavaScript needs Node.js 20 or newer with npm: install them");
    }
    let python = python()?;
    eprintln!("xtask: installing what builds JavaScript, Python and C, once");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(wanted.join(file), folder.join(file))?;
    }
    // Nothing of a package runs while it is installed; the programs are in packages of their own.
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&folder);
    if !npm.status()?.success() {
        bail!("cannot install componentize-js: see npm's message above");
    }
    let environment = folder.join(".venv");
    if !Command::new(python).args(["-m", "venv"]).arg(&environment).status()?.success() {
        bail!("componentize-py needs a virtual environment, and `{python} -m venv` failed: install python3-venv");
    }
    let mut pip = Command::new(environment.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--requirement"]);
    if !pip.arg(wanted.join("requirements.txt")).status()?.success() {
        bail!("cannot install componentize-py and ziglang: see pip's message above");
    }
    fs::write(note, state)?;
    Ok(folder)
}
