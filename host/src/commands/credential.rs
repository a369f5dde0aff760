//! `kubeconfig` and `credential`: kubectl opens a session by itself, and keeps it for as long as it lives.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use jiff::Timestamp;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::connection::chosen;
use super::failure::Failure;
use super::gateway::{self, Connected, GatewayArgs};
use super::login::is_over;
use super::output::say;
use super::session::{self, Asking, Opened};
use crate::client::{Client, ClientError};
use crate::login_store::{self, read_private, short_name, user_folder, write_private};
use crate::kubeconfig;

/// A session with less than this left, in seconds, is not given out again: a command may take a while.
const LEFT_MIN: i64 = 60;
/// How long to wait for another process that opens the same session.
const LOCK_LIMIT: Duration = Duration::from_secs(15);

/// Print a kubeconfig for a cluster. It holds no credential: kubectl asks `portcullis credential` for one.
#[derive(Debug, clap::Args)]
pub struct KubeconfigArgs {
    /// The cluster; may be left out when the gateway has only one.
    #[arg(long, short, value_name = "CONNECTION")]
    connection: Option<String>,
    #[command(flatten)]
    gateway: GatewayArgs,
}

/// `kubeconfig`.
///
/// # Errors
/// When the gateway cannot be asked.
pub async fn kubeconfig(args: KubeconfigArgs) -> Result<(), Failure> {
    let Connected { client, ca_file, .. } = args.gateway.connect().await?;
    let connection = chosen(&client, args.connection).await?;
    let authority = ca_file.as_deref().map(std::fs::read).transpose().context("the certificate authority")?;
    let program = std::env::current_exe().context("this program's own path")?;
    let mut arguments = vec!["credential".to_owned(), "--connection".to_owned(), connection.clone()];
    arguments.extend(["--gateway".to_owned(), client.base().to_owned()]);
    let full = |file: &Path| file.canonicalize().unwrap_or_else(|_| file.to_owned()).display().to_string();
    if let Some(file) = &ca_file {
        arguments.extend(["--ca-file".to_owned(), full(file)]);
    }
    if let Some(file) = &args.gateway.token_file {
        arguments.extend(["--token-file".to_owned(), full(file)]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let server = client.connection_url(&connection);
    say(kubeconfig::with_exec(&server, authority.as_deref(), "portcullis", &program, &arguments).trim_end())
}

/// Print a credential as kubectl's exec plugins do (client.authentication.k8s.io/v1). Opens a session, or takes the last one.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    asking: Asking,
    #[command(flatten)]
    gateway: GatewayArgs,
}

/// A session that was opened for kubectl. No `Debug`: the token is the session.
#[derive(Serialize, Deserialize)]
struct Cached {
    gateway: String,
    session: String,
    token: String,
    expires: Timestamp,
}

/// `credential`.
///
/// # Errors
/// When no session can be had.
pub async fn credential(args: Args) -> Result<(), Failure> {
    let Connected { client, login, .. } = args.gateway.connect().await?;
    let connection = chosen(&client, args.asking.connection.clone()).await?;
    let purpose = args.asking.purpose.clone().unwrap_or_default();
    let cache = Cache::of(&[client.base(), &connection, &login, &purpose]);
    let _one_at_a_time = cache.as_ref().and_then(Cache::lock);
    let kept = match &cache {
        Some(cache) => cache.read(),
        None => None,
    };
    let session = match kept {
        Some(kept) if lives(&client, &kept).await? => kept,
        _ => {
            let asking = Asking { connection: Some(connection), ..args.asking };
            let opened: Opened = session::ask(&client, asking).await?;
            let expires = opened.expires.parse().context("the gateway says no time at which the session ends")?;
            let session = Cached { gateway: client.base().to_owned(), session: opened.id, token: opened.token, expires };
            if let Some(cache) = &cache {
                cache.write(&session)?;
            }
            session
        }
    };
    say(&exec_credential(&session).to_string())
}

fn exec_credential(session: &Cached) -> Value {
    // Asked again shortly before the end, so that no request is made with a session that ends under it.
    let asked_again = session.expires - jiff::SignedDuration::from_secs(LEFT_MIN / 2);
    json!({
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {
            "token": session.token,
            "expirationTimestamp": asked_again.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        },
    })
}

/// Whether a kept session is still good: the gateway knows, since sessions end by idleness and by revocation too.
async fn lives(client: &Client, kept: &Cached) -> Result<bool, ClientError> {
    if kept.expires.as_second() - Timestamp::now().as_second() < LEFT_MIN {
        return Ok(false);
    }
    match client.with_token(kept.token.clone()).get::<Value>(&["sessions", &kept.session], &[]).await {
        Ok(session) => Ok(session["state"] == "live"),
        Err(error) if is_over(&error) || matches!(error, ClientError::Status { code: 403 | 404, .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Ends the sessions that were opened for kubectl at a gateway, as well as that goes.
pub async fn end_all(gateway: &Url, ca_file: Option<&Path>) {
    let Some(folder) = folder() else { return };
    let gateway_name = gateway::name(gateway);
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let cache = Cache { file: entry.path() };
        let Some(kept) = cache.read().filter(|kept| kept.gateway == gateway_name) else { continue };
        if let Ok(client) = Client::new(gateway.clone(), ca_file, Some(kept.token))
            && let Err(error) = client.delete::<Value>(&["sessions", &kept.session]).await
        {
            tracing::debug!(%error, "a session could not be ended and ends by its time");
        }
        login_store::remove(&cache.file).ok();
    }
}

/// The file of one kept session.
struct Cache {
    file: PathBuf,
}

fn folder() -> Option<PathBuf> {
    Some(user_folder("XDG_CACHE_HOME", ".cache")?.join("sessions"))
}

impl Cache {
    /// Nothing when the user has no folder for caches: then each credential is a new session.
    fn of(parts: &[&str]) -> Option<Self> {
        Some(Self { file: folder()?.join(format!("{}.json", short_name(parts))) })
    }

    /// Whatever is wrong with a cache, there is a way without it.
    fn read(&self) -> Option<Cached> {
        if self.file.extension().is_none_or(|extension| extension != "json") {
            return None;
        }
        serde_json::from_str(&read_private(&self.file).ok()??).ok()
    }

    fn write(&self, session: &Cached) -> Result<(), Failure> {
        let text = serde_json::to_string(session).unwrap_or_default();
        Ok(write_private(&self.file, text.as_bytes())?)
    }

    /// Held by whoever opens the session, so that ten kubectls at once open one.
    fn lock(&self) -> Option<File> {
        let file = self.file.with_extension("lock");
        DirBuilder::new().recursive(true).mode(0o700).create(file.parent()?).ok()?;
        // Never replaced nor removed: a lock holds for those who have the same file open.
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(file).ok()?;
        let until = Instant::now() + LOCK_LIMIT;
        loop {
            match lock.try_lock() {
                Ok(()) => return Some(lock),
                Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(Duration::from_millis(20)),
                Err(_) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests;
