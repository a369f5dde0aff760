//! The client side of the command line: everything that talks to a gateway over its API, or reads a copy of its log.
//!
//! Each command group is a file. A command gives `Ok` with the code to exit with, or a [`Failure`]; `main` turns that into a code.

mod approvals;
mod audit;
mod bundle;
mod connection;
mod credential;
mod duration;
mod failure;
mod gateway;
mod login;
mod output;
mod plugin;
mod policy;
mod replay;
mod run;
mod sandbox;
mod session;
mod shell;

use clap::Subcommand;

pub use duration::seconds;
pub use failure::Failure;
pub use output::clean_lines;

/// The commands of a gateway's clients.
#[derive(Debug, Subcommand)]
pub enum Command {
    Login(login::Args),
    Logout(login::LogoutArgs),
    Whoami(login::WhoamiArgs),
    Session(session::Args),
    Run(run::Args),
    Kubeconfig(credential::KubeconfigArgs),
    Credential(credential::Args),
    Approvals(approvals::Args),
    Audit(Box<audit::Args>),
    Replay(replay::Args),
    Policy(policy::Args),
    Connection(connection::Args),
    Bundle(bundle::Args),
    Plugin(plugin::Args),
    Completions(shell::CompletionsArgs),
    Man(shell::ManArgs),
}

/// Does what was asked, and gives the code to exit with. `whole` is the whole command line, for its own description.
///
/// # Errors
/// As [`Failure`] says.
pub async fn run(command: Command, whole: clap::Command) -> Result<u8, Failure> {
    match command {
        Command::Run(args) => return run::run(args).await,
        Command::Audit(args) => return audit::run(*args).await,
        Command::Login(args) => login::login(args).await,
        Command::Logout(args) => login::logout(args).await,
        Command::Whoami(args) => login::whoami(args).await,
        Command::Session(args) => session::run(args).await,
        Command::Kubeconfig(args) => credential::kubeconfig(args).await,
        Command::Credential(args) => credential::credential(args).await,
        Command::Approvals(args) => approvals::run(args).await,
        Command::Replay(args) => replay::run(args).await,
        Command::Policy(args) => policy::run(args).await,
        Command::Connection(args) => connection::run(args).await,
        Command::Bundle(args) => bundle::run(args).await,
        Command::Plugin(args) => plugin::run(args).await,
        Command::Completions(args) => shell::completions(&args, whole),
        Command::Man(args) => shell::man(&args, whole),
    }?;
    Ok(0)
}
