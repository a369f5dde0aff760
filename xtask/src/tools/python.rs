//! The Python client of Kubernetes, in a virtual environment of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use super::{FOLDER, python};

/// What is installed: names, versions and digests.
const REQUIREMENTS: &str = "tests/conformance/requirements.txt";

/// The environment's Python, with the client installed now if it is not. Needs Python 3.11 or newer with venv and pip, and the
/// Python package index, the first time.
///
/// # Errors
/// With what is missing and how to get it.
pub fn ensure(root: &Path) -> Result<PathBuf> {
    let requirements = root.join(REQUIREMENTS);
    let wanted = fs::read_to_string(&requirements)?;
    let folder = root.join(FOLDER).join("python");
    let program = folder.join("bin/python");
    // The note is written last: without it what is there is not whole.
    let note = folder.join("installed");
    if fs::read_to_string(&note).is_ok_and(|installed| installed == wanted) {
        return Ok(program);
    }
    let python = python()?;
    eprintln!("xtask: installing the Python client of Kubernetes, once");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    // Made in its place: an environment names its own folder inside.
    if !Command::new(python).args(["-m", "venv"]).arg(&folder).status()?.success() {
        bail!("the Python client needs a virtual environment, and `{python} -m venv` failed: install python3-venv");
    }
    let mut pip = Command::new(&program);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--only-binary=:all:", "--requirement"]);
    if !pip.arg(&requirements).status()?.success() {
        bail!("cannot install the Python client of Kubernetes: see pip's message above; {REQUIREMENTS} has wheels for CPython 3.11 to 3.14 on Linux");
    }
    fs::write(note, wanted)?;
    Ok(program)
}
