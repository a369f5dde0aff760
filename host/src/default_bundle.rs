//! The default bundle as it was when the binary was built.

use std::path::Path;

include!(concat!(env!("OUT_DIR"), "/default_bundle.rs"));

/// Writes the bundle into an empty folder.
///
/// # Errors
/// When the binary carries none, or the folder cannot be written.
pub fn write(to: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(
        !FILES.is_empty(),
        "this binary was built without the default bundle; run `cargo xtask plugins` and build it again, or give --bundle"
    );
    for (name, content) in FILES {
        let file = to.join(name);
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(file, content)?;
    }
    Ok(())
}
