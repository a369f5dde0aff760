//! C: `zig cc` or clang makes a core module, which becomes a component by a stub of WASI.
//!
//! zig brings its own library and linker and is a package of PyPI; clang needs those of WASI beside it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::Resolve;

use super::interface::{self, GENERATED, Interface};
use super::{BuildError, Job, python, wasi};
use crate::files;
use crate::tool::{self, Messages};

/// How to get a compiler.
const INSTALL: &str = "install zig (`python3 -m pip install ziglang==0.17.1`), or clang 19 or newer with lld and wasi-libc";

/// A reactor: a module without `main`. The stack is 64 KiB, so that a fresh instance is small.
const FLAGS: [&str; 8] =
    ["-mexec-model=reactor", "-std=gnu23", "-Os", "-Wall", "-Wextra", "-Wl,-z,stack-size=65536", "-Wl,--gc-sections", "-Wl,--strip-all"];

pub(super) fn build(job: &Job<'_>) -> Result<Vec<u8>, BuildError> {
    // The linker leaves out what is not called, so that the world may name everything.
    let interface = interface::write(job, |_| true)?;
    let dir = job.dir.join(GENERATED).join("c");
    let generated = bind(&interface, &dir)?;
    let core = job.dir.join(GENERATED).join("core.wasm");
    let mut compiler = compiler(job)?;
    compiler.args(FLAGS).current_dir(job.dir).arg("-I").arg(&dir).args(sources(job)?).args(generated).arg("-o").arg(&core);
    tool::run(&mut compiler, INSTALL, job.messages)?;
    let module = fs::read(&core).map_err(|e| BuildError::file(&core, format!("{e}; it was to be written by the compiler")))?;
    wasi::encode(job, &module)
}

/// Writes the bindings: a header, a source, and an object that holds the interface. What is to be compiled and linked of them.
fn bind(interface: &Interface, dir: &std::path::Path) -> Result<Vec<PathBuf>, BuildError> {
    let failed = |error| BuildError::file(&interface.dir, format!("{error:#}"));
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(&interface.dir).map_err(failed)?;
    let world = resolve.select_world(&[package], Some(interface.world.as_str())).map_err(failed)?;
    let mut generated = Files::default();
    // A body that is lent has to be given back before the answer; the bindings do it.
    let options = wit_bindgen_c::Opts { autodrop_borrows: wit_bindgen_c::Enabled::Yes, ..wit_bindgen_c::Opts::default() };
    options.build().generate(&mut resolve, world, &mut generated).map_err(failed)?;
    let mut linked = Vec::new();
    for (path, bytes) in generated.iter() {
        files::write(&dir.join(path), bytes)?;
        if !path.ends_with(".h") {
            linked.push(dir.join(path));
        }
    }
    Ok(linked)
}

/// All C of the policy's folder.
fn sources(job: &Job<'_>) -> Result<Vec<PathBuf>, BuildError> {
    let entries = fs::read_dir(job.dir).map_err(|e| BuildError::file(job.dir, e))?;
    let mut sources: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|extension| extension == "c")).collect();
    sources.sort();
    Ok(sources)
}

/// zig: on the path, or of Python's package in the policy's `.venv`, one above it, the active one, or the system's. Otherwise clang, if it can
/// compile for WASI.
fn compiler(job: &Job<'_>) -> Result<Command, BuildError> {
    const TARGET: &str = "--target=wasm32-wasi";
    let zig = |program: PathBuf, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).args(["cc", TARGET]);
        command
    };
    if tool::is_there("zig", &["version"]) {
        return Ok(zig("zig".into(), &[]));
    }
    let pythons = python::in_environment(job.dir, "python").map(|(python, _)| python).into_iter().chain(["python3".into()]);
    for python in pythons {
        if tool::is_there(&python, &["-m", "ziglang", "version"]) {
            return Ok(zig(python, &["-m", "ziglang"]));
        }
    }
    // It must find the library of WASI and the linker too.
    let probe = job.dir.join(GENERATED).join("probe.wasm");
    let empty = job.dir.join(GENERATED).join("probe.c");
    files::write(&empty, b"#include <string.h>\n")?;
    let mut clang = Command::new("clang");
    clang.arg(TARGET);
    let mut trial = Command::new("clang");
    trial.args([TARGET, "-mexec-model=reactor", "-std=gnu23"]).arg(&empty).arg("-o").arg(&probe);
    tool::run(&mut trial, INSTALL, Messages::Kept)?;
    Ok(clang)
}
