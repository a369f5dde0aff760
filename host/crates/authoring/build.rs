//! Carries the templates of `plugin-sdk/templates`, and the released interface, into the binary, so that `portcullis plugin new` needs
//! nothing beside it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../../..");
    let mut out = String::new();
    for (constant, folder) in [("TEMPLATES", "plugin-sdk/templates"), ("WIT", "wit/v0.1.0")] {
        let (place, folder) = (folder, root.join(folder));
        println!("cargo::rerun-if-changed={}", folder.display());
        let mut files = Vec::new();
        collect(&folder, &folder, &mut files);
        files.sort();
        // Writing into a string cannot fail.
        let _ = writeln!(out, "/// The files of `{place}`: path within the folder and content, by path.\npub const {constant}: &[(&str, &str)] = &[");
        for (name, path) in files {
            println!("cargo::rerun-if-changed={}", path.display());
            let _ = writeln!(out, "    ({name:?}, include_str!({:?})),", path.display().to_string());
        }
        out.push_str("];\n");
    }
    let to = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("embedded.rs");
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
