//! `completions` and `man`: the command line told to shells and to `man`.

use std::path::PathBuf;

use anyhow::Context;
use clap_complete::Shell;

use super::failure::Failure;

/// Print a completion script for a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "For bash: portcullis completions bash > ~/.local/share/bash-completion/completions/portcullis")]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// `completions`.
///
/// # Errors
/// When nobody reads.
pub fn completions(args: &CompletionsArgs, mut command: clap::Command) -> Result<(), Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut command, "portcullis", &mut text);
    written(&text)
}

/// Print the manual page, or write a page for each command.
#[derive(Debug, clap::Args)]
#[command(after_help = "For `man portcullis`: portcullis man --dir ~/.local/share/man/man1")]
pub struct ManArgs {
    /// Write `portcullis.1`, `portcullis-session.1` and so on into this folder instead.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// `man`.
///
/// # Errors
/// When the folder cannot be written.
pub fn man(args: &ManArgs, mut command: clap::Command) -> Result<(), Failure> {
    if let Some(dir) = &args.dir {
        std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}; give another --dir", dir.display()))?;
        command = without_help(command);
        // Built, so that each page knows its command's full name.
        command.build();
        clap_mangen::generate_to(command, dir).with_context(|| format!("cannot write to {}; give another --dir", dir.display()))?;
        return Ok(());
    }
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text)?;
    written(&text)
}

/// Without `help` as a command of its own, for which nobody needs a page.
fn without_help(command: clap::Command) -> clap::Command {
    command.disable_help_subcommand(true).mut_subcommands(without_help)
}

fn written(text: &[u8]) -> Result<(), Failure> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    out.write_all(text)?;
    Ok(out.flush()?)
}
