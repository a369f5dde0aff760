//! Who the user is to which gateway, kept in `$XDG_CONFIG_HOME/portcullis`, readable by the user only.
//!
//! One file for each gateway, so that two logins at once do not overwrite each other, and a file that names the current one.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

/// A login with three tokens of 64 KiB is far below.
const FILE_MAX: u64 = 1 << 20;

/// Why a login cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no folder for configuration.
    #[error("neither XDG_CONFIG_HOME nor HOME is set; set one of them, or give --gateway and --token-file")]
    NoHome,
    /// A file cannot be used.
    #[error("{file}: {source}; make it yours and writable, or set XDG_CONFIG_HOME to another folder")]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others can read it.
    #[error("{file} can be read by others (mode {mode:o}); run `chmod 600` on it, and log in again")]
    Exposed {
        /// Which.
        file: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is no login.
    #[error("{file} is not a kept login: {why}; remove it and log in again")]
    Content {
        /// Which.
        file: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// How a login gets its next token when the one it has is over.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "kebab-case")]
pub enum Method {
    /// A file that somebody else keeps fresh, as workload identity does. Its content is never kept here.
    TokenFile {
        /// Which.
        file: PathBuf,
    },
    /// A person at a browser; a refresh token, where the issuer gave one.
    Person {
        /// The issuer.
        issuer: String,
        /// What this program is called there.
        client_id: String,
        /// For the next token.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refresh_token: Option<String>,
    },
    /// A program with a secret of its own.
    ClientCredentials {
        /// The issuer.
        issuer: String,
        /// What the program is called there.
        client_id: String,
        /// The file of its secret, read each time.
        secret_file: PathBuf,
        /// What the token is for, where the issuer wants to be told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        audience: Option<String>,
    },
}

/// A login at one gateway.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// The gateway's address.
    pub gateway: String,
    /// The PEM file of its certificate authority, when the system does not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// How it goes on.
    #[serde(flatten)]
    pub method: Method,
    /// The token; none for a token file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// When the token ends, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<i64>,
}

// Neither shows a token.
impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Method::TokenFile { .. } => "TokenFile",
            Method::Person { .. } => "Person",
            Method::ClientCredentials { .. } => "ClientCredentials",
        })
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("gateway", &self.gateway).field("method", &self.method).finish_non_exhaustive()
    }
}

/// The folder of logins.
#[derive(Debug, Clone)]
pub struct LoginStore {
    root: PathBuf,
}

impl LoginStore {
    /// The user's own. Nothing is made before something is kept.
    ///
    /// # Errors
    /// When the environment names no folder.
    pub fn of_user() -> Result<Self, StoreError> {
        user_folder("XDG_CONFIG_HOME", ".config").map(Self::at).ok_or(StoreError::NoHome)
    }

    /// One in another folder.
    #[must_use]
    pub fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// The gateway that was logged in to last.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn current(&self) -> Result<Option<String>, StoreError> {
        let text = read_private(&self.root.join("current"))?;
        Ok(text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
    }

    /// The login at a gateway.
    ///
    /// # Errors
    /// When the file is there and cannot be read, or others can read it.
    pub fn login(&self, gateway: &str) -> Result<Option<Login>, StoreError> {
        let file = self.file(gateway);
        let Some(text) = read_private(&file)? else { return Ok(None) };
        let wrong = |why: String| StoreError::Content { file: file.clone(), why };
        let login: Login = serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
        if login.gateway != gateway {
            return Err(wrong(format!("it is for {}", login.gateway)));
        }
        Ok(Some(login))
    }

    /// Keeps a login; its gateway becomes the current one.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn keep(&self, login: &Login) -> Result<(), StoreError> {
        self.renew(login)?;
        write_private(&self.root.join("current"), login.gateway.as_bytes())
    }

    /// Keeps what changed of a login, whichever gateway is the current one.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn renew(&self, login: &Login) -> Result<(), StoreError> {
        let text = serde_json::to_string_pretty(login).unwrap_or_default();
        write_private(&self.file(&login.gateway), text.as_bytes())
    }

    /// Forgets a login; says whether there was one.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn forget(&self, gateway: &str) -> Result<bool, StoreError> {
        let was = remove(&self.file(gateway))?;
        if self.current()?.as_deref() == Some(gateway) {
            remove(&self.root.join("current"))?;
        }
        Ok(was)
    }

    fn file(&self, gateway: &str) -> PathBuf {
        self.root.join("logins").join(format!("{}.json", short_name(&[gateway])))
    }
}

/// `$variable/portcullis`, or the same below the home folder.
pub fn user_folder(variable: &str, below_home: &str) -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = set(variable).or_else(|| set("HOME").map(|home| home.join(below_home)))?;
    Some(base.join("portcullis"))
}

/// A file name for what may hold any character: part of a SHA-256, with a separator that cannot be forged.
pub fn short_name(parts: &[&str]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_le_bytes());
        context.update(part.as_bytes());
    }
    hex::encode(&context.finish().as_ref()[..16])
}

fn at(file: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let file = file.to_owned();
    move |source| StoreError::File { file, source }
}

/// Reads a file that only its owner may read; nothing when there is none.
///
/// # Errors
/// When others may read it too, or it cannot be read.
pub fn read_private(file: &Path) -> Result<Option<String>, StoreError> {
    let opened = match fs::File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(at(file)(error)),
    };
    let mode = opened.metadata().map_err(at(file))?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(StoreError::Exposed { file: file.to_owned(), mode });
    }
    let mut text = String::new();
    opened.take(FILE_MAX).read_to_string(&mut text).map_err(at(file))?;
    Ok(Some(text))
}

/// Writes a file that only its owner reads, whole or not at all, in a folder that is made when missing.
///
/// # Errors
/// When it cannot be written.
pub fn write_private(file: &Path, content: &[u8]) -> Result<(), StoreError> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(at(folder))?;
    // A name of its own, as another process may write the same file now.
    let staged = file.with_extension(format!("{}.new", std::process::id()));
    let mut out = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&staged)
        .map_err(at(&staged))?;
    out.write_all(content).map_err(at(&staged))?;
    fs::rename(&staged, file).map_err(at(file))
}

/// Removes a file; says whether there was one.
///
/// # Errors
/// When it is there and cannot be removed.
pub fn remove(file: &Path) -> Result<bool, StoreError> {
    match fs::remove_file(file) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(at(file)(error)),
    }
}

#[cfg(test)]
mod tests;
