//! Python: CPython and the policy's modules in one component, by `componentize-py` from PyPI.
//!
//! The interpreter starts when the component is built, and its state is in the component. What Python can reach is what its world imports: all of WASI
//! is a stub that traps.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::interface::{self, GENERATED};
use super::{BuildError, Job};
use crate::{World, files, tool};

/// The version that the templates and the examples are written for.
const PACKAGE: &str = "componentize-py==0.25.1";

/// How to get what runs the tools.
const INSTALL: &str = "install Python 3.10 or newer with pip and venv";

/// Stands between the policy and its caller. The policy's own module is called `policy`.
const TOLD: &str = include_str!("python/told.py");

/// The module that it is.
const MODULE: &str = "portcullis_told";

pub(super) fn build(job: &Job<'_>) -> Result<Vec<u8>, BuildError> {
    let (program, environment) = componentize(job)?;
    let sources = interface::sources(job.dir, &["py"]);
    let interface = interface::write(job, |capability| capability == "log" || imports(&sources, capability))?;
    let generated = job.dir.join(GENERATED).join("py");
    files::write(&generated.join(MODULE).with_extension("py"), telling(interface.world).as_bytes())?;
    let out = job.dir.join(GENERATED).join("component.wasm");
    let mut command = Command::new(program);
    command.current_dir(job.dir).arg("--wit-path").arg(&interface.dir).args(["--world", interface.world.as_str()]);
    command.args(["componentize", "--stub-wasi", "--python-path"]).arg(&generated).arg("--python-path").arg(job.dir);
    // What the policy itself depends on is beside the tool.
    match environment {
        Some(environment) => command.env("VIRTUAL_ENV", environment),
        None => &mut command,
    };
    command.arg(MODULE).arg("--output").arg(&out);
    tool::run(&mut command, INSTALL, job.messages)?;
    fs::read(&out).map_err(|e| BuildError::file(out, format!("{e}; it was to be written by componentize-py")))
}

/// The module that does what the policy does, and tells what it raises.
fn telling(world: World) -> String {
    let mut text = TOLD.to_owned();
    let mut class = |name: &str, functions: &[(&str, bool)]| {
        text += &format!("\n\nclass {name}(policy.{name}):\n");
        for (function, fails) in functions {
            let function = function.replace('-', "_");
            let fails = if *fails { ", fails=True" } else { "" };
            text += &format!("    {function} = told(policy.{name}.{function}{fails})\n");
        }
    };
    class("Plugin", &[("describe", false), ("configure", true)]);
    class("WitWorld", &world.exports().iter().map(|function| (*function, world.fails())).collect::<Vec<_>>());
    text
}

/// `componentize-py`, and the virtual environment that it is in: the policy's `.venv` or one above it, the one that is active, or that on
/// the path. pip makes a `.venv` when there is none.
fn componentize(job: &Job<'_>) -> Result<(PathBuf, Option<PathBuf>), BuildError> {
    if let Some(found) = in_environment(job.dir, "componentize-py") {
        return Ok((found.0, Some(found.1)));
    }
    if tool::is_there("componentize-py", &["--version"]) {
        return Ok(("componentize-py".into(), None));
    }
    let environment = job.dir.join(".venv");
    let mut venv = Command::new("python3");
    tool::run(venv.args(["-m", "venv"]).arg(&environment), INSTALL, job.messages)?;
    let mut pip = Command::new(environment.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).current_dir(job.dir);
    match job.dir.join("requirements.txt").is_file() {
        true => pip.args(["--requirement", "requirements.txt"]),
        false => pip.arg(PACKAGE),
    };
    tool::run(&mut pip, INSTALL, job.messages)?;
    let program = environment.join("bin/componentize-py");
    if program.is_file() {
        return Ok((program, Some(environment)));
    }
    Err(BuildError::file(job.dir.join("requirements.txt"), format!("it does not have componentize-py; add {PACKAGE}")))
}

/// A program of a virtual environment that is the policy's own, above it, or active; and that environment.
pub(super) fn in_environment(dir: &Path, program: &str) -> Option<(PathBuf, PathBuf)> {
    let active = std::env::var_os("VIRTUAL_ENV").map(PathBuf::from);
    let mut environments = dir.ancestors().map(|above| above.join(".venv")).chain(active);
    environments.find_map(|environment| {
        let file = environment.join("bin").join(program);
        file.is_file().then_some((file, environment))
    })
}

/// Whether a statement in the sources imports a capability of the generated package `wit_world.imports`.
fn imports(sources: &str, capability: &str) -> bool {
    const PACKAGE: &str = "wit_world.imports";
    sources.match_indices(PACKAGE).any(|(at, _)| {
        let rest = &sources[at + PACKAGE.len()..];
        // To the end of the line, or of the parentheses that were opened in it.
        let line = rest.lines().next().unwrap_or_default();
        let statement = match line.contains('(') {
            true => rest.split(')').next().unwrap_or_default(),
            false => line,
        };
        statement.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == capability)
    })
}

#[cfg(test)]
mod tests;
