//! `bundle schema`: for editors.

use super::super::failure::Failure;
use super::super::output::say;

/// Which.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// That of files of cases.
    #[arg(long)]
    cases: bool,
}

/// Prints it.
///
/// # Errors
/// When nobody reads it.
pub fn run(args: &Args) -> Result<(), Failure> {
    let schema = if args.cases { policy::cases_schema() } else { policy::bundle_schema() };
    say(&format!("{schema:#}"))
}
