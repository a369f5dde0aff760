//! Carries the default bundle into the binary, so that `portcullis quickstart` needs nothing beside it. `cargo xtask
//! plugins` builds the bundle first; without it the binary says what is missing when it is asked.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let bundle = here.join("../target/bundles/default");
    println!("cargo::rerun-if-changed={}", bundle.display());
    let mut files = Vec::new();
    collect(&bundle, &bundle, &mut files);
    files.sort();
    let mut out = String::from("/// Path within the bundle and content, by path.\npub const FILES: &[(&str, &[u8])] = &[\n");
    for (name, path) in &files {
        println!("cargo::rerun-if-changed={}", path.display());
        out.push_str(&format!("    ({name:?}, include_bytes!({:?})),\n", path.display().to_string()));
    }
    out.push_str("];\n");
    let to = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("default_bundle.rs");
    fs::write(to, out).expect("the build's own folder can be written");
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(root, &path, files);
        } else if let Ok(name) = path.strip_prefix(root) {
            files.push((name.to_string_lossy().into_owned(), path));
        }
    }
}
