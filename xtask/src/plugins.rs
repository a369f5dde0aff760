//! `cargo xtask plugins`.

/// Options.
#[derive(clap::Args)]
pub struct Args {}

/// Run it.
pub fn run(_args: Args) -> anyhow::Result<()> {
    Ok(())
}
