//! `bundle keygen`: a pair of keys, for who has no other tool that makes one.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use artifacts::SigningKey;
use serde_json::json;

use super::super::failure::Failure;
use super::super::output::{Output, clean, details, text};
use super::registry::tell;

/// Where to.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What the two files are called, before .key and .pub.
    #[arg(value_name = "PREFIX")]
    prefix: PathBuf,
}

/// Makes a pair of ECDSA P-256, which cosign verifies by too.
///
/// # Errors
/// When one of the files is there, or cannot be written.
pub fn run(args: &Args, output: Output) -> Result<(), Failure> {
    let named = |ending: &str| {
        let mut name = args.prefix.clone().into_os_string();
        name.push(ending);
        PathBuf::from(name)
    };
    let (private, public) = (named(".key"), named(".pub"));
    let key = SigningKey::generate().map_err(anyhow::Error::from)?;
    write(&private, &key.pem().map_err(anyhow::Error::from)?, 0o600)?;
    write(&public, &key.public("").pem(), 0o644)?;
    let row = json!({ "private": private, "public": public });
    tell(&row, output, |row| details(&[("Sign with", clean(&text(row, "/private"))), ("Trust", clean(&text(row, "/public")))]))
}

fn write(path: &Path, content: &str, mode: u32) -> Result<(), Failure> {
    let written = OpenOptions::new().write(true).create_new(true).mode(mode).open(path).and_then(|mut file| file.write_all(content.as_bytes()));
    written.map_err(|e| Failure::Usage(format!("cannot write {}: {e}; give a PREFIX at which there is nothing yet", path.display())))
}
