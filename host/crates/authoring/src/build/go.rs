//! Go: the standard compiler makes a core module, which becomes a component by a stub of WASI.
//!
//! The bindings are a Go module of their own, `portcullis`, that is written into the policy's folder; its go.mod has a `replace` for it. The
//! policy is an ordinary package with the interface's functions in it: `Describe`, `Configure` and those of its world.

use std::fs;
use std::process::Command;

use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::Resolve;

use super::interface::{self, GENERATED, Interface};
use super::{BuildError, Job, wasi};
use crate::{files, tool};

/// How to get the compiler.
const INSTALL: &str = "install Go 1.25 or newer";

/// The module of the bindings; the policy's go.mod names it.
const BINDINGS: &str = "portcullis";

/// What the bindings are made of, in the version that can be had by everybody.
const RUNTIME: &str = "go.bytecodealliance.org/pkg v0.2.1";

/// Tells the gateway what the policy panics with.
const TOLD: &str = include_str!("go/told.go");

/// Of the bindings and of what they need.
const GO: &str = "1.25";

pub(super) fn build(job: &Job<'_>) -> Result<Vec<u8>, BuildError> {
    // The linker leaves out what is not called, so that the world may name everything.
    let interface = interface::write(job, |_| true)?;
    bind(job, &interface)?;
    let core = job.dir.join(GENERATED).join("core.wasm");
    let mut go = Command::new("go");
    go.current_dir(job.dir).env("GOOS", "wasip1").env("GOARCH", "wasm").env_remove("GOFLAGS").env("GOWORK", "off");
    go.args(["build", "-buildvcs=false", "-trimpath", "-buildmode=c-shared"]);
    // The bindings reach into the runtime, to allocate for the host; and nobody looks at the tables for debuggers.
    go.arg("-ldflags=-checklinkname=0 -s -w").arg("-o").arg(&core).arg(BINDINGS);
    tool::run(&mut go, INSTALL, job.messages)?;
    let module = fs::read(&core).map_err(|e| BuildError::file(&core, format!("{e}; it was to be written by go build")))?;
    wasi::encode(job, &wasi::embed(module, &interface)?)
}

/// Writes the module of the bindings.
fn bind(job: &Job<'_>, interface: &Interface) -> Result<(), BuildError> {
    let failed = |error| BuildError::file(&interface.dir, format!("{error:#}"));
    let policy = module(job)?;
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(&interface.dir).map_err(failed)?;
    let world = resolve.select_world(&[package], Some(interface.world.as_str())).map_err(failed)?;
    let mut generated = Files::default();
    let options = wit_bindgen_go::Opts { quiet: true, ..wit_bindgen_go::Opts::default() };
    options.build().generate(&mut resolve, world, &mut generated).map_err(failed)?;
    let dir = job.dir.join(GENERATED).join("go");
    for (path, bytes) in generated.iter().filter(|(path, _)| *path != "go.mod") {
        files::write(&dir.join(path), ours(&String::from_utf8_lossy(bytes), &policy).as_bytes())?;
    }
    files::write(&dir.join("told.go"), TOLD.replace("POLICY", &policy).as_bytes())?;
    let manifest = format!("module {BINDINGS}\n\ngo {GO}\n\nrequire {RUNTIME}\n");
    files::write(&dir.join("go.mod"), manifest.as_bytes())?;
    Ok(())
}

/// The generated text with our module's name in it, and with the policy's own package where it calls what is exported.
fn ours(text: &str, policy: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        match line.trim().trim_matches('"').strip_prefix("wit_component/") {
            Some(package) if package.starts_with("export_") => out.push_str(&format!("\t{package} \"{policy}\"")),
            Some(package) => out.push_str(&format!("\t\"{BINDINGS}/{package}\"")),
            None => out.push_str(line),
        }
        out.push('\n');
        if line.starts_with("func wasm_export_") && !line.starts_with("func wasm_export_post_return_") && line.ends_with('{') {
            out.push_str("\tdefer tell()\n");
        }
        // A body that is lent has to be given back before the answer.
        if let Some((lent, _)) = line.trim().split_once(" = ").filter(|_| line.contains("DocumentFromBorrowHandle(")) {
            out.push_str(&format!("\t\tdefer {lent}.Some().Drop()\n"));
        }
    }
    out
}

/// The name of the policy's module.
fn module(job: &Job<'_>) -> Result<String, BuildError> {
    let file = job.dir.join("go.mod");
    let text = fs::read_to_string(&file).map_err(|e| BuildError::file(&file, e))?;
    let name = text.lines().find_map(|line| line.trim().strip_prefix("module ")).map(|name| name.trim().trim_matches('"').to_owned());
    if !text.contains("./.portcullis/go") {
        let message = format!("it does not say where the bindings are; add `require {BINDINGS} v0.0.0` and `replace {BINDINGS} => ./{GENERATED}/go`");
        return Err(BuildError::file(&file, message));
    }
    name.ok_or_else(|| BuildError::file(&file, "it has no line `module`"))
}

#[cfg(test)]
mod tests;
