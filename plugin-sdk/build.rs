//! Copies the interfaces to where `src/bindings.rs` reads them, without the one export that all worlds have: `wit-bindgen`
//! makes a crate-wide macro for each exported interface, and one crate cannot have six of the same name.

use std::path::Path;
use std::{env, fs, io};

const RELEASE: &str = "../wit/v0.1.0";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={RELEASE}");
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    let folder = Path::new(&out).join("wit");
    fs::create_dir_all(&folder)?;
    for entry in fs::read_dir(RELEASE)? {
        let entry = entry?;
        let text = fs::read_to_string(entry.path())?;
        let kept: Vec<&str> = text.lines().filter(|line| line.trim() != "export plugin;").collect();
        fs::write(folder.join(entry.file_name()), kept.join("\n"))?;
    }
    Ok(())
}
