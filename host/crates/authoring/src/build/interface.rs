//! The interface that a policy is built against: the released text, with a world of only what the policy uses.
//!
//! Some languages' tools import all that a world names. A guard that imports the clock is no pure function, and one that imports the
//! cluster needs a grant; so the world that they are given has the capabilities that the policy's own sources name, and no others.

use std::fs;
use std::path::{Path, PathBuf};

use super::{BuildError, Job, bundle};
use crate::{WIT, World, files};

/// A folder in the policy's own for what is generated. It begins with a dot, so that whoever watches the policy does not look into it.
pub(super) const GENERATED: &str = ".portcullis";

/// Capabilities that a world may import.
const CAPABILITIES: [&str; 5] = ["log", "clock", "cluster", "counter", "http"];

/// Bytes of a policy's sources that are looked at.
const SOURCES: u64 = 16 << 20;

/// Folders deep that sources are looked for.
const DEPTH: usize = 8;

/// An interface on disk.
pub(super) struct Interface {
    /// The folder of its `.wit` files.
    pub dir: PathBuf,
    pub world: World,
}

/// Writes the interface for the tools of the policy's language, with the capabilities for which `uses` says yes.
///
/// # Errors
/// When `bundle.yaml` does not say which world it is of, or nothing can be written.
pub(super) fn write(job: &Job<'_>, uses: impl Fn(&str) -> bool) -> Result<Interface, BuildError> {
    let world = bundle::world(job.dir, job.name)?;
    let dir = job.dir.join(GENERATED).join("wit");
    files::write(&dir.join("types.wit"), released("types.wit").as_bytes())?;
    files::write(&dir.join("worlds.wit"), only(released("worlds.wit"), world, uses).as_bytes())?;
    Ok(Interface { dir, world })
}

/// A file of the released interface.
fn released(path: &str) -> &'static str {
    WIT.iter().find(|(name, _)| *name == path).map_or("", |(_, text)| text)
}

/// The text of one world with its package's head, without the imports that are not used.
fn only(worlds: &str, world: World, uses: impl Fn(&str) -> bool) -> String {
    let unused = |line: &str| CAPABILITIES.iter().any(|name| line.trim() == format!("import {name};") && !uses(name));
    let head = worlds.lines().take(1);
    let begin = format!("world {world} {{");
    let body = worlds.lines().skip_while(|line| *line != begin);
    let end = body.clone().position(|line| line == "}").map_or(0, |at| at + 1);
    let mut text = String::new();
    for line in head.chain(body.take(end)).filter(|line| !unused(line)) {
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// The text of a policy's own sources, by the endings of their files: not of what it depends on, nor of what is generated.
pub(super) fn sources(dir: &Path, endings: &[&str]) -> String {
    let mut text = String::new();
    gather(dir, endings, DEPTH, &mut text);
    text
}

fn gather(dir: &Path, endings: &[&str], depth: usize, text: &mut String) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if name.starts_with('.') || name == "node_modules" || name.ends_with(".d.ts") {
            continue;
        }
        if path.is_dir() {
            if depth > 0 && !path.join("pyvenv.cfg").is_file() {
                gather(&path, endings, depth - 1, text);
            }
        } else if endings.iter().any(|ending| path.extension().is_some_and(|extension| extension == *ending)) {
            let fits = entry.metadata().is_ok_and(|metadata| metadata.len() + text.len() as u64 <= SOURCES);
            if let Some(source) = fits.then(|| fs::read_to_string(&path).ok()).flatten() {
                text.push_str(&source);
                text.push('\n');
            }
        }
    }
}

#[cfg(test)]
mod tests;
