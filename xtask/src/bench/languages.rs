//! What one rule costs in each language: the example policies, built by each language's tools, in the engine without a gateway around it.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use authoring::Options;
use authoring::tool::Messages;

use super::example;
use super::figure::{Figure, Report};
use crate::tools;

/// The first is what the others are compared with.
const LANGUAGES: [&str; 5] = ["rust", "c", "go", "javascript", "python"];

/// Builds the examples, and prints their sizes, what loading them takes, and a call in a fresh instance.
pub fn run(root: &Path, report: &mut Report) -> Result<()> {
    let work = tools::languages::ensure(root)?.join("bench");
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    let mut command = example::build(root, "languages")?;
    for language in LANGUAGES {
        let name = format!("{language}-allowed-images");
        let (source, folder) = (root.join("examples/policies").join(&name), work.join(&name));
        fs::create_dir_all(&folder)?;
        for entry in fs::read_dir(&source)?.flatten().filter(|entry| entry.path().is_file()) {
            fs::copy(entry.path(), folder.join(entry.file_name()))?;
        }
        // The one in Rust is a crate of the workspace, and is built where it is.
        let place = if language == "rust" { &source } else { &folder };
        let options = Options { out: Some(folder.join(format!("{name}.wasm"))), messages: Messages::Kept, ..Options::default() };
        let start = Instant::now();
        authoring::build(place, &options).with_context(|| format!("cannot build {name}"))?;
        report.add(&Figure::new("languages", format!("{language}, plugin build"), "s", &[start.elapsed().as_secs_f64()]));
        command.arg(folder);
    }
    example::run(command, report)
}
