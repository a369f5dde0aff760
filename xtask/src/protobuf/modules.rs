//! The Go modules that Kubernetes' types are in, of the versions that the test cluster is built from.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// Whose types the API server serves.
const PATHS: [&str; 4] = ["k8s.io/api", "k8s.io/apimachinery", "k8s.io/apiextensions-apiserver", "k8s.io/kube-aggregator"];

/// A module, in Go's cache.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Module {
    pub path: String,
    pub version: String,
    pub dir: PathBuf,
}

/// The modules, fetched now if Go's cache has them not.
///
/// # Errors
/// When there is no Go, or it cannot fetch them.
pub fn ensure(root: &Path) -> Result<Vec<Module>> {
    let mut command = Command::new("go");
    command.current_dir(root.join("tests/cluster")).args(["mod", "download", "-json"]).args(PATHS);
    let output = command.output().context("cannot run go: install Go 1.26 or newer")?;
    if !output.status.success() {
        bail!("go cannot fetch Kubernetes' modules: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let modules = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
    modules.collect::<Result<Vec<Module>, _>>().context("go printed something else than modules")
}
