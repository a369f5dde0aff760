//! What the sinks deliver to in their tests: an S3 gateway, a log database that takes Splunk's protocol, and OpenTelemetry's collector.
//! All are Go programs, built once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::FOLDER;

/// Built as their authors say, by the module's own list of dependencies.
const PROGRAMS: [(&str, &str); 2] = [
    ("versitygw", "github.com/versity/versitygw/cmd/versitygw@v1.8.0"),
    ("victoria-logs", "github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs@v1.52.1"),
];

/// The collector's module: it is put together of parts.
const COLLECTOR: &str = "tests/sinks";

/// The folder with the three programs, built now if they are not there. Needs Go, and its modules, the first time.
///
/// # Errors
/// With what is missing and how to get it.
pub fn ensure(root: &Path) -> Result<PathBuf> {
    let folder = root.join(FOLDER).join("sinks");
    fs::create_dir_all(&folder)?;
    for (name, module) in PROGRAMS {
        once(&folder, name, module, |work| {
            let mut go = go();
            go.args(["install", "-p", "2", "-trimpath", "-ldflags=-s -w", module]).env("GOBIN", work).current_dir(work);
            go
        })?;
    }
    let source = root.join(COLLECTOR);
    let mut made_of = String::new();
    for file in ["go.mod", "go.sum", "main.go"] {
        made_of += &fs::read_to_string(source.join(file)).with_context(|| format!("cannot read {COLLECTOR}/{file}"))?;
    }
    once(&folder, "collector", &made_of, |work| {
        let mut go = go();
        go.args(["build", "-p", "2", "-trimpath", "-ldflags=-s -w", "-o"]).arg(work.join("collector")).arg(".").current_dir(&source);
        go
    })?;
    Ok(folder)
}

/// Builds a program unless it is there and made of the same. It appears whole, and its note after it.
pub(super) fn once(folder: &Path, name: &str, made_of: &str, build: impl FnOnce(&Path) -> Command) -> Result<()> {
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

/// Without cgo no C compiler is needed.
pub(super) fn go() -> Command {
    let mut command = Command::new("go");
    command.env("CGO_ENABLED", "0");
    command
}
