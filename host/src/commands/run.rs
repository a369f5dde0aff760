//! `run`: a command with a session of its own, from its first request to its last.

mod child;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use serde_json::Value;
use tempfile::TempDir;

use super::failure::Failure;
use super::gateway::{Connected, GatewayArgs};
use super::output::clean;
use super::session::{self, Asking, Opened};
use crate::client::Client;
use crate::{kubeconfig, login_store};
use child::Signals;

/// How long the end of a session may hold the command up; what is not ended then ends by its time.
const END_LIMIT: Duration = Duration::from_secs(10);

/// Run a command with a session of its own: it finds a kubeconfig by KUBECONFIG, and the session ends when it does.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exits with the command's own code; 128 and the signal's number when a signal ended it, \
                        126 when it cannot be run and 127 when there is none of that name.")]
pub struct Args {
    #[command(flatten)]
    asking: Asking,
    #[command(flatten)]
    gateway: GatewayArgs,
    /// The command and its arguments.
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

/// Runs it; gives the code to exit with.
///
/// # Errors
/// When no session can be had.
pub async fn run(args: Args) -> Result<u8, Failure> {
    // From here on no signal ends this process before the session is ended.
    let mut signals = Signals::take().context("signals cannot be received")?;
    let connected = args.gateway.connect().await?;
    let client = &connected.client;
    let opened: Opened = session::ask(client, args.asking).await?;
    let ran = supervised(&connected, &opened, &args.command, &mut signals).await;
    end(client, &opened.id).await;
    ran
}

/// The command from start to end; the kubeconfig goes with it.
async fn supervised(
    connected: &Connected,
    opened: &Opened,
    command: &[String],
    signals: &mut Signals,
) -> Result<u8, Failure> {
    let folder = private_folder().context("cannot make a private folder for the kubeconfig; set TMPDIR to one that can be written")?;
    let file = folder.path().join("kubeconfig");
    let authority = connected.ca_file.as_deref().map(std::fs::read).transpose().context("the certificate authority")?;
    let server = connected.client.connection_url(&opened.connection);
    let text = kubeconfig::with_token(&server, authority.as_deref(), "portcullis", &opened.token);
    login_store::write_private(&file, text.as_bytes())?;
    Ok(child::run(command, &[("KUBECONFIG", file.as_os_str()), ("PORTCULLIS_SESSION", opened.id.as_ref())], signals).await)
}

/// In memory where the system has such a place; readable by the user alone; removed when dropped.
fn private_folder() -> std::io::Result<TempDir> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_dir());
    tempfile::Builder::new()
        .prefix("portcullis-")
        .permissions(std::fs::Permissions::from_mode(0o700))
        .tempdir_in(runtime.unwrap_or_else(std::env::temp_dir))
}

async fn end(client: &Client, id: &str) {
    let ended = tokio::time::timeout(END_LIMIT, client.delete::<Value>(&["sessions", id])).await;
    let why = match ended {
        Ok(Ok(_)) => return,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "the gateway does not answer".to_owned(),
    };
    eprintln!("portcullis: the session {} could not be ended and ends by its time: {}", clean(id), clean(&why));
}

#[cfg(test)]
mod tests;
