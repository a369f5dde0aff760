//! `portcullis`: the gateway and its command line.
// Addresses that a person gives to the command line, never the path of a request.
#![allow(clippy::disallowed_types)]

mod assembly;
mod client;
mod commands;
mod config;
mod default_bundle;
mod health;
mod kubeconfig;
mod login_store;
mod outgoing;
mod policies;
mod quickstart;
mod referenced;
mod settings;
mod state;
mod stop;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use commands::Failure;

/// Memory that comes back to the system after a large list has passed, and less of it in use.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// An identity-aware gateway between AI agents and the Kubernetes API.
#[derive(Parser)]
#[command(name = "portcullis", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    Gateway(GatewayCommand),
    #[command(flatten)]
    Client(commands::Command),
}

#[derive(Subcommand)]
enum GatewayCommand {
    Quickstart(quickstart::Args),
    /// Serve a gateway by its configuration file.
    Serve {
        /// The configuration file.
        #[arg(long, value_name = "FILE", env = "PORTCULLIS_CONFIG", default_value = "portcullis.yaml")]
        config: PathBuf,
    },
    /// Check a configuration file, or print its JSON Schema.
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Check a configuration file without serving it.
    Check {
        /// The configuration file.
        #[arg(long, value_name = "FILE", env = "PORTCULLIS_CONFIG", default_value = "portcullis.yaml")]
        config: PathBuf,
    },
    /// Print the JSON Schema of the configuration file.
    Schema,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // A gateway tells what it does; a client only what is wrong, and that once: the verifier's words are in the error, and how a policy failed
    // is in the answer.
    let client = matches!(cli.command, Command::Client(_));
    let level = if client { "warn,rustls_platform_verifier=off,policy::generation=off,portcullis::plugin=off" } else { "info" };
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("PORTCULLIS_LOG").unwrap_or_else(|_| level.into()),
        )
        .init();
    // One provider of cryptography for the whole process; only a second installation could fail.
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_keep_alive(assembly::IDLE_THREADS_END).build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("portcullis: the runtime could not start: {error}");
            return ExitCode::from(1);
        }
    };
    match runtime.block_on(run(cli.command)) {
        Ok(code) => ExitCode::from(code),
        Err(Failure::Closed) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("portcullis: {}", commands::clean_lines(&failure.to_string()));
            ExitCode::from(code(&failure))
        }
    }
}

/// The exit codes that scripts rely on; clap itself exits with 2 for what cannot be parsed.
fn code(failure: &Failure) -> u8 {
    match failure {
        Failure::Closed => 0,
        Failure::No(_) | Failure::Other(_) => 1,
        Failure::Usage(_) => 2,
        Failure::Unreachable(_) => 3,
        Failure::NotLoggedIn(_) => 4,
        Failure::Refused(_) => 5,
    }
}

async fn run(command: Command) -> Result<u8, Failure> {
    match command {
        Command::Client(command) => commands::run(command, Cli::command()).await,
        Command::Gateway(command) => {
            serve(command).await?;
            Ok(0)
        }
    }
}

async fn serve(command: GatewayCommand) -> anyhow::Result<()> {
    match command {
        GatewayCommand::Quickstart(args) => quickstart::run(args).await?,
        GatewayCommand::Serve { config } => {
            let settings = settings::Settings::from_file(config::File::read(&config)?)?;
            let stop = stop::on_signal()?;
            let running = assembly::start(settings, stop.clone()).await?;
            tracing::info!(url = %running.gateway.public_url, "serving");
            stop.cancelled().await;
            running.stopped().await;
        }
        GatewayCommand::Config(ConfigCommand::Check { config }) => {
            settings::Settings::from_file(config::File::read(&config)?)?;
            println!("{} is a gateway's configuration", config.display());
        }
        GatewayCommand::Config(ConfigCommand::Schema) => {
            println!("{}", serde_json::to_string_pretty(&schemars::schema_for!(config::File))?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
