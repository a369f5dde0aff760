//! The Go program of `tests/cluster`, built once.

use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use anyhow::{Context, Result, bail};

/// Where the program and the note of what it was built from are.
const FOLDER: &str = "target/cluster";

/// The module's folder.
const SOURCE: &str = "tests/cluster";

/// The version of Kubernetes, which the program can only be told by the linker.
const KUBERNETES: (&str, &str, &str) = ("1", "37", "v1.37.1");

/// The program, built now when its sources or the Go toolchain have changed since the last time.
pub fn ensure(root: &Path) -> Result<PathBuf> {
    let program = root.join(FOLDER).join("cluster");
    let note = root.join(FOLDER).join("built-from");
    let wanted = fingerprint(root)?;
    if program.is_file() && fs::read_to_string(&note).is_ok_and(|built| built == wanted) {
        return Ok(program);
    }
    fs::create_dir_all(root.join(FOLDER))?;
    eprintln!("xtask: building the test cluster; the first time it takes about five minutes");
    let draft = program.with_extension(format!("{}.draft", std::process::id()));
    let status = go(root).args(["build", "-ldflags", &linker_flags(), "-o"]).arg(&draft).arg(".").status();
    if !status.context("cannot run go: install Go 1.26 or newer")?.success() {
        bail!("the test cluster does not build: see Go's message above");
    }
    // In one step: a cluster that runs keeps the program that it was started from.
    fs::rename(&draft, &program)?;
    fs::write(&note, wanted)?;
    Ok(program)
}

/// The program as it was last built, if it was.
pub fn built(root: &Path) -> Option<PathBuf> {
    Some(root.join(FOLDER).join("cluster")).filter(|program| program.is_file())
}

/// What the program is made of, in short.
fn fingerprint(root: &Path) -> Result<String> {
    let output = go(root).args(["env", "GOVERSION"]).output().context("cannot run go: install Go 1.26 or newer, which the test cluster is built with")?;
    if !output.status.success() {
        bail!("go does not run: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let mut files = Vec::new();
    sources(&root.join(SOURCE), &mut files)?;
    files.sort();
    let mut hasher = DefaultHasher::new();
    hasher.write(&output.stdout);
    hasher.write(linker_flags().as_bytes());
    for file in files {
        let bytes = fs::read(&file)?;
        hasher.write(file.to_string_lossy().as_bytes());
        hasher.write_usize(bytes.len());
        hasher.write(&bytes);
    }
    Ok(format!("{:016x}\n", hasher.finish()))
}

/// Everything below the folder that Go compiles.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            sources(&path, found)?;
        } else if name == "go.mod" || name == "go.sum" || name.ends_with(".go") && !name.ends_with("_test.go") {
            found.push(path);
        }
    }
    Ok(())
}

/// Go, in the module's folder. Without cgo no C compiler is needed, and the program is the same everywhere.
fn go(root: &Path) -> Command {
    let mut command = Command::new("go");
    command.current_dir(root.join(SOURCE)).env("CGO_ENABLED", "0");
    command
}

fn linker_flags() -> String {
    let (major, minor, version) = KUBERNETES;
    let package = "k8s.io/component-base/version";
    format!("-s -w -X {package}.gitVersion={version} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}")
}
