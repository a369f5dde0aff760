//! Putting a policy into a running gateway's `policies` folder.
//!
//! The component and the cases are copied. Then `bundle.yaml` is: whole, when there is none or it is the same policy's; otherwise the policy's entry
//! is put before those that are there, and everything else of the file stays as it is, comments included. Whether the result is
//! any good is the gateway's to say: a set that is not changes nothing.

use std::fs;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use crate::build::{BUNDLE, BuildError, yaml};
use crate::files;

/// As much of a bundle as is needed here.
#[derive(Deserialize)]
struct Bundle {
    #[serde(default)]
    plugins: Vec<Plugin>,
    #[serde(default)]
    cases: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Plugin {
    name: String,
    component: PathBuf,
    cases: Option<PathBuf>,
}

/// Copies the bundle in `dir` into `policies`. The files that were written, relative to it; none when everything is there already. The
/// definition is written last, so that nothing in it is missing.
///
/// # Errors
/// When one of the two bundles cannot be read, or a file not be written.
pub fn install(dir: &Path, policies: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let (text, bundle) = read(&dir.join(BUNDLE))?;
    let mut written = Vec::new();
    let named = bundle.plugins.iter().flat_map(|plugin| [Some(&plugin.component), plugin.cases.as_ref()]).flatten().chain(&bundle.cases);
    for file in named {
        if !file.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(BuildError::file(dir.join(BUNDLE), format!("{} is outside the folder; name a file in it", file.display())));
        }
        let from = dir.join(file);
        let bytes = fs::read(&from).map_err(|e| BuildError::file(&from, format!("{e}; `portcullis plugin build` makes a component")))?;
        if files::write(&policies.join(file), &bytes)? {
            written.push(file.clone());
        }
    }
    let there = policies.join(BUNDLE);
    let new = match there.exists() {
        false => Some(text),
        true => {
            let (old_text, old) = read(&there)?;
            let known = |plugin: &Plugin| old.plugins.iter().any(|old| old.name == plugin.name);
            let only_these = old.plugins.iter().all(|old| bundle.plugins.iter().any(|plugin| plugin.name == old.name));
            match () {
                () if only_these => Some(text),
                // Its entry is there, and whoever wrote it may have changed it for this gateway.
                () if bundle.plugins.iter().all(known) => None,
                () if !bundle.plugins.iter().any(known) => Some(added(&old_text, &text).ok_or_else(|| {
                    BuildError::file(&there, "its list of plugins cannot be added to as text; write `plugins:` and each plugin on lines of their own")
                })?),
                () => return Err(BuildError::file(&there, "it has some of this bundle's plugins and not all; put the entries there by hand")),
            }
        }
    };
    if let Some(new) = new
        && files::write(&there, new.as_bytes())?
    {
        written.push(PathBuf::from(BUNDLE));
    }
    Ok(written)
}

fn read(file: &Path) -> Result<(String, Bundle), BuildError> {
    let text = fs::read_to_string(file).map_err(|e| BuildError::file(file, format!("{e}; a policy's folder has a bundle.yaml")))?;
    let bundle = yaml(file, &text)?;
    Ok((text, bundle))
}

/// `old` with the entries of `new` at the head of its list; nothing when one of them is not written as a block.
fn added(old: &str, new: &str) -> Option<String> {
    let entries = entries(new)?;
    let lines: Vec<&str> = old.lines().collect();
    let head = lines.iter().position(|line| line.trim_end() == "plugins:" || line.starts_with("plugins:") && line[8..].trim_start().starts_with('#'))?;
    let first = lines[head + 1..].iter().find(|line| line.trim_start().starts_with("- "))?;
    let indent = indentation(first);
    let mut out: Vec<String> = lines[..=head].iter().map(|line| (*line).to_owned()).collect();
    let own = entries.iter().find(|line| line.trim_start().starts_with("- ")).map_or(0, |line| indentation(line));
    for line in entries {
        // Moved as a whole, so that it keeps its own shape.
        let text = line.get(own..).filter(|_| indentation(line) >= own).unwrap_or_else(|| line.trim_start());
        out.push(if text.is_empty() { String::new() } else { format!("{:indent$}{text}", "") });
    }
    out.extend(lines[head + 1..].iter().map(|line| (*line).to_owned()));
    Some(out.join("\n") + "\n")
}

/// The lines of a bundle's list of plugins.
fn entries(text: &str) -> Option<Vec<&str>> {
    let mut lines = text.lines().skip_while(|line| line.trim_end() != "plugins:");
    lines.next()?;
    let list: Vec<&str> = lines.take_while(|line| line.is_empty() || line.starts_with([' ', '-', '#'])).collect();
    let end = list.iter().rposition(|line| !line.trim().is_empty())?;
    Some(list[..=end].to_vec())
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

#[cfg(test)]
mod tests;
