//! `plugin build`: one way for all languages.
//!
//! A language is a file here: it runs its own tools in the policy's folder and gives the component's bytes. What is the same for all of them
//! (which language, where the component goes, that it appears whole) is in this one.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use crate::component::EncodeError;
use crate::tool::{Messages, ToolError};
use crate::wasm_std::StdError;
use crate::{Language, World, WriteError, files};

mod bundle;
mod c;
mod go;
mod interface;
mod javascript;
mod python;
pub mod rust;
mod wasi;

pub(crate) use bundle::yaml;

/// The file that a policy's own folder is a bundle by.
pub const BUNDLE: &str = "bundle.yaml";

/// How to build.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the component goes. Without one: beside `bundle.yaml`, by the name that stands in it.
    pub out: Option<PathBuf>,
    /// For the edit loop: short messages.
    pub short: bool,
    /// Where the tools' messages go.
    pub messages: Messages,
}

impl Default for Options {
    fn default() -> Self {
        Options { out: None, short: false, messages: Messages::Shown }
    }
}

/// A component that was built.
#[derive(Clone, Debug, PartialEq)]
pub struct Built {
    /// Where it is.
    pub path: PathBuf,
    /// Its size.
    pub bytes: usize,
    /// Its world, when it is of one.
    pub world: Option<World>,
    /// The language it was written in.
    pub language: Language,
    /// How long it took.
    pub seconds: f64,
    /// It is another one than was there before.
    pub changed: bool,
}

/// Why there is no component.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The folder is not a policy's.
    #[error(
        "{} is no policy's folder: it has no Cargo.toml, package.json, pyproject.toml, policy.py, go.mod or policy.c; \
         give another one, or make one with `portcullis plugin new`", .0.display()
    )]
    NoPolicy(PathBuf),
    /// A tool is missing or failed.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// There is nothing to build Rust against.
    #[error(transparent)]
    Std(#[from] StdError),
    /// What was built is no component.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The component could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A file of the policy cannot be used.
    #[error("{}: {message}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        message: String,
    },
}

impl BuildError {
    /// A file of the policy that cannot be used.
    pub(crate) fn file(path: impl Into<PathBuf>, message: impl ToString) -> BuildError {
        BuildError::File { path: path.into(), message: message.to_string() }
    }
}

/// What a language is given.
pub(crate) struct Job<'a> {
    /// The policy's folder, absolute.
    pub dir: &'a Path,
    /// The component's name: its file's, without the ending.
    pub name: &'a str,
    /// For the edit loop: short messages.
    pub short: bool,
    /// Where the tools' messages go.
    pub messages: Messages,
}

/// Where the component of a policy's folder goes: beside `bundle.yaml`, by the name that stands in it.
///
/// # Errors
/// When `bundle.yaml` cannot be read, or does not say.
pub fn component(dir: &Path) -> Result<PathBuf, BuildError> {
    let dir = fs::canonicalize(dir).map_err(|e| BuildError::file(dir, format!("{e}; give a policy's folder")))?;
    bundle::component(&dir)
}

/// Builds the policy in a folder. Blocks for as long as the language's tools take: a second or two when warm, minutes at first.
///
/// # Errors
/// When the folder holds no policy, a tool is missing or fails, or what comes out is no component. The component that was there stays.
pub fn build(dir: &Path, options: &Options) -> Result<Built, BuildError> {
    let start = Instant::now();
    let dir = fs::canonicalize(dir).map_err(|e| BuildError::file(dir, format!("{e}; give a policy's folder")))?;
    let language = Language::of(&dir).ok_or_else(|| BuildError::NoPolicy(dir.clone()))?;
    let path = match &options.out {
        Some(out) => out.clone(),
        None => bundle::component(&dir)?,
    };
    let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let job = Job { dir: &dir, name: &name, short: options.short, messages: options.messages };
    let bytes = match language {
        Language::Rust => rust::build(&job)?,
        Language::JavaScript | Language::TypeScript => javascript::build(&job, language)?,
        Language::Python => python::build(&job)?,
        Language::Go => go::build(&job)?,
        Language::C => c::build(&job)?,
    };
    let changed = files::write(&path, &bytes)?;
    if !changed {
        // As new as its sources from now on. A clock that cannot be set only means that it is built once more.
        let _ = fs::File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()));
    }
    let world = crate::component::world(&bytes);
    Ok(Built { path, bytes: bytes.len(), world, language, seconds: start.elapsed().as_secs_f64(), changed })
}
