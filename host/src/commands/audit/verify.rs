//! The offline proof: no gateway is asked, only files are read.

use std::path::{Path, PathBuf};

use ledger::{PublicKey, Verdict};
use serde_json::{Value, json};

use super::super::failure::Failure;
use super::super::output::{Output, clean_lines, say};
use crate::quickstart;

/// What to check, and by which key.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The ledger's folder or a copy of it; the quickstart's when left out.
    #[arg(long, value_name = "DIR")]
    copy: Option<PathBuf>,
    /// The ledger's public key, kept where nobody who can write the ledger can change it. The copy's own when left out.
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    /// A checkpoint that was kept elsewhere: with it a ledger that was rolled back as a whole is found too. May be repeated.
    #[arg(long, value_name = "FILE")]
    witnessed: Vec<PathBuf>,
}

/// Checks; gives the code to exit with.
///
/// # Errors
/// Only when nobody reads the output: what cannot be checked is an answer too.
pub fn run(args: Args, output: Output) -> Result<u8, Failure> {
    let verdict = checked(&args).unwrap_or_else(Verdict::CouldNotCheck);
    match output {
        Output::Json => say(&as_json(&verdict).to_string())?,
        Output::Table => say(&clean_lines(&verdict.to_string()))?,
    }
    if args.public_key.is_none() && verdict.is_whole() {
        eprintln!(
            "the key was taken from the copy itself: whoever can replace all of it can replace the key too; \
             keep the key elsewhere and give it with --public-key"
        );
    }
    Ok(verdict.exit_code())
}

fn checked(args: &Args) -> Result<Verdict, String> {
    let copy = match &args.copy {
        Some(copy) => copy.clone(),
        None => local().ok_or("there is no ledger of a quickstart here; give the ledger's folder or a copy of it with --copy")?,
    };
    // The key before anything else: a verdict by no key is none.
    let key_file = args.public_key.clone().unwrap_or_else(|| copy.join("ledger.pub"));
    let key = PublicKey::read(&key_file).map_err(|e| e.to_string())?;
    let read = |file: &PathBuf| std::fs::read_to_string(file).map_err(|e| format!("cannot read {}: {e}", file.display()));
    let witnessed = args.witnessed.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(ledger::verify(&copy, &key, &witnessed))
}

/// The ledger of a quickstart in its usual place.
fn local() -> Option<PathBuf> {
    quickstart::usual_folder().map(|folder| folder.join("state/ledger")).filter(|folder: &PathBuf| Path::is_dir(folder))
}

/// The verdict for programs.
fn as_json(verdict: &Verdict) -> Value {
    match verdict {
        Verdict::Whole(summary) => json!({
            "verdict": "whole",
            "records": summary.records,
            "bodies": summary.bodies,
            "segments": summary.segments,
            "checkpoints": summary.checkpoints,
            "lines": summary.lines,
            "signed": summary.signed,
        }),
        Verdict::Tampered(tampering) => json!({
            "verdict": "tampered",
            "file": tampering.file,
            "line": tampering.line,
            "position": tampering.position,
            "message": tampering.why.to_string(),
        }),
        Verdict::CouldNotCheck(why) => json!({ "verdict": "could-not-check", "message": why }),
    }
}
