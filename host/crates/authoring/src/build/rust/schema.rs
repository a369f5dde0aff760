//! The JSON Schema of a policy's configuration, made before the component is.
//!
//! What makes a schema (schemars, and the JSON values that it makes) is 120 KB of a component that needs it once. So the policy's own library is
//! compiled for this machine, as `cargo test` does, and a test of the SDK's macros writes the schema; the component takes it as it is.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::tool::{self, Messages};
use crate::wasm_std;

/// The environment variable that the SDK's macros take a schema from.
pub(super) const VARIABLE: &str = "PORTCULLIS_SCHEMA";

/// The test of the SDK's macros, and the variable by which it knows where to write.
const TEST: &str = "portcullis_schema::the_schema_can_be_made";
const FILE: &str = "PORTCULLIS_SCHEMA_FILE";

/// The longest schema that is handed over, in bytes: Linux takes 128 KiB in one variable.
const LONGEST: usize = 120 * 1024;

/// The schema of the policy in a folder, as JSON text. Nothing when it cannot be made here, or when the policy keeps it in a file: then the
/// component has what it has by itself, and is correct all the same. Blocks for a compilation.
pub(super) fn of(dir: &Path) -> Option<String> {
    let folder = tempfile::tempdir().ok()?;
    let file = folder.path().join("schema.json");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["test", "--quiet", "--lib", "--manifest-path"]).arg(dir.join("Cargo.toml"));
    cargo.args(["--", "--exact", TEST]);
    cargo.current_dir(dir).env(FILE, &file).env_remove(VARIABLE);
    // Its messages would be those of the policy's tests: whoever wants them runs the tests.
    tool::run(&mut cargo, wasm_std::INSTALL, Messages::Kept).ok()?;
    fs::read_to_string(file).ok().filter(|schema| schema.len() <= LONGEST)
}
