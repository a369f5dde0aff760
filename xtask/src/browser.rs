//! A real browser for the page's suite: Debian's Chromium, driven by playwright-core.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

/// The driver, pinned.
const DRIVER: &str = "playwright-core@1.64.1";

/// Installs the driver below `target/tools/browser`, and Chromium by apt where that can be done.
///
/// # Errors
/// With what is missing and how to get it.
pub fn ensure(root: &Path) -> Result<()> {
    let folder = root.join("target/tools/browser");
    if !folder.join("node_modules/playwright-core").is_dir() {
        std::fs::create_dir_all(&folder)?;
        let npm = Command::new("npm").args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"]).arg(&folder).arg(DRIVER).status();
        ensure!(npm.is_ok_and(|status| status.success()), "the page's suite needs Node.js with npm; install them");
    }
    if !Path::new("/usr/bin/chromium").exists() {
        eprintln!("installing chromium for the page's suite");
        let apt = Command::new("apt-get").args(["install", "-y", "-qq", "chromium"]).stdout(std::process::Stdio::null()).status();
        ensure!(apt.is_ok_and(|status| status.success()), "the page's suite needs Chromium at /usr/bin/chromium; install it");
    }
    Ok(())
}
