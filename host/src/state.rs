//! The folder that everything is kept in.

use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// Makes the folder when missing, and refuses one that others can read: it holds the ledger and its key.
///
/// # Errors
/// When it cannot be made, or is open to others.
pub fn folder(path: &Path) -> Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot make the state folder {}", path.display()))?;
    let mode = std::fs::metadata(path)?.permissions().mode() & 0o777;
    ensure!(
        mode & 0o077 == 0,
        "the state folder {} is open to others (mode {mode:o}); run `chmod 700` on it",
        path.display()
    );
    Ok(())
}
