//! The WebAssembly standard library, which components are built against.
//!
//! An ordinary machine has it already: `rust-toolchain.toml` names the target and rustup fetches it. Where rustup's host
//! cannot be reached, it is built once from the source of exactly this compiler into a sysroot of its own, in about half a
//! minute; from then on plain stable cargo works with `--sysroot`. The toolchain itself is never touched.
//!
//! The first of these that works, said aloud:
//!
//! 1. the target is installed;
//! 2. a sysroot built earlier, in the user's cache folder (or `WASM_STD_CACHE`);
//! 3. built from `WASM_STD_SRC`, a folder or an archive that holds `library/`;
//! 4. built from the `rust-src` component of the toolchain;
//! 5. built from Debian's package `rust-src` of the same version, from the mirror that this machine already uses;
//! 6. `rustup target add`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail};

mod build;
mod source;

/// What components are built for.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// The compiler that is in use.
pub(crate) struct Compiler {
    /// `1.95.0`.
    version: String,
    /// The first nine digits of its commit.
    commit: String,
    /// The triple of this machine.
    host: String,
    /// Its sysroot.
    toolchain: PathBuf,
}

/// The flags that a build of components needs: none, or a sysroot.
pub fn flags() -> Result<Vec<String>> {
    if has_std(None)? {
        say(&format!("the standard library for {TARGET} is installed"));
        return Ok(Vec::new());
    }
    let compiler = Compiler::ask()?;
    let folder = cache_folder()?.join(format!("{}-{}", compiler.version, compiler.commit));
    let sysroot = folder.join("sysroot");
    let flag = vec![format!("--sysroot={}", sysroot.display())];
    if sysroot.is_dir() && has_std(Some(&sysroot))? {
        say(&format!("using the standard library for {TARGET} that was built earlier, in {}", sysroot.display()));
        return Ok(flag);
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}: set WASM_STD_CACHE to a folder that can be written", folder.display()))?;
    let work = tempfile::Builder::new().prefix("build.").tempdir_in(&folder)?;
    match source::find(&compiler, work.path())? {
        Some((library, origin)) => {
            say(&format!("building the standard library {} for {TARGET} from {origin}, once (about half a minute)", compiler.version));
            build::build(&compiler, &library, work.path(), &sysroot)?;
            if !has_std(Some(&sysroot))? {
                bail!("the build left no standard library in {}", sysroot.display());
            }
            Ok(flag)
        }
        None => {
            say(&format!("no source of the standard library {} here: running `rustup target add {TARGET}`", compiler.version));
            let done = Command::new("rustup").args(["target", "add", TARGET]).status().is_ok_and(|status| status.success());
            if !done || !has_std(None)? {
                bail!(
                    "the standard library for {TARGET} cannot be had: run `rustup target add {TARGET}` on a machine that reaches rustup's host, \
                     or set WASM_STD_SRC to the `library` folder of Rust {}'s source",
                    compiler.version
                );
            }
            Ok(Vec::new())
        }
    }
}

impl Compiler {
    fn ask() -> Result<Compiler> {
        let text = rustc(&["-vV"])?;
        let field = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name))
                .map(str::to_owned)
                .with_context(|| format!("`rustc -vV` does not say its {name}"))
        };
        let commit: String = field("commit-hash: ")?.chars().take(9).collect();
        Ok(Compiler { version: field("release: ")?, commit, host: field("host: ")?, toolchain: rustc(&["--print", "sysroot"])?.into() })
    }
}

/// Run rustc and take what it prints.
fn rustc(arguments: &[&str]) -> Result<String> {
    let output = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(arguments)
        .output()
        .context("cannot run rustc: install Rust from https://rustup.rs")?;
    if !output.status.success() {
        bail!("rustc {} failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Whether a sysroot, or the toolchain's own, has the standard library of the target.
fn has_std(sysroot: Option<&Path>) -> Result<bool> {
    let flag = sysroot.map(|sysroot| format!("--sysroot={}", sysroot.display()));
    let mut arguments = vec!["--print", "target-libdir", "--target", TARGET];
    arguments.extend(flag.as_deref());
    let folder = rustc(&arguments)?;
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(false);
    };
    Ok(entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    }))
}

fn cache_folder() -> Result<PathBuf> {
    if let Some(folder) = env::var_os("WASM_STD_CACHE") {
        return Ok(folder.into());
    }
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")));
    Ok(cache.context("neither WASM_STD_CACHE nor HOME is set: set one of them")?.join("wasm-std"))
}

fn say(message: &str) {
    eprintln!("xtask: {message}");
}
