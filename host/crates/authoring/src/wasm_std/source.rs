//! Where the source of the standard library is found.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use super::{Compiler, StdError, file};
use crate::tool::{self, Messages, ToolError};

/// How to get Debian's own tools, which this is asked of on Debian only.
const INSTALL: &str = "install Debian's packages apt, dpkg and tar";

/// The `library` folder of exactly this compiler's source, and where it is from; nothing when there is none.
/// What has to be unpacked goes below `work`.
pub(super) fn find(compiler: &Compiler, work: &Path, say: &dyn Fn(&str)) -> Result<Option<(PathBuf, String)>, StdError> {
    if let Some(given) = env::var_os("WASM_STD_SRC").map(PathBuf::from) {
        let library = of_folder_or_archive(&given, work)?;
        return Ok(Some((library, format!("WASM_STD_SRC={}", given.display()))));
    }
    let component = compiler.toolchain.join("lib/rustlib/src/rust/library");
    if is_library(&component) {
        return Ok(Some((component, "the toolchain's rust-src component".to_owned())));
    }
    match of_debian(compiler, work, say) {
        Ok(Some((library, package))) => Ok(Some((library, format!("Debian's package {package}")))),
        Ok(None) => Ok(None),
        Err(error) => {
            say(&format!("Debian's package rust-src cannot be had: {error}"));
            Ok(None)
        }
    }
}

fn is_library(folder: &Path) -> bool {
    folder.join("std/Cargo.toml").is_file()
}

fn of_folder_or_archive(given: &Path, work: &Path) -> Result<PathBuf, StdError> {
    let folder = if given.is_file() {
        run(Command::new("tar").arg("-xf").arg(given).arg("-C").arg(work))?;
        work.to_path_buf()
    } else {
        given.to_path_buf()
    };
    [folder.join("library"), folder]
        .into_iter()
        .find(|folder| is_library(folder))
        .ok_or_else(|| StdError::NoSource(given.to_owned()))
}

/// The package of exactly this version, from newer suites than the machine's own, without touching the machine's package lists.
fn of_debian(compiler: &Compiler, work: &Path, say: &dyn Fn(&str)) -> Result<Option<(PathBuf, String)>, StdError> {
    let keyring = Path::new("/usr/share/keyrings/debian-archive-keyring.gpg");
    let Some(mirror) = mirror().filter(|_| keyring.is_file()) else {
        return Ok(None);
    };
    let apt = work.join("apt");
    for folder in ["lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(apt.join(folder)).map_err(file("create", &apt))?;
    }
    fs::write(apt.join("status"), "").map_err(file("write", &apt))?;
    let lines = ["trixie-backports", "forky", "sid"]
        .map(|suite| format!("deb [signed-by={}] {mirror} {suite} main\n", keyring.display()));
    fs::write(apt.join("sources.list"), lines.concat()).map_err(file("write", &apt))?;
    let options: Vec<String> = [
        format!("Dir::Etc::sourcelist={}", apt.join("sources.list").display()),
        "Dir::Etc::sourceparts=/dev/null".to_owned(),
        format!("Dir::State::lists={}", apt.join("lists").display()),
        format!("Dir::State::status={}", apt.join("status").display()),
        format!("Dir::Cache={}", apt.join("cache").display()),
        "APT::Sandbox::User=".to_owned(),
        "Acquire::Languages=none".to_owned(),
    ]
    .into_iter()
    .flat_map(|option| ["-o".to_owned(), option])
    .collect();
    say(&format!("asking {mirror} for rust-src {}", compiler.version));
    // A suite that the mirror does not have fails the update; the others are still good.
    let _ = run(Command::new("apt-get").args(&options).args(["-qq", "update"]));
    let known = run(Command::new("apt-cache").args(&options).args(["madison", "rust-src"]))?;
    let wanted = format!("{}+", compiler.version);
    let known = String::from_utf8_lossy(&known).into_owned();
    let Some(package) = known.lines().filter_map(|line| line.split('|').nth(1)).map(str::trim).find(|found| found.starts_with(&wanted)) else {
        say(&format!("Debian has no rust-src {}", compiler.version));
        return Ok(None);
    };
    run(Command::new("apt-get").args(&options).args(["-qq", "download", &format!("rust-src={package}")]).current_dir(work))?;
    let archive = fs::read_dir(work)
        .map_err(file("read", work))?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .ok_or_else(|| StdError::Package(package.to_owned()))?;
    unpack(&archive, &format!("./usr/src/rustc-{}/library", compiler.version), work)?;
    let library = work.join(format!("usr/src/rustc-{}/library", compiler.version));
    if !is_library(&library) {
        return Err(StdError::Package(package.to_owned()));
    }
    Ok(Some((library, format!("rust-src {package}"))))
}

/// One folder of a package. Its tar archive goes through a file.
fn unpack(archive: &Path, folder: &str, into: &Path) -> Result<(), StdError> {
    let contents = into.join("contents.tar");
    let to = fs::File::create(&contents).map_err(file("write", &contents))?;
    let status = Command::new("dpkg-deb").arg("--fsys-tarfile").arg(archive).stdin(Stdio::null()).stdout(to).status();
    if !status.map_err(|source| ToolError::Run { program: "dpkg-deb".to_owned(), source })?.success() {
        return Err(ToolError::Failed { program: "dpkg-deb".to_owned(), message: format!("it cannot read {}", archive.display()) }.into());
    }
    run(Command::new("tar").arg("-xf").arg(&contents).arg("-C").arg(into).arg(folder))?;
    Ok(())
}

/// The Debian mirror that this machine's package lists name.
fn mirror() -> Option<String> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    files.extend(fs::read_dir("/etc/apt/sources.list.d").ok()?.flatten().map(|entry| entry.path()));
    files.sort();
    let lines: Vec<String> = files.iter().filter_map(|file| fs::read_to_string(file).ok()).flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    mirror_of(lines.iter().map(String::as_str))
}

/// Both notations: `URIs: http://…` and `deb [options] http://… suite component`.
fn mirror_of<'a>(lines: impl Iterator<Item = &'a str>) -> Option<String> {
    lines
        .filter_map(|line| {
            let line = line.trim();
            let words = line.strip_prefix("URIs:").or_else(|| line.strip_prefix("deb "))?;
            words.split_whitespace().find(|word| word.contains("://"))
        })
        .find(|uri| uri.trim_end_matches('/').ends_with("/debian"))
        .map(str::to_owned)
}

fn run(command: &mut Command) -> Result<Vec<u8>, ToolError> {
    tool::run(command, INSTALL, Messages::Kept)
}

#[cfg(test)]
mod tests {
    use super::mirror_of;

    #[test]
    fn mirrors_in_both_notations() {
        for (lines, mirror) in [
            (vec!["# http://old/debian", "URIs: http://deb.example/debian"], Some("http://deb.example/debian")),
            (vec!["deb [signed-by=/a] http://deb.example/debian/ sid main"], Some("http://deb.example/debian/")),
            (vec!["URIs: http://deb.example/debian-security", "deb http://other.example/tool x main"], None),
        ] {
            assert_eq!(mirror_of(lines.into_iter()).as_deref(), mirror);
        }
    }
}
