//! The WebAssembly standard library, which Rust components are built against.
//!
//! An ordinary machine has it already, or gets it by `rustup target add`. Where rustup's host cannot be reached, it is built once from the
//! source of exactly this compiler into a sysroot of its own, in about half a minute; from then on plain stable cargo works with
//! `--sysroot`. The toolchain itself is never touched.
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
use std::{env, fs, io};

use crate::tool::{self, Messages, ToolError};

mod build;
mod source;

/// What components are built for.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// How to get Rust.
pub(crate) const INSTALL: &str = "install Rust from https://rustup.rs";

/// Why there is no standard library to build against.
#[derive(Debug, thiserror::Error)]
pub enum StdError {
    /// A tool failed.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// A file or folder.
    #[error("cannot {what} {}: {source}; set WASM_STD_CACHE to a folder that can be written", path.display())]
    File {
        /// `create`, `read`, …
        what: &'static str,
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The compiler's answer makes no sense.
    #[error("`rustc {0}` does not say what it should; install Rust from https://rustup.rs")]
    Compiler(&'static str),
    /// There is no folder for it.
    #[error("neither WASM_STD_CACHE nor HOME is set; set one of them")]
    NoCache,
    /// What was given holds no source.
    #[error("WASM_STD_SRC={} holds no std/Cargo.toml; set it to the `library` folder of Rust's source", .0.display())]
    NoSource(PathBuf),
    /// A package that holds something else.
    #[error("the package rust-src {0} holds no library/std/Cargo.toml; set WASM_STD_SRC to the `library` folder of Rust's source")]
    Package(String),
    /// The build went well and left nothing.
    #[error("the build left no standard library in {}; is the source that of Rust {version}?", sysroot.display())]
    Nothing {
        /// Where it should be.
        sysroot: PathBuf,
        /// The compiler's version.
        version: String,
    },
    /// Nothing worked.
    #[error(
        "the standard library for wasm32-unknown-unknown cannot be had; run `rustup target add wasm32-unknown-unknown` on a machine that reaches \
         rustup's host, or set WASM_STD_SRC to the `library` folder of Rust {version}'s source"
    )]
    Unavailable {
        /// The compiler's version.
        version: String,
    },
}

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

/// The flags that a build of components needs: none, or a sysroot. Asks the compiler (some milliseconds), and builds the library when
/// there is none yet; `say` is told what takes long.
///
/// # Errors
/// When it cannot be had: the message says what to do.
pub fn flags(say: &dyn Fn(&str)) -> Result<Vec<String>, StdError> {
    if has_std(None)? {
        return Ok(Vec::new());
    }
    let compiler = Compiler::ask()?;
    let folder = cache_folder()?.join(format!("{}-{}", compiler.version, compiler.commit));
    let sysroot = folder.join("sysroot");
    let flag = vec![format!("--sysroot={}", sysroot.display())];
    if sysroot.is_dir() && has_std(Some(&sysroot))? {
        return Ok(flag);
    }
    fs::create_dir_all(&folder).map_err(file("create", &folder))?;
    let work = tempfile::Builder::new().prefix("build.").tempdir_in(&folder).map_err(file("create a folder in", &folder))?;
    match source::find(&compiler, work.path(), say)? {
        Some((library, origin)) => {
            say(&format!("building the standard library {} for {TARGET} from {origin}, once (about half a minute)", compiler.version));
            build::build(&compiler, &library, work.path(), &sysroot)?;
            if !has_std(Some(&sysroot))? {
                return Err(StdError::Nothing { sysroot, version: compiler.version });
            }
            Ok(flag)
        }
        None => {
            say(&format!("no source of the standard library {} here: running `rustup target add {TARGET}`", compiler.version));
            let done = tool::run(Command::new("rustup").args(["target", "add", TARGET]), INSTALL, Messages::Shown).is_ok();
            if !done || !has_std(None)? {
                return Err(StdError::Unavailable { version: compiler.version });
            }
            Ok(Vec::new())
        }
    }
}

impl Compiler {
    fn ask() -> Result<Compiler, StdError> {
        let text = rustc(&["-vV"])?;
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned).ok_or(StdError::Compiler("-vV"));
        let commit: String = field("commit-hash: ")?.chars().take(9).collect();
        Ok(Compiler { version: field("release: ")?, commit, host: field("host: ")?, toolchain: rustc(&["--print", "sysroot"])?.into() })
    }
}

/// What rustc prints.
fn rustc(arguments: &[&str]) -> Result<String, StdError> {
    let mut command = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let output = tool::run(command.args(arguments), INSTALL, Messages::Kept)?;
    Ok(String::from_utf8_lossy(&output).trim().to_owned())
}

/// Whether a sysroot, or the toolchain's own, has the standard library of the target.
fn has_std(sysroot: Option<&Path>) -> Result<bool, StdError> {
    let flag = sysroot.map(|sysroot| format!("--sysroot={}", sysroot.display()));
    let mut arguments = vec!["--print", "target-libdir", "--target", TARGET];
    arguments.extend(flag.as_deref());
    let Ok(entries) = fs::read_dir(rustc(&arguments)?) else {
        return Ok(false);
    };
    Ok(entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    }))
}

fn cache_folder() -> Result<PathBuf, StdError> {
    if let Some(folder) = env::var_os("WASM_STD_CACHE") {
        return Ok(folder.into());
    }
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home).ok_or(StdError::NoCache)?;
    Ok(cache.join("wasm-std"))
}

/// What could not be done with a file.
fn file(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StdError {
    let path = path.to_owned();
    move |source| StdError::File { what, path, source }
}
