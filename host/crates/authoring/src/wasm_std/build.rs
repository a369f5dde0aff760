//! Building the standard library from source into a sysroot of its own.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use super::{Compiler, INSTALL, StdError, TARGET, file};
use crate::tool::{self, Messages};

/// A crate with nothing in it: what it is linked with is what is wanted.
const SEED: &str = "[package]\nname = \"stdseed\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n\
                    [profile.release]\nopt-level = 3\ncodegen-units = 1\ndebug = 0\n";

/// Build what is in `library`, with room for it in `work`, and put it at `sysroot`.
pub(super) fn build(compiler: &Compiler, library: &Path, work: &Path, sysroot: &Path) -> Result<(), StdError> {
    let seed = work.join("seed");
    fs::create_dir_all(seed.join("src")).map_err(file("create", &seed))?;
    fs::write(seed.join("src/lib.rs"), "").map_err(file("write", &seed))?;
    fs::write(seed.join("Cargo.toml"), SEED).map_err(file("write", &seed))?;
    let target = work.join("target");
    let flags = format!("-Cembed-bitcode=yes\u{1f}--remap-path-prefix={}=/rustc/{}/library", library.display(), compiler.commit);
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "--quiet", "--release", "--target", TARGET, "-Zbuild-std=std,panic_abort,panic_unwind,proc_macro,test"])
        .current_dir(&seed)
        .env_remove("RUSTFLAGS")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("__CARGO_TESTS_ONLY_SRC_ROOT", library)
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_ENCODED_RUSTFLAGS", flags);
    tool::run(&mut cargo, INSTALL, Messages::Shown)?;
    let out = work.join("out");
    let rustlib = out.join("lib/rustlib");
    let libraries = rustlib.join(TARGET).join("lib");
    fs::create_dir_all(&libraries).map_err(file("create", &libraries))?;
    let built = target.join(TARGET).join("release/deps");
    for entry in fs::read_dir(&built).map_err(file("read", &built))?.flatten() {
        let name = entry.file_name();
        let text = name.to_string_lossy();
        if text.ends_with(".rlib") && !text.starts_with("libstdseed-") {
            fs::rename(entry.path(), libraries.join(&name)).map_err(file("write", &libraries))?;
        }
    }
    // Proc macros and build scripts run on this machine: they find its standard library through here.
    link(&compiler.toolchain.join("lib/rustlib").join(&compiler.host), &rustlib.join(&compiler.host)).map_err(file("write", &rustlib))?;
    match fs::rename(&out, sysroot) {
        Ok(()) => Ok(()),
        // Another build was quicker, or an older one is in the way.
        Err(_) if super::has_std(Some(sysroot))? => Ok(()),
        Err(_) => {
            fs::remove_dir_all(sysroot).ok();
            fs::rename(&out, sysroot).map_err(file("write", sysroot))
        }
    }
}

#[cfg(unix)]
fn link(original: &Path, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(original, link)
}

#[cfg(not(unix))]
fn link(_original: &Path, _link: &Path) -> std::io::Result<()> {
    Err(std::io::Error::other("the standard library is built from source on Unix only: run `rustup target add wasm32-unknown-unknown`"))
}
