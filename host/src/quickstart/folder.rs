//! The folder of a quickstart gateway, and who may read what in it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};

/// An opened folder: no second gateway uses it at the same time.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
    _lock: Arc<fs::File>,
}

impl Folder {
    /// Makes the folder, readable by its owner only, and locks it.
    ///
    /// # Errors
    /// When it cannot be made, or another gateway runs in it.
    pub fn open(dir: Option<PathBuf>) -> Result<Self> {
        let root = match dir {
            Some(dir) => dir,
            None => usual_folder().context("neither XDG_STATE_HOME nor HOME is set; give a folder with --dir")?,
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&root)
            .with_context(|| format!("cannot make {}; give another folder with --dir", root.display()))?;
        let root = root.canonicalize()?;
        for folder in ["state", "tls", "issuer", "identities"] {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(root.join(folder))?;
        }
        let lock = fs::File::create(root.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { root, _lock: Arc::new(lock) }),
            Err(fs::TryLockError::WouldBlock) => {
                bail!("another gateway runs in {}; stop it, or give another folder with --dir", root.display())
            }
            Err(fs::TryLockError::Error(error)) => Err(error).context("cannot lock the folder"),
        }
    }

    /// Ledger, state, compiled components.
    pub fn state(&self) -> PathBuf {
        self.root.join("state")
    }

    /// Certificates.
    pub fn tls(&self) -> PathBuf {
        self.root.join("tls")
    }

    /// The development issuer's keys.
    pub fn issuer(&self) -> PathBuf {
        self.root.join("issuer")
    }

    /// Kubeconfigs and tokens of the development identities.
    pub fn identities(&self) -> PathBuf {
        self.root.join("identities")
    }

    /// The live bundle.
    pub fn policies(&self) -> PathBuf {
        self.root.join("policies")
    }

    /// The gateway's own way to the demo cluster.
    pub fn upstream_kubeconfig(&self) -> PathBuf {
        self.root.join("state/upstream.kubeconfig")
    }

    /// Fills the policies at the first start: from a folder, or as `default` does. Later starts keep what is there.
    ///
    /// # Errors
    /// When the bundle cannot be copied.
    pub fn policies_from(&self, bundle: Option<&Path>, default: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        let to = self.policies();
        if to.exists() {
            if let Some(given) = bundle {
                let (given, to) = (given.display(), to.display());
                tracing::warn!("{to} is there from an earlier start and stays, so {given} is not copied; give another --dir, or take that folder away first");
            }
            return Ok(());
        }
        // Under another name first, so that a start that is cut off leaves no half bundle.
        let staged = self.root.join("policies.new");
        if staged.exists() {
            fs::remove_dir_all(&staged)?;
        }
        fs::create_dir(&staged)?;
        match bundle {
            Some(from) => copy(from, &staged).with_context(|| format!("cannot copy the bundle {}", from.display()))?,
            None => default(&staged)?,
        }
        fs::rename(&staged, &to)?;
        Ok(())
    }
}

/// Where a quickstart keeps everything unless it is told otherwise; nothing when the environment names no home.
pub fn usual_folder() -> Option<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let base = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).or_else(home)?;
    Some(base.join("portcullis/quickstart"))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// Writes a file that only its owner reads, whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub fn write_private(file: &Path, content: &[u8]) -> Result<()> {
    let mut name = file.as_os_str().to_owned();
    name.push(".new");
    let staged = PathBuf::from(name);
    let mut out = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&staged)?;
    out.write_all(content)?;
    fs::rename(&staged, file).with_context(|| format!("cannot write {}", file.display()))
}
