//! Programs in Go that tests need: built once, by the module's own list of dependencies.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Installs programs into a folder, which is made: each a name and its package with a version.
pub fn install(folder: &Path, programs: &[(&str, &str)]) -> Result<()> {
    fs::create_dir_all(folder)?;
    for (name, package) in programs {
        once(folder, name, package, |work| {
            let mut go = command();
            go.args(["install", "-p", "2", "-trimpath", "-ldflags=-s -w", package]).env("GOBIN", work).current_dir(work);
            go
        })?;
    }
    Ok(())
}

/// Builds a program unless it is there and made of the same. It appears whole, and its note after it.
pub fn once(folder: &Path, name: &str, made_of: &str, build: impl FnOnce(&Path) -> Command) -> Result<()> {
    let (program, note) = (folder.join(name), folder.join(format!("{name}.made-of")));
    if program.is_file() && fs::read_to_string(&note).is_ok_and(|known| known == made_of) {
        return Ok(());
    }
    eprintln!("xtask: building {name}, once");
    let work = tempfile::tempdir_in(folder)?;
    if !build(work.path()).status().context("cannot run go: install Go 1.26 or newer, which some of the tests' programs are built with")?.success() {
        bail!("{name}, which tests need, does not build: see Go's message above");
    }
    fs::rename(work.path().join(name), program)?;
    fs::write(note, made_of)?;
    Ok(())
}

/// Builds a program of this repository, whose module is in the folder `source`.
pub fn own(folder: &Path, name: &str, source: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let mut made_of = String::new();
    for file in ["go.mod", "go.sum", "main.go"].map(|file| source.join(file)) {
        made_of += &fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    }
    once(folder, name, &made_of, |work| {
        let mut go = command();
        go.args(["build", "-p", "2", "-trimpath", "-ldflags=-s -w", "-o"]).arg(work.join(name)).arg(".").current_dir(source);
        go
    })
}

/// Without cgo no C compiler is needed.
pub fn command() -> Command {
    let mut command = Command::new("go");
    command.env("CGO_ENABLED", "0");
    command
}
