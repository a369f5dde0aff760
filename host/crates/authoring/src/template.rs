//! `plugin new`: a folder that builds, with a policy that does something small and useful.
//!
//! The templates are files in `plugin-sdk/templates`: for each language a folder for each world that it has, and `common` for what is the
//! same in all of them. In names and texts these are replaced: `{{name}}` (kebab case), `{{snake}}` (snake case), `{{world}}`, `{{sdk}}` (the
//! SDK's entry in a Cargo.toml) and `{{limits}}` (of a language that needs more than the usual). A file's ending `.template` is left out: it keeps tools from taking the template for the thing itself.

use std::fs;
use std::path::{Path, PathBuf};

use crate::build::BUNDLE;
use crate::embedded::TEMPLATES;
use crate::{Language, World, WriteError, files};

/// What to make.
#[derive(Clone, Copy, Debug)]
pub struct New<'a> {
    /// The policy's name, in kebab case.
    pub name: &'a str,
    /// Which decision it takes.
    pub world: World,
    /// The language it is written in.
    pub language: Language,
    /// The folder; made when it is not there, and must be empty.
    pub dir: &'a Path,
    /// The folder of the Rust SDK. Without one it is looked for beside and above `dir` and this program.
    pub sdk: Option<&'a Path>,
}

/// Why there is no new folder.
#[derive(Debug, thiserror::Error)]
pub enum NewError {
    /// Its name is no name.
    #[error("the name `{0}` must be 1 to 63 lower-case letters, digits and hyphens, and begin with a letter")]
    Name(String),
    /// There is something already.
    #[error("{} is not empty; give another name, or another folder with --dir", .0.display())]
    NotEmpty(PathBuf),
    /// No template.
    #[error("there is no template for the world {world} in {language}; there is one for {}", there.join(", "))]
    NoTemplate {
        /// The world.
        world: World,
        /// The language.
        language: Language,
        /// What there is in that language.
        there: Vec<String>,
    },
    /// The SDK is not where it was said to be.
    #[error("{} is not the SDK: it has no Cargo.toml of the crate portcullis-sdk; give --sdk the folder plugin-sdk of the repository", .0.display())]
    NoSdk(PathBuf),
    /// There is none to be found. It is published nowhere, so that a name and a version in a Cargo.toml would be somebody else's crate.
    #[error(
        "the SDK for Rust, the folder plugin-sdk of Portcullis' repository, is neither above or beside {} nor above this program; \
         give it with --sdk, or take another --language", .0.display()
    )]
    SdkNotFound(PathBuf),
    /// It could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Makes the folder. The paths that were written, relative to it.
///
/// # Errors
/// When the name is none, the folder is not empty, there is no such template, or it cannot be written.
pub fn new(new: &New<'_>) -> Result<Vec<PathBuf>, NewError> {
    if !is_name(new.name) {
        return Err(NewError::Name(new.name.to_owned()));
    }
    if fs::read_dir(new.dir).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(NewError::NotEmpty(new.dir.to_owned()));
    }
    let of_world = format!("{}/{}/", new.language, new.world);
    if !TEMPLATES.iter().any(|(path, _)| path.starts_with(&of_world)) {
        return Err(NewError::NoTemplate { world: new.world, language: new.language, there: worlds(new.language) });
    }
    let sdk = match new.language {
        Language::Rust => sdk_entry(new)?,
        _ => String::new(),
    };
    let fill = |text: &str| {
        text.replace("{{name}}", new.name).replace("{{snake}}", &new.name.replace('-', "_")).replace("{{world}}", new.world.as_str()).replace("{{sdk}}", &sdk).replace("{{limits}}", limits(new.language))
    };
    let mut written = Vec::new();
    // What a world's policy is to do, and with which configuration, is the same in every language: the bundle and the cases are Rust's.
    let shared = |path: &str| path == BUNDLE || path.starts_with("cases/");
    for folder in [format!("{}/common/", new.language), of_world, format!("{}/{}/", Language::Rust, new.world)] {
        let of_rust = new.language != Language::Rust && folder.starts_with(Language::Rust.as_str());
        for (path, text) in TEMPLATES {
            let Some(path) = path.strip_prefix(&folder).filter(|path| !of_rust || shared(path)) else { continue };
            let path = fill(path.strip_suffix(".template").unwrap_or(path));
            files::write(&new.dir.join(&path), fill(text).as_bytes())?;
            written.push(PathBuf::from(path));
        }
    }
    written.sort();
    written.dedup();
    Ok(written)
}

/// A line of `bundle.yaml` for languages whose runtime leaves too little of the usual 16 MiB.
fn limits(language: Language) -> &'static str {
    match language {
        Language::JavaScript | Language::TypeScript | Language::Python => "    limits: { memory: 64MiB }   # the interpreter takes 9 to 13 MB of the default 16 by itself\n",
        Language::Rust | Language::Go | Language::C => "",
    }
}

/// The worlds that there are templates for.
fn worlds(language: Language) -> Vec<String> {
    let has = |world: &World| TEMPLATES.iter().any(|(path, _)| path.starts_with(&format!("{language}/{world}/")));
    World::ALL.iter().filter(|world| has(world)).map(|world| world.as_str().to_owned()).collect()
}

/// What a plugin, a crate and a folder may all be called.
fn is_name(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !name.ends_with('-')
}

/// The SDK in a Cargo.toml: a path, since that is the SDK of this very gateway.
fn sdk_entry(new: &New<'_>) -> Result<String, NewError> {
    let found = match new.sdk {
        Some(given) if is_sdk(given) => Some(given.to_owned()),
        Some(given) => return Err(NewError::NoSdk(given.to_owned())),
        None => find_sdk(new.dir),
    };
    let path = found.ok_or_else(|| NewError::SdkNotFound(new.dir.to_owned()))?;
    let path = fs::canonicalize(&path).unwrap_or(path);
    Ok(format!("portcullis-sdk = {{ path = {:?} }}", path.display().to_string()))
}

/// In or beside a folder above the new one, or above this program.
fn find_sdk(dir: &Path) -> Option<PathBuf> {
    let here = std::path::absolute(dir).ok();
    let program = std::env::current_exe().and_then(fs::canonicalize).ok();
    let starts = here.iter().chain(&program);
    let candidates = starts.flat_map(|start| start.ancestors()).flat_map(|above| [above.join("plugin-sdk"), above.join("portcullis/plugin-sdk")]);
    candidates.into_iter().find(|folder| is_sdk(folder))
}

fn is_sdk(folder: &Path) -> bool {
    fs::read_to_string(folder.join("Cargo.toml")).is_ok_and(|text| text.lines().any(|line| line.trim() == "name = \"portcullis-sdk\""))
}

#[cfg(test)]
mod tests;
