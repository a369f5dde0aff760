//! What the sinks deliver to in their tests: an S3 gateway, a log database that takes Splunk's protocol, and OpenTelemetry's collector.
//! All are Go programs, built once.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{FOLDER, go};

/// Built as their authors say, by the module's own list of dependencies.
const PROGRAMS: [(&str, &str); 2] = [
    ("versitygw", "github.com/versity/versitygw/cmd/versitygw@v1.8.0"),
    ("victoria-logs", "github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs@v1.52.1"),
];

/// The collector's module: it is put together of parts.
const COLLECTOR: &str = "tests/sinks";

/// The folder with the three programs, built now if they are not there. Needs Go, and its modules, the first time.
///
/// # Errors
/// With what is missing and how to get it.
pub fn ensure(root: &Path) -> Result<PathBuf> {
    let folder = root.join(FOLDER).join("sinks");
    go::install(&folder, &PROGRAMS)?;
    go::own(&folder, "collector", &root.join(COLLECTOR))?;
    Ok(folder)
}
