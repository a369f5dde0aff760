//! Where the programs and folders are, and which ports are free.

use std::path::{Path, PathBuf};

/// The workspace's folder.
#[must_use]
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// The program under test.
///
/// # Panics
/// When it was not built.
#[must_use]
pub fn portcullis() -> PathBuf {
    built(std::env::var_os("PORTCULLIS_BINARY").map_or_else(|| workspace().join("target/release/portcullis"), PathBuf::from), "cargo build --release -p portcullis")
}

/// The program that starts a real Kubernetes.
///
/// # Panics
/// When it was not built.
#[must_use]
pub fn cluster_program() -> PathBuf {
    built(workspace().join("target/cluster/cluster"), "cargo xtask cluster build")
}

/// A kubectl: `1.32` or `1.37`.
///
/// # Panics
/// When it was not fetched.
#[must_use]
pub fn kubectl(version: &str) -> PathBuf {
    built(workspace().join(format!("target/tools/kubectl-{version}/kubectl")), "cargo xtask tools")
}

/// What a sink delivers to: `versitygw`, `victoria-logs` or `collector`.
///
/// # Panics
/// When it was not built.
#[must_use]
pub fn receiver(name: &str) -> PathBuf {
    built(workspace().join("target/tools/sinks").join(name), "cargo xtask test")
}

/// A built bundle: `default` or `observe`.
///
/// # Panics
/// When it was not built.
#[must_use]
pub fn bundle(name: &str) -> PathBuf {
    built(workspace().join("target/bundles").join(name), "cargo xtask plugins")
}

/// A new folder for a test. Below `target`, whose file system is a real one, as a gateway's is.
///
/// # Panics
/// When it cannot be made.
#[must_use]
pub fn folder() -> tempfile::TempDir {
    let parent = workspace().join("target/suites");
    std::fs::create_dir_all(&parent).expect("target can be written");
    tempfile::Builder::new().prefix("t").tempdir_in(parent).expect("a folder can be made")
}

/// Copies a folder with all that is in it.
///
/// # Panics
/// When it cannot be read, or the copy written.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("the folder can be made");
    for entry in std::fs::read_dir(from).expect("the folder is there") {
        let entry = entry.expect("the folder can be read");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).expect("the folder can be written");
        }
    }
}

/// A port that was free a moment ago, for programs that take none of their own choice.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

fn built(path: PathBuf, by: &str) -> PathBuf {
    assert!(path.exists(), "{} is missing; `{by}` makes it, and `cargo xtask test` makes everything", path.display());
    path
}
