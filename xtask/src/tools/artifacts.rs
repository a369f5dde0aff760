//! What bundles are pushed to and signed with in their tests: the registry that most others are measured by, one that lists what refers to a
//! manifest, and cosign. All are Go programs, built once.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{FOLDER, go};

/// Built as their authors say, by the module's own list of dependencies.
const PROGRAMS: [(&str, &str); 2] = [
    ("registry", "github.com/distribution/distribution/v3/cmd/registry@v3.1.2"),
    ("cosign", "github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3"),
];

/// The module of a registry that lists what refers to a manifest.
const REFERRERS: &str = "tests/referrers";

/// The folder with the programs, built now if they are not there. Needs Go, and its modules, the first time.
///
/// # Errors
/// With what is missing and how to get it.
pub fn ensure(root: &Path) -> Result<PathBuf> {
    let folder = root.join(FOLDER).join("artifacts");
    go::install(&folder, &PROGRAMS)?;
    go::own(&folder, "referrers", &root.join(REFERRERS))?;
    Ok(folder)
}
